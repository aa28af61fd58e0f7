//! Who does things: members, agents, and what acts for them.

use async_graphql::{ComplexObject, Result, Union};
use domain::ActorKind;

use super::agent::Agent;
use super::api_key::ApiKey;
use super::connector::Connector;
use super::event::Event;
use super::kit::{Context, Listed, related};
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
) -> Result<Option<Worker>> {
    let (member, agent) = futures::try_join!(
        related::<Member>(ctx, local, as_of),
        related::<Agent>(ctx, local, as_of)
    )?;
    Ok(member.map(Worker::from).or(agent.map(Worker::from)))
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
pub(super) async fn actor(ctx: &Context<'_>, kind: ActorKind, id: &str) -> Result<Option<Actor>> {
    let id = Some(id);
    Ok(match kind {
        ActorKind::User => related::<Member>(ctx, id, None).await?.map(Actor::from),
        ActorKind::Agent => related::<Agent>(ctx, id, None).await?.map(Actor::from),
        ActorKind::Connector => related::<Connector>(ctx, id, None).await?.map(Actor::from),
        ActorKind::ApiKey => related::<ApiKey>(ctx, id, None).await?.map(Actor::from),
        ActorKind::System => None,
    })
}

#[ComplexObject]
impl Event {
    /// Who did it; null for the platform itself, for whom the tenant does not have, and for API keys unless the
    /// token opens them.
    async fn acted_by(&self, ctx: &Context<'_>) -> Result<Option<Actor>> {
        actor(ctx, self.by.kind, &self.by.id).await
    }
}
