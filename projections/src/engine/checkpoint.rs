//! How far each build has come: rows that change in the same transaction as the read model's rows.

use sqlx::{PgConnection, PgExecutor};

use super::{count, position};

/// How far a read model's live build has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The read model.
    pub name: String,
    /// The version of its fold.
    pub version: i32,
    /// The last position that all its shards have folded.
    pub position: u64,
}

/// One shard of one build.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) build: i32,
    pub(super) shard: u32,
}

/// Where one shard of one build is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) unit: Unit,
    pub(super) version: i32,
    pub(super) position: u64,
    /// Grows when somebody else than the projector that follows the log changes the build.
    pub(super) epoch: i64,
}

/// A place as its row has it.
struct Stored {
    name: String,
    build: i32,
    shard: i32,
    version: i32,
    position: i64,
    epoch: i64,
}

impl From<Stored> for Place {
    fn from(row: Stored) -> Self {
        Self {
            unit: unit(row.name, row.build, row.shard),
            version: row.version,
            position: position(row.position),
            epoch: row.epoch,
        }
    }
}

/// The checkpoints of all live builds, by name.
pub(crate) async fn checkpoints(connection: impl PgExecutor<'_>) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select c.name, min(c.version) as "version!", min(c.position) as "position!"
        from read_model_checkpoints c
        join read_model_builds b on b.name = c.name and b.build = c.build and b.state = 'live'
        group by c.name
        order by c.name
        "#
    )
    .fetch_all(connection)
    .await?;
    let checkpoint = rows.into_iter().map(|row| Checkpoint {
        name: row.name,
        version: row.version,
        position: position(row.position),
    });
    Ok(checkpoint.collect())
}

/// Into how many shards the tenants are spread.
pub(super) async fn shards(connection: impl PgExecutor<'_>) -> Result<u32, sqlx::Error> {
    let shards = sqlx::query_scalar!("select shards from read_model_shards")
        .fetch_one(connection)
        .await?;
    Ok(u32::try_from(shards).unwrap_or(1))
}

/// Begins the checkpoints of a build, at position 0; those that are there stay.
pub(super) async fn add(
    connection: &mut PgConnection,
    (name, build): (&str, i32),
    version: i32,
    shards: &[u32],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into read_model_checkpoints (name, build, shard, version, position)
        select $1, $2, shard, $3, 0
        from unnest($4::int[]) as shard
        on conflict do nothing
        "#,
        name,
        build,
        version,
        &numbers(shards),
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Locks the checkpoints of these shards of builds until the transaction ends, and reads them. Everybody locks
/// in the same order.
pub(super) async fn lock(connection: &mut PgConnection, units: &[&Unit]) -> Result<Vec<Place>, sqlx::Error> {
    let (names, builds, shards) = columns(units);
    let rows = sqlx::query_as!(
        Stored,
        r#"
        select c.name, c.build, c.shard, c.version, c.position, c.epoch
        from read_model_checkpoints c
        join unnest($1::text[], $2::int[], $3::int[]) as u (name, build, shard)
          on c.name = u.name and c.build = u.build and c.shard = u.shard
        order by c.name, c.build, c.shard
        for update of c
        "#,
        &names,
        &builds,
        &shards,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Place::from).collect())
}

/// Where the shards of a build are, in the order of the shards.
pub(super) async fn of_build(
    connection: impl PgExecutor<'_>,
    (name, build): (&str, i32),
) -> Result<Vec<Place>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Stored,
        r#"
        select name, build, shard, version, position, epoch
        from read_model_checkpoints
        where name = $1 and build = $2
        order by shard
        "#,
        name,
        build,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Place::from).collect())
}

/// Where the shards of all live builds are, by name and shard.
pub(super) async fn of_live(connection: impl PgExecutor<'_>) -> Result<Vec<Place>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Stored,
        r#"
        select c.name, c.build, c.shard, c.version, c.position, c.epoch
        from read_model_checkpoints c
        join read_model_builds b on b.name = c.name and b.build = c.build and b.state = 'live'
        order by c.name, c.shard
        "#
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Place::from).collect())
}

/// Moves the checkpoints of these shards of builds to a position.
pub(super) async fn advance(
    connection: &mut PgConnection,
    units: &[&Unit],
    to: u64,
) -> Result<(), sqlx::Error> {
    let (names, builds, shards) = columns(units);
    sqlx::query!(
        r#"
        update read_model_checkpoints c
        set position = $4, updated_at = now()
        from unnest($1::text[], $2::int[], $3::int[]) as u (name, build, shard)
        where c.name = u.name and c.build = u.build and c.shard = u.shard
        "#,
        &names,
        &builds,
        &shards,
        count(to),
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Tells whoever follows the log with this build to look at it anew.
pub(super) async fn change_epoch(
    connection: &mut PgConnection,
    (name, build): (&str, i32),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update read_model_checkpoints set epoch = epoch + 1 where name = $1 and build = $2",
        name,
        build,
    )
    .execute(connection)
    .await
    .map(drop)
}

fn unit(name: String, build: i32, shard: i32) -> Unit {
    Unit {
        name,
        build,
        shard: u32::try_from(shard).unwrap_or_default(),
    }
}

fn numbers(shards: &[u32]) -> Vec<i32> {
    shards
        .iter()
        .map(|shard| i32::try_from(*shard).unwrap_or_default())
        .collect()
}

fn columns(units: &[&Unit]) -> (Vec<String>, Vec<i32>, Vec<i32>) {
    let names = units.iter().map(|unit| unit.name.clone()).collect();
    let builds = units.iter().map(|unit| unit.build).collect();
    let shards: Vec<u32> = units.iter().map(|unit| unit.shard).collect();
    (names, builds, numbers(&shards))
}
