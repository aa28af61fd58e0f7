//! An entity's history as steps, and the entity as it was.

use std::sync::Arc;

use async_graphql::{ComplexObject, ID, Json, Object, Result, SimpleObject};
use domain::{StreamId, TenantId};
use projections::audit_feed::Of;
use projections::{Change, Direction, Step, stream_named};
use serde_json::Value;

use super::causes::{CausationGraph, graph};
use crate::auth::Identity;
use crate::graphql::event::Event;
use crate::graphql::kit::{
    AsOf, Code, Context, Cursor, GlobalId, IntoFault, Listed, May, PageInfo, fault, rows_of, then,
};
use crate::options::Options;

/// A place in which the state differs from the one before.
#[derive(Clone, SimpleObject)]
pub(crate) struct StateChange {
    /// The place, as a JSON pointer (RFC 6901).
    pointer: String,
    /// What was there before; null: nothing.
    before: Option<Json<Value>>,
    /// What is there after; null: nothing.
    after: Option<Json<Value>>,
}

impl From<Change> for StateChange {
    fn from(change: Change) -> Self {
        Self {
            pointer: change.pointer,
            before: change.before.map(Json),
            after: change.after.map(Json),
        }
    }
}

/// What an event changed of its entity.
#[derive(Clone, SimpleObject)]
pub(crate) struct EntryChanges {
    /// The places that differ, with the values before and after.
    changes: Vec<StateChange>,
}

impl Listed for EntryChanges {}

/// What the event at a position changed of its entity: kind and id.
pub(crate) async fn changed(
    ctx: &Context<'_>,
    (kind, id): (&str, &str),
    position: u64,
) -> Result<Option<Arc<EntryChanges>>> {
    // A fact is a stream of its own, without a state.
    if kind == "access" || kind == "usage" {
        return Ok(None);
    }
    let stream = stream(ctx, &ID(format!("{kind}/{id}")))?;
    let past = &ctx.data::<Options>()?.past;
    let found = past
        .steps(&stream, (position.saturating_sub(1), position), 1)
        .await;
    let step = found.map_err(IntoFault::into_fault)?.steps.pop();
    Ok(step.map(|step| {
        let changes = step.changes.into_iter().map(Into::into).collect();
        Arc::new(EntryChanges { changes })
    }))
}

/// A step of an entity's history: what happened, by whom and because of what, and what it made of the entity.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct ReplayStep {
    #[graphql(skip)]
    position: u64,
    /// The step's place: give it as `asOf` to see the entity, or a read model, right after it.
    cursor: Cursor,
    /// What happened, with its actor, its correlation and its cause.
    event: Event,
    /// The state after it: the row of the entity's read model; for kinds without one, what its rules know of it.
    state: Json<Value>,
    /// What it changed of the state.
    changes: Vec<StateChange>,
}

#[ComplexObject]
impl ReplayStep {
    /// What led to it, and what came of it.
    async fn causes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many entries at most, 1 to 500; 100 when it is left out.")] at_most: Option<
            i32,
        >,
    ) -> Result<CausationGraph> {
        Box::pin(graph(ctx, Of::Position(self.position), at_most)).await
    }
}

impl ReplayStep {
    fn of(tenant: TenantId, step: Step) -> Result<Self> {
        Ok(Self {
            position: step.event.position,
            cursor: Cursor::at(tenant, step.event.position),
            event: Event::of(&step.event)?,
            state: Json(step.state),
            changes: step.changes.into_iter().map(Into::into).collect(),
        })
    }
}

/// A page of an entity's steps, oldest first.
#[derive(SimpleObject)]
pub(crate) struct EntityReplayConnection {
    /// The steps with their cursors.
    edges: Vec<ReplayStepEdge>,
    /// The steps alone.
    nodes: Vec<ReplayStep>,
    /// Where the page lies in the history.
    page_info: PageInfo,
}

/// One of an entity's steps.
#[derive(SimpleObject)]
pub(crate) struct ReplayStepEdge {
    /// Give it as `after`.
    cursor: Cursor,
    /// The step.
    node: ReplayStep,
}

/// Whose past it is, and the stream that an argument names: by a global id, or by kind and id inside the tenant.
pub(super) fn stream(ctx: &Context<'_>, entity: &ID) -> Result<StreamId> {
    let identity = ctx.data::<Identity>()?;
    let caller = May::Read.check(identity).and_then(|()| identity.caller());
    let tenant = caller.map_err(IntoFault::into_fault)?.tenant;
    let wrong = |message: String| fault(Code::BadUserInput, format!("entity: {message}"));
    let named = if entity.starts_with('~') {
        let id = GlobalId::decode(entity).map_err(|error| wrong(error.to_string()))?;
        if !id.is_in(Some(tenant)) || (id.kind == "tenant" && id.local != tenant.to_string()) {
            return Err(wrong("there is nothing of this id".to_owned()));
        }
        format!("{}/{}", id.kind, id.local)
    } else {
        entity.to_string()
    };
    stream_named(tenant, &named).map_err(|error| wrong(error.to_string()))
}

/// What can be asked about an entity's past.
#[derive(Default)]
pub(crate) struct EntityReplayQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "a connection's arguments are Relay's")]
impl EntityReplayQuery {
    /// An entity's history as steps, oldest first: what happened, the state after it, and what it changed.
    async fn entity_replay(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The `id` of an answer, or kind and id inside the tenant: \"lead/l1\".")] entity: ID,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Only steps after this event's cursor.")] after: Option<Cursor>,
        #[graphql(desc = "Only steps up to this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<EntityReplayConnection> {
        let stream = stream(ctx, &entity)?;
        let tenant = stream.tenant;
        let limit = rows_of("first", first)?;
        let after = after.map(|cursor| cursor.position("after", tenant)).transpose();
        let after = after.map_err(|error| fault(Code::BadUserInput, error.to_string()))?;
        let upto = then(ctx, tenant, as_of)
            .await?
            .map_or(u64::MAX, |then| then.position);
        let span = (after.unwrap_or_default(), upto);
        let past = &ctx.data::<Options>()?.past;
        let found = past.steps(&stream, span, limit as usize).await;
        let found = found.map_err(IntoFault::into_fault)?;
        let edges = found.steps.into_iter().map(|step| {
            let node = ReplayStep::of(tenant, step)?;
            let cursor = node.cursor.clone();
            Ok(ReplayStepEdge { cursor, node })
        });
        let edges: Vec<ReplayStepEdge> = edges.collect::<Result<_>>()?;
        Ok(EntityReplayConnection {
            page_info: PageInfo::of(
                found.more.then_some(Direction::Forward),
                edges.first().map(|edge| &edge.cursor),
                edges.last().map(|edge| &edge.cursor),
            ),
            nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
            edges,
        })
    }

    /// An entity as it was at a point in the past (now, when none is given): the last step until then; null when nothing
    /// had happened to it.
    async fn entity_state(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The `id` of an answer, or kind and id inside the tenant: \"lead/l1\".")] entity: ID,
        #[graphql(desc = "As it was at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<Option<ReplayStep>> {
        let stream = stream(ctx, &entity)?;
        let tenant = stream.tenant;
        let upto = then(ctx, tenant, as_of)
            .await?
            .map_or(u64::MAX, |then| then.position);
        let past = &ctx.data::<Options>()?.past;
        let step = past.state(&stream, upto).await.map_err(IntoFault::into_fault)?;
        step.map(|step| ReplayStep::of(tenant, step)).transpose()
    }
}
