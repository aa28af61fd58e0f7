//! After a fix: the events of a parked stream are folded in order, up to where its read model is.

use std::collections::HashSet;
use std::sync::Arc;

use domain::StreamId;
use sqlx::{Acquire as _, PgConnection};
use store::Filter;

use super::{OperationError, Operations};
use crate::engine::Unfoldable;
use crate::engine::catch_up::read;
use crate::engine::checkpoint;
use crate::engine::context::{Noted, Timeline};
use crate::engine::folding::{Parking, Refusal};
use crate::engine::page::{Traveller, Trouble, fold_into_table, is_about_data};
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
        let mut timeline = Timeline::of_the_past();
        timeline.note_meters(&self.log.of_kind(stream.tenant, "meter", upto).await?);
        let (mut after, mut resumed, mut refused) = (waits.position - 1, 0, None);
        while after < upto && refused.is_none() {
            let (events, looked_at) = read(&self.log, &filter, (after, upto), PAGE).await?;
            timeline.fill(&self.pool, looked_at).await?;
            let page = timeline.annotate(events.into_iter().map(Arc::new).collect());
            let wanted: Vec<&Noted> = page.iter().collect();
            let (folded, parking) = fold(&mut held.transaction, &traveller, &wanted).await?;
            resumed += folded;
            if let Some(mut parking) = parking {
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

/// Folds a stream's events; gives how many were folded, and what is refused after them.
async fn fold(
    connection: &mut PgConnection,
    traveller: &Traveller,
    events: &[&Noted],
) -> Result<(u64, Option<Parking>), OperationError> {
    match attempt(connection, traveller, events).await? {
        Ok(parking) => {
            let refused = parking.as_ref().map_or(0, |parking| parking.events);
            let refused = u64::try_from(refused).unwrap_or_default();
            Ok((events.len() as u64 - refused, parking))
        }
        // The database refuses what some event leads to: which one, they tell one after the other.
        Err(_) => fold_in_turn(connection, traveller, events).await,
    }
}

async fn fold_in_turn(
    connection: &mut PgConnection,
    traveller: &Traveller,
    events: &[&Noted],
) -> Result<(u64, Option<Parking>), OperationError> {
    for (index, noted) in events.iter().enumerate() {
        let reason = match attempt(connection, traveller, &[noted]).await? {
            Ok(None) => continue,
            Ok(Some(parking)) => parking.refusal.reason,
            Err(reason) => reason,
        };
        let folding = traveller.model.folding();
        let waiting = events.iter().skip(index);
        let parking = Parking {
            refusal: Refusal {
                event: Arc::clone(&noted.event),
                reason,
            },
            events: 0,
            keys: waiting
                .flat_map(|waits| folding.touched(waits, &traveller.table))
                .collect(),
        };
        return Ok((index as u64, Some(parking)));
    }
    Ok((events.len() as u64, None))
}

/// Folds events, unless the database refuses what they lead to: then nothing is changed, and it is said why.
async fn attempt(
    connection: &mut PgConnection,
    traveller: &Traveller,
    events: &[&Noted],
) -> Result<Result<Option<Parking>, Unfoldable>, OperationError> {
    let mut savepoint = connection.begin().await?;
    match fold_into_table(&mut savepoint, traveller, events).await {
        Ok(parkings) => {
            savepoint.commit().await?;
            Ok(Ok(parkings.into_iter().next()))
        }
        Err(Trouble::Sql(error)) if is_about_data(&error) => {
            savepoint.rollback().await?;
            Ok(Err(Unfoldable::new(error.to_string())))
        }
        Err(Trouble::Sql(error)) => Err(OperationError::Unavailable(error)),
        Err(Trouble::Unfit(reason)) => Err(OperationError::Unfit(reason.to_string())),
    }
}
