//! Events that prices rate one by one: what a meter reads of each is kept beside the read models, so that a bill goes on where
//! the last one ended, and needs no archived year that was read once. Kept by what is read, not by the price: two
//! prices that read alike share it. The log decides: emptied, it is read again.

mod kept;
mod meter;

pub(super) use kept::PricedEvent;
pub(super) use meter::{PricedMeter, Reading};

use domain::TenantId;
use store::{Part, Place, ReadError};

use super::{Past, PastError};
use crate::metered_usage::Span;

/// The most events of a charge in a period that are rated at once.
pub(super) const AT_MOST: usize = 1_000_000;

/// The events of a page of the log.
const PAGE: u32 = 5_000;
/// How far is read without a word of it where nothing was found.
const STRIDE: u64 = 10_000;

/// Which events are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Of this time.
    pub(super) span: Span,
    /// Up to this position.
    pub(super) upto: u64,
    /// As who tells them.
    pub(super) origin: Origin,
}

/// Who tells what a meter read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// What was kept, after it was read on.
    Kept,
    /// The log itself, from the beginning: to hold against what was billed.
    Log,
}

/// A tenant's events as one meter reads them, up to a position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    tenant: TenantId,
    id: i64,
    upto: u64,
}

impl Kept {
    /// What the events are known by.
    pub(super) const fn id(self) -> i64 {
        self.id
    }
}

impl Past {
    /// Reads on up to a position, and keeps what it finds. Whoever else reads on at the same time finds the same.
    pub(super) async fn read_on(
        &self,
        tenant: TenantId,
        meter: &PricedMeter,
        upto: u64,
    ) -> Result<Kept, PastError> {
        let upto = meter.counted_up_to(upto);
        let known = self.reader.priced_meter(tenant, meter.reading()).await?;
        let part = Part::Tenant {
            tenant,
            aggregates: meter.aggregates(),
        };
        let (mut begin, mut at, mut found) = (known.read_up_to, known.read_up_to, Vec::new());
        while at < upto {
            let after = Place::after_position(at);
            let events = self.log.part(&part, after, upto, PAGE).await?;
            let is_whole = events.len() == PAGE as usize;
            let last = events.last().filter(|_| is_whole);
            at = last.map_or(upto, |event| event.position);
            found.extend(events.iter().filter_map(|event| meter.read(event)));
            if !found.is_empty() || at - begin > STRIDE {
                self.reader.keep_priced(tenant, (known.id, at), &found).await?;
                found.clear();
                begin = at;
            }
        }
        Ok(Kept {
            tenant,
            id: known.id,
            upto,
        })
    }

    /// Reads on for all tenants, up to the log's end: done before events leave, bills need no file. What has left
    /// already, and was not read before, stays unread until it is mounted.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn read_on_for_all(&self) -> Result<(), PastError> {
        let head = self.log.head().await?;
        for (tenant, reading) in self.reader.priced_meters().await? {
            let Some(meter) = PricedMeter::known(&reading) else {
                continue;
            };
            match self.read_on(tenant, &meter, head).await {
                Ok(_) | Err(PastError::Log(ReadError::Archived(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// All that a meter reads of the log up to a position, and nothing of what is kept.
    pub(super) async fn read_whole(
        &self,
        tenant: TenantId,
        (id, meter): (i64, &PricedMeter),
        upto: u64,
    ) -> Result<Vec<PricedEvent>, PastError> {
        let upto = meter.counted_up_to(upto);
        let part = Part::Tenant {
            tenant,
            aggregates: meter.aggregates(),
        };
        let (mut after, mut found) = (Place::default(), Vec::new());
        loop {
            let events = self.log.part(&part, after, upto, PAGE).await?;
            let read = events.iter().filter_map(|event| meter.read(event));
            found.extend(read.map(|read| PricedEvent { of: id, read }));
            if found.len() > self.limits.rows {
                return Err(PastError::TooManyRows {
                    read_model: "priced_events",
                    limit: self.limits.rows,
                });
            }
            match events.last().filter(|_| events.len() == PAGE as usize) {
                Some(last) => after = Place::after(last),
                None => return Ok(found),
            }
        }
    }

    /// The events that a meter counted; `None`: there are more than can be rated at once.
    pub(super) async fn priced(
        &self,
        tenant: TenantId,
        meter: &PricedMeter,
        wanted: Wanted,
    ) -> Result<Option<Vec<PricedEvent>>, PastError> {
        let events = match wanted.origin {
            Origin::Kept => {
                let kept = self.in_time(self.read_on(tenant, meter, wanted.upto)).await?;
                self.reader.priced_events(kept, wanted.span, AT_MOST + 1).await?
            }
            Origin::Log => {
                let whole = self.read_whole(tenant, (0, meter), wanted.upto);
                let mut events = self.in_time(whole).await?;
                events.retain(|event| wanted.span.has(event.read.at));
                events
            }
        };
        Ok(Some(events).filter(|events| events.len() <= AT_MOST))
    }
}
