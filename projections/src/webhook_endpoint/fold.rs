//! An endpoint's events become its row.

use domain::webhook_endpoint::{Delivery, Event as Change, EventFilter, PersonalMembers, Scheme, Settings};
use domain::{Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which webhook endpoints there are.
#[derive(Debug)]
pub struct WebhookEndpointList;

/// An endpoint as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookEndpointRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// Where events are sent.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Which events are sent.
    pub events: Vec<EventFilter>,
    /// In which order.
    pub delivery: Delivery,
    /// Whether personal data goes with them.
    pub personal_data: PersonalMembers,
    /// `active`, `paused` or `removed`.
    pub status: String,
    /// Why it is paused, or was removed.
    pub reason: Option<String>,
    /// How the newest secret signs.
    pub scheme: Scheme,
    /// Until when the secret before signs, too.
    pub previous_until: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
}

impl ReadModel for WebhookEndpointList {
    const NAME: &'static str = "webhook_endpoint";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["webhook_endpoint"];

    type Key = EntityKey;
    type Row = WebhookEndpointRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::WebhookEndpoint(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        if let Change::Created { settings, secret } = change {
            let row = WebhookEndpointRow {
                tenant_id: event.tenant(),
                id: event.stream.id.clone(),
                url: settings.url.as_str().to_owned(),
                description: settings.description.clone(),
                events: settings.events.clone(),
                delivery: settings.delivery,
                personal_data: settings.personal_data,
                status: "active".to_owned(),
                reason: None,
                scheme: secret.scheme,
                previous_until: None,
                created_at: event.occurred_at,
                changed_at: event.occurred_at,
            };
            rows.put(key, row);
            return Ok(());
        }
        rows.known(&key)?.change(change, event);
        Ok(())
    }
}

impl WebhookEndpointRow {
    fn set(&mut self, settings: &Settings) {
        settings.url.as_str().clone_into(&mut self.url);
        self.description.clone_from(&settings.description);
        self.events.clone_from(&settings.events);
        self.delivery = settings.delivery;
        self.personal_data = settings.personal_data;
    }

    fn stand(&mut self, status: &str, reason: Option<&String>) {
        status.clone_into(&mut self.status);
        self.reason = reason.cloned();
    }

    fn change(&mut self, change: &Change, event: &RecordedEvent) {
        match change {
            // Nothing of these stays.
            Change::Created { .. } | Change::Pinged {} | Change::RedeliveryAsked { .. } => return,
            Change::Changed { settings, .. } => self.set(settings),
            Change::SecretRotated {
                secret,
                previous_until,
                ..
            } => {
                self.scheme = secret.scheme;
                self.previous_until = Some(*previous_until);
            }
            Change::Paused { reason } => self.stand("paused", Some(reason)),
            Change::Resumed {} => self.stand("active", None),
            Change::Removed { reason } => self.stand("removed", Some(reason)),
        }
        self.changed_at = event.occurred_at;
    }
}
