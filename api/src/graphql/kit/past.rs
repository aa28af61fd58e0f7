//! Answers as they were: the point in the past that a query names, and why there is no answer.

use async_graphql::{OneofObject, Result};
use domain::TenantId;
use projections::{Past, PastError};

use super::code::IntoFault;
use super::{Code, Context, Cursor, DateTime, fault};
use crate::options::Options;

/// A point in the past: give one of the two.
#[derive(Clone, Debug, OneofObject)]
pub(crate) enum AsOf {
    /// Right after the event of this cursor, for instance a mutation's.
    Cursor(Cursor),
    /// Right after all that was written down at this moment or before it.
    Time(DateTime),
}

/// The past, at one position.
pub(crate) struct Then<'a> {
    pub(crate) past: &'a Past,
    pub(crate) position: u64,
}

/// The past that a query asks for; `None`: it asks for the present.
pub(crate) async fn then<'a>(
    ctx: &Context<'a>,
    tenant: TenantId,
    as_of: Option<AsOf>,
) -> Result<Option<Then<'a>>> {
    let Some(as_of) = as_of else {
        return Ok(None);
    };
    let options = ctx.data::<Options>()?;
    let point = match as_of {
        AsOf::Cursor(cursor) => {
            let position = cursor.position("asOf", tenant);
            projections::AsOf::Position(
                position.map_err(|error| fault(Code::BadUserInput, error.to_string()))?,
            )
        }
        AsOf::Time(at) => projections::AsOf::Time(at.0),
    };
    let now = options.store.ambient().now();
    let position = options.past.position(Some(tenant), point, now).await;
    Ok(Some(Then {
        past: &options.past,
        position: position.map_err(IntoFault::into_fault)?,
    }))
}

/// A row that knows the point in the past of which it tells.
pub(crate) trait Recalled {
    /// The same row, known to be as of a position.
    fn recalled(self, position: u64) -> Self;
}

impl IntoFault for PastError {
    fn into_fault(self) -> async_graphql::Error {
        let text = self.to_string();
        match self {
            Self::Log(error) => error.into_fault(),
            Self::Query(error) => error.into_fault(),
            Self::Row { .. } => super::internal("api.past unreadable", &text),
            Self::Refused(_) => {
                tracing::error!(reason = text, "api.past refused");
                fault(Code::Internal, text)
            }
            Self::NotRecorded { .. } | Self::InTheFuture { .. } => {
                fault(Code::BadUserInput, format!("asOf: {text}"))
            }
            Self::TooLong { .. }
            | Self::TooManyRows { .. }
            | Self::OtherVersion { .. }
            | Self::UnknownReadModel { .. }
            | Self::UnknownEntity { .. }
            | Self::WrongKey { .. } => fault(Code::BadUserInput, text),
            Self::NoSuchRow { .. } => fault(Code::NotFound, text),
        }
    }
}
