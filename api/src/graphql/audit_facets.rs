//! What there is to choose from in the audit feed, with counts.

use async_graphql::{Object, Result, SimpleObject};
use projections::audit_feed::{AuditFeed, FacetValue, Facets};

use super::audit_feed::{AuditFeedFilter, AuditOutcome};
use super::kit::{Context, Cursor, IntoFault, May, Reading, reading};
use super::saved_filter::asked_for;

/// A value and how many entries have it.
#[derive(Clone, SimpleObject)]
pub(crate) struct AuditFacet {
    /// The value, as the filter takes it; an actor's is kind:id.
    value: String,
    /// How many entries have it.
    count: u64,
}

impl From<FacetValue> for AuditFacet {
    fn from(facet: FacetValue) -> Self {
        Self {
            value: facet.value,
            count: facet.count,
        }
    }
}

/// An outcome and how many entries have it.
#[derive(Clone, SimpleObject)]
pub(crate) struct AuditOutcomeFacet {
    /// The outcome.
    outcome: AuditOutcome,
    /// How many entries have it.
    count: u64,
}

/// What the entries of a filter have in common: up to 50 values of each kind, the most frequent first.
#[derive(Clone, SimpleObject)]
pub(crate) struct AuditFacets {
    /// How many entries were counted: the newest 100,001 at most.
    counted: u64,
    /// Whether there are more than 100,000.
    more: bool,
    /// What was done.
    actions: Vec<AuditFacet>,
    /// Who did it, as kind:id.
    actors: Vec<AuditFacet>,
    /// The kinds of things it was done to.
    entity_types: Vec<AuditFacet>,
    /// The local ids of the workspaces in which it was done; what was done outside of all is in none.
    workspaces: Vec<AuditFacet>,
    /// What came of it.
    outcomes: Vec<AuditOutcomeFacet>,
}

impl From<Facets> for AuditFacets {
    fn from(facets: Facets) -> Self {
        let listed = |values: Vec<FacetValue>| values.into_iter().map(Into::into).collect();
        let outcome = |outcome, count| AuditOutcomeFacet { outcome, count };
        Self {
            counted: facets.counted,
            more: facets.more,
            actions: listed(facets.actions),
            actors: listed(facets.actors),
            entity_types: listed(facets.entity_types),
            workspaces: listed(facets.workspaces),
            outcomes: vec![
                outcome(AuditOutcome::Succeeded, facets.outcomes.0),
                outcome(AuditOutcome::Denied, facets.outcomes.1),
                outcome(AuditOutcome::Refused, facets.outcomes.2),
            ],
        }
    }
}

/// What can be asked about the whole of the audit feed.
#[derive(Default)]
pub(crate) struct AuditFacetsQuery;

#[Object]
impl AuditFacetsQuery {
    /// What the tenant's entries have in common that pass a filter, with counts.
    async fn audit_facets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which.")] filter: Option<AuditFeedFilter>,
        #[graphql(desc = "Those of the saved filter of this name, where `filter` says nothing else.")]
        saved_filter: Option<String>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
    ) -> Result<AuditFacets> {
        let reading = reading::<AuditFeed>(ctx, May::Read, at_least).await?;
        let filter = asked_for(ctx, &reading, saved_filter, filter).await?;
        let Reading { tenant, reader } = reading;
        let facets = reader.audit_facets(tenant, &filter).await;
        Ok(facets.map_err(IntoFault::into_fault)?.into())
    }
}
