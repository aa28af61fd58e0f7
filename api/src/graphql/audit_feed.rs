//! Who did what, over GraphQL.

use async_graphql::{Enum, ID, InputObject, Object, Result, SimpleObject};
use std::sync::Arc;

use domain::TenantId;
use projections::audit_feed::{AuditFeed, By, Entry, EntryMeans, EntryPlace, Feed, Filter, Order, Outcome};
use projections::{Listed as Listing, Reader, Way};

use super::kit::{
    Context, Cursor, DateTime, Ids, IntoFault, Listed, May, NodeId, OrderDirection, Reading, StoredJson,
    Window, connection, evidence, in_order, reading, total,
};
use super::node::{self, Node};
use super::people::{Actor, actor};
use super::replay::{EntryChanges, changed};
use super::saved_filter::asked_for;

/// What kind of actor did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ActorKind")]
pub(crate) enum ActorKind {
    /// A person, signed in.
    User,
    /// An AI agent.
    Agent,
    /// A connector that brings records from a foreign system.
    Connector,
    /// A program with an API key.
    ApiKey,
    /// The platform itself.
    System,
}

/// What came of what somebody wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Outcome")]
pub(crate) enum AuditOutcome {
    /// It was done.
    Succeeded,
    /// Somebody was turned away.
    Denied,
    /// The rules refused it.
    Refused,
}

/// An entry of the audit feed: somebody did something to something.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct AuditEntry {
    #[graphql(skip)]
    as_of: Option<u64>,
    #[graphql(skip)]
    position: u64,
    #[graphql(skip)]
    by: domain::Actor,
    #[graphql(skip)]
    tenant: TenantId,
    #[graphql(skip)]
    context_id: Option<String>,
    /// What is known already of the means by which its actor came.
    #[graphql(skip)]
    means: Option<EntryMeans>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The event's id, unique in the whole log.
    event_id: ID,
    /// What kind of actor did it.
    actor_kind: ActorKind,
    /// Which one.
    actor_id: String,
    /// What was done, for instance "lead.qualified".
    action: String,
    /// What came of it.
    outcome: AuditOutcome,
    /// What kind of thing it was done to, for instance "lead".
    entity_type: String,
    /// Which one.
    entity_id: ID,
    /// When it happened.
    occurred_at: DateTime,
    /// When it was written down.
    recorded_at: DateTime,
    /// The workspace in which its actor acted, where it said so; of a workspace's own entries, itself.
    workspace_id: Option<ID>,
    /// The request, import or run that it belongs to.
    correlation_id: Option<String>,
    /// The event that caused it.
    causation_id: Option<ID>,
    /// What happened; its shape goes by the action.
    payload: StoredJson,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        Self {
            means: EntryMeans::told_by(&entry),
            tenant: entry.tenant_id,
            context_id: entry.context_id,
            workspace_id: entry.workspace_id.map(ID),
            as_of: None,
            position: entry.position,
            id: NodeId::of::<AuditFeed>(entry.tenant_id, &entry.position.to_string()),
            event_id: ID(entry.event_id),
            by: domain::Actor::new(entry.actor_kind, entry.actor_id.clone()),
            actor_kind: entry.actor_kind.into(),
            actor_id: entry.actor_id,
            outcome: Outcome::of(&entry.action).into(),
            action: entry.action,
            entity_type: entry.entity_type,
            entity_id: ID(entry.entity_id),
            occurred_at: entry.occurred_at.into(),
            recorded_at: entry.recorded_at.into(),
            correlation_id: entry.correlation_id,
            causation_id: entry.causation_id.map(ID),
            payload: StoredJson(entry.payload),
        }
    }
}

