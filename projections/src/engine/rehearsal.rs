//! How the slices' tests say: when this happened, these are the rows. No database is needed.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::tenant::Zone;
use domain::{Actor, ActorKind, Event, EventId, Money, RecordedEvent, StreamId, TenantId};
use serde_json::Value;
use ulid::Ulid;

use super::context::{Context, Noted};
use super::folding::{Folder, Folding};
use super::history::{Memory, Refused};
use super::{ReadModel, Unfoldable};

/// What happened, in order, to one tenant in Berlin.
#[derive(Debug, Default)]
pub(crate) struct Story {
    events: Vec<Noted>,
}

/// The tenant of all stories.
pub(crate) fn tenant() -> TenantId {
    TenantId::new(Ulid::from_parts(1, 1))
}

/// The amount that a text like `12.50 USD` names.
pub(crate) fn money(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').unwrap();
    Money::new(amount.parse().unwrap(), currency.parse().unwrap())
}

impl Story {
    /// Goes on: at this time, this happened to the aggregate of this id.
    pub(crate) fn then(mut self, at: &str, event_type: &str, id: &str, event: impl Into<Event>) -> Self {
        let family = event_type.split_once('.').unwrap().0;
        let family = if family == "custom" { "usage" } else { family };
        let kind = Event::AGGREGATE_TYPES
            .iter()
            .find(|kind| **kind == family)
            .unwrap();
        let position = self.events.len() as u64 + 1;
        let event: Event = event.into();
        let event = RecordedEvent {
            position,
            event_id: EventId::new(Ulid::from_parts(1, position.into())),
            stream: StreamId {
                aggregate_type: kind,
                tenant: tenant(),
                id: id.to_owned(),
            },
            sequence: 1,
            event_type: event_type.to_owned(),
            version: 1,
            occurred_at: at.parse().unwrap(),
            recorded_at: at.parse().unwrap(),
            actor: Actor::new(ActorKind::User, "ada"),
            correlation_id: Some("request-1".to_owned()),
            causation_id: None,
            workspace: None,
            context: None,
            payload: event.encode().to_string().into(),
            event,
            hash: [0; 32],
        };
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        self.events.push(Noted {
            event: Arc::new(event),
            context: Arc::new(Context::in_zone(&berlin)),
        });
        self
    }

    /// What has happened.
    pub(crate) fn events(&self) -> Vec<RecordedEvent> {
        self.events.iter().map(|noted| (*noted.event).clone()).collect()
    }

    /// The rows after all of it, in the order of their keys: the same in one go as in pages of one event.
    pub(crate) fn rows<M: ReadModel>(&self) -> Vec<M::Row> {
        let at_once = self.fold_in_pages::<M>(self.events.len()).unwrap();
        assert_eq!(
            at_once,
            self.fold_in_pages::<M>(1).unwrap(),
            "the pages must not matter"
        );
        assert_eq!(at_once, self.recalled::<M>(), "the past must not differ");
        at_once
            .into_iter()
            .map(|row| serde_json::from_value(row).unwrap())
            .collect()
    }

    /// The same rows, told from memory.
    fn recalled<M: ReadModel>(&self) -> Vec<Value> {
        let mut memory = Memory::<M>::default();
        for page in self.events.chunks(2) {
            memory.take(page).unwrap();
        }
        let with_position = |(row, position): (M::Row, u64)| {
            let mut row = serde_json::to_value(row).unwrap();
            row["position"] = position.into();
            row
        };
        memory.into_rows().into_iter().map(with_position).collect()
    }

    /// How its past refuses it.
    pub(crate) fn refused<M: ReadModel>(&self) -> Refused {
        Memory::<M>::default().take(&self.events).unwrap_err()
    }

    /// The one row after all of it.
    pub(crate) fn row<M: ReadModel>(&self) -> M::Row {
        let mut rows = self.rows::<M>();
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    /// Why it cannot be folded.
    pub(crate) fn refusal<M: ReadModel>(&self) -> Unfoldable {
        self.fold_in_pages::<M>(1).unwrap_err()
    }

    fn fold_in_pages<M: ReadModel>(&self, size: usize) -> Result<Vec<Value>, Unfoldable> {
        let mut table: BTreeMap<M::Key, Value> = BTreeMap::new();
        for page in self.events.chunks(size) {
            let mut folding = Folder::<M>::default();
            let wanted =
                |noted: &&Noted| M::READS.is_empty() || M::READS.contains(&noted.event.stream.aggregate_type);
            let events: Vec<&Noted> = page.iter().filter(wanted).collect();
            folding.declare(&events);
            let stored = folding.rows.declared().iter().filter_map(|key| table.get(key));
            let stored: Vec<String> = stored.map(ToString::to_string).collect();
            folding.load(&stored)?;
            folding.fold(&events).map_err(|refusal| refusal.reason)?;
            let changed = folding.rows.take_changed();
            for (row, position) in changed.written {
                let mut row = serde_json::to_value(row).unwrap();
                row["position"] = position.into();
                table.insert(serde_json::from_value(row.clone()).unwrap(), row);
            }
            for key in changed.removed {
                table.remove(&key);
            }
        }
        Ok(table.into_values().collect())
    }
}
