//! A meter as a price reads it that rates events one by one.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::RecordedEvent;
use domain::meter::{Aggregation, Definition, Gauge, Gauges, InvalidDefinition};
use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::reader::past::counted::aggregate_of;

/// Grows when this program reads of the same events something else than before.
const READING: u32 = 1;
/// The name under which a gauge tells what pairs events.
const PAIR: &str = "pair";
/// The name under which it tells of which currency an amount is.
const CURRENCY: &str = "currency";

/// A meter as a price reads it.
pub(in crate::reader::past) struct PricedMeter {
    gauges: Gauges,
    reading: String,
    aggregates: &'static [&'static str],
    aggregation: Aggregation,
    ended_at: Option<u64>,
}

/// What it reads of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::reader::past) struct Reading {
    /// The event's position.
    pub(in crate::reader::past) position: u64,
    /// Its id.
    pub(in crate::reader::past) event_id: String,
    /// When it happened.
    pub(in crate::reader::past) at: Timestamp,
    /// What it has in common with others; empty where nothing is paired.
    pub(in crate::reader::past) pair: String,
    /// The currency of its amount, where the meter tells currencies apart.
    pub(in crate::reader::past) currency: Option<String>,
    /// The amount; 1, where events are counted.
    pub(in crate::reader::past) value: Decimal,
}

impl PricedMeter {
    /// A meter that counts before a position, if it was retired there; `pair` says what events have in common: a CEL expression.
    pub(in crate::reader::past) fn try_new(
        definition: &Definition,
        pair: Option<&str>,
        ended_at: Option<u64>,
    ) -> Result<Self, InvalidDefinition> {
        let mut group_by = definition.group_by.clone();
        group_by.retain(|name, _| name == CURRENCY);
        group_by.extend(pair.map(|pair| (PAIR.to_owned(), pair.to_owned())));
        let definition = Definition {
            label: "priced".to_owned(),
            group_by,
            ..definition.clone()
        };
        Self::of(definition, ended_at)
    }

    /// A meter that was read before, from what [`Self::reading`] said of it; `None`, when this program reads otherwise.
    pub(super) fn known(reading: &str) -> Option<Self> {
        let mut reading: serde_json::Value = serde_json::from_str(reading).ok()?;
        if reading["reading"] != READING {
            return None;
        }
        Self::of(serde_json::from_value(reading["of"].take()).ok()?, None).ok()
    }

    fn of(definition: Definition, ended_at: Option<u64>) -> Result<Self, InvalidDefinition> {
        let reading = serde_json::json!({ "reading": READING, "of": definition }).to_string();
        let aggregation = definition.aggregation;
        let aggregates = aggregate_of(&definition.event_type);
        let code = "priced".parse().expect("a code of the domain's own form");
        let gauge = Gauge::try_new(code, 1, definition)?;
        Ok(Self {
            gauges: Gauges::default().with([Arc::new(gauge)]),
            reading,
            aggregates,
            aggregation,
            ended_at,
        })
    }

    /// What is read, in words that are the same for all that read it.
    pub(super) fn reading(&self) -> &str {
        &self.reading
    }

    /// The kinds of things whose events it reads; all, if that can't be told.
    pub(super) const fn aggregates(&self) -> &'static [&'static str] {
        self.aggregates
    }

    /// Up to where it counts, when a position is asked for.
    pub(super) fn counted_up_to(&self, upto: u64) -> u64 {
        self.ended_at.map_or(upto, |end| upto.min(end.saturating_sub(1)))
    }

    /// What it reads of an event. What it sets aside is in the quarantine, with the reason.
    pub(super) fn read(&self, event: &RecordedEvent) -> Option<Reading> {
        let counted = self.gauges.read(event).pop()?.outcome.ok()?;
        let mut group: BTreeMap<String, String> = serde_json::from_str(&counted.group).unwrap_or_default();
        Some(Reading {
            position: event.position,
            event_id: event.event_id.to_string(),
            at: event.occurred_at,
            pair: group.remove(PAIR).unwrap_or_default(),
            currency: group.remove(CURRENCY),
            value: match self.aggregation {
                Aggregation::Sum => counted.value,
                _ => Decimal::ONE,
            },
        })
    }
}
