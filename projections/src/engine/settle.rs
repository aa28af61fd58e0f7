//! What this program has to do with a read model: carry its live build, or fill a new one beside it first.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::{PgConnection, PgPool};

use super::builds::{self, BuildState, Plan, Policy, Scope};
use super::checkpoint::{self, Unit};
use super::folding::AnyReadModel;
use super::page::Traveller;
use super::parked;
use super::shard::Shard;
use super::table::Table;

/// How a read model's live build stands to this program.
pub(super) enum Standing {
    /// It is of this program's fold: here is a shard of it.
    Ours(Box<Traveller>),
    /// It is of an older fold: a build of this program's is being filled beside it.
    Older,
    /// It is of a newer program's fold, and stays as it is.
    Newer,
    /// Its table is missing.
    NoTable,
}

/// Finds a shard of a read model's live build. A new read model gets its first build; one whose fold is newer
/// gets a build that will take the live one's place.
pub(super) async fn settle(
    pool: &PgPool,
    model: &Arc<dyn AnyReadModel>,
    shard: Shard,
    policy: Policy,
) -> Result<Standing, sqlx::Error> {
    let name = model.name();
    let mut transaction = pool.begin().await?;
    claim(&mut transaction, name).await?;
    let Some(table) = Table::describe(&mut transaction, name, model.key()).await? else {
        return Ok(Standing::NoTable);
    };
    let shards: Vec<u32> = (0..shard.of).collect();
    let live = live_build(&mut transaction, model.as_ref(), &shards).await?;
    let version = model.version();
    let standing = if live.version > version {
        Standing::Newer
    } else if live.version < version {
        let known = builds::all(&mut *transaction).await?;
        let ours = |build: &builds::Build| {
            build.name == name && build.version == version && build.scope == Scope::default()
        };
        if !known.iter().any(ours) {
            tracing::info!(
                read_model = name,
                "projections.{name} is filled anew beside the live one: its fold is a newer version"
            );
            let plan = Plan {
                policy,
                switch_when_ready: true,
                ..Plan::default()
            };
            builds::add(&mut transaction, (name, version), &shards, &plan).await?;
        }
        Standing::Older
    } else {
        let unit = Unit {
            name: name.to_owned(),
            build: live.build,
            shard: shard.number,
        };
        let place = checkpoint::lock(&mut transaction, &[&unit]).await?.pop();
        let place = place.ok_or(sqlx::Error::RowNotFound)?;
        let parked = parked_streams(&mut transaction, (name, live.build)).await?;
        Standing::Ours(Box::new(Traveller {
            model: Arc::clone(model),
            table,
            unit,
            shard,
            scope: Scope::default(),
            epoch: place.epoch,
            position: place.position,
            parked,
        }))
    };
    transaction.commit().await?;
    Ok(standing)
}

/// Lets one process at a time look after a read model's builds, until the transaction ends.
pub(super) async fn claim(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let key = format!("annals.read_model.{name}");
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended($1, 0))::text as done",
        key
    )
    .fetch_one(connection)
    .await
    .map(drop)
}

async fn live_build(
    connection: &mut PgConnection,
    model: &dyn AnyReadModel,
    shards: &[u32],
) -> Result<builds::Build, sqlx::Error> {
    let name = model.name();
    let find = |all: Vec<builds::Build>| {
        let mut all = all.into_iter();
        all.find(|build| build.name == name && build.state == BuildState::Live)
    };
    if let Some(live) = find(builds::all(&mut *connection).await?) {
        return Ok(live);
    }
    sqlx::query!(
        "insert into read_model_builds (name, build, state) values ($1, 1, 'live')",
        name
    )
    .execute(&mut *connection)
    .await?;
    checkpoint::add(&mut *connection, (name, 1), model.version(), shards).await?;
    find(builds::all(connection).await?).ok_or(sqlx::Error::RowNotFound)
}

/// The streams that wait for a build.
pub(super) async fn parked_streams(
    connection: &mut PgConnection,
    (name, build): (&str, i32),
) -> Result<HashSet<domain::StreamId>, sqlx::Error> {
    let parked = parked::all(connection).await?;
    let streams = parked
        .into_iter()
        .filter(|parked| parked.name == name && parked.build == build)
        .map(|parked| parked.stream);
    Ok(streams.collect())
}
