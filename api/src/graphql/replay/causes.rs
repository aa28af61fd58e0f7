//! What caused what, as a graph, and in the DOT language.

use async_graphql::{ID, Object, Result, SimpleObject};
use projections::audit_feed::{AuditFeed, CAUSES_AT_MOST, Causes, Of};

use super::entity::stream;
use crate::graphql::audit_feed::AuditEntry;
use crate::graphql::kit::{Code, Context, Cursor, IntoFault, May, Reading, fault, reading};

/// That one event caused another.
#[derive(Clone, SimpleObject)]
pub(crate) struct CausationEdge {
    /// The cause: an event's id; of another system's, if no entry has it.
    cause: ID,
    /// What came of it: an entry's event id.
    effect: ID,
}

/// What led to some entries, back to the first cause, and what came of them.
#[derive(Clone, SimpleObject)]
pub(crate) struct CausationGraph {
    /// The entries, in the order of the log.
    entries: Vec<AuditEntry>,
    /// Cause and effect.
    edges: Vec<CausationEdge>,
    /// Causes that the tenant has no entry of: events of other systems.
    foreign: Vec<ID>,
    /// Whether there are more entries than were asked for.
    more: bool,
    /// The same in the DOT language of Graphviz: `dot -Tsvg` draws it.
    dot: String,
}

impl From<Causes> for CausationGraph {
    fn from(causes: Causes) -> Self {
        let edge = |(cause, effect): (&str, &str)| CausationEdge {
            cause: cause.into(),
            effect: effect.into(),
        };
        Self {
            edges: causes.edges().map(edge).collect(),
            dot: causes.dot(),
            foreign: causes.foreign.into_iter().map(ID).collect(),
            more: causes.more,
            entries: causes.entries.into_iter().map(Into::into).collect(),
        }
    }
}

/// The graph around some entries.
pub(super) async fn graph(ctx: &Context<'_>, of: Of, at_most: Option<i32>) -> Result<CausationGraph> {
    graph_when(ctx, of, at_most, None).await
}

async fn graph_when(
    ctx: &Context<'_>,
    of: Of,
    at_most: Option<i32>,
    at_least: Option<Cursor>,
) -> Result<CausationGraph> {
    let at_most = at_most.unwrap_or(100);
    let entries = usize::try_from(at_most).ok();
    let Some(entries) = entries.filter(|entries| (1..=CAUSES_AT_MOST).contains(entries)) else {
        let message = format!("atMost: {at_most} is not between 1 and {CAUSES_AT_MOST}");
        return Err(fault(Code::BadUserInput, message));
    };
    let Reading { tenant, reader } = reading::<AuditFeed>(ctx, May::Read, at_least).await?;
    let causes = reader.causes(tenant, &of, entries).await;
    Ok(causes.map_err(IntoFault::into_fault)?.into())
}

/// What can be asked about causes.
#[derive(Default)]
pub(crate) struct CausesQuery;

#[Object]
impl CausesQuery {
    /// What led to all that happened to an entity, back to the first cause, and what came of it. A single event's causes
    /// are those of its step (`entityReplay`).
    async fn causation_graph(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The `id` of an answer, or kind and id inside the tenant: \"lead/l1\".")] entity: ID,
        #[graphql(desc = "How many entries at most, 1 to 500; 100 when it is left out.")] at_most: Option<
            i32,
        >,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
    ) -> Result<CausationGraph> {
        let stream = stream(ctx, &entity)?;
        let of = Of::Entity(stream.aggregate_type.to_owned(), stream.id);
        graph_when(ctx, of, at_most, at_least).await
    }
}
