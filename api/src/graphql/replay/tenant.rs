//! A tenant's past, played again with its own timing.

use std::time::Duration;

use async_graphql::{ErrorExtensions as _, Result, SimpleObject, Subscription, Union};
use domain::{RecordedEvent, TenantId};
use futures::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use projections::Timing;
use projections::audit_feed::Entry;

use crate::graphql::audit_feed::{AuditEntry, AuditFeedFilter};
use crate::graphql::kit::{
    AsOf, Code, Context, Cursor, DateTime, Following, Heartbeat, Ids, IntoFault, May, Signed, fault,
    following,
};
use crate::live::{PlaybackWord, Played, Sign, playback};
use crate::options::Options;

/// Something that happened, played again.
#[derive(Clone, SimpleObject)]
pub(crate) struct ReplayedEntry {
    /// Where to go on from: give it as `after` to pause and go on, to step, or to change the speed.
    cursor: Cursor,
    /// What happened.
    entry: AuditEntry,
    /// What the clock of the past shows: when it was written down.
    clock: DateTime,
    /// For how many milliseconds it was waited for.
    waited_ms: u64,
    /// How many milliseconds of the past were skipped before it, in which nothing happened.
    skipped_ms: u64,
}

/// As many entries as `steps` says were played, and there are more. Go on by another subscription after its cursor.
#[derive(Clone, SimpleObject)]
pub(crate) struct ReplayPaused {
    /// Where to go on from.
    cursor: Cursor,
}

/// The range is over.
#[derive(Clone, SimpleObject)]
pub(crate) struct ReplayEnded {
    /// The range's end.
    cursor: Cursor,
}

/// What the subscription `replay` tells.
#[derive(Clone, Union)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is nearly always the entry"
)]
pub(crate) enum ReplayItem {
    Entry(ReplayedEntry),
    Paused(ReplayPaused),
    Ended(ReplayEnded),
    Heartbeat(Heartbeat),
}

/// A tenant's past, played again.
#[derive(Default)]
pub(crate) struct ReplaySubscription;

fn wrong(message: impl Into<String>) -> async_graphql::Error {
    fault(Code::BadUserInput, message)
}