evidence!(AuditEntry of AuditFeed, |entry| vec![("position", entry.position.to_string())], ctx {
    /// Who did it; null for the platform itself, for whom the tenant does not have, and for API keys unless the
    /// token opens them.
    acted_by: Actor => actor(ctx, entry.by.kind, &entry.by.id),
    /// What it changed, with the values before and after: null for what has no entity with a state of its own.
    changed: EntryChanges => changed(ctx, (&entry.entity_type, &entry.entity_id), entry.position),
    /// In what context: by what means its actor came; null for what came by none, such as the platform's own work.
    context: EntryContext => context(ctx, entry),
    /// What it was done to, as it is now; null for what has no row of its own, or what the token does not open.
    entity: Node => node::entity(ctx, &entry.entity_type, &entry.entity_id),
});

/// In what context something was done.
#[derive(Clone, SimpleObject)]
pub(crate) struct EntryContext {
    /// The network address; null when it is not known or erased.
    address: Option<String>,
    /// The program, as it calls itself; null when it is not known or erased.
    user_agent: Option<String>,
    /// The request.
    request_id: Option<String>,
    /// The id of the API key that was used, if one was.
    api_key: Option<ID>,
}

impl Listed for EntryContext {}

/// The context of an entry: what is not known from its page yet is looked up, once the feed has come as far as it.
async fn context(ctx: &Context<'_>, entry: &AuditEntry) -> Result<Option<Arc<EntryContext>>> {
    let means = match (&entry.means, &entry.context_id) {
        (Some(means), _) => means.clone(),
        (None, None) => return Ok(None),
        (None, Some(id)) => {
            let at_least = Some(Cursor::at(entry.tenant, entry.position));
            let Reading { reader, .. } = reading::<AuditFeed>(ctx, May::Read, at_least).await?;
            let means = reader.means_told(entry.tenant, id).await;
            means.map_err(IntoFault::into_fault)?.unwrap_or_default()
        }
    };
    Ok(Some(Arc::new(EntryContext {
        address: means.address,
        user_agent: means.user_agent,
        request_id: entry.correlation_id.clone(),
        api_key: (entry.by.kind == domain::ActorKind::ApiKey).then(|| ID(entry.by.id.clone())),
    })))
}

connection!(AuditEntry: AuditFeedConnection, AuditFeedEdge, "the tenant's audit feed");

/// Which entries of the audit feed; what is left out does not matter.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct AuditFeedFilter {
    /// By this kind of actor.
    actor_kind: Option<ActorKind>,
    /// By this actor.
    actor_id: Option<String>,
    /// This action, for instance "lead.qualified"; "lead.*" means all of a family.
    action: Option<String>,
    /// To this kind of thing, for instance "lead".
    entity_type: Option<String>,
    /// To the thing of this id.
    entity_id: Option<ID>,
    /// In this workspace: of actors that say so, and what happened to the workspace itself.
    workspace_id: Option<ID>,
    /// Of this request, import or run.
    correlation_id: Option<String>,
    /// Caused by the event of this id.
    causation_id: Option<ID>,
    /// With this outcome.
    outcome: Option<AuditOutcome>,
    /// With this text in the payload, the action or the ids, whatever the case of its letters from A to Z. What is
    /// left by the rest of the filter may have 100,000 entries at most.
    text: Option<String>,
    /// Happened at this moment or later.
    from: Option<DateTime>,
    /// Happened before this moment.
    before: Option<DateTime>,
}

/// By what to order the audit feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "By")]
pub(crate) enum AuditFeedOrderField {
    /// When it was written down: the order of the log.
    Recorded,
    /// When it happened.
    Occurred,
}

/// How to order the audit feed.
#[derive(Clone, Copy, Debug, InputObject)]
pub(crate) struct AuditFeedOrder {
    /// By what.
    field: AuditFeedOrderField,
    /// Which way.
    #[graphql(default_with = "OrderDirection::Ascending")]
    direction: OrderDirection,
}

