//! Everything about one person: the events, the rows of the read models, and which events made each row.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::subject::SubjectId;
use domain::{RecordedEvent, TenantId};
use serde_json::{Map, Value, json};

use super::{OperationError, Operations};
use crate::engine::context::Timeline;
use crate::engine::history::again;
use crate::engine::table::Table;

/// What is known about a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// Whom.
    pub subject: SubjectId,
    /// The events, in order.
    pub events: Vec<RecordedEvent>,
    /// The rows of the live read models that may hold personal data.
    pub rows: Vec<RowAbout>,
}

/// A row about a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct RowAbout {
    /// The read model.
    pub read_model: &'static str,
    /// The row, column by column.
    pub row: Value,
    /// The positions of the events about the subject that touched it.
    pub evidence: Vec<u64>,
}

impl About {
    /// The export: a JSON object a line, the subject first, then events, then rows.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let first = json!({
            "annals_subject": 1,
            "subject": self.subject,
            "events": self.events.len(),
            "rows": self.rows.len(),
        });
        let events = self.events.iter().map(|event| {
            json!({ "event": {
                "position": event.position,
                "event_id": event.event_id.to_string(),
                "stream": event.stream.to_string(),
                "type": event.event_type,
                "occurred_at": event.occurred_at,
                "recorded_at": event.recorded_at,
                "actor": event.actor.to_string(),
                "payload": serde_json::from_str::<Value>(&event.payload).unwrap_or(Value::Null),
            } })
        });
        let rows = self.rows.iter().map(|row| {
            json!({ "row": {
                "read_model": row.read_model,
                "row": row.row,
                "evidence": row.evidence,
            } })
        });
        std::iter::once(first)
            .chain(events)
            .chain(rows)
            .map(|line| line.to_string())
            .collect()
    }
}

impl Operations {
    /// Everything about a subject of a tenant, as the log and the live read models have it.
    ///
    /// # Errors
    /// [`OperationError`] when the log or the database can't be read.
    pub async fn about(&self, tenant: TenantId, subject: &SubjectId) -> Result<About, OperationError> {
        let events = self.log.about(tenant, subject).await?;
        let mut timeline = Timeline::default();
        let noted = timeline.annotate(events.iter().cloned().map(Arc::new).collect());
        let mut rows = Vec::new();
        for model in self.models.iter().filter(|model| model.keeps_personal_data()) {
            let mut keys: BTreeMap<String, (Map<String, Value>, Vec<u64>)> = BTreeMap::new();
            for noted in noted.iter().filter(|noted| model.wants(&noted.event)) {
                for key in again(model.as_ref()).touched(noted) {
                    let name = Value::Object(key.clone()).to_string();
                    keys.entry(name)
                        .or_insert((key, Vec::new()))
                        .1
                        .push(noted.event.position);
                }
            }
            let mut connection = self.pool.acquire().await?;
            let Some(table) = Table::describe(&mut connection, model.name(), model.key()).await? else {
                continue;
            };
            for (key, evidence) in keys.into_values() {
                let mut query = table.select_json();
                let mut between = " where ";
                for (column, value) in &key {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    query
                        .push(between)
                        .push("t.")
                        .push(column)
                        .push("::text = ")
                        .push_bind(value);
                    between = " and ";
                }
                let found: Option<String> = query
                    .build_query_scalar()
                    .fetch_optional(&mut *connection)
                    .await?;
                rows.extend(found.map(|row| RowAbout {
                    read_model: model.name(),
                    row: serde_json::from_str(&row).unwrap_or(Value::Null),
                    evidence,
                }));
            }
        }
        Ok(About {
            subject: subject.clone(),
            events,
            rows,
        })
    }
}
