//! Stored rows compared with what the log says: each difference with its key, its columns and its event.

mod difference;
mod keys;
mod tenant;

pub use difference::{Difference, DifferenceKind};

use std::num::NonZeroU32;
use std::sync::Arc;

use domain::TenantId;

use self::tenant::Checking;
use super::{Past, PastError, model_named};
use crate::engine::history::{Pace, Waiting, tenants_of};

/// Which rows are to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All.
    All,
    /// Some, chosen by a seed: keys that events of the log touch, and the rows that are stored next to them.
    Sample {
        /// How many keys, over all tenants.
        keys: u32,
        /// The same seed chooses the same keys of the same log.
        seed: u64,
    },
}

/// What is to be verified, and how gently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// The tenant; `None`: all that have events, or rows that the pool's role sees.
    pub tenant: Option<TenantId>,
    /// Which rows.
    pub extent: Extent,
    /// No more events a second are read than this; `None`: as fast as it goes.
    pub events_per_second: Option<NonZeroU32>,
    /// So many differences are told at most, each with its event; the others are counted.
    pub told: usize,
}

impl Check {
    /// All rows, as fast as it goes.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            tenant: None,
            extent: Extent::All,
            events_per_second: None,
            told: 100,
        }
    }
}

/// What came of a verification.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The read model.
    pub read_model: &'static str,
    /// How many tenants were looked at.
    pub tenants: u64,
    /// How many keys were compared.
    pub keys: u64,
    /// How many keys wait behind parked streams: their rows are known to be behind, and are compared with the log
    /// without the events that wait.
    pub parked: u64,
    /// How many events were read.
    pub events: u64,
    /// How many keys differ.
    pub different: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

impl Past {
    /// The same as [`Past::verify`] for one who waits: in turn, and not for too long.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn verify_in_time(&self, read_model: &str, check: &Check) -> Result<Verified, PastError> {
        self.in_time(self.verify(read_model, check)).await
    }

    /// Folds rows of a read model again from the log, up to where the read model has come, and compares them
    /// with those that are stored. It takes as long as it takes: whoever may not wait sets a limit of time.
    ///
    /// # Errors
    /// [`PastError`] when there is no such read model, or it can't be compared.
    pub async fn verify(&self, read_model: &str, check: &Check) -> Result<Verified, PastError> {
        let model = model_named(read_model)?;
        let table = self.reader.table_named(model.name(), model.key()).await?;
        let tenants = match check.tenant {
            Some(tenant) => vec![tenant],
            None => {
                let mut tenants = self.log.tenants().await?;
                let stored = tenants_of(self.reader.pool(), &table).await?;
                tenants.extend(stored.iter().filter_map(|tenant| tenant.parse::<TenantId>().ok()));
                tenants.sort_unstable();
                tenants.dedup();
                tenants
            }
        };
        let mut verified = Verified {
            read_model: model.name(),
            tenants: 0,
            keys: 0,
            parked: 0,
            events: 0,
            different: 0,
            differences: Vec::new(),
        };
        let mut pace = Pace::new(check.events_per_second);
        for (tenant, extent) in keys::shared_out(tenants, check.extent) {
            let mut checking = Checking {
                past: self,
                model: model.as_ref(),
                table: Arc::clone(&table),
                tenant,
                told: check.told,
                pace: &mut pace,
                waiting: Waiting::default(),
                verified: &mut verified,
            };
            checking.run(extent).await?;
            verified.tenants += 1;
        }
        verified.events = pace.events;
        Ok(verified)
    }
}
