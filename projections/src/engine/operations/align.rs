//! Bringing a build to exactly where the live one is, and keeping both there for a moment.

use sqlx::{Postgres, Transaction};

use super::{Build, OperationError, Operations};
use crate::engine::catch_up::catch_up;
use crate::engine::checkpoint::{self, Place, Unit};
use crate::engine::page::Traveller;
use crate::engine::settle::claim;

/// The live build, held where it is until the transaction ends.
pub(super) struct Held {
    pub(super) transaction: Transaction<'static, Postgres>,
    pub(super) live: Build,
    pub(super) places: Vec<Place>,
}

impl Operations {
    /// Takes a build to where the live one is. Until the answer's transaction ends, the live one stays there,
    /// which stops nobody but its projector.
    pub(super) async fn align(&self, build: &Build) -> Result<Held, OperationError> {
        // Most of the way while the live one goes on.
        let live = self.live(&build.name).await?;
        let mut travellers = self.travellers(build).await?;
        for traveller in &mut travellers {
            catch_up(&self.pool, &self.log, traveller, live.position).await?;
        }
        let held = self.hold(&build.name).await?;
        for traveller in &mut travellers {
            let place = place_of(&held.places, traveller)?;
            catch_up(&self.pool, &self.log, traveller, place.position).await?;
        }
        self.prune(build).await?;
        Ok(held)
    }

    /// Keeps the live build where it is.
    pub(super) async fn hold(&self, name: &str) -> Result<Held, OperationError> {
        let mut transaction = self.pool.begin().await?;
        claim(&mut transaction, name).await?;
        let live = self.live(name).await?;
        let units = checkpoint::of_build(&mut *transaction, (name, live.build)).await?;
        let units: Vec<&Unit> = units.iter().map(|place| &place.unit).collect();
        let places = checkpoint::lock(&mut transaction, &units).await?;
        Ok(Held {
            transaction,
            live,
            places,
        })
    }
}

/// Where the live build is in a traveller's shard.
fn place_of<'p>(places: &'p [Place], traveller: &Traveller) -> Result<&'p Place, OperationError> {
    let place = places
        .iter()
        .find(|place| place.unit.shard == traveller.unit.shard);
    place
        .filter(|place| place.position >= traveller.position)
        .ok_or(OperationError::Moved)
}
