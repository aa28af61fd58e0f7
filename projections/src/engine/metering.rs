//! Which meters count for a tenant at a position; and a new meter's look back at what happened before it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use domain::meter::{Event as MeterEvent, Gauge, Gauges};
use domain::{Event, RecordedEvent, TenantId};
use sqlx::PgPool;
use store::{Filter, Log, ReadError};

use super::context::{Noted, Timeline};
use super::folding::Changes;
use super::page::{Page, Traveller, Trouble};

/// The events of a page of a look back.
const PAGE: u32 = 5_000;

/// The meters of all tenants along the log.
#[derive(Debug)]
pub(super) struct Metering {
    bundled: Arc<Gauges>,
    own: HashMap<TenantId, Own>,
    is_past: bool,
}

/// A tenant's own meters.
#[derive(Debug, Default)]
struct Own {
    versions: Vec<Version>,
    /// From which position on which meters count, in order.
    steps: Vec<(u64, Arc<Gauges>)>,
}

#[derive(Debug)]
struct Version {
    id: String,
    gauge: Arc<Gauge>,
    since: u64,
    retired_at: Option<u64>,
}

impl Default for Metering {
    fn default() -> Self {
        Self {
            bundled: Gauges::bundled(),
            own: HashMap::new(),
            is_past: false,
        }
    }
}

impl Metering {
    /// Over a past whose meters count from its first event on.
    pub(super) fn of_the_past() -> Self {
        Self {
            is_past: true,
            ..Self::default()
        }
    }

    /// Notes what happened to a meter; every other event changes nothing.
    pub(super) fn note(&mut self, tenant: TenantId, position: u64, id: &str, event: &Event) {
        let Event::Meter(change) = event else {
            return;
        };
        let own = self.own.entry(tenant).or_default();
        let is_known = |gauge: &Arc<Gauge>| {
            let same = |known: &Version| known.id == id && known.gauge.version() == gauge.version();
            own.versions.iter().any(same)
        };
        if let Some(gauge) = brought(id, change).filter(|gauge| !is_known(gauge)) {
            own.versions.push(Version {
                id: id.to_owned(),
                gauge,
                since: if self.is_past { 0 } else { position },
                retired_at: None,
            });
        }
        if let MeterEvent::Retired { .. } = change {
            for version in own.versions.iter_mut().filter(|version| version.id == id) {
                version.retired_at = Some(position);
            }
        }
        own.wire(&self.bundled);
    }

    /// The meters that count for a tenant at a position.
    pub(super) fn at(&self, tenant: TenantId, position: u64) -> Arc<Gauges> {
        let steps = self.own.get(&tenant).map_or(&[][..], |own| own.steps.as_slice());
        let step = steps.iter().rfind(|(since, _)| *since <= position);
        Arc::clone(step.map_or(&self.bundled, |(_, gauges)| gauges))
    }
}

impl Own {
    fn wire(&mut self, bundled: &Arc<Gauges>) {
        let ends = self.versions.iter().filter_map(|version| version.retired_at);
        let mut edges: Vec<u64> = self
            .versions
            .iter()
            .map(|version| version.since)
            .chain(ends)
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let counts =
            |version: &&Version, at| version.since <= at && version.retired_at.is_none_or(|end| at < end);
        let step = |at| {
            let counting = self.versions.iter().filter(|version| counts(version, at));
            let gauges = counting.map(|version| Arc::clone(&version.gauge));
            (at, Arc::new(Gauges::over(Arc::clone(bundled), gauges)))
        };
        self.steps = edges.into_iter().map(step).collect();
    }
}

/// The meter that an event brings, ready to count.
fn brought(id: &str, change: &MeterEvent) -> Option<Arc<Gauge>> {
    let (MeterEvent::Defined { version, definition } | MeterEvent::Changed { version, definition }) = change
    else {
        return None;
    };
    let code = id.parse().ok()?;
    match Gauge::try_new(code, *version, definition.clone()) {
        Ok(gauge) => Some(Arc::new(gauge)),
        Err(error) => {
            // It was checked when it was defined: only a program whose rules are stricter comes here.
            let reason = error.to_string();
            tracing::error!(
                meter = id,
                version,
                reason,
                "projections.meter {id} does not count"
            );
            None
        }
    }
}

