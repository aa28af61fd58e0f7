//! How far each read model has come: a row that changes in the same transaction as the read model's rows.

use sqlx::{PgConnection, PgExecutor};

use super::folding::AnyReadModel;
use super::table::Table;
use super::{count, position};

/// How far a read model has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The read model.
    pub name: String,
    /// The version of its fold.
    pub version: i32,
    /// The last position that it has folded.
    pub position: u64,
}

/// The checkpoints of all read models that ever ran, by name.
pub(crate) async fn checkpoints(connection: impl PgExecutor<'_>) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let rows = sqlx::query!("select name, version, position from read_model_checkpoints order by name")
        .fetch_all(connection)
        .await?;
    let checkpoint = |(name, version, stored)| Checkpoint {
        name,
        version,
        position: position(stored),
    };
    Ok(rows
        .into_iter()
        .map(|row| checkpoint((row.name, row.version, row.position)))
        .collect())
}

/// Locks the checkpoints of these read models until the transaction ends, and reads them.
pub(super) async fn lock(
    connection: &mut PgConnection,
    names: &[String],
) -> Result<Vec<Checkpoint>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select name, version, position
        from read_model_checkpoints
        where name = any($1)
        order by name
        for update
        "#,
        names
    )
    .fetch_all(connection)
    .await?;
    let rows = rows.into_iter().map(|row| Checkpoint {
        name: row.name,
        version: row.version,
        position: position(row.position),
    });
    Ok(rows.collect())
}

/// Moves the checkpoints of these read models to a position.
pub(super) async fn advance(
    connection: &mut PgConnection,
    names: &[String],
    to: u64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update read_model_checkpoints
        set position = $2, updated_at = now()
        where name = any($1)
        "#,
        names,
        count(to)
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Where a read model goes on; a new or changed one begins with an empty table at the log's begin.
/// `None`: a newer program has the table.
pub(super) async fn begin(
    connection: &mut PgConnection,
    model: &dyn AnyReadModel,
    table: &Table,
) -> Result<Option<u64>, sqlx::Error> {
    sqlx::query!(
        r#"
        insert into read_model_checkpoints (name, version, position)
        values ($1, $2, 0)
        on conflict do nothing
        "#,
        model.name(),
        model.version()
    )
    .execute(&mut *connection)
    .await?;
    let stored = lock(connection, &[model.name().to_owned()]).await?;
    let Some(checkpoint) = stored.first() else {
        return Err(sqlx::Error::RowNotFound);
    };
    if checkpoint.version > model.version() {
        return Ok(None);
    }
    if checkpoint.version == model.version() {
        return Ok(Some(checkpoint.position));
    }
    tracing::info!(
        read_model = model.name(),
        "projections.refill: the fold is a newer version"
    );
    table.empty(&mut *connection).await?;
    sqlx::query!(
        r#"
        update read_model_checkpoints
        set version = $2, position = 0, updated_at = now()
        where name = $1
        "#,
        model.name(),
        model.version()
    )
    .execute(connection)
    .await?;
    Ok(Some(0))
}
