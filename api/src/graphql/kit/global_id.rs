//! Global ids: opaque to clients, and good in one tenant only.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, ID, OutputType, Positioned, ServerResult, Value};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::TenantId;
use projections::ReadModel;
use sha2::{Digest, Sha256};

use super::{Code, Context, UserError, fault};
use crate::auth::Identity;

/// What every global id begins with. No id inside a tenant has it, so inputs can take both kinds.
const MARK: char = '~';
/// A tenant's own id lies in no tenant but itself.
const TENANT: &str = "tenant";

/// What a global id stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GlobalId {
    /// The kind of thing, by the stored name of its aggregate or read model.
    pub(crate) kind: String,
    /// Its id inside the tenant.
    pub(crate) local: String,
    tag: [u8; 4],
}

/// Says what is wrong with an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidId {
    /// Nothing that was ever given out.
    #[error("{0:?} is not an id of this API: take one from an earlier answer")]
    Malformed(String),
    /// The id of something else.
    #[error("this is the id of another kind of thing ({found}); one of {wanted} is wanted")]
    OtherKind {
        /// The kind that was given.
        found: String,
        /// The kinds that would do.
        wanted: String,
    },
    /// The id of another tenant's thing: it says no more than one that never existed.
    #[error("there is nothing of this id")]
    Unknown,
}

fn digest<const N: usize>(text: &[&str]) -> [u8; N] {
    let whole = Sha256::digest(text.join(":"));
    let mut part = [0; N];
    part.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    part
}

/// Tells the ids of tenants apart; it is no secret.
fn tag(tenant: TenantId) -> [u8; 4] {
    digest(&["annals.id", &tenant.to_string()])
}

/// Tells an id that was given out from a text that was mistyped or made up.
fn check(tag: [u8; 4], kind: &str, local: &str) -> [u8; 4] {
    digest(&["annals.id.check", &hex::encode(tag), kind, local])
}

impl GlobalId {
    /// The id of a tenant's thing.
    pub(crate) fn of(tenant: TenantId, kind: &str, local: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            local: local.to_owned(),
            tag: tag(tenant),
        }
    }

    pub(crate) fn encode(&self) -> ID {
        let Self { kind, local, tag } = self;
        let mut bytes = check(*tag, kind, local).to_vec();
        bytes.extend(tag);
        bytes.extend(format!("{kind}:{local}").bytes());
        ID(format!("{MARK}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Reads an id that was given out, whosever it is.
    pub(crate) fn decode(text: &str) -> Result<Self, InvalidId> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(MARK)?).ok()?;
            let (wanted, rest) = bytes.split_first_chunk::<4>()?;
            let (tag, rest) = rest.split_first_chunk::<4>()?;
            let (kind, local) = std::str::from_utf8(rest).ok()?.split_once(':')?;
            let id = Self {
                kind: kind.to_owned(),
                local: local.to_owned(),
                tag: *tag,
            };
            (check(id.tag, kind, local) == *wanted).then_some(id)
        };
        read().ok_or_else(|| InvalidId::Malformed(text.to_owned()))
    }

    /// Whether it is the tenant's; a tenant's own id is everybody's to ask for.
    pub(crate) fn is_in(&self, tenant: Option<TenantId>) -> bool {
        self.kind == TENANT || tenant.is_some_and(|tenant| self.tag == tag(tenant))
    }
}

/// The global id of a row, written when it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeId {
    tenant: TenantId,
    kind: &'static str,
    local: String,
}

impl NodeId {
    /// The id of a read model's row.
    pub(crate) fn of<M: ReadModel>(tenant: TenantId, local: &str) -> Self {
        Self {
            tenant,
            kind: M::NAME,
            local: local.to_owned(),
        }
    }
}

impl OutputType for NodeId {
    fn type_name() -> Cow<'static, str> {
        <ID as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <ID as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        _ctx: &ContextSelectionSet<'_>,
        _field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let id = GlobalId::of(self.tenant, self.kind, &self.local).encode();
        Ok(Value::String(id.0))
    }
}

/// Reads ids for one tenant: global ones, and those inside the tenant as they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids(pub(crate) Option<TenantId>);

impl Ids {
    /// For whoever sent the request.
    pub(crate) fn of(ctx: &Context<'_>) -> async_graphql::Result<Self> {
        Ok(Self(ctx.data::<Identity>()?.tenant))
    }