/// Whether an event brings a meter that is to look back, in a read model that reads meters.
fn looks_back(traveller: &Traveller, noted: &Noted) -> bool {
    traveller.model.looks_back()
        && traveller.wants(noted)
        && matches!(
            noted.event.event,
            Event::Meter(MeterEvent::Defined { .. } | MeterEvent::Changed { .. })
        )
}

/// A page in parts, so that each event that brings a meter is a part of its own.
pub(super) fn cut<'p>(travellers: &[Traveller], page: &'p Page) -> Vec<Cow<'p, Page>> {
    let brings = |noted: &Noted| travellers.iter().any(|traveller| looks_back(traveller, noted));
    if !page.events.iter().any(brings) {
        return vec![Cow::Borrowed(page)];
    }
    let mut parts = Vec::new();
    let mut part = Page {
        after: page.after,
        upto: page.after,
        events: Vec::new(),
        log: page.log.clone(),
    };
    let mut close = |part: &mut Page, upto| {
        let next = Page {
            after: upto,
            upto,
            events: Vec::new(),
            log: page.log.clone(),
        };
        let done = std::mem::replace(part, next);
        if upto > done.after {
            parts.push(Cow::Owned(Page { upto, ..done }));
        }
    };
    for noted in &page.events {
        let position = noted.event.position;
        if brings(noted) {
            close(&mut part, position - 1);
            part.events.push(noted.clone());
            close(&mut part, position);
        } else {
            part.events.push(noted.clone());
        }
    }
    close(&mut part, page.upto);
    parts
}

/// What happened before an event that brings a meter, for this meter alone.
pub(super) struct LookBack {
    log: Log,
    filter: Filter,
    gauges: Arc<Gauges>,
    after: u64,
    until: u64,
    timeline: Timeline,
}

impl LookBack {
    /// The look back that an event asks for; `None`: it brings no meter.
    pub(super) fn of(log: Log, event: &RecordedEvent) -> Option<Self> {
        let Event::Meter(change) = &event.event else {
            return None;
        };
        let gauge = brought(&event.stream.id, change)?;
        let filter = Filter {
            types: gauge.definition().event_types().map(str::to_owned).collect(),
            ..Filter::tenant(event.tenant())
        };
        Some(Self {
            log,
            filter,
            gauges: Arc::new(Gauges::default().with([gauge])),
            after: 0,
            until: event.position,
            timeline: Timeline::default(),
        })
    }

    /// The next events; none: that was all. What lies in archives is not at hand.
    pub(super) async fn next(&mut self, pool: &PgPool) -> Result<Vec<Noted>, ReadError> {
        let mut events = self.log.page_at_hand(self.after, &self.filter, PAGE).await?;
        events.retain(|event| event.position < self.until);
        let Some(last) = events.last() else {
            return Ok(Vec::new());
        };
        self.after = last.position;
        self.timeline.fill(pool, self.after).await?;
        let note = |event: RecordedEvent| {
            let context = self.timeline.at(event.tenant(), event.position);
            Noted {
                context: Arc::new(context.with(Arc::clone(&self.gauges))),
                event: Arc::new(event),
            }
        };
        Ok(events.into_iter().map(note).collect())
    }
}

/// The rows of a new meter that a traveller is to write with a page of the one event that brings it: none of them is
/// there yet. `None`: the page brings none.
pub(super) async fn rows_before(
    pool: &PgPool,
    traveller: &Traveller,
    page: &Page,
) -> Result<Option<Changes>, Trouble> {
    let Some(noted) = page.events.iter().find(|noted| looks_back(traveller, noted)) else {
        return Ok(None);
    };
    let Some(mut back) = LookBack::of(page.log.clone(), &noted.event) else {
        return Ok(None);
    };
    let mut folding = traveller.model.folding();
    loop {
        let events = back.next(pool).await.map_err(unreadable)?;
        if events.is_empty() {
            return Ok(Some(folding.changes(&traveller.table)?));
        }
        // What waits in a parked stream is folded when the stream is resumed.
        let flows = |noted: &&Noted| !traveller.parked.contains(&noted.event.stream);
        let flowing: Vec<&Noted> = events.iter().filter(flows).collect();
        folding.declare(&flowing);
        if let Err(refusal) = folding.fold(&flowing) {
            return Err(Trouble::Unfit(refusal.reason));
        }
    }
}

fn unreadable(error: ReadError) -> Trouble {
    Trouble::Unfit(super::Unfoldable::new(error.to_string()))
}
