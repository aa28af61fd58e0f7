//! The past of read models over GraphQL: why a row is as it is, and whether rows are as the log says. For the
//! platform's administrator.

use std::num::NonZeroU32;

use async_graphql::{Enum, Json, Object, Result, SimpleObject};
use domain::TenantId;
use projections::{Check, Difference, DifferenceKind, Direction, Extent, Touch, Verified};
use serde_json::Value;

use super::event::Event;
use super::kit::{
    AsOf, AttributeInput, Code, Context, Cursor, DateTime, IntoFault, Long, May, PageInfo, Ulid, UserError,
    attributes, fault, rows_of, then,
};
use crate::auth::Identity;
use crate::options::Options;

/// An event that changed a row of a read model, and the row after it.
#[derive(SimpleObject)]
pub(crate) struct ReadModelRowStep {
    /// The event.
    event: Event,
    /// The columns that it changed.
    changed: Vec<String>,
    /// The row after it, column by column; null when it is gone.
    row: Option<Json<Value>>,
}

impl ReadModelRowStep {
    fn of(touch: Touch) -> Result<Self> {
        Ok(Self {
            event: Event::of(&touch.event)?,
            changed: touch.changed,
            row: touch.row.map(|row| Json(Value::Object(row))),
        })
    }
}

/// The events that made a row of a read model, oldest first.
#[derive(SimpleObject)]
pub(crate) struct ReadModelRowStory {
    /// A page of them, each with the row after it.
    steps: Vec<ReadModelRowStep>,
    /// Where the page lies in the story.
    page_info: PageInfo,
}

/// How a stored row differs from what the log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum ReadModelDifferenceKind {
    /// It holds something else.
    Changed,
    /// It is not stored.
    Missing,
    /// It is stored, and no event made it.
    Superfluous,
    /// The fold refuses an event of the tenant, so that its rows can't be compared.
    Refused,
}

/// A column in which a stored row differs from what the log says.
#[derive(SimpleObject)]
pub(crate) struct ReadModelColumnDifference {
    /// The column.
    column: String,
    /// What is stored; null when there is no row.
    stored: Option<Json<Value>>,
    /// What the log says; null when no event made such a row.
    folded: Option<Json<Value>>,
}

/// A stored row that is not what the log says.
#[derive(SimpleObject)]
pub(crate) struct ReadModelDifference {
    /// The tenant.
    tenant_id: Ulid,
    /// The columns of the row's key.
    key: Json<Value>,
    /// How it differs.
    kind: ReadModelDifferenceKind,
    /// Where it differs.
    columns: Vec<ReadModelColumnDifference>,
    /// The first event at which they differ: the one after the longest part of the row's story that agrees with
    /// what is stored; when none does, the last that changed these columns.
    event: Option<Event>,
    /// Why nothing can be compared, when that is so.
    reason: Option<String>,
}

impl ReadModelDifference {
    fn of(difference: Difference) -> Result<Self> {
        let (kind, reason) = match difference.kind {
            DifferenceKind::Changed => (ReadModelDifferenceKind::Changed, None),
            DifferenceKind::Missing => (ReadModelDifferenceKind::Missing, None),
            DifferenceKind::Superfluous => (ReadModelDifferenceKind::Superfluous, None),
            DifferenceKind::Refused(reason) => (ReadModelDifferenceKind::Refused, Some(reason)),
        };
        let columns = difference.columns.into_iter();
        Ok(Self {
            tenant_id: difference.tenant.into(),
            key: Json(Value::Object(difference.key)),
            kind,
            columns: columns
                .map(|one| ReadModelColumnDifference {
                    column: one.column,
                    stored: one.left.map(Json),
                    folded: one.right.map(Json),
                })
                .collect(),
            event: difference.event.map(|event| Event::of(&event)).transpose()?,
            reason,
        })
    }
}

/// What came of comparing stored rows with the log.
#[derive(SimpleObject)]
pub(crate) struct ReadModelVerification {
    /// How many tenants were looked at.
    tenants: Long,
    /// How many keys were compared.
    keys: Long,
    /// How many keys wait behind parked streams: their rows are known to be behind, and are compared with the log
    /// without the events that wait.
    parked: Long,
    /// How many events were read for it.
    events: Long,
    /// How many keys differ.
    different: Long,
    /// The first of them.
    differences: Vec<ReadModelDifference>,
    /// The seed of the sample: the same chooses the same keys of the same log.
    seed: Option<u64>,
    /// When it was asked for.
    asked_at: DateTime,
}

