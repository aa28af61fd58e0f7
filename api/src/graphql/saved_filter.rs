//! Saved filters of the audit feed over GraphQL.

use async_graphql::{Enum, ID, Result, SimpleObject};
use domain::Event;
use domain::saved_filter::{Command, EntryFilter, Event as Change, SavedFilter as Aggregate, Sharing};
use projections::ReadModel as _;
use projections::audit_feed::Filter;
use projections::saved_filter::{SavedFilterList, SavedFilterRow};

use super::audit_feed::{AuditFeedFilter, AuditOutcome};
use super::kit::{
    Code, Context, DateTime, Head, Ids, IntoFault, May, NodeId, Outcome, Reading, UserError, evidence, fault,
    mutations, queries, tell,
};
use crate::auth::Identity;
use crate::options::Options;

/// So many changes of a filter are read at once.
const CHANGES: u32 = 500;

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
    }, unless change_of_anothers;

    /// Keeps a filter no more.
    remove_audit_filter(Changing, RemoveAuditFilterInput {})
    |_| Command::Remove, unless removal_of_anothers;
}

/// Refuses to change what is another's own, and to take from all what is another's.
async fn change_of_anothers(
    ctx: &Context<'_>,
    mutation: &str,
    input: &ChangeAuditFilterInput,
) -> Result<Option<Outcome>> {
    let becomes = Some(input.sharing.into());
    anothers(ctx, mutation, (input.head.clone().into(), becomes)).await
}

/// Refuses to remove what is another's own.
async fn removal_of_anothers(
    ctx: &Context<'_>,
    mutation: &str,
    input: &RemoveAuditFilterInput,
) -> Result<Option<Outcome>> {
    anothers(ctx, mutation, (input.head.clone().into(), None)).await
}

/// The log says whose a filter is: a read model may be behind.
async fn anothers(
    ctx: &Context<'_>,
    mutation: &str,
    (head, becomes): (Head, Option<Sharing>),
) -> Result<Option<Outcome>> {
    let identity = ctx.data::<Identity>()?;
    let caller = May::Admin.check(identity).and_then(|()| identity.caller());
    let kinds = &[SavedFilterList::NAME];
    // Who may not, and what is no id, is told by whoever runs the mutation.
    let (Ok(caller), Ok(Some(id))) = (caller, Ids::of(ctx)?.optional("id", kinds, head.id.map(ID))) else {
        return Ok(None);
    };
    let log = ctx.data::<Options>()?.store.log();
    let of_filter = store::Filter {
        stream: Some((SavedFilterList::NAME.to_owned(), id.clone())),
        ..store::Filter::tenant(caller.tenant)
    };
    let (mut owner, mut sharing, mut after) = (None, Sharing::Own, 0);
    loop {
        // The streams of filters stay at hand when years are archived.
        let page = log.page_at_hand(after, &of_filter, CHANGES).await;
        let page = page.map_err(IntoFault::into_fault)?;
        let is_last = page.len() < CHANGES as usize;
        for event in page {
            after = event.position;
            if let Event::SavedFilter(
                Change::Saved { sharing: now, .. } | Change::Changed { sharing: now, .. },
            ) = event.event
            {
                sharing = now;
            }
            owner.get_or_insert(event.actor);
        }
        if is_last {
            break;
        }
    }
    let refused = match (owner, sharing) {
        (Some(owner), _) if owner == identity.actor => return Ok(None),
        (Some(_), Sharing::Own) => UserError::refusal("NOT_FOUND", "there is no such filter".to_owned()),
        (Some(owner), Sharing::Tenant) if becomes == Some(Sharing::Own) => {
            let message =
                format!("sharing: only {owner}, who saved the filter, can take it back from the others");
            UserError::refusal("NOT_YOURS", message)
        }
        (Some(_), Sharing::Tenant) | (None, _) => return Ok(None),
    };
    tell(ctx, mutation, &format!("{}/{id}", SavedFilterList::NAME), refused).map(Some)
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
    ; for |filter, actor| filter.sharing == FilterSharing::Tenant || filter.owner == actor.to_string(),
    of those with vec![("sharing", "tenant".to_owned()), ("owner", actor.to_string())]
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