#[Subscription]
#[expect(clippy::too_many_arguments, reason = "each is a control of the playback")]
impl ReplaySubscription {
    /// Plays the tenant's past in the order of the log and with the log's own timing. There is no state on the server:
    /// to pause, end the subscription; to go on, to step or to change the speed, subscribe again after the last cursor.
    async fn replay(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Right after this event, or from this moment on.")] from: AsOf,
        #[graphql(desc = "Up to this event, or to this moment; a replay needs an end.")] to: Option<AsOf>,
        #[graphql(desc = "So many times as fast as it was, 1 to 1000; 1 when it is left out.")] speed: Option<
            i32,
        >,
        #[graphql(desc = "Of a time in which nothing happened, play so many milliseconds of it.")]
        idle_ms: Option<i32>,
        #[graphql(desc = "Pause after so many entries.")] steps: Option<i32>,
        #[graphql(desc = "The last cursor that was seen: go on behind it.")] after: Option<Cursor>,
        #[graphql(desc = "Which.")] filter: Option<AuditFeedFilter>,
    ) -> Result<impl Stream<Item = Result<ReplayItem>>> {
        let options = ctx.data::<Options>()?;
        let following = following(ctx, May::Read, after).await?;
        let (tenant, course) = (following.tenant, following.course);
        let idle =
            idle_ms.map(|ms| u64::try_from(ms).map_err(|_| wrong(format!("idleMs: {ms} is negative"))));
        let idle = idle.transpose()?.map(Duration::from_millis);
        let timing = Timing::try_new(speed.unwrap_or(1).into(), idle)
            .map_err(|error| wrong(format!("speed: {error}")))?;
        let steps = steps.map(|steps| {
            let wanted = u32::try_from(steps).ok().filter(|steps| *steps > 0);
            wanted.ok_or_else(|| wrong(format!("steps: {steps} is not 1 or more")))
        });
        let to = to.ok_or_else(|| {
            wrong(
                "to: a replay needs an end: give a cursor or a time that has come; what comes from now on is told by the \
                 subscription `auditFeed`",
            )
        })?;
        let (start, began) = begin(options, tenant, from).await?;
        let upto = point(options, tenant, "to", to).await?;
        if start > upto {
            return Err(wrong("to: this lies before `from`"));
        }
        let (start, clock) = match following.after {
            Some(position) if position > start => (position, recorded_at(options, tenant, position).await?),
            _ => (start, began),
        };
        let admitted = course.admission.replay(tenant).map_err(|over| {
            let error = fault(Code::LimitExceeded, over.to_string());
            error.extend_with(|_, extensions| extensions.set("limit", over.limit))
        })?;
        let filter = filter.unwrap_or_default().read(Ids(Some(tenant)))?;
        let played = Played {
            tenant,
            after: start,
            upto,
            clock,
            timing,
            steps: steps.transpose()?,
            filter: store::Filter {
                types: filter.action.clone().into_iter().collect(),
                ..store::Filter::tenant(tenant)
            },
            wants: move |event: &RecordedEvent| filter.accepts(&Entry::of(event)),
        };
        let words = playback(course.clone(), options.store.log().clone(), played, admitted);
        Ok(words.map(move |said| {
            let said = said.map_err(IntoFault::into_fault)?;
            let cursor = Cursor::at(tenant, said.position);
            Ok(match said.word {
                PlaybackWord::Event(event, waited, skipped) => ReplayItem::Entry(ReplayedEntry {
                    cursor,
                    clock: event.recorded_at.into(),
                    entry: Entry::of(&event).into(),
                    waited_ms: milliseconds(waited),
                    skipped_ms: milliseconds(skipped),
                }),
                PlaybackWord::Paused => ReplayItem::Paused(ReplayPaused { cursor }),
                PlaybackWord::Ended => ReplayItem::Ended(ReplayEnded { cursor }),
                PlaybackWord::Heartbeat => match Following::signed(&course, tenant, Sign::Heartbeat) {
                    Signed::Heartbeat(sign) => ReplayItem::Heartbeat(sign),
                    Signed::CaughtUp(_) | Signed::Lagged(_) => ReplayItem::Ended(ReplayEnded { cursor }),
                },
            })
        }))
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The position behind which a replay begins, and what its clock shows then.
async fn begin(options: &Options, tenant: TenantId, from: AsOf) -> Result<(u64, Option<Timestamp>)> {
    match from {
        AsOf::Cursor(_) => {
            let position = point(options, tenant, "from", from).await?;
            Ok((position, recorded_at(options, tenant, position).await?))
        }
        AsOf::Time(at) => {
            // What was recorded at this very moment belongs to it.
            let before = at.0.saturating_sub(SignedDuration::from_micros(1));
            let before = before.map_err(|error| wrong(format!("from: {error}")))?;
            let position = point(options, tenant, "from", AsOf::Time(before.into())).await?;
            Ok((position, Some(at.0)))
        }
    }
}

/// The position that an argument means.
async fn point(options: &Options, tenant: TenantId, name: &'static str, point: AsOf) -> Result<u64> {
    let point = match point {
        AsOf::Cursor(cursor) => {
            let position = cursor.position(name, tenant);
            projections::AsOf::Position(position.map_err(|error| wrong(error.to_string()))?)
        }
        AsOf::Time(at) => projections::AsOf::Time(at.0),
    };
    let now = options.store.ambient().now();
    match options.past.position(Some(tenant), point, now).await {
        Ok(position) => Ok(position),
        Err(
            error @ (projections::PastError::InTheFuture { .. } | projections::PastError::NotRecorded { .. }),
        ) => Err(wrong(format!("{name}: {error}"))),
        Err(error) => Err(error.into_fault()),
    }
}

/// When the tenant's event of a position was written down.
async fn recorded_at(options: &Options, tenant: TenantId, position: u64) -> Result<Option<Timestamp>> {
    let part = store::Part::Event { tenant, position };
    let found = options
        .store
        .log()
        .part(&part, store::Place::default(), position, 1)
        .await;
    let found = found.map_err(IntoFault::into_fault)?;
    Ok(found.first().map(|event| event.recorded_at))
}
