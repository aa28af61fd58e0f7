//! What a user did wrong, told in the payload of a mutation.

use async_graphql::SimpleObject;
use domain::entitlement::LimitReached;

use super::{Code, Decimal, fault};

const INVALID: &str = "INVALID_VALUE";

/// Why a command left no trace: an input that is wrong, or a rule that refuses it.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub(crate) struct UserError {
    /// Where in the arguments, from the outside in; `["input"]` means all of it.
    path: Vec<String>,
    /// The reason's name for machines, for instance `NOT_RUNNING`; it never changes.
    pub(super) code: String,
    /// The reason for people.
    pub(super) message: String,
    /// For LIMIT_REACHED: which limit, how much of it is used, and the plan that lifts it.
    limit: Option<Box<ReachedLimit>>,
}

/// A limit of the tenant's plan that leaves no room for more.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub(crate) struct ReachedLimit {
    /// `members`, `verticals`, a feature, or the meter of a quota.
    subject: String,
    /// How much there is.
    limit: Decimal,
    /// How much of it is used.
    used: Decimal,
    /// The code of the cheapest plan that has more; null when none has.
    lifted_by: Option<String>,
}

impl UserError {
    /// A value that its type's rule does not allow.
    pub(crate) fn invalid(path: &[&str], reason: &impl std::fmt::Display) -> Self {
        Self::at(path, INVALID, reason.to_string())
    }

    /// An error with a code of its own.
    pub(crate) fn at(path: &[&str], code: &str, message: String) -> Self {
        let inside = path.iter().map(|step| (*step).to_owned());
        Self {
            path: std::iter::once("input".to_owned()).chain(inside).collect(),
            code: code.to_owned(),
            message,
            limit: None,
        }
    }

    /// A limit of the plan.
    pub(crate) fn limit_reached(reached: &LimitReached) -> Self {
        let limit = ReachedLimit {
            subject: reached.subject.to_string(),
            limit: reached.limit.into(),
            used: reached.used.into(),
            lifted_by: reached.lifted_by.as_ref().map(ToString::to_string),
        };
        Self {
            limit: Some(Box::new(limit)),
            ..Self::at(&[], "LIMIT_REACHED", reached.to_string())
        }
    }

    /// A refusal of the rules. One that speaks of a field begins with its name: `score: 120 is not ...`.
    pub(crate) fn refusal(code: &str, message: String) -> Self {
        let field = message.split_once(": ").map(|(field, _)| field).filter(|field| {
            field
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        });
        match field.map(camel_case) {
            Some(field) => Self::at(&[&field], code, message),
            None => Self::at(&[], code, message),
        }
    }

    /// The error as the one of a query, whose answer has no place for it.
    pub(crate) fn into_fault(self) -> async_graphql::Error {
        let path: Vec<String> = self.path.into_iter().skip(1).collect();
        fault(
            Code::BadUserInput,
            format!("{}: {}", path.join("."), self.message),
        )
    }

    /// The same, inside the element `index` of the list `field`.
    pub(crate) fn in_element(mut self, field: &str, index: usize) -> Self {
        self.path.splice(1..1, [field.to_owned(), index.to_string()]);
        self
    }
}

/// `cached_tokens` as GraphQL writes it: `cachedTokens`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let mut letters = word.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
        text + &initial.into_iter().chain(letters).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use super::UserError;

    #[test]
    fn a_refusal_that_names_a_field_points_at_it() {
        let error = UserError::refusal("CACHED_OVER_INPUT", "cached_tokens: 5 are more than 3".into());
        assert_eq!(error.path, ["input", "cachedTokens"]);
        let error = UserError::refusal("NOT_FOUND", "there is no such lead".into());
        assert_eq!(error.path, ["input"]);
        let error = UserError::refusal("OVER", "the run is over: it was completed".into());
        assert_eq!(error.path, ["input"]);
    }
}
