//! All meters that count for a tenant, by the type of the events that they read.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use super::cel::{Fields, Found, Program, Scope, Value};
use super::gauge::{in_words, key_text};
use super::{Counted, Gauge, Reading, bundled_gauges};
use crate::{Event, RecordedEvent, usage};

/// Gauges in any of their versions. An event meets those of its own type only, and its payload is read once for them.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    /// Those that others have, too.
    base: Option<Arc<Self>>,
    by_type: HashMap<String, Plan>,
}

/// What is done with events of one type.
#[derive(Clone, Debug, Default)]
struct Plan {
    fields: Fields,
    meters: Vec<Wired>,
    event_version: u16,
}

/// A meter whose programs know where their fields are found.
#[derive(Clone, Debug)]
struct Wired {
    gauge: Arc<Gauge>,
    filter: Vec<usize>,
    value: Vec<usize>,
    groups: Vec<Vec<usize>>,
}

impl Gauges {
    /// No meter but those that every tenant has.
    #[must_use]
    pub fn bundled() -> Arc<Self> {
        static BUNDLED: LazyLock<Arc<Gauges>> =
            LazyLock::new(|| Arc::new(Gauges::default().with(bundled_gauges().iter().cloned())));
        Arc::clone(&BUNDLED)
    }

    /// These meters beside others, which are shared.
    #[must_use]
    pub fn over(base: Arc<Self>, gauges: impl IntoIterator<Item = Arc<Gauge>>) -> Self {
        let own = Self {
            base: Some(base),
            ..Self::default()
        };
        own.with(gauges)
    }

    /// These meters, and others too.
    #[must_use]
    pub fn with(mut self, meters: impl IntoIterator<Item = Arc<Gauge>>) -> Self {
        for gauge in meters {
            for (event_type, event_version) in &gauge.event_types {
                let plan = self.by_type.entry(event_type.clone()).or_default();
                plan.event_version = *event_version;
                let mut slots = |program: &Program| {
                    let slots = program.paths().iter().map(|path| plan.fields.slot(path));
                    slots.collect::<Vec<_>>()
                };
                let filter = gauge.filter.as_ref().map(&mut slots).unwrap_or_default();
                let value = gauge.value.as_ref().map(&mut slots).unwrap_or_default();
                let groups = gauge.groups.iter().map(|(_, program)| slots(program)).collect();
                plan.meters.push(Wired {
                    gauge: Arc::clone(&gauge),
                    filter,
                    value,
                    groups,
                });
            }
        }
        self
    }

    /// Whether any meter reads events of this type.
    #[must_use]
    pub fn wants(&self, event_type: &str) -> bool {
        let in_base = || self.base.as_ref().is_some_and(|base| base.wants(event_type));
        self.by_type.contains_key(event_type) || in_base()
    }

    /// What the meters make of an event; nothing of those that leave it out.
    #[must_use]
    pub fn read(&self, event: &RecordedEvent) -> Vec<Reading> {
        let mut readings = self
            .base
            .as_ref()
            .map(|base| base.read(event))
            .unwrap_or_default();
        let Some(plan) = self.by_type.get(&event.event_type) else {
            return readings;
        };
        // A meter reads events as they are written now, also those that were written before.
        let payload: Cow<'_, str> = if event.version == plan.event_version {
            Cow::Borrowed(&event.payload)
        } else {
            Cow::Owned(event.event.encode().to_string())
        };
        let found = plan.fields.find(event, &payload);
        let read = |wired: &Wired| {
            let outcome = match &found {
                Ok(found) => wired.read(event, found).transpose()?,
                Err(reason) => Err(format!("the payload can't be read: {reason}")),
            };
            Some(Reading {
                gauge: Arc::clone(&wired.gauge),
                outcome,
            })
        };
        readings.extend(plan.meters.iter().filter_map(read));
        readings
    }
}

impl Wired {
    /// What the event adds; `None` when the filter leaves it out.
    fn read(&self, event: &RecordedEvent, found: &Found<'_>) -> Result<Option<Counted>, String> {
        let run = |field: &str, program, slots| run(field, program, found, slots);
        if let Some(filter) = &self.gauge.filter {
            match run("filter", filter, &self.filter)? {
                Value::Bool(true) => {}
                Value::Bool(false) => return Ok(None),
                other => return Err(format!("filter: it is {}, neither true nor false", other.kind())),
            }
        }
        let mut texts = BTreeMap::new();
        for ((name, program), slots) in self.gauge.groups.iter().zip(&self.groups) {
            let field = format!("group_by.{name}");
            texts.insert(name.as_str(), key_text(&field, run(&field, program, slots)?)?);
        }
        if let Event::Usage(usage::Event::Recorded(fact)) = &event.event {
            let currency = texts.get("currency").map(String::as_str);
            self.gauge
                .taking
                .check(fact, &self.gauge.definition().unit, currency)?;
        }
        let group = if texts.is_empty() {
            "{}".to_owned()
        } else {
            Gauge::group(texts)
        };
        let value = match &self.gauge.value {
            Some(value) => Some(run("value", value, &self.value)?),
            None => None,
        };
        self.gauge.counted(group, value).map(Some)
    }
}

fn run<'p>(
    field: &str,
    program: &'p Program,
    found: &'p Found<'_>,
    slots: &'p [usize],
) -> Result<Value<'p>, String> {
    let scope = Scope { values: found, slots };
    program.run(scope).map_err(|trouble| in_words(field, &trouble))
}
