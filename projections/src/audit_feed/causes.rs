//! What caused what: the entries that led to some, and those that came of them, as a graph.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use domain::TenantId;

use super::{AuditFeed, Entry, Feed, Filter, Order};
use crate::engine::Along;
use crate::reader::{Direction, Page, QueryError, Reader, Total, Way};

/// So many entries a graph has at most.
pub const CAUSES_AT_MOST: usize = 500;

/// Of what the causes are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// Of the event at this position.
    Position(u64),
    /// Of all that happened to this: kind and id, the oldest first.
    Entity(String, String),
}

/// A part of the graph of causes. An entry's `causation_id` is the edge to it from what caused it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Causes {
    /// The entries, in the order of the log.
    pub entries: Vec<Entry>,
    /// Causes that the tenant has no entry of: events of other systems.
    pub foreign: Vec<String>,
    /// Whether there are more than were looked at.
    pub more: bool,
}

impl Reader {
    /// What led to some entries, back to the first cause, and what came of them, up to `at_most` entries in all.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn causes(&self, tenant: TenantId, of: &Of, at_most: usize) -> Result<Causes, QueryError> {
        let at_most = at_most.clamp(1, CAUSES_AT_MOST);
        let (begin, mut more) = self.begin_of_causes(tenant, of, at_most).await?;
        let mut found: BTreeMap<u64, Entry> =
            begin.into_iter().map(|entry| (entry.position, entry)).collect();
        let mut foreign = BTreeSet::new();
        // Back, from cause to cause.
        let mut known: BTreeSet<String> = found.values().map(|entry| entry.event_id.clone()).collect();
        let mut effects = known.iter().cloned().collect::<Vec<_>>();
        let mut wanted = unknown_causes(found.values(), &known);
        while !wanted.is_empty() {
            let room = at_most - found.len().min(at_most);
            let causes = self.entries_by(tenant, "event_id", &wanted, room).await?;
            if causes.len() > room {
                more = true;
                break;
            }
            known.extend(causes.iter().map(|entry| entry.event_id.clone()));
            foreign.extend(wanted.into_iter().filter(|id| !known.contains(id)));
            wanted = unknown_causes(causes.iter(), &known);
            wanted.retain(|id| !foreign.contains(id));
            found.extend(causes.into_iter().map(|entry| (entry.position, entry)));
        }
        // On, from effect to effect.
        while !effects.is_empty() {
            let room = at_most - found.len().min(at_most);
            // What is known already takes no room.
            let mut came = self
                .entries_by(tenant, "causation_id", &effects, room + found.len())
                .await?;
            came.retain(|entry| !found.contains_key(&entry.position));
            if came.len() > room {
                more = true;
                came.truncate(room);
            }
            effects = came.iter().map(|entry| entry.event_id.clone()).collect();
            found.extend(came.into_iter().map(|entry| (entry.position, entry)));
            if more {
                break;
            }
        }
        Ok(Causes {
            entries: found.into_values().collect(),
            foreign: foreign.into_iter().collect(),
            more,
        })
    }

    async fn begin_of_causes(
        &self,
        tenant: TenantId,
        of: &Of,
        at_most: usize,
    ) -> Result<(Vec<Entry>, bool), QueryError> {
        let (kind, id) = match of {
            Of::Position(position) => {
                let entry = self.audit_entry(tenant, *position).await?;
                return Ok((entry.into_iter().collect(), false));
            }
            Of::Entity(kind, id) => (kind.clone(), id.clone()),
        };
        let feed = Feed {
            filter: Filter {
                entity_type: Some(kind),
                entity_id: Some(id),
                ..Filter::default()
            },
            order: Order {
                by: super::By::Recorded,
                way: Way::Ascending,
            },
            total: Total::Unknown,
        };
        let page = Page {
            from: None,
            limit: u32::try_from(at_most).unwrap_or(u32::MAX),
            direction: Direction::Forward,
        };
        let listed = self.audit_feed(tenant, &feed, &page).await?;
        Ok((
            listed.rows.into_iter().map(|(_, entry)| entry).collect(),
            listed.more,
        ))
    }

    /// The entries that have one of these values in a column, up to one more than there is room for.
    pub(super) async fn entries_by(
        &self,
        tenant: TenantId,
        column: &str,
        values: &[String],
        room: usize,
    ) -> Result<Vec<Entry>, QueryError> {
        let table = self.table::<AuditFeed>().await?;
        let limit = i64::try_from(room.saturating_add(1)).unwrap_or(i64::MAX);
        let along = Along {
            column: "position",
            order: "asc",
            from: None,
            limit,
        };
        let mut query = table.select_each(tenant, (column, values.to_vec()), &along);
        query.push(" limit ").push_bind(limit);
        Self::rows(self.begin(tenant).await?, query).await
    }
}

fn unknown_causes<'a>(entries: impl Iterator<Item = &'a Entry>, known: &BTreeSet<String>) -> Vec<String> {
    let causes = entries.filter_map(|entry| entry.causation_id.clone());
    let unknown: BTreeSet<String> = causes.filter(|id| !known.contains(id)).collect();
    unknown.into_iter().collect()
}

impl Causes {
    /// Cause and effect, by the ids of the events.
    pub fn edges(&self) -> impl Iterator<Item = (&str, &str)> {
        let edge = |entry: &'_ Entry| entry.causation_id.is_some();
        let caused = self.entries.iter().filter(move |entry| edge(entry));
        caused.map(|entry| {
            (
                entry.causation_id.as_deref().unwrap_or_default(),
                entry.event_id.as_str(),
            )
        })
    }

    /// The graph in the DOT language of Graphviz.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut dot = "digraph causes {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
        let known: BTreeSet<&str> = self.entries.iter().map(|entry| entry.event_id.as_str()).collect();
        for entry in &self.entries {
            let label = format!(
                "{}\n{}/{}\n{}\n{}:{}",
                entry.action,
                entry.entity_type,
                entry.entity_id,
                entry.occurred_at,
                entry.actor_kind,
                entry.actor_id
            );
            write_line(
                &mut dot,
                format_args!("{} [label={}];", quoted(&entry.event_id), quoted(&label)),
            );
        }
        let others: BTreeSet<&str> = self
            .edges()
            .map(|(cause, _)| cause)
            .filter(|id| !known.contains(id))
            .collect();
        for other in others {
            write_line(&mut dot, format_args!("{} [style=dashed];", quoted(other)));
        }
        for (cause, effect) in self.edges() {
            write_line(&mut dot, format_args!("{} -> {};", quoted(cause), quoted(effect)));
        }
        dot.push_str("}\n");
        dot
    }
}

fn write_line(dot: &mut String, line: std::fmt::Arguments<'_>) {
    // A text takes whatever is written to it.
    let _ = writeln!(dot, "  {line}");
}

/// A quoted ID of the DOT language; `\n` in a label begins a new line.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}
