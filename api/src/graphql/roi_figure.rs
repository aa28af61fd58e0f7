//! Figures of a return, each with the events behind it, and how they changed.

use std::sync::Arc;

use async_graphql::{ComplexObject, Result, SimpleObject};
use domain::roi::{FigureChange, Value};
use projections::{Explained, FigureEvents, Touch};

use super::kit::{
    Code, Context, Cursor, Decimal, EvidenceConnection, IntoFault, Long, Money, fault, rows_of,
};
use crate::auth::Identity;
use crate::options::Options;

/// A figure, and the events behind it: one of count, amount and ratio, or none when it can't be told.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct RoiFigure {
    #[graphql(skip)]
    proof: Arc<FigureEvents>,
    /// Which.
    name: String,
    /// So many.
    count: Option<Long>,
    /// So much.
    amount: Option<Money>,
    /// A share in per cent, or a return by its cost.
    ratio: Option<Decimal>,
}

#[ComplexObject]
impl RoiFigure {
    /// The events behind it, in the order in which they were written down.
    async fn evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Only those after this event's cursor.")] after: Option<Cursor>,
    ) -> Result<EvidenceConnection> {
        Box::pin(events_of(ctx, &self.proof, (first, after, 0))).await
    }
}

/// A page of the events behind a figure that lie behind a position.
pub(super) async fn events_of(
    ctx: &Context<'_>,
    proof: &FigureEvents,
    (first, after, beyond): (i32, Option<Cursor>, u64),
) -> Result<EvidenceConnection> {
    let options = ctx.data::<Options>()?;
    let caller = ctx.data::<Identity>()?.caller().map_err(IntoFault::into_fault)?;
    let limit = rows_of("first", first)?;
    let after = after
        .map(|cursor| cursor.position("after", caller.tenant))
        .transpose();
    let after = after.map_err(|error| fault(Code::BadUserInput, error.to_string()))?;
    let after = after.unwrap_or_default().max(beyond);
    let found = options
        .past
        .figure_events(caller.tenant, proof, after, limit as usize)
        .await;
    let (events, more) = found.map_err(IntoFault::into_fault)?;
    let touch = |event| Touch {
        event,
        row: None,
        changed: Vec::new(),
    };
    EvidenceConnection::of(Explained {
        touches: events.into_iter().map(touch).collect(),
        more,
    })
}

/// What a value is, as one of three fields.
pub(super) fn parts(value: Value) -> (Option<Long>, Option<Money>, Option<Decimal>) {
    match value {
        Value::Count(count) => (Some(i64::try_from(count).unwrap_or(i64::MAX).into()), None, None),
        Value::Money(money) => (None, Some(money.into()), None),
        Value::Ratio(ratio) => (None, None, Some(ratio.into())),
        Value::None => (None, None, None),
    }
}

/// A figure that is not what it was.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct RoiFigureChange {
    #[graphql(skip)]
    pub(super) proof: Option<(Arc<FigureEvents>, u64)>,
    /// Which.
    name: String,
    /// What it was.
    before: RoiValue,
    /// What it is.
    after: RoiValue,
}

/// What a figure says: one of the three, or none when it can't be told.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiValue {
    /// So many.
    count: Option<Long>,
    /// So much.
    amount: Option<Money>,
    /// A share in per cent, or a return by its cost.
    ratio: Option<Decimal>,
}

impl From<Value> for RoiValue {
    fn from(value: Value) -> Self {
        let (count, amount, ratio) = parts(value);
        Self { count, amount, ratio }
    }
}

impl From<FigureChange> for RoiFigureChange {
    fn from(change: FigureChange) -> Self {
        Self {
            proof: None,
            name: change.name,
            before: change.before.into(),
            after: change.after.into(),
        }
    }
}

#[ComplexObject]
impl RoiFigureChange {
    /// The events that changed it: those behind the later figure that were recorded after the earlier one, and those that took
    /// something back. There may be none when only time has passed.
    async fn evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Only those after this event's cursor.")] after: Option<Cursor>,
    ) -> Result<EvidenceConnection> {
        let Some((proof, beyond)) = &self.proof else {
            return EvidenceConnection::of(Explained {
                touches: Vec::new(),
                more: false,
            });
        };
        Box::pin(events_of(ctx, proof, (first, after, *beyond))).await
    }
}

impl RoiFigure {
    /// A figure with what its events are found by.
    pub(super) fn new(name: String, value: Value, proof: Arc<FigureEvents>) -> Self {
        let (count, amount, ratio) = parts(value);
        Self {
            proof,
            name,
            count,
            amount,
            ratio,
        }
    }
}
