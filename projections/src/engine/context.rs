//! What a fold may know beside the event: its tenant's settings at that point of the log, and what its meters read of it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use domain::meter::{Gauges, Reading};
use domain::tenant::{Event as TenantEvent, Settings, Zone};
use domain::{Currency, Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::PgPool;

use super::metering::Metering;

/// The settings of an event's tenant, as they were when the event was appended, and its meters.
#[derive(Clone, Debug)]
pub struct Context {
    time_zone: TimeZone,
    currency: Option<Currency>,
    gauges: Arc<Gauges>,
    /// What the meters read of the one event that this is the context of.
    readings: OnceLock<Arc<[Reading]>>,
}

impl Default for Context {
    /// A tenant that nobody set up: UTC, and no currency.
    fn default() -> Self {
        Self {
            time_zone: TimeZone::UTC,
            currency: None,
            gauges: Gauges::bundled(),
            readings: OnceLock::new(),
        }
    }
}

impl From<&Settings> for Context {
    fn from(settings: &Settings) -> Self {
        Self {
            time_zone: settings.time_zone.rules(),
            currency: Some(settings.currency),
            ..Self::default()
        }
    }
}

impl Context {
    /// The context of a tenant in this zone.
    #[must_use]
    pub fn in_zone(zone: &Zone) -> Self {
        Self {
            time_zone: zone.rules(),
            ..Self::default()
        }
    }

    /// The same settings with these meters, for one event.
    pub(super) fn with(&self, gauges: Arc<Gauges>) -> Self {
        Self {
            time_zone: self.time_zone.clone(),
            currency: self.currency,
            gauges,
            readings: OnceLock::new(),
        }
    }

    /// What the tenant's meters read of the event that this is the context of; it is worked out once.
    #[must_use]
    pub fn readings(&self, event: &RecordedEvent) -> &[Reading] {
        self.readings.get_or_init(|| self.gauges.read(event).into())
    }

    /// When the hour of a moment began on the clocks of the tenant's zone. An hour in which the clocks are changed is two.
    #[must_use]
    pub fn hour(&self, at: Timestamp) -> Timestamp {
        hour_of(&self.time_zone, at)
    }

    /// The tenant's zone.
    #[must_use]
    pub fn zone(&self) -> Zone {
        let named = self.time_zone.iana_name().and_then(|name| name.parse().ok());
        named.unwrap_or_else(Zone::utc)
    }

    /// The day of a moment in the tenant's zone.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> Date {
        // PostgreSQL's text form has no year 0 or before.
        self.time_zone.to_datetime(at).date().max(Date::constant(1, 1, 1))
    }

    /// The first day of a moment's month in the tenant's zone.
    #[must_use]
    pub fn month(&self, at: Timestamp) -> Date {
        self.day(at).first_of_month()
    }

    /// The currency of the tenant's reports, if it was set up.
    #[must_use]
    pub const fn currency(&self) -> Option<Currency> {
        self.currency
    }
}

/// An event with its context.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    pub(crate) event: Arc<RecordedEvent>,
    pub(crate) context: Arc<Context>,
}

/// The settings of all tenants along the log.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    by_tenant: HashMap<TenantId, Vec<(u64, Arc<Context>)>>,
    nobody: Arc<Context>,
    metering: Metering,
    /// Settings up to this position are known.
    covered: u64,
}

impl Timeline {
    /// Over a past whose meters count from its first event on, whenever they were defined.
    pub(super) fn of_the_past() -> Self {
        Self {
            metering: Metering::of_the_past(),
            ..Self::default()
        }
    }

    /// Notes meters that are known already.
    pub(super) fn note_meters(&mut self, events: &[RecordedEvent]) {
        for event in events {
            self.metering
                .note(event.tenant(), event.position, &event.stream.id, &event.event);
        }
    }

    /// Notes the settings that lie before a page that begins after `upto`.
    pub(super) async fn fill(&mut self, pool: &PgPool, upto: u64) -> Result<(), sqlx::Error> {
        if upto <= self.covered {
            return Ok(());
        }
        let rows = sqlx::query!(
            r#"
            select position as "position!", tenant_id as "tenant_id!", aggregate_type as "aggregate_type!",
                   aggregate_id as "aggregate_id!", event_type as "event_type!",
                   event_version as "event_version!", payload::text as "payload!"
            from events_at_hand
            where aggregate_type in ('meter', 'tenant')
              and event_type in (
                  'meter.changed', 'meter.defined', 'meter.retired',
                  'tenant.provisioned', 'tenant.settings_changed'
              )
              and position > $1
              and position <= $2
            order by position
            "#,
            super::count(self.covered),
            super::count(upto),
        )
        .fetch_all(pool)
        .await?;
        for row in rows {
            let version = row.event_version.parse().unwrap_or_default();
            let event = Event::decode(&row.aggregate_type, &row.event_type, version, &row.payload);
            // What can't be decoded stops the reader of the page where it lies, with its position.
            if let (Ok(tenant), Ok(event)) = (row.tenant_id.parse(), event) {
                let id = row.aggregate_id.split_once(':').map_or("", |(_, id)| id);
                self.note(tenant, super::position(row.position), id, &event);
            }
        }
        self.covered = upto;
        Ok(())
    }