    /// The id inside the tenant of a thing of one of these kinds.
    pub(crate) fn local(self, kinds: &[&str], text: String) -> Result<String, InvalidId> {
        if !text.starts_with(MARK) {
            return Ok(text);
        }
        let id = GlobalId::decode(&text)?;
        if !id.is_in(self.0) {
            return Err(InvalidId::Unknown);
        }
        if !kinds.contains(&id.kind.as_str()) {
            return Err(InvalidId::OtherKind {
                found: id.kind,
                wanted: kinds.join(", "),
            });
        }
        Ok(id.local)
    }

    /// The same of a mutation's input.
    pub(crate) fn input(self, field: &str, kinds: &[&str], id: ID) -> Result<String, UserError> {
        self.local(kinds, id.into()).map_err(|error| match error {
            InvalidId::Unknown => UserError::at(&[field], "NOT_FOUND", format!("{field}: {error}")),
            wrong => UserError::invalid(&[field], &wrong),
        })
    }

    /// The same of a mutation's input that may be left out.
    pub(crate) fn optional(
        self,
        field: &str,
        kinds: &[&str],
        id: Option<ID>,
    ) -> Result<Option<String>, UserError> {
        id.map(|id| self.input(field, kinds, id)).transpose()
    }

    /// The same of a query's argument; `None` for the id of another tenant, which names nothing here.
    pub(crate) fn argument(
        self,
        name: &str,
        kinds: &[&str],
        id: ID,
    ) -> async_graphql::Result<Option<String>> {
        match self.local(kinds, id.into()) {
            Ok(local) => Ok(Some(local)),
            Err(InvalidId::Unknown) => Ok(None),
            Err(wrong) => Err(fault(Code::BadUserInput, format!("{name}: {wrong}"))),
        }
    }
}

impl Ids {
    /// The value of a filter's column: one that holds the ids of things of these kinds takes global ones too. The
    /// id of another tenant stays as it is, which no row has.
    pub(crate) fn filter(self, column: &str, kinds: &[&str], value: String) -> async_graphql::Result<String> {
        if kinds.is_empty() {
            return Ok(value);
        }
        let name = format!("filter.{column}");
        Ok(self.argument(&name, kinds, ID(value.clone()))?.unwrap_or(value))
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::ID;
    use domain::TenantId;
    use ulid::Ulid;

    use super::{GlobalId, Ids, InvalidId};

    const OWN: TenantId = TenantId::new(Ulid(1));
    const OTHER: TenantId = TenantId::new(Ulid(2));

    fn lead() -> String {
        GlobalId::of(OWN, "lead", "l.1_a-Z").encode().0
    }

    #[test]
    fn an_id_reads_back_in_its_own_tenant_alone() {
        assert_eq!(Ids(Some(OWN)).local(&["lead"], lead()), Ok("l.1_a-Z".to_owned()));
        for stranger in [Some(OTHER), None] {
            assert_eq!(Ids(stranger).local(&["lead"], lead()), Err(InvalidId::Unknown));
            let argument = Ids(stranger).argument("id", &["lead"], ID(lead())).unwrap();
            assert_eq!(argument, None);
        }
    }

    #[test]
    fn an_id_of_the_tenant_itself_is_taken_as_it_is() {
        let local = Ids(Some(OWN)).local(&["lead"], "l1".to_owned());
        assert_eq!(local, Ok("l1".to_owned()));
    }

    #[test]
    fn an_id_of_another_kind_names_both() {
        let error = Ids(Some(OWN)).local(&["agent", "member"], lead()).unwrap_err();
        let wanted = "this is the id of another kind of thing (lead); one of agent, member is wanted";
        assert_eq!(error.to_string(), wanted);
    }

    #[test]
    fn a_text_that_was_never_given_out_is_told_so() {
        let id = lead();
        let mut wrong = vec![
            "~".to_owned(),
            "~!".into(),
            "~abc".into(),
            "~bGVhZDpsMQ".into(),
            String::new(),
        ];
        wrong.extend((1..id.len()).map(|at| {
            let other = if &id[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &id[..at], &id[at + 1..])
        }));
        for wrong in wrong {
            assert_eq!(GlobalId::decode(&wrong), Err(InvalidId::Malformed(wrong.clone())));
        }
    }

    #[test]
    fn a_tenants_own_id_can_be_read_by_everybody() {
        let own = OWN.to_string();
        let id = GlobalId::of(OWN, "tenant", &own).encode();
        assert_eq!(Ids(None).local(&["tenant"], id.0), Ok(own));
    }
}
