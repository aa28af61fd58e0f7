//! After a fix: the events of a parked stream are folded in order, up to where its read model is.

use std::collections::HashSet;
use std::sync::Arc;

use domain::StreamId;
use store::Filter;

use super::{OperationError, Operations};
use crate::engine::catch_up::read;
use crate::engine::checkpoint;
use crate::engine::context::{Noted, Timeline};
use crate::engine::page::{Trouble, fold_into_table};
use crate::engine::parked::{self, Parked};

const PAGE: u32 = 5_000;

impl Operations {
    /// Folds what waits of a stream, and lets it flow again; gives the number of events.
    ///
    /// # Errors
    /// [`OperationError::NotParked`] when it does not wait; [`OperationError::StillRefused`] when the fold refuses
    /// an event again: what came before it is folded then, and the stream waits from there.
    pub async fn resume(&self, name: &str, stream: &StreamId) -> Result<u64, OperationError> {
        let mut held = self.hold(name).await?;
        let live = held.live.clone();
        let waits = self
            .parked()
            .await?
            .into_iter()
            .find(|parked| parked.name == name && parked.build == live.build && parked.stream == *stream);
        let waits = waits.ok_or_else(|| OperationError::NotParked {
            name: name.to_owned(),
            stream: format!("{}/{}", stream.aggregate_type, stream.id),
        })?;
        let traveller = self
            .travellers(&live)
            .await?
            .into_iter()
            .find(|t| t.shard.has(stream.tenant));
        let mut traveller = traveller.ok_or(OperationError::Moved)?;
        traveller.parked = HashSet::new();
        let upto = held.places.iter().find(|place| place.unit == traveller.unit);
        let upto = upto.ok_or(OperationError::Moved)?.position;

        let filter = Filter {
            stream: Some((stream.aggregate_type.to_owned(), stream.id.clone())),
            ..Filter::tenant(stream.tenant)
        };
        let mut timeline = Timeline::default();
        let (mut after, mut resumed, mut refused) = (waits.position - 1, 0, None);
        while after < upto && refused.is_none() {
            let (events, looked_at) = read(&self.log, &filter, (after, upto), PAGE).await?;
            timeline.fill(&self.pool, looked_at).await?;
            let page = timeline.annotate(events.into_iter().map(Arc::new).collect());
            let wanted: Vec<&Noted> = page.iter().collect();
            let parkings = fold_into_table(&mut held.transaction, &traveller, &wanted).await;
            let parking = parkings.map_err(|trouble| match trouble {
                Trouble::Unfit(reason) => OperationError::Unfit(reason.to_string()),
                Trouble::Sql(error) => OperationError::Unavailable(error),
            })?;
            resumed += wanted.len() as u64;
            if let Some(mut parking) = parking.into_iter().next() {
                resumed -= u64::try_from(parking.events).unwrap_or_default();
                parking.events = crate::engine::count(waits.events.saturating_sub(resumed));
                refused = Some(parking);
            }
            after = looked_at;
        }
        let id = (name, live.build);
        parked::release(&mut held.transaction, id, stream).await?;
        if let Some(parking) = &refused {
            parked::park(&mut held.transaction, id, parking).await?;
        }
        checkpoint::change_epoch(&mut held.transaction, id).await?;
        held.transaction.commit().await?;
        match refused {
            None => Ok(resumed),
            Some(parking) => Err(OperationError::StillRefused {
                name: name.to_owned(),
                resumed,
                position: parking.refusal.event.position,
                event_type: parking.refusal.event.event_type.clone(),
                reason: parking.refusal.reason.to_string(),
            }),
        }
    }

    /// Resumes every parked stream of a read model; gives what became of each.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn resume_all(
        &self,
        name: &str,
    ) -> Result<Vec<(Parked, Result<u64, OperationError>)>, OperationError> {
        let live = self.live(name).await?;
        let mut outcomes = Vec::new();
        for parked in self.parked().await? {
            if parked.name == name && parked.build == live.build {
                let outcome = self.resume(name, &parked.stream).await;
                outcomes.push((parked, outcome));
            }
        }
        Ok(outcomes)
    }
}
