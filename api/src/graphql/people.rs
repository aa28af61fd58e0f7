//! Who does things: members, agents, and what acts for them.

use std::sync::Arc;

use async_graphql::{ComplexObject, Result, Union};
use domain::ActorKind;

use super::agent::Agent;
use super::api_key::ApiKey;
use super::connector::Connector;
use super::event::Event;
use super::kit::{Context, Found, Listed, related};
use super::member::Member;

/// Who works on something: a person or an agent.
#[derive(Clone, Union)]
pub(crate) enum Worker {
    Agent(Agent),
    Member(Member),
}

impl Listed for Worker {}

/// The member or agent of this id; a member, if both have it.
pub(super) async fn worker(
    ctx: &Context<'_>,
    local: Option<&str>,
    as_of: Option<u64>,
) -> Result<Option<Arc<Worker>>> {
    let (member, agent) = futures::try_join!(
        related::<Member>(ctx, local, as_of),
        related::<Agent>(ctx, local, as_of)
    )?;
    let member = member.map(|member| Worker::from(Member::clone(&member)));
    let worker = member.or_else(|| agent.map(|agent| Worker::from(Agent::clone(&agent))));
    Ok(worker.map(Arc::new))
}

/// Who did something, as far as the tenant knows it.
#[derive(Clone, Union)]
pub(crate) enum Actor {
    Agent(Agent),
    ApiKey(ApiKey),
    Connector(Connector),
    Member(Member),
}

impl Listed for Actor {}

/// The actor of this kind and id; `None` for the platform itself, and for whom the token may not see.
pub(super) async fn actor(ctx: &Context<'_>, kind: ActorKind, id: &str) -> Result<Option<Arc<Actor>>> {
    let id = Some(id);
    Ok(match kind {
        ActorKind::User => owned(related::<Member>(ctx, id, None).await?),
        ActorKind::Agent => owned(related::<Agent>(ctx, id, None).await?),
        ActorKind::Connector => owned(related::<Connector>(ctx, id, None).await?),
        ActorKind::ApiKey => owned(related::<ApiKey>(ctx, id, None).await?),
        ActorKind::System => None,
    })
}

fn owned<N: Clone + Into<Actor>>(found: Option<Arc<N>>) -> Option<Arc<Actor>> {
    found.map(|found| Arc::new(N::clone(&found).into()))
}

#[ComplexObject]
impl Event {
    /// Who did it; null for the platform itself, for whom the tenant does not have, and for API keys unless the
    /// token opens them.
    async fn acted_by(&self, ctx: &Context<'_>) -> Result<Option<Found<Actor>>> {
        let found = Box::pin(actor(ctx, self.by.kind, &self.by.id)).await?;
        Ok(found.map(Found))
    }
}
