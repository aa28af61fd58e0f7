//! What a subscription executes, as often as it takes, and by what two of them are the same.

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, Variables};
use domain::TenantId;
use sha2::{Digest, Sha256};

use super::course::Course;
use crate::auth::Identity;

/// Stands for a document, its operation, its variables without the place to begin at, and what the token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// The key of what is asked: the document's hash, the operation's name, the variables as JSON, and the scope.
    pub(crate) fn of(document: &[u8], operation: Option<&str>, variables: &str, identity: &Identity) -> Self {
        let mut digest = Sha256::new();
        let scope = identity.scope();
        let parts = [
            document,
            operation.unwrap_or_default().as_bytes(),
            variables.as_bytes(),
            scope.as_bytes(),
        ];
        for part in parts {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

/// A subscription that was let in.
#[derive(Debug)]
pub(crate) struct Blueprint {
    pub(crate) key: Key,
    pub(crate) document: ExecutableDocument,
    pub(crate) operation: Option<String>,
    pub(crate) variables: Variables,
    /// Whose scope it is executed in; who shares the execution has the same.
    pub(crate) identity: Identity,
    /// What it may cost.
    pub(crate) requested: usize,
}

impl Blueprint {
    pub(crate) const fn tenant(&self) -> Option<TenantId> {
        self.identity.tenant
    }

    /// A request for one execution.
    pub(crate) fn request(&self, course: Course) -> Request {
        let mut request = Request::new("").variables(self.variables.clone());
        request.operation_name.clone_from(&self.operation);
        request.set_parsed_query(self.document.clone());
        request.data(self.identity.clone()).data(course)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::TenantId;
    use domain::api_key::Scope;
    use ulid::Ulid;

    use super::Key;
    use crate::auth::Identity;

    #[test]
    fn who_may_see_the_same_shares_and_nobody_else() {
        let identity = |tenant, key: &str, scopes: &[Scope]| {
            let scopes: BTreeSet<Scope> = scopes.iter().copied().collect();
            Identity::of_api_key(TenantId::new(Ulid(tenant)), key, key, scopes)
        };
        let key = |document: &[u8], variables: &str, identity: &Identity| {
            Key::of(document, Some("Events"), variables, identity)
        };
        let first = identity(1, "first", &[Scope::Read]);
        let of_first = key(b"d", "{}", &first);
        assert_eq!(of_first, key(b"d", "{}", &identity(1, "second", &[Scope::Read])));
        for other in [
            key(b"e", "{}", &first),
            key(b"d", "{\"a\":1}", &first),
            Key::of(b"d", None, "{}", &first),
            key(b"d", "{}", &identity(2, "first", &[Scope::Read])),
            key(b"d", "{}", &identity(1, "first", &[Scope::Read, Scope::Write])),
            key(
                b"d",
                "{}",
                &Identity::of_platform_admin(Some(TenantId::new(Ulid(1)))),
            ),
        ] {
            assert_ne!(of_first, other);
        }
    }
}
