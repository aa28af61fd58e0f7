//! Things by their global ids, whatever they are.

use std::sync::Arc;

use async_graphql::{ID, Interface, Object, Result};
use domain::TenantId;
use projections::ReadModel as _;
use projections::audit_feed::AuditFeed;
use projections::tenant::Tenants;

use super::agent::Agent;
use super::agent_run::AgentRun;
use super::alert::Alert;
use super::api_key::ApiKey;
use super::audit_feed::AuditEntry;
use super::claim::Claim;
use super::connector::Connector;
use super::invoice::Invoice;
use super::kit::{
    Code, Context, Cursor, Entity, GlobalId, IntoFault, Listed, NodeId, fault, related, see_those,
};
use super::lead::Lead;
use super::member::Member;
use super::meter::Meter;
use super::model_price::ModelPrice;
use super::opportunity::Opportunity;
use super::plan::Plan;
use super::roi_baseline::RoiBaseline;
use super::roi_snapshot::RoiSnapshot;
use super::saved_filter::SavedFilter;
use super::subscription::PlanSubscription;
use super::tenant::Tenant;
use super::webhook_endpoint::WebhookEndpoint;
use super::workspace::Workspace;
use crate::auth::{Identity, may_see};

/// How many ids may be asked for at once.
const IDS_AT_MOST: usize = 100;

/// Whatever has an id in all of this API.
#[derive(Clone, Interface)]
#[graphql(field(name = "id", ty = "&NodeId", desc = "Its id in all of this API: opaque."))]
pub(crate) enum Node {
    Agent(Agent),
    AgentRun(AgentRun),
    Alert(Alert),
    ApiKey(ApiKey),
    AuditEntry(AuditEntry),
    Claim(Claim),
    Connector(Connector),
    Invoice(Invoice),
    Lead(Lead),
    Member(Member),
    Meter(Meter),
    ModelPrice(ModelPrice),
    Opportunity(Opportunity),
    Plan(Plan),
    PlanSubscription(PlanSubscription),
    RoiBaseline(RoiBaseline),
    RoiSnapshot(RoiSnapshot),
    SavedFilter(SavedFilter),
    Tenant(Tenant),
    WebhookEndpoint(WebhookEndpoint),
    Workspace(Workspace),
}

impl Listed for Node {}

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
    may_see(identity, &id.kind).map_err(IntoFault::into_fault)?;
    if id.kind == AuditFeed::NAME {
        let entry = super::audit_feed::entry(ctx, tenant, &id.local).await?;
        return Ok(entry.map(Node::from));
    }
    load(ctx, &id.kind, &id.local).await
}

/// What an event of this kind of aggregate happened to, if the token opens it.
pub(super) async fn entity(ctx: &Context<'_>, kind: &str, local: &str) -> Result<Option<Arc<Node>>> {
    let node = if kind == Tenants::NAME {
        let tenant = super::tenant::of_caller(ctx, local.parse().ok()).await?;
        tenant.map(Node::from)
    } else {
        load(ctx, kind, local).await?
    };
    Ok(node.map(Arc::new))
}

macro_rules! entities {
    ($($node:ident),+) => {
        async fn load(ctx: &Context<'_>, kind: &str, local: &str) -> Result<Option<Node>> {
            match kind {
                $(<$node as Entity>::Model::NAME => {
                    let found = related::<$node>(ctx, Some(local), None).await?;
                    Ok(found.map(|found| Node::from($node::clone(&found))))
                })+
                // Nothing of another kind has a row of its own.
                _ => Ok(None),
            }
        }
    };
}

entities!(
    Agent,
    AgentRun,
    Alert,
    ApiKey,
    Claim,
    Connector,
    Invoice,
    Lead,
    Member,
    Meter,
    ModelPrice,
    Opportunity,
    Plan,
    PlanSubscription,
    RoiBaseline,
    RoiSnapshot,
    SavedFilter,
    WebhookEndpoint,
    Workspace
);