    /// Gives each event of a page its context, and notes the settings in the page.
    pub(super) fn annotate(&mut self, events: Vec<Arc<RecordedEvent>>) -> Vec<Noted> {
        let annotate = |event: Arc<RecordedEvent>| {
            if event.position > self.covered {
                self.note(event.tenant(), event.position, &event.stream.id, &event.event);
                self.covered = event.position;
            }
            let context = self.at(event.tenant(), event.position);
            let gauges = self.metering.at(event.tenant(), event.position);
            let context = match gauges.wants(&event.event_type) {
                true => Arc::new(context.with(gauges)),
                false => context,
            };
            Noted { event, context }
        };
        events.into_iter().map(annotate).collect()
    }

    fn note(&mut self, tenant: TenantId, position: u64, id: &str, event: &Event) {
        self.metering.note(tenant, position, id, event);
        if let Event::Tenant(
            TenantEvent::Provisioned { settings, .. } | TenantEvent::SettingsChanged { settings, .. },
        ) = event
        {
            let context = Arc::new(Context::from(settings));
            self.by_tenant
                .entry(tenant)
                .or_default()
                .push((position, context));
        }
    }

    /// The settings of a tenant at a position, without meters of its own.
    pub(super) fn at(&self, tenant: TenantId, position: u64) -> Arc<Context> {
        let settings = self.by_tenant.get(&tenant).map_or(&[][..], Vec::as_slice);
        let known = settings.iter().rfind(|(since, _)| *since <= position);
        Arc::clone(known.map_or(&self.nobody, |(_, context)| context))
    }
}

/// When the hour after that of a moment begins on a zone's clocks.
pub(crate) fn next_hour(zone: &TimeZone, at: Timestamp) -> Timestamp {
    let hour = jiff::SignedDuration::from_hours(1);
    let begin = hour_of(zone, at);
    let next = begin
        .checked_add(hour)
        .map_or(Timestamp::MAX, |next| hour_of(zone, next));
    let change = zone.following(at).next().map(|change| change.timestamp());
    let change = change.filter(|change| hour_of(zone, *change) == *change);
    change.map_or(next, |change| change.min(next))
}

fn hour_of(zone: &TimeZone, at: Timestamp) -> Timestamp {
    let offset = zone.to_offset(at);
    let seconds = (at.as_second() + i64::from(offset.seconds())).div_euclid(3_600) * 3_600;
    let Ok(begin) = Timestamp::from_second(seconds - i64::from(offset.seconds())) else {
        return at;
    };
    if zone.to_offset(begin) == offset {
        return begin;
    }
    let after = at.checked_add(jiff::SignedDuration::from_nanos(1)).unwrap_or(at);
    zone.preceding(after)
        .next()
        .map_or(begin, |change| change.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_those_of_the_zones_clocks() {
        let hour =
            |zone: &str, at: &str| hour_of(&TimeZone::get(zone).unwrap(), at.parse().unwrap()).to_string();
        assert_eq!(hour("UTC", "2026-01-01T12:34:56.789Z"), "2026-01-01T12:00:00Z");
        assert_eq!(
            hour("Asia/Kolkata", "2026-01-01T12:34:56Z"),
            "2026-01-01T12:30:00Z"
        );
        assert_eq!(
            hour("Europe/Berlin", "1969-12-31T23:59:59Z"),
            "1969-12-31T23:00:00Z"
        );
        // Two o'clock comes twice; the first is another hour than the second.
        assert_eq!(
            hour("Europe/Berlin", "2026-10-25T00:59:59Z"),
            "2026-10-25T00:00:00Z"
        );
        assert_eq!(
            hour("Europe/Berlin", "2026-10-25T01:00:00Z"),
            "2026-10-25T01:00:00Z"
        );
        // Clocks that are changed by half an hour: 01:30 again, in the middle of an hour.
        assert_eq!(
            hour("Australia/Lord_Howe", "2026-04-04T14:59:59Z"),
            "2026-04-04T14:00:00Z"
        );
        assert_eq!(
            hour("Australia/Lord_Howe", "2026-04-04T15:10:00Z"),
            "2026-04-04T15:00:00Z"
        );
    }
}
