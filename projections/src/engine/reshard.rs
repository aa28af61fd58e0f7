//! Changing the number of shards: while no other projector runs, all shards of a build are taken to the same
//! position, and the tenants are dealt out anew.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use store::Log;
use tokio::sync::watch;

use super::builds::{self, Build};
use super::catch_up::{Obstacle, catch_up};
use super::checkpoint::{self, Unit};
use super::folding::AnyReadModel;
use super::lease::Exclusive;
use super::page::Traveller;
use super::settle::parked_streams;
use super::shard::Shard;
use super::table::Table;

const PAUSE: Duration = Duration::from_secs(1);

/// Waits until the tenants are spread over so many shards, and sees to it; `false` when it is to stop before.
pub(super) async fn settle(
    pool: &PgPool,
    log: &Log,
    models: &[Arc<dyn AnyReadModel>],
    wanted: u32,
    mut stopping: watch::Receiver<bool>,
) -> bool {
    loop {
        match reshard(pool, log, models, wanted).await {
            Ok(true) => return true,
            Ok(false) => tracing::warn!(
                wanted,
                "projections.shards: another projector runs with another number of shards; waiting until it ends"
            ),
            Err(error) => {
                tracing::warn!(%error, "projections.shards can't be changed yet, and will be tried again")
            }
        }
        let stopped = stopping.wait_for(|stop| *stop);
        if tokio::time::timeout(PAUSE, stopped).await.is_ok() {
            return false;
        }
    }
}

/// Deals the tenants out anew, if that is needed; `false` while another projector runs.
async fn reshard(
    pool: &PgPool,
    log: &Log,
    models: &[Arc<dyn AnyReadModel>],
    wanted: u32,
) -> Result<bool, Obstacle> {
    let of = checkpoint::shards(pool).await?;
    if of == wanted {
        return Ok(true);
    }
    let Some(alone) = Exclusive::take(pool, "shards").await? else {
        return Ok(false);
    };
    let alive = sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from projectors p
        where p.seen_at > clock_timestamp() - interval '3 seconds'
          and exists (select from pg_stat_activity a where a.pid = p.backend)
        "#
    )
    .fetch_one(pool)
    .await?;
    if alive > 0 {
        alone.give_back().await;
        return Ok(false);
    }
    for build in whole_builds(pool).await? {
        level(pool, log, models, &build, of).await?;
    }
    deal_out(pool, wanted).await?;
    tracing::info!(from = of, to = wanted, "projections.shards were dealt out anew");
    alone.give_back().await;
    Ok(true)
}

async fn whole_builds(pool: &PgPool) -> Result<Vec<Build>, sqlx::Error> {
    let all = builds::all(pool).await?;
    Ok(all
        .into_iter()
        .filter(|build| build.scope.tenant.is_none())
        .collect())
}

/// Takes all shards of a build to the position of the furthest.
async fn level(
    pool: &PgPool,
    log: &Log,
    models: &[Arc<dyn AnyReadModel>],
    build: &Build,
    of: u32,
) -> Result<(), Obstacle> {
    let name = build.name.as_str();
    let places = checkpoint::of_build(pool, (name, build.build)).await?;
    let furthest = places
        .iter()
        .map(|place| place.position)
        .max()
        .unwrap_or_default();
    for place in places.into_iter().filter(|place| place.position < furthest) {
        let model = models
            .iter()
            .find(|model| model.name() == name && model.version() == place.version);
        let Some(model) = model else {
            return Err(Obstacle::Unfit(format!(
                "the shards of {name} are at different positions, and this program has not its fold: \
                 start the program that wrote it once more"
            )));
        };
        let mut connection = pool.acquire().await?;
        let table = Table::describe(&mut connection, &build.table(), model.key()).await?;
        let parked = parked_streams(&mut connection, (name, build.build)).await?;
        drop(connection);
        let mut traveller = Traveller {
            model: Arc::clone(model),
            table: table.ok_or_else(|| Obstacle::Unfit(format!("there is no table of {name}")))?,
            shard: Shard {
                number: place.unit.shard,
                of,
            },
            scope: build.scope.clone(),
            epoch: place.epoch,
            position: place.position,
            unit: place.unit,
            parked,
        };
        catch_up(pool, log, &mut traveller, furthest).await?;
    }
    Ok(())
}

/// Replaces the checkpoints of all builds by those of the new shards. Builds of a part of the rows are dropped.
async fn deal_out(pool: &PgPool, wanted: u32) -> Result<(), Obstacle> {
    let shards: Vec<u32> = (0..wanted).collect();
    let mut transaction = pool.begin().await?;
    for build in builds::all(&mut *transaction).await? {
        let id = (build.name.as_str(), build.build);
        if build.scope.tenant.is_some() {
            builds::remove(&mut transaction, id).await?;
            continue;
        }
        let places = checkpoint::of_build(&mut *transaction, id).await?;
        let units: Vec<&Unit> = places.iter().map(|place| &place.unit).collect();
        let places = checkpoint::lock(&mut transaction, &units).await?;
        if places.iter().any(|place| place.position != build.position) {
            return Err(Obstacle::Moved);
        }
        let epoch = places.iter().map(|place| place.epoch).max().unwrap_or_default() + 1;
        sqlx::query!(
            "delete from read_model_checkpoints where name = $1 and build = $2",
            id.0,
            id.1
        )
        .execute(&mut *transaction)
        .await?;
        checkpoint::add(&mut transaction, id, build.version, &shards).await?;
        sqlx::query!(
            "update read_model_checkpoints set position = $3, epoch = $4 where name = $1 and build = $2",
            id.0,
            id.1,
            super::count(build.position),
            epoch,
        )
        .execute(&mut *transaction)
        .await?;
    }
    sqlx::query!("delete from read_model_leases")
        .execute(&mut *transaction)
        .await?;
    let wanted = i32::try_from(wanted).unwrap_or(1);
    sqlx::query!("update read_model_shards set shards = $1", wanted)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}
