//! Searching the audit feed: by outcome and text, bounded, and what there is to choose from, with counts.

use domain::TenantId;
use serde::Deserialize;
use sqlx::{Postgres, QueryBuilder};

use super::{Entry, Filter};
use crate::reader::{QueryError, Reader};

/// So many entries a text is looked for in at most.
pub const TEXT_AT_MOST: u64 = 100_000;

/// So many entries are counted for facets at most: the newest.
pub const FACETS_AT_MOST: u64 = 100_000;

/// So many values a facet tells at most: those with the most entries.
const VALUES_AT_MOST: usize = 50;

/// What came of what somebody wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Succeeded,
    /// Somebody was turned away.
    Denied,
    /// The rules refused it.
    Refused,
}

/// The action that tells of somebody who was turned away.
const DENIAL: &str = "access.denied";

/// The action that tells of a command that the rules refused.
const REFUSAL: &str = "access.refused";

impl Outcome {
    /// The outcome that an action tells of.
    #[must_use]
    pub fn of(action: &str) -> Self {
        match action {
            DENIAL => Self::Denied,
            REFUSAL => Self::Refused,
            _ => Self::Succeeded,
        }
    }

    /// Adds that an entry has this outcome.
    pub(super) fn condition(self, query: &mut QueryBuilder<'static, Postgres>) {
        match self {
            Self::Succeeded => query
                .push(" and t.action <> all(")
                .push_bind([DENIAL, REFUSAL])
                .push(")"),
            // By `=`, so that the index gives them in order.
            Self::Denied => query.push(" and t.action = ").push_bind(DENIAL),
            Self::Refused => query.push(" and t.action = ").push_bind(REFUSAL),
        };
    }
}

/// Whether an entry's text holds another, whatever the case of its letters from A to Z.
pub(super) fn holds(entry: &Entry, text: &str) -> bool {
    let lower = |text: &str| text.to_ascii_lowercase();
    let wanted = lower(text);
    [&entry.payload, &entry.action, &entry.entity_id, &entry.actor_id]
        .iter()
        .any(|field| lower(field).contains(&wanted))
}

/// Adds the same as [`holds`].
pub(super) fn text_condition(query: &mut QueryBuilder<'static, Postgres>, text: &str) {
    let wanted = text.to_ascii_lowercase();
    let mut before = " and (";
    for field in ["t.payload::text", "t.action", "t.entity_id", "t.actor_id"] {
        // In the "C" collation no letter beyond Z changes its case.
        query.push(before).push("position(").push_bind(wanted.clone());
        query.push(format!(r#" in lower({field} collate "C")) > 0"#));
        before = " or ";
    }
    query.push(")");
}

/// A value and how many entries have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetValue {
    /// The value; an actor's is kind:id.
    pub value: String,
    /// How many entries have it.
    pub count: u64,
}

/// What the entries of a filter have in common, the most frequent first, 50 values each at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// How many entries were counted: the newest, if there are more.
    pub counted: u64,
    /// Whether there are more than were counted.
    pub more: bool,
    /// What was done.
    pub actions: Vec<FacetValue>,
    /// Who did it.
    pub actors: Vec<FacetValue>,
    /// The kinds of things it was done to.
    pub entity_types: Vec<FacetValue>,
    /// The workspaces in which it was done; entries outside of all are in none.
    pub workspaces: Vec<FacetValue>,
    /// How many succeeded, how many were denied, and how many refused.
    pub outcomes: (u64, u64, u64),
}

#[derive(Deserialize)]
struct Counted {
    facet: i32,
    action: Option<String>,
    actor: Option<String>,
    entity_type: Option<String>,
    workspace_id: Option<String>,
    count: u64,
    place: i64,
}

impl Reader {
    /// Refuses a filter by text that would look into too many entries.
    pub(super) async fn bounded(&self, tenant: TenantId, filter: &Filter) -> Result<(), QueryError> {
        if filter.text.is_none() {
            return Ok(());
        }
        let narrowed = Filter {
            text: None,
            ..filter.clone()
        };
        let mut query = QueryBuilder::new("select count(*) from (select from audit_feed t");
        narrowed.conditions(&mut query, tenant);
        query
            .push(" limit ")
            .push_bind(limit(TEXT_AT_MOST + 1))
            .push(") one");
        let mut transaction = self.begin_search(tenant).await?;
        let found = query.build_query_scalar().fetch_one(&mut *transaction).await;
        let found: i64 = self.searched(found.map_err(QueryError::from))?;
        if u64::try_from(found).unwrap_or_default() > TEXT_AT_MOST {
            return Err(QueryError::TooWide {
                field: "text",
                at_most: TEXT_AT_MOST,
            });
        }
        Ok(())
    }

    /// What the newest of the tenant's entries have in common that pass a filter.
    ///
    /// # Errors
    /// [`QueryError::TooWide`] when a text would be looked for in too many entries, [`QueryError::TooSlow`] when they
    /// take too long to find; others when the database is away.
    pub async fn audit_facets(&self, tenant: TenantId, filter: &Filter) -> Result<Facets, QueryError> {
        self.bounded(tenant, filter).await?;
        let mut query = QueryBuilder::new(
            "with found as materialized (select t.action, t.actor_kind || ':' || t.actor_id as actor, t.entity_type, t.workspace_id \
             from audit_feed t",
        );
        filter.conditions(&mut query, tenant);
        query
            .push(" order by t.position desc limit ")
            .push_bind(limit(FACETS_AT_MOST + 1));
        query.push(
            ") select grouping(action, actor, entity_type, workspace_id) as facet, action, actor, entity_type, \
             workspace_id, count(*) as count, \
             row_number() over (partition by grouping(action, actor, entity_type, workspace_id) \
             order by count(*) desc, action, actor, entity_type, workspace_id) as place from found \
             group by grouping sets ((action), (actor), (entity_type), (workspace_id), ())",
        );
        let rows = Self::rows(self.begin_search(tenant).await?, query).await;
        let mut rows: Vec<Counted> = self.searched(rows)?;
        rows.sort_by_key(|row| row.place);
        let mut facets = Facets::default();
        for row in rows {
            let (values, value) = match row.facet {
                0b0111 => {
                    let action = row.action.unwrap_or_default();
                    match Outcome::of(&action) {
                        Outcome::Succeeded => facets.outcomes.0 += row.count,
                        Outcome::Denied => facets.outcomes.1 += row.count,
                        Outcome::Refused => facets.outcomes.2 += row.count,
                    }
                    (&mut facets.actions, action)
                }
                0b1011 => (&mut facets.actors, row.actor.unwrap_or_default()),
                0b1101 => (&mut facets.entity_types, row.entity_type.unwrap_or_default()),
                0b1110 => match row.workspace_id {
                    Some(workspace) => (&mut facets.workspaces, workspace),
                    None => continue,
                },
                _ => {
                    facets.more = row.count > FACETS_AT_MOST;
                    facets.counted = row.count;
                    continue;
                }
            };
            if values.len() < VALUES_AT_MOST {
                values.push(FacetValue {
                    value,
                    count: row.count,
                });
            }
        }
        Ok(facets)
    }
}

fn limit(entries: u64) -> i64 {
    i64::try_from(entries).unwrap_or(i64::MAX)
}
