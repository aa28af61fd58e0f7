//! A tenant's events become its row.

use std::collections::BTreeSet;

use domain::tenant::{DeploymentMode, Event as Change, Settings, Slug};
use domain::{Currency, Event, RecordedEvent, StreamId, TenantId, Vertical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::Part;

use crate::engine::{Context, ReadModel, RowKey, Rows, Unfoldable};

/// Who the tenants are.
#[derive(Debug)]
pub struct Tenants;

/// A tenant as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantRow {
    /// Its id.
    pub tenant_id: TenantId,
    /// Its short name. Two may have asked for the same: the earlier one is meant by it.
    pub slug: Slug,
    /// Shared cloud or installation of its own.
    pub mode: DeploymentMode,
    /// The name to show.
    pub name: String,
    /// The IANA zone in which its days are cut.
    pub time_zone: String,
    /// The currency of its reports.
    pub currency: Currency,
    /// The lines of business that are on.
    pub verticals: BTreeSet<Vertical>,
    /// `open`, `suspended` or `closed`.
    pub standing: String,
    /// When it was set up.
    pub provisioned_at: Timestamp,
}

/// A tenant's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TenantKey {
    /// Its id.
    pub tenant_id: TenantId,
}

impl RowKey for TenantKey {
    fn tenant(&self) -> TenantId {
        self.tenant_id
    }

    /// A tenant is an aggregate of its own name.
    fn part(&self, _reads: &'static [&'static str]) -> Part {
        Part::Stream(StreamId {
            aggregate_type: "tenant",
            tenant: self.tenant_id,
            id: self.tenant_id.to_string(),
        })
    }
}

impl TenantRow {
    fn take(&mut self, settings: &Settings) {
        self.name.clone_from(&settings.name);
        settings.time_zone.name().clone_into(&mut self.time_zone);
        self.currency = settings.currency;
    }
}

impl ReadModel for Tenants {
    const NAME: &'static str = "tenant";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id"];
    const READS: &'static [&'static str] = &["tenant"];

    type Key = TenantKey;
    type Row = TenantRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<TenantKey> {
        vec![TenantKey {
            tenant_id: event.tenant(),
        }]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Tenant(change) = &event.event else {
            return Ok(());
        };
        let key = TenantKey {
            tenant_id: event.tenant(),
        };
        if let Change::Provisioned { slug, mode, settings } = change {
            rows.put(
                key,
                TenantRow {
                    tenant_id: event.tenant(),
                    slug: slug.clone(),
                    mode: *mode,
                    name: settings.name.clone(),
                    time_zone: settings.time_zone.name().to_owned(),
                    currency: settings.currency,
                    verticals: BTreeSet::new(),
                    standing: "open".to_owned(),
                    provisioned_at: event.occurred_at,
                },
            );
            return Ok(());
        }
        let row = rows.known(&key)?;
        match change {
            Change::Provisioned { .. } => {}
            Change::SettingsChanged { settings, .. } => row.take(settings),
            Change::VerticalEnabled { vertical } => {
                row.verticals.insert(vertical.clone());
            }
            Change::VerticalDisabled { vertical } => {
                row.verticals.remove(vertical);
            }
            Change::Suspended { .. } => "suspended".clone_into(&mut row.standing),
            Change::Reactivated {} => "open".clone_into(&mut row.standing),
            Change::Closed { .. } => "closed".clone_into(&mut row.standing),
        }
        Ok(())
    }
}
