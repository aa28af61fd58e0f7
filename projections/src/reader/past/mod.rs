//! The past of the read models: what they said at a position, and which events made a row.

mod account;
mod as_of;
mod behind;
mod bill;
mod billed;
mod books;
mod counted;
mod deducted;
mod differences;
mod entitled;
mod error;
mod explain;
mod fees;
mod figure_events;
mod ledger;
mod limits;
mod look;
mod outcomes;
mod own_meters;
mod priced;
mod rebilled;
mod roi;
mod statement;
mod steps;
mod timing;
mod verify;
mod what_if;

pub use as_of::AsOf;
pub use bill::{BillWish, Drawn, Rebilled};
pub use counted::{CountedEvents, Counting};
pub use differences::{Change, differences};
pub use error::PastError;
pub use explain::{Explained, Story};
pub use figure_events::FigureEvents;
pub use ledger::Ledger;
pub use limits::PastLimits;
pub use look::Seen;
pub use outcomes::OutcomeLine;
pub use roi::ROI_READS;
pub use statement::{Statement, StatementError, span_of};
pub use steps::{Replay, Step, Steps, stream_named};
pub use timing::{NoSpeed, SPEED_AT_MOST, Timing, Wait};
pub use verify::{Check, Difference, DifferenceKind, Extent, Verified};
pub use what_if::{WhatIf, Wish, draft_plan};

use std::sync::Arc;

use domain::TenantId;
use store::Log;
use tokio::sync::Semaphore;

use super::Reader;
use crate::engine::AnyReadModel;
use crate::engine::history::Waiting;

/// Answers about the past, folded again from the log in memory. Cheap to clone; clones share the limits.
#[derive(Clone, Debug)]
pub struct Past {
    reader: Reader,
    log: Log,
    limits: PastLimits,
    turns: Arc<Semaphore>,
    billing: Arc<Semaphore>,
}

/// How many bills are drawn at a time: each holds a connection while it may wait for another.
const BILLS_AT_ONCE: usize = 3;

impl Past {
    /// The past of what `reader` reads, as `log` has it.
    #[must_use]
    pub fn new(reader: Reader, log: Log, limits: PastLimits) -> Self {
        let turns = Arc::new(Semaphore::new(limits.at_once));
        Self {
            reader,
            log,
            limits,
            turns,
            billing: Arc::new(Semaphore::new(BILLS_AT_ONCE)),
        }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: PastLimits) -> Self {
        Self::new(self.reader, self.log, limits)
    }

    /// What waits for a read model in parked streams of a tenant: that is not in its rows, nor in their past.
    async fn waiting(&self, read_model: &str, tenant: TenantId) -> Result<Waiting, PastError> {
        let mut transaction = self.reader.begin(tenant).await?;
        Ok(Waiting::of(&mut transaction, tenant, read_model).await?)
    }

    /// What it reads of the present.
    pub(crate) const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The log that it folds.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }
}

/// The read model of a name.
fn model_named(name: &str) -> Result<Box<dyn AnyReadModel>, PastError> {
    let mut models = crate::all();
    match models.iter().position(|model| model.name() == name) {
        Some(index) => Ok(models.swap_remove(index)),
        None => Err(PastError::UnknownReadModel {
            name: name.to_owned(),
            known: models.iter().map(|model| model.name()).collect(),
        }),
    }
}
