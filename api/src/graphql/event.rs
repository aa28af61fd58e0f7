//! The tenant's events, live.

use async_graphql::{ID, InputObject, Json, Result, SimpleObject, Subscription};
use domain::RecordedEvent;
use futures::{Stream, StreamExt};
use serde_json::Value;
use store::Filter;

use super::audit_feed::ActorKind;
use super::kit::{
    Code, Context, Cursor, DateTime, Following, IntoFault, May, Ulid, fault, following, internal, live_item,
};
use crate::live::{Wanted, Word, words};

const TYPES_AT_MOST: usize = 100;

/// What an event happened to.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct EventStream {
    /// The kind, for instance "lead".
    #[graphql(name = "type")]
    kind: String,
    /// The id inside the tenant.
    id: ID,
}

/// Something that happened, as it is written in the log.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Event {
    #[graphql(skip)]
    pub(super) by: domain::Actor,
    /// Where to go on from: give it as `after`, or as `atLeast` to a query.
    cursor: Cursor,
    /// Its place in the whole log. Other tenants' events lie between a tenant's own.
    position: u64,
    /// Unique in the whole log.
    event_id: Ulid,
    /// Its name, for instance "agent_run.completed".
    #[graphql(name = "type")]
    event_type: String,
    /// The version of the payload's shape.
    version: u16,
    /// What it happened to.
    stream: EventStream,
    /// Its place among the events of the same thing: 1, 2, 3, ...
    sequence: u64,
    /// When it happened.
    occurred_at: DateTime,
    /// When it was written down.
    recorded_at: DateTime,
    /// What kind of actor did it.
    actor_kind: ActorKind,
    /// Which one.
    actor_id: String,
    /// Who did it, as kind:id.
    #[graphql(deprecation = "Use `actorKind` and `actorId`, or `actedBy` for the actor itself.")]
    actor: String,
    /// The request, import or run that it belongs to.
    correlation_id: Option<String>,
    /// The event that caused it.
    causation_id: Option<Ulid>,
    /// What happened; its shape goes by type and version.
    payload: Json<Value>,
}

impl Event {
    pub(crate) fn of(event: &RecordedEvent) -> Result<Self> {
        let payload = serde_json::from_str(&event.payload)
            .map_err(|error| internal("api.events payload unreadable", &error.to_string()))?;
        Ok(Self {
            cursor: Cursor::at(event.tenant(), event.position),
            position: event.position,
            event_id: event.event_id.into(),
            event_type: event.event_type.clone(),
            version: event.version,
            stream: EventStream {
                kind: event.stream.aggregate_type.to_owned(),
                id: ID(event.stream.id.clone()),
            },
            sequence: event.sequence,
            occurred_at: event.occurred_at.into(),
            recorded_at: event.recorded_at.into(),
            actor_kind: event.actor.kind.into(),
            actor_id: event.actor.id.clone(),
            actor: event.actor.to_string(),
            by: event.actor.clone(),
            correlation_id: event.correlation_id.clone(),
            causation_id: event.causation_id.map(Into::into),
            payload: Json(payload),
        })
    }
}

live_item! {
    /// What the subscription `events` tells.
    #[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is nearly always the item")]
    EventsItem: Event
}

/// Which events; what is left out does not matter.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct EventFilter {
    /// Only these types, for instance "lead.captured"; "lead.*" means all of a family. At most 100.
    types: Option<Vec<String>>,
    /// Only what happened to this.
    stream: Option<EventStreamInput>,
    /// Only what this actor did, as kind:id.
    actor: Option<String>,
}

/// What an event happened to.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct EventStreamInput {
    /// The kind, for instance "lead".
    #[graphql(name = "type")]
    kind: String,
    /// The id inside the tenant.
    id: ID,
}

/// What can be followed live.
#[derive(Default)]
pub(crate) struct EventSubscription;

#[Subscription]
impl EventSubscription {
    /// The tenant's events after a cursor: first those of the past, then each as it happens, without a gap
    /// and without a repetition. Without a cursor, those from now on.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The last cursor that was seen, of whatever item.")] after: Option<Cursor>,
        #[graphql(desc = "Which.")] filter: Option<EventFilter>,
    ) -> Result<impl Stream<Item = Result<EventsItem>>> {
        let following = following(ctx, May::Read, after).await?;
        let EventFilter { types, stream, actor } = filter.unwrap_or_default();
        let types = types.unwrap_or_default();
        if types.len() > TYPES_AT_MOST {
            let message = format!(
                "filter.types: there are {}, at most {TYPES_AT_MOST} are allowed",
                types.len()
            );
            return Err(fault(Code::BadUserInput, message));
        }
        let tenant = following.tenant;
        let wanted = Wanted {
            tenant,
            after: following.after,
            head: following.head,
            filter: Filter {
                types,
                stream: stream.map(|stream| (stream.kind, stream.id.0)),
                ..Filter::tenant(tenant)
            },
            wants: move |event: &RecordedEvent| {
                let wanted = actor.as_ref();
                wanted.is_none_or(|actor| event.actor.to_string() == *actor)
            },
        };
        let course = following.course.clone();
        let words = words(following.course, following.tail, wanted);
        Ok(words.map(move |word| match word.map_err(IntoFault::into_fault)? {
            Word::Item(event) => Ok(EventsItem::Item(Event::of(&event)?)),
            Word::Sign(sign) => Ok(Following::signed(&course, tenant, sign).into()),
        }))
    }
}
