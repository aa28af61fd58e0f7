//! Saved filters of the audit feed over GraphQL.

use async_graphql::{Enum, ID, Result, SimpleObject};
use domain::saved_filter::{Command, EntryFilter, SavedFilter as Aggregate, Sharing};
use projections::audit_feed::Filter;
use projections::saved_filter::{SavedFilterList, SavedFilterRow};

use super::audit_feed::{AuditFeedFilter, AuditOutcome};
use super::kit::{
    Code, Context, DateTime, Ids, IntoFault, NodeId, Reading, UserError, evidence, fault, mutations, queries,
};
use crate::auth::Identity;

/// For whom a filter is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Sharing")]
pub(crate) enum FilterSharing {
    /// For who saved it: for others there is none of this name.
    Own,
    /// For all of the tenant.
    Tenant,
}

mutations! {
    /// What may be asked of saved filters.
    SavedFilterMutation: Aggregate, Admin;

    /// Keeps a filter of the audit feed under a name, for `savedFilter` of the feed, its facets and its subscription.
    save_audit_filter(Creating, SaveAuditFilterInput {
        /// By which it is asked for.
        name: String,
        /// For whom.
        #[graphql(default_with = "FilterSharing::Own")]
        sharing: FilterSharing,
        /// Which entries.
        filter: AuditFeedFilter,
    })
    |input, ids| Command::Save {
        name: input.name,
        sharing: input.sharing.into(),
        filter: entries(input.filter, ids)?,
    };

    /// Keeps another filter in the place of one.
    change_audit_filter(Changing, ChangeAuditFilterInput {
        /// By which it is asked for.
        name: String,
        /// For whom.
        #[graphql(default_with = "FilterSharing::Own")]
        sharing: FilterSharing,
        /// Which entries.
        filter: AuditFeedFilter,
    })
    |input, ids| Command::Change {
        name: input.name,
        sharing: input.sharing.into(),
        filter: entries(input.filter, ids)?,
    };

    /// Keeps a filter no more.
    remove_audit_filter(Changing, RemoveAuditFilterInput {})
    |_| Command::Remove;
}

fn entries(filter: AuditFeedFilter, ids: Ids) -> Result<EntryFilter, UserError> {
    let filter = filter.read(ids);
    let filter = filter.map_err(|error| UserError::invalid(&["filter"], &error.message))?;
    Ok(filter.into())
}

/// A saved filter as it is now.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct SavedFilter {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// By which it is asked for.
    name: String,
    /// Who saved it, as kind:id.
    owner: String,
    /// For whom it is kept.
    sharing: FilterSharing,
    /// By this kind of actor.
    actor_kind: Option<String>,
    /// By this actor.
    actor_id: Option<String>,
    /// This action, or a family of them.
    action: Option<String>,
    /// To this kind of thing.
    entity_type: Option<String>,
    /// To this thing.
    entity_id: Option<ID>,
    /// In this workspace.
    workspace_id: Option<ID>,
    /// Of this request, import or run.
    correlation_id: Option<String>,
    /// Caused by the event of this id.
    causation_id: Option<ID>,
    /// With this outcome.
    outcome: Option<AuditOutcome>,
    /// With this text.
    text: Option<String>,
    /// Happened at this moment or later.
    #[graphql(name = "from")]
    since: Option<DateTime>,
    /// Happened before this moment.
    #[graphql(name = "before")]
    until: Option<DateTime>,
    /// When it was saved.
    created_at: DateTime,
    /// When it changed last.
    changed_at: DateTime,
}

impl From<SavedFilterRow> for SavedFilter {
    fn from(row: SavedFilterRow) -> Self {
        let filter = Filter::from(row.filter);
        Self {
            as_of: None,
            id: NodeId::of::<SavedFilterList>(row.tenant_id, &row.id),
            local_id: row.id,
            name: row.name,
            owner: row.owner,
            sharing: match row.sharing.as_str() {
                "tenant" => FilterSharing::Tenant,
                _ => FilterSharing::Own,
            },
            actor_kind: filter.actor_kind,
            actor_id: filter.actor_id,
            action: filter.action,
            entity_type: filter.entity_type,
            entity_id: filter.entity_id.map(ID),
            workspace_id: filter.workspace_id.map(ID),
            correlation_id: filter.correlation_id,
            causation_id: filter.causation_id.map(ID),
            outcome: filter.outcome.map(Into::into),
            text: filter.text,
            since: filter.from.map(Into::into),
            until: filter.before.map(Into::into),
            created_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}

evidence!(SavedFilter of SavedFilterList, |row| vec![("id", row.local_id.clone())]);

queries! {
    SavedFilterQuery: SavedFilterList, Read => SavedFilter, SavedFilterConnection, SavedFilterEdge;
    saved_filter("A saved filter of the audit feed; null when there is none of this id."),
    saved_filters("The tenant's saved filters, newest first.", "the tenant's saved filters"),
    SavedFilterFilter {
        /// Of this name.
        name,
        /// Saved by this actor, as kind:id.
        owner,
        /// `own` or `tenant`.
        sharing,
    },
    SavedFilterOrder, SavedFilterOrderField {
        /// When it was saved.
        CreatedAt => Moments created_at,
        /// Its name.
        Name => Texts name,
    }
}

/// The filter that is asked for: the saved one of a name, with what is given besides in its place.
pub(super) async fn asked_for(
    ctx: &Context<'_>,
    reading: &Reading<'_>,
    saved: Option<String>,
    given: Option<AuditFeedFilter>,
) -> Result<Filter> {
    let tenant = reading.tenant;
    let given = given.unwrap_or_default().read(Ids(Some(tenant)))?;
    let Some(name) = saved else {
        return Ok(given);
    };
    let actor = &ctx.data::<Identity>()?.actor;
    let found = reading.reader.saved_filter(tenant, actor, &name).await;
    let missing = || {
        let message = format!("savedFilter: there is none of the name {name:?} for you: see `savedFilters`");
        fault(Code::BadUserInput, message)
    };
    let saved = found.map_err(IntoFault::into_fault)?.ok_or_else(missing)?;
    Ok(given.or(saved))
}
