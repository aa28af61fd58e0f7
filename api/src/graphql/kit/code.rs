//! The closed list of `extensions.code`, and how errors of the rooms below become GraphQL errors.

use async_graphql::{Error, ErrorExtensions};
use store::{ReadError, Rejection, StoreError, Unavailable};

use crate::auth::Denied;

pub(crate) use async_graphql::Context;

/// Every value that `extensions.code` may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Code {
    /// The document or an argument is wrong; the message says which and why.
    BadUserInput,
    /// Others changed the same thing meanwhile: read it again and repeat.
    Conflict,
    /// The document is not on the list of those that are executed here.
    DocumentNotListed,
    /// The token does not open this.
    Forbidden,
    /// A defect on this side; it is logged.
    Internal,
    /// The idempotency key was used for something else.
    KeyReused,
    /// The request asks for more than the limit that `limit` names.
    LimitExceeded,
    /// What is named does not exist.
    NotFound,
    /// The read models did not reach the asked position in time.
    NotThereYet,
    /// No document of this hash is known: send its text with the hash.
    PersistedQueryNotFound,
    /// The tenant has used up what its plan allows for now; `retryAfterMs` says when to try again.
    RateLimited,
    /// It took too long and was given up. A mutation may have taken effect: repeat it under the same key.
    TimedOut,
    /// No valid token.
    Unauthenticated,
    /// It can't be done now; `retryAfterMs` says when to try again.
    Unavailable,
}

impl Code {
    /// As it stands in `extensions.code`.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A GraphQL error with its code.
pub(crate) fn fault(code: Code, message: impl Into<String>) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code.as_str()))
}

/// The code that an error has, if it has one.
pub(crate) fn code_of(error: &async_graphql::ServerError) -> Option<&async_graphql::Value> {
    error.extensions.as_ref()?.get("code")
}

/// When a client should try again, if nobody knows better.
pub(crate) const SOON: std::time::Duration = std::time::Duration::from_millis(250);

/// An error that may be gone after a while.
pub(crate) fn try_again(message: &str, after: std::time::Duration) -> Error {
    let milliseconds = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
    fault(Code::Unavailable, message)
        .extend_with(|_, extensions| extensions.set("retryAfterMs", milliseconds))
}

/// Becomes a GraphQL error that gives nothing away of what is inside.
pub(crate) trait IntoFault {
    /// The error that the client reads; what it may not read is logged here, once.
    fn into_fault(self) -> Error;
}

impl IntoFault for Denied {
    fn into_fault(self) -> Error {
        match self.code() {
            Code::Unavailable => try_again(&self.to_string(), SOON),
            code => fault(code, self.to_string()),
        }
    }
}

impl IntoFault for Rejection {
    fn into_fault(self) -> Error {
        match self {
            Self::KeyReused { .. } => fault(Code::KeyReused, self.to_string()),
            Self::VersionAhead { .. } => fault(Code::Conflict, self.to_string()),
            Self::Broken { reason } => internal("api.append refused by the database", &reason),
            Self::TooLarge { .. }
            | Self::FromTheFuture { .. }
            | Self::EmptyBatch
            | Self::NotClear { .. }
            | Self::BatchTooLarge { .. } => fault(Code::BadUserInput, self.to_string()),
        }
    }
}

impl IntoFault for Unavailable {
    fn into_fault(self) -> Error {
        tracing::warn!(reason = %self.reason, "api.store unavailable");
        try_again("the log can't be reached now; try again", self.retry_after)
    }
}

impl IntoFault for ReadError {
    fn into_fault(self) -> Error {
        match self {
            Self::Unavailable(unavailable) => unavailable.into_fault(),
            Self::Archived(ref archives) | Self::ArchivedStream { ref archives, .. } => {
                tracing::warn!(reason = %self, "api.log archived");
                let message = format!(
                    "the past that this needs is archived ({}): the operator brings it back for reading with `annals archive \
                     mount`, the newest year first",
                    archives.by_year()
                );
                fault(Code::Unavailable, message)
            }
            Self::Undecodable { .. } | Self::Corrupt { .. } | Self::Sealed { .. } | Self::Vault(_) => {
                internal("api.log unreadable", &self.to_string())
            }
        }
    }
}

/// An error of this side: logged in full, told in general.
pub(crate) fn internal(what: &'static str, reason: &str) -> Error {
    tracing::error!(reason, "{what}");
    fault(
        Code::Internal,
        "something is wrong on this side; it has been logged",
    )
}

/// What is left of a command's error when the refusal has been told to the user.
pub(crate) fn store_fault<R: std::error::Error>(error: StoreError<R>) -> Error {
    match error {
        StoreError::Refused(refusal) => fault(Code::BadUserInput, refusal.to_string()),
        StoreError::Rejected(rejection) => rejection.into_fault(),
        StoreError::Conflict { .. } => fault(Code::Conflict, error.to_string()),
        StoreError::Unavailable(unavailable) => unavailable.into_fault(),
        StoreError::Unreadable(error) => error.into_fault(),
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{Error, Value};
    use store::{Rejection, Unavailable};
    use strum::IntoEnumIterator as _;

    use super::{Code, IntoFault, store_fault};
    use crate::auth::Denied;

    fn code(error: &Error) -> String {
        let extensions = error.extensions.as_ref().unwrap();
        match extensions.get("code") {
            Some(Value::String(code)) => code.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_documented_list_of_codes_is_the_whole_one() {
        let page = include_str!("../../../../docs/gateway.md");
        let table = page.split_once("## Codes").unwrap().1;
        let named = table
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let named: Vec<&str> = named.map(|(code, _)| code).collect();
        let codes: Vec<&str> = Code::iter().map(Code::as_str).collect();
        assert_eq!(
            named, codes,
            "docs/gateway.md lists each code once, in the alphabet's order"
        );
    }

    #[test]
    fn each_error_has_its_code() {
        let reused = Rejection::KeyReused {
            source_name: "idempotency-key".into(),
            id: "k".into(),
            first: "1".into(),
            now: "2".into(),
        };
        assert_eq!(code(&reused.into_fault()), "KEY_REUSED");
        assert_eq!(code(&Rejection::EmptyBatch.into_fault()), "BAD_USER_INPUT");
        assert_eq!(code(&Denied::Unauthenticated.into_fault()), "UNAUTHENTICATED");
        assert_eq!(code(&Denied::NotPlatformAdmin.into_fault()), "FORBIDDEN");
    }

    #[test]
    fn what_is_inside_stays_inside() {
        let secret = "connection to db-7.internal refused";
        let broken = Rejection::Broken {
            reason: secret.into(),
        }
        .into_fault();
        assert_eq!(code(&broken), "INTERNAL");
        assert!(!broken.message.contains("db-7"));
        let away = Unavailable {
            reason: secret.into(),
            retry_after: std::time::Duration::from_millis(250),
        };
        let away = store_fault::<std::fmt::Error>(away.into());
        assert_eq!(code(&away), "UNAVAILABLE");
        assert!(!away.message.contains("db-7"));
        let retry = away
            .extensions
            .as_ref()
            .and_then(|extensions| extensions.get("retryAfterMs").cloned());
        assert_eq!(retry, Some(Value::from(250)));
    }
}
