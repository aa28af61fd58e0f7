//! The tenant's events, live.

use std::collections::VecDeque;
use std::sync::Arc;

use async_graphql::{Error, ID, Json, Result, SimpleObject, Subscription};
use domain::RecordedEvent;
use futures::{Stream, stream};
use serde_json::Value;
use store::{Filter, Follower};

use super::audit_feed::ActorKind;
use super::kit::{Code, Context, Cursor, DateTime, IntoFault, May, Ulid, fault, internal};
use crate::auth::{Authenticator, Identity, Revocations};
use crate::options::Options;

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
        #[graphql(desc = "The cursor of the last event that was seen.")] after: Option<Cursor>,
        #[graphql(
            desc = "Only these types, for instance \"lead.captured\"; \"lead.*\" means all of a family."
        )]
        types: Option<Vec<String>>,
    ) -> Result<impl Stream<Item = Result<Event>>> {
        let identity = ctx.data::<Identity>()?;
        let caller = May::Read
            .check(identity)
            .and_then(|()| identity.caller())
            .map_err(IntoFault::into_fault)?;
        let types = types.unwrap_or_default();
        if types.len() > TYPES_AT_MOST {
            let message = format!(
                "types: there are {}, at most {TYPES_AT_MOST} are allowed",
                types.len()
            );
            return Err(fault(Code::BadUserInput, message));
        }
        let tail = ctx.data::<Options>()?.store.tail();
        let after = match after {
            Some(cursor) => cursor
                .position("after", caller.tenant)
                .map_err(|error| fault(Code::BadUserInput, error.to_string()))?,
            None => tail.position(),
        };
        let follower = tail.follow(
            after,
            Filter {
                types,
                ..Filter::tenant(caller.tenant)
            },
        );
        let waiting = Waiting {
            follower,
            events: VecDeque::new(),
            revocations: ctx.data::<Authenticator>()?.revocations(),
            identity: identity.clone(),
        };
        Ok(stream::try_unfold(waiting, |mut waiting| async move {
            let event = waiting.next().await?;
            Ok::<_, Error>(Some((Event::of(&event)?, waiting)))
        }))
    }
}

/// One reader of the log, with the events that it got and has not passed on.
struct Waiting {
    follower: Follower,
    events: VecDeque<Arc<RecordedEvent>>,
    revocations: Revocations,
    identity: Identity,
}

impl Waiting {
    /// The next event; an error when the token was revoked meanwhile.
    async fn next(&mut self) -> Result<Arc<RecordedEvent>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            tokio::select! {
                biased;
                () = self.revocations.of(&self.identity) => {
                    return Err(crate::auth::Denied::Unauthenticated.into_fault());
                }
                step = self.follower.next() => {
                    self.events.extend(step.map_err(IntoFault::into_fault)?.events);
                }
            }
        }
    }
}
