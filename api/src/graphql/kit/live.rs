//! What every subscription is made of: the signs between its items, and who may follow from where.

use async_graphql::{Result, SimpleObject};
use domain::TenantId;
use store::Tail;

use super::{Code, Context, Cursor, IntoFault, May, fault};
use crate::auth::Identity;
use crate::live::{Begin, Course, Sign};
use crate::options::Options;

/// The past was told: from here on, each item comes as it happens.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct CaughtUp {
    /// Everything up to here was told: where to go on from.
    cursor: Cursor,
}

/// A sign of life after a time without an item, and the last word before the server goes.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Heartbeat {
    /// Everything up to here was looked at and, if it was wanted, told: where to go on from.
    cursor: Cursor,
}

/// The client read too slowly for the shared stream. Nothing is lost: what it has not seen follows, then CaughtUp.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Lagged {
    /// Everything up to here was told.
    cursor: Cursor,
}

/// Makes the union of what a subscription tells: its item, and the signs.
macro_rules! live_item {
    ($(#[$doc:meta])* $name:ident: $item:ident) => {
        $(#[$doc])*
        #[derive(Clone, async_graphql::Union)]
        pub(crate) enum $name {
            Item($item),
            CaughtUp($crate::graphql::kit::CaughtUp),
            Heartbeat($crate::graphql::kit::Heartbeat),
            Lagged($crate::graphql::kit::Lagged),
        }

        impl From<$crate::graphql::kit::Signed> for $name {
            fn from(signed: $crate::graphql::kit::Signed) -> Self {
                use $crate::graphql::kit::Signed;
                match signed {
                    Signed::CaughtUp(sign) => Self::CaughtUp(sign),
                    Signed::Heartbeat(sign) => Self::Heartbeat(sign),
                    Signed::Lagged(sign) => Self::Lagged(sign),
                }
            }
        }
    };
}
pub(crate) use live_item;

/// A sign with its cursor.
pub(crate) enum Signed {
    CaughtUp(CaughtUp),
    Heartbeat(Heartbeat),
    Lagged(Lagged),
}

/// Who follows, and what there is to follow.
pub(crate) struct Following<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) course: Course,
    pub(crate) options: &'a Options,
    pub(crate) tail: &'a Tail,
    /// The position behind which the document says to begin.
    pub(crate) after: Option<u64>,
    /// The log's end when the subscription began: the past goes up to there at least.
    pub(crate) head: u64,
}

/// Lets a subscription pass.
pub(crate) async fn following<'a>(
    ctx: &Context<'a>,
    may: May,
    after: Option<Cursor>,
) -> Result<Following<'a>> {
    let identity = ctx.data::<Identity>()?;
    let caller = may
        .check(identity)
        .and_then(|()| identity.caller())
        .map_err(IntoFault::into_fault)?;
    let options = ctx.data::<Options>()?;
    let after = after.map(|cursor| cursor.position("after", caller.tenant));
    let after = after
        .transpose()
        .map_err(|error| fault(Code::BadUserInput, error.to_string()))?;
    let course = ctx.data::<Course>()?.clone();
    let head = match course.begin {
        // Not what this process has seen of it: a client knows of its own writes.
        Begin::AsAsked => options.store.log().head().await.map_err(IntoFault::into_fault)?,
        Begin::At(position) | Begin::Lagged(position) | Begin::Live(position) => position,
    };
    Ok(Following {
        head,
        tenant: caller.tenant,
        course,
        options,
        tail: options.store.tail(),
        after,
    })
}

impl Following<'_> {
    /// A sign that was said just now.
    pub(crate) fn signed(course: &Course, tenant: TenantId, sign: Sign) -> Signed {
        let position = course.noted().map_or(0, |place| place.position);
        let cursor = Cursor::at(tenant, position);
        match sign {
            Sign::CaughtUp => Signed::CaughtUp(CaughtUp { cursor }),
            Sign::Heartbeat => Signed::Heartbeat(Heartbeat { cursor }),
            Sign::Lagged => Signed::Lagged(Lagged { cursor }),
        }
    }
}
