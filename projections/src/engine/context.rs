//! What a fold may know beside the event: its tenant's settings at that point of the log.

use std::collections::HashMap;
use std::sync::Arc;

use domain::tenant::{Event as TenantEvent, Settings, Zone};
use domain::{Currency, Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sqlx::PgPool;

/// The settings of an event's tenant, as they were when the event was appended.
#[derive(Clone, Debug)]
pub struct Context {
    time_zone: TimeZone,
    currency: Option<Currency>,
}

impl Default for Context {
    /// A tenant that nobody set up: UTC, and no currency.
    fn default() -> Self {
        Self {
            time_zone: TimeZone::UTC,
            currency: None,
        }
    }
}

impl From<&Settings> for Context {
    fn from(settings: &Settings) -> Self {
        Self {
            time_zone: settings.time_zone.rules(),
            currency: Some(settings.currency),
        }
    }
}

impl Context {
    /// The context of a tenant in this zone.
    #[must_use]
    pub fn in_zone(zone: &Zone) -> Self {
        Self {
            time_zone: zone.rules(),
            currency: None,
        }
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
    pub(super) context: Arc<Context>,
}

/// The settings of all tenants along the log.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    by_tenant: HashMap<TenantId, Vec<(u64, Arc<Context>)>>,
    nobody: Arc<Context>,
    /// Settings up to this position are known.
    covered: u64,
}

impl Timeline {
    /// Notes the settings that lie before a page that begins after `upto`.
    pub(super) async fn fill(&mut self, pool: &PgPool, upto: u64) -> Result<(), sqlx::Error> {
        if upto <= self.covered {
            return Ok(());
        }
        let rows = sqlx::query!(
            r#"
            select position as "position!", tenant_id as "tenant_id!", event_type as "event_type!",
                   event_version as "event_version!", payload::text as "payload!"
            from events_at_hand
            where aggregate_type = 'tenant'
              and event_type in ('tenant.provisioned', 'tenant.settings_changed')
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
            let event = Event::decode("tenant", &row.event_type, version, &row.payload);
            // What can't be decoded stops the reader of the page where it lies, with its position.
            if let (Ok(tenant), Ok(event)) = (row.tenant_id.parse(), event) {
                self.note(tenant, super::position(row.position), &event);
            }
        }
        self.covered = upto;
        Ok(())
    }

    /// Gives each event of a page its context, and notes the settings in the page.
    pub(super) fn annotate(&mut self, events: Vec<Arc<RecordedEvent>>) -> Vec<Noted> {
        let annotate = |event: Arc<RecordedEvent>| {
            if event.position > self.covered {
                self.note(event.tenant(), event.position, &event.event);
                self.covered = event.position;
            }
            let context = self.at(event.tenant(), event.position);
            Noted { event, context }
        };
        events.into_iter().map(annotate).collect()
    }

    fn note(&mut self, tenant: TenantId, position: u64, event: &Event) {
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

    fn at(&self, tenant: TenantId, position: u64) -> Arc<Context> {
        let settings = self.by_tenant.get(&tenant).map_or(&[][..], Vec::as_slice);
        let known = settings.iter().rfind(|(since, _)| *since <= position);
        Arc::clone(known.map_or(&self.nobody, |(_, context)| context))
    }
}