/// What the platform's administrator can ask about the past of read models.
#[derive(Default)]
pub(crate) struct ReadModelHistoryQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "GraphQL's arguments are the function's")]
impl ReadModelHistoryQuery {
    /// The events that made a row of a read model, and the row after each. For the platform's administrator.
    async fn explain_read_model_row(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The read model, for instance \"roi_summary\".")] read_model: String,
        #[graphql(desc = "The tenant that has the row.")] tenant_id: Ulid,
        #[graphql(desc = "The other columns of its key, for instance `{ name: \"id\", value: \"l1\" }`.")]
        key: Vec<AttributeInput>,
        #[graphql(desc = "How many events, 1 to 100.")] first: i32,
        #[graphql(desc = "Only those after this event's cursor.")] after: Option<Cursor>,
        #[graphql(desc = "Only those up to this point.")] as_of: Option<AsOf>,
    ) -> Result<ReadModelRowStory> {
        May::Platform
            .check(ctx.data::<Identity>()?)
            .map_err(IntoFault::into_fault)?;
        let wrong = |message: String| fault(Code::BadUserInput, message);
        let tenant = TenantId::new(tenant_id.0);
        let limit = rows_of("first", first)?;
        let after = after.map(|cursor| cursor.position("after", tenant)).transpose();
        let after = after.map_err(|error| wrong(error.to_string()))?;
        let key = attributes("key", key).map_err(UserError::into_fault)?;
        let key: Vec<(String, String)> = key.into_iter().collect();
        let upto = then(ctx, tenant, as_of).await?.map(|then| then.position);
        let past = &ctx.data::<Options>()?.past;
        let story = past.story(&read_model, tenant, &key, upto).await;
        let story = story.map_err(IntoFault::into_fault)?;
        let explained = past
            .explain(story, after.unwrap_or_default(), limit as usize)
            .await;
        let explained = explained.map_err(IntoFault::into_fault)?;
        let cursor = |touch: &Touch| Cursor::at(tenant, touch.event.position);
        let (start, end) = (
            explained.touches.first().map(cursor),
            explained.touches.last().map(cursor),
        );
        let more = explained.more.then_some(Direction::Forward);
        Ok(ReadModelRowStory {
            page_info: PageInfo::of(more, start.as_ref(), end.as_ref()),
            steps: explained
                .touches
                .into_iter()
                .map(ReadModelRowStep::of)
                .collect::<Result<_>>()?,
        })
    }

    /// Folds rows of a read model again from the log, and compares them with those that are stored. For the
    /// platform's administrator.
    async fn verify_read_model(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The read model, for instance \"lead\".")] read_model: String,
        #[graphql(desc = "Only this tenant's rows.")] tenant_id: Option<Ulid>,
        #[graphql(desc = "How many keys to look at; all when left out.")] sample: Option<NonZeroU32>,
        #[graphql(desc = "Chooses the sample.")] seed: Option<u64>,
        #[graphql(desc = "Reads no more events a second than this.")] events_per_second: Option<NonZeroU32>,
    ) -> Result<ReadModelVerification> {
        May::Platform
            .check(ctx.data::<Identity>()?)
            .map_err(IntoFault::into_fault)?;
        let options = ctx.data::<Options>()?;
        let asked_at = options.store.ambient().now();
        let seed = seed.unwrap_or_else(|| asked_at.as_microsecond().unsigned_abs());
        let check = Check {
            tenant: tenant_id.map(|id| TenantId::new(id.0)),
            extent: sample.map_or(Extent::All, |keys| Extent::Sample {
                keys: keys.get(),
                seed,
            }),
            events_per_second,
            told: 20,
        };
        let verified = options.past.verify_in_time(&read_model, &check).await;
        let Verified {
            tenants,
            keys,
            parked,
            events,
            different,
            differences,
            ..
        } = verified.map_err(IntoFault::into_fault)?;
        let long = |number: u64| Long(i64::try_from(number).unwrap_or(i64::MAX));
        let told = differences.into_iter().map(ReadModelDifference::of);
        Ok(ReadModelVerification {
            tenants: long(tenants),
            keys: long(keys),
            parked: long(parked),
            events: long(events),
            different: long(different),
            differences: told.collect::<Result<_>>()?,
            seed: sample.map(|_| seed),
            asked_at: asked_at.into(),
        })
    }
}
