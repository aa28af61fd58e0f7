//! Things by their global ids, whatever they are.

use async_graphql::{ID, Interface, Object, Result};
use domain::TenantId;
use projections::ReadModel as _;
use projections::tenant::Tenants;

use super::agent::Agent;
use super::agent_run::AgentRun;
use super::api_key::ApiKey;
use super::audit_feed::AuditEntry;
use super::claim::Claim;
use super::connector::Connector;
use super::kit::{Code, Context, Cursor, Entity, GlobalId, IntoFault, Loaders, Of, fault, see_those};
use super::lead::Lead;
use super::member::Member;
use super::opportunity::Opportunity;
use super::subscription::PlanSubscription;
use super::tenant::Tenant;
use super::workspace::Workspace;
use crate::auth::{Identity, may_see};

/// How many ids may be asked for at once.
const IDS_AT_MOST: usize = 100;

/// Whatever has an id in all of this API.
#[derive(Clone, Interface)]
#[graphql(field(name = "id", ty = "&ID", desc = "Its id in all of this API: opaque."))]
pub(crate) enum Node {
    Agent(Agent),
    AgentRun(AgentRun),
    ApiKey(ApiKey),
    AuditEntry(AuditEntry),
    Claim(Claim),
    Connector(Connector),
    Lead(Lead),
    Member(Member),
    Opportunity(Opportunity),
    PlanSubscription(PlanSubscription),
    Tenant(Tenant),
    Workspace(Workspace),
}

/// What can be asked by global ids.
#[derive(Default)]
pub(crate) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The thing of this id; null when the tenant has none, whatever others have.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The `id` of an answer.")] id: ID,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
    ) -> Result<Option<Node>> {
        let id = read("id", id)?;
        see_those(ctx, &[&id.kind], ctx.data::<Identity>()?.tenant, at_least).await?;
        find(ctx, id).await
    }

    /// The things of these ids, in the same order; null for each that the tenant does not have.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The `id`s of answers, at most 100.")] ids: Vec<ID>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > IDS_AT_MOST {
            let message = format!("ids: there are {}, at most {IDS_AT_MOST} are allowed", ids.len());
            return Err(fault(Code::BadUserInput, message));
        }
        let ids = ids.into_iter().enumerate();
        let ids: Vec<GlobalId> = ids
            .map(|(index, id)| read(&format!("ids.{index}"), id))
            .collect::<Result<_>>()?;
        let kinds: Vec<&str> = ids.iter().map(|id| id.kind.as_str()).collect();
        see_those(ctx, &kinds, ctx.data::<Identity>()?.tenant, at_least).await?;
        futures::future::try_join_all(ids.into_iter().map(|id| find(ctx, id))).await
    }
}

fn read(argument: &str, id: ID) -> Result<GlobalId> {
    GlobalId::decode(&id).map_err(|error| fault(Code::BadUserInput, format!("{argument}: {error}")))
}

/// The thing of an id, with those that are wanted at the same time by one query a type.
async fn find(ctx: &Context<'_>, id: GlobalId) -> Result<Option<Node>> {
    let identity = ctx.data::<Identity>()?;
    if !id.is_in(identity.tenant) {
        return Ok(None);
    }
    if id.kind == Tenants::NAME {
        let tenant = id.local.parse::<TenantId>().ok();
        return Ok(super::tenant::of_caller(ctx, tenant).await?.map(Node::from));
    }
    let tenant = identity.caller().map_err(IntoFault::into_fault)?.tenant;
    let GlobalId { kind, local, .. } = id;
    macro_rules! among {
        ($($node:ident),+) => {
            match kind.as_str() {
                $(<$node as Entity>::Model::NAME => Ok(one::<$node>(ctx, tenant, local).await?.map(Node::from)),)+
                projections::audit_feed::AuditFeed::NAME => {
                    may_see(identity, &kind).map_err(IntoFault::into_fault)?;
                    Ok(super::audit_feed::entry(ctx, tenant, &local).await?.map(Node::from))
                }
                // The kinds that are given out are above.
                _ => Ok(None),
            }
        };
    }
    among!(
        Agent,
        AgentRun,
        ApiKey,
        Claim,
        Connector,
        Lead,
        Member,
        Opportunity,
        PlanSubscription,
        Workspace
    )
}

async fn one<N: Entity>(ctx: &Context<'_>, tenant: TenantId, local: String) -> Result<Option<N>> {
    may_see(ctx.data::<Identity>()?, N::Model::NAME).map_err(IntoFault::into_fault)?;
    ctx.data::<Loaders>()?
        .load_one(Of::<N>::new(tenant, local, None))
        .await
}