impl AuditFeedFilter {
    /// The filter as the read model takes it; a global id of another tenant's fits nothing.
    pub(super) fn read(self, ids: Ids) -> Result<Filter> {
        let filter = self;
        let kind = filter.actor_kind.map(domain::ActorKind::from);
        let local = |name, id: Option<ID>| match id {
            Some(id) => ids
                .filter(name, domain::Event::AGGREGATE_TYPES, id.into())
                .map(Some),
            None => Ok(None),
        };
        Ok(Filter {
            actor_kind: kind.map(|kind| kind.to_string()),
            actor_id: local("actorId", filter.actor_id.map(ID))?,
            action: filter.action,
            entity_type: filter.entity_type,
            entity_id: local("entityId", filter.entity_id)?,
            workspace_id: match filter.workspace_id {
                Some(id) => Some(ids.filter("workspaceId", &["workspace"], id.into())?),
                None => None,
            },
            correlation_id: filter.correlation_id,
            causation_id: filter.causation_id.map(String::from),
            outcome: filter.outcome.map(Outcome::from),
            text: filter.text,
            from: filter.from.map(|at| at.0),
            before: filter.before.map(|at| at.0),
        })
    }
}

/// The entries with the means by which their actors came, looked up at once.
async fn with_means<C>(
    reader: &Reader,
    tenant: TenantId,
    listed: Listing<Entry, C>,
) -> Result<Listing<AuditEntry, C>> {
    let (places, entries): (Vec<C>, Vec<Entry>) = listed.rows.into_iter().unzip();
    let mut means = reader
        .entry_means(tenant, &entries)
        .await
        .map_err(IntoFault::into_fault)?;
    let entries = entries.into_iter().map(|entry| AuditEntry {
        means: means.remove(&entry.position),
        ..entry.into()
    });
    Ok(Listing {
        rows: places.into_iter().zip(entries).collect(),
        more: listed.more,
        total: listed.total,
    })
}

/// The entry of a position in the log, given as text.
pub(super) async fn entry(ctx: &Context<'_>, tenant: TenantId, position: &str) -> Result<Option<AuditEntry>> {
    let Reading { reader, .. } = reading::<AuditFeed>(ctx, May::Read, None).await?;
    let Ok(position) = position.parse() else {
        return Ok(None);
    };
    let entry = reader.audit_entry(tenant, position).await;
    Ok(entry.map_err(IntoFault::into_fault)?.map(Into::into))
}

/// What can be asked about the audit feed.
#[derive(Default)]
pub(crate) struct AuditFeedQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "a connection's arguments are Relay's")]
impl AuditFeedQuery {
    /// Who did what in the tenant, oldest first; `last` gives the newest. Without `orderBy`, in the order of the
    /// log; when the filter has `from` or `before`, in the order in which it happened.
    async fn audit_feed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "With `first`: only what follows this entry.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "With `last`: only what precedes this entry.")] before: Option<Cursor>,
        #[graphql(desc = "Which.")] filter: Option<AuditFeedFilter>,
        #[graphql(desc = "Those of the saved filter of this name, where `filter` says nothing else.")]
        saved_filter: Option<String>,
        #[graphql(desc = "In which order.")] order_by: Option<AuditFeedOrder>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
    ) -> Result<AuditFeedConnection> {
        let reading = reading::<AuditFeed>(ctx, May::Read, at_least).await?;
        let filter = asked_for(ctx, &reading, saved_filter, filter).await?;
        let Reading { tenant, reader } = reading;
        let page = Window {
            first,
            after,
            last,
            before,
        }
        .page(tenant)?;
        let by = match order_by {
            Some(order) => order.field.into(),
            // An index finds what happened in a time, in this order.
            None if filter.from.is_some() || filter.before.is_some() => By::Occurred,
            None => By::Recorded,
        };
        let way = order_by.map_or(Way::Ascending, |order| order.direction.into());
        in_order(&page, |place: &EntryPlace| place.fits(by))?;
        let feed = Feed {
            filter,
            order: Order { by, way },
            total: total(ctx),
        };
        let listed = reader
            .audit_feed(tenant, &feed, &page)
            .await
            .map_err(IntoFault::into_fault)?;
        let listed = with_means(reader, tenant, listed).await?;
        Ok(AuditFeedConnection::new(tenant, listed, page.direction))
    }
}
