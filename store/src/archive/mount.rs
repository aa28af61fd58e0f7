//! Mounts an archived year: its rows are in the database again, for reading alone, and the file stays what they are.

use std::path::Path;

use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx as _};
use sqlx::{Connection as _, PgConnection, PgPool};

use super::detach::{Leaving, detach};
use super::error::{ArchiveError, Damage};
use super::note::Archive;
use super::reader::ArchiveReader;
use super::restore::{is_noted, load_year, not_newest, noted_for};
use super::{Progress, STEP, table};
use crate::ambient::Ambient;

/// Mounts a year as the owner: everything reads as before it was archived, until it is unmounted. A year that is mounted
/// already is no error. Blocks the thread while it reads the file.
///
/// # Errors
/// [`ArchiveError`]: then nothing is mounted.
pub async fn mount(
    owner: &PgPool,
    ambient: &Ambient,
    path: &Path,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Archive, ArchiveError> {
    let mut connection = owner.acquire().await?.detach();
    let outcome = mount_on(&mut connection, ambient, path, progress).await;
    // The session's end gives its lock back.
    drop(connection.close().await);
    outcome
}

async fn mount_on(
    connection: &mut PgConnection,
    ambient: &Ambient,
    path: &Path,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Archive, ArchiveError> {
    let mut file = ArchiveReader::open(path)?;
    let place = table::take(connection).await?;
    let mut archive = noted_for(&place, file.header(), path)?;
    if archive.mounted_at.is_some() {
        return Ok(archive);
    }
    // A stream is read over the edges of years, so what is in the database has no hole.
    let mut away = place.archives.iter().filter(|other| other.mounted_at.is_none());
    match away.next_back() {
        Some(newest) if newest.year > archive.year => return Err(not_newest(&archive, newest)),
        _ => {}
    }
    archive.file = full_path(path)?;
    let mut transaction = connection.begin().await?;
    load_year(&mut transaction, (&mut file, path), &archive, progress).await?;
    close(&mut transaction, archive.year).await?;
    let now = ambient.now();
    archive.mounted_at = Some(now);
    sqlx::query!(
        "update log_archives set mounted_at = $2, file = $3 where year = $1",
        archive.year,
        now.to_sqlx() as SqlTimestamp,
        archive.file
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(archive)
}

/// Takes a mounted year out of the database again as the owner, once its file is seen to be whole. `keep`: the types of
/// aggregates whose streams stay at hand, as when it was archived. Blocks the thread while it reads the file.
///
/// # Errors
/// [`ArchiveError`]: then the year is mounted as before.
pub async fn unmount(
    owner: &PgPool,
    path: &Path,
    keep: &[&'static str],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Archive, ArchiveError> {
    let mut connection = owner.acquire().await?.detach();
    let outcome = unmount_on(&mut connection, path, keep, progress).await;
    drop(connection.close().await);
    outcome
}

async fn unmount_on(
    connection: &mut PgConnection,
    path: &Path,
    keep: &[&'static str],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Archive, ArchiveError> {
    let mut file = ArchiveReader::open(path)?;
    let place = table::take(connection).await?;
    let mut archive = noted_for(&place, file.header(), path)?;
    if archive.mounted_at.is_none() {
        return Err(ArchiveError::NotMounted {
            path: path.display().to_string(),
            year: archive.year,
        });
    }
    let mut mounted = place.archives.iter().filter(|other| other.mounted_at.is_some());
    match mounted.next() {
        Some(first) if first.year < archive.year => return Err(first.on_top()),
        _ => {}
    }
    let (mut events, of) = (0, archive.events);
    while file.next_row()?.is_some() {
        events += 1;
        if events % STEP == 0 || events == of {
            progress(Progress::Read { events, of });
        }
    }
    is_noted(&file, path, &archive)?;
    progress(Progress::Detaching);
    archive.file = full_path(path)?;
    archive.mounted_at = None;
    detach(connection, &archive, (keep, Leaving::Unmounted)).await?;
    Ok(archive)
}

fn full_path(path: &Path) -> Result<String, ArchiveError> {
    let full = path
        .canonicalize()
        .map_err(|error| Damage::from(error).of(path))?;
    Ok(full.display().to_string())
}

/// No event gets into the year's partition.
async fn close(connection: &mut PgConnection, year: i32) -> Result<(), ArchiveError> {
    let partition = table::partition(year);
    sqlx::query(&format!(
        "create trigger events_of_an_archive before insert on {partition} \
         for each row execute function refuse_events_in_archives()"
    ))
    .execute(connection)
    .await?;
    Ok(())
}

/// The year's partition is one of the log again.
pub(super) async fn open(connection: &mut PgConnection, year: i32) -> Result<(), ArchiveError> {
    let partition = table::partition(year);
    sqlx::query(&format!("drop trigger events_of_an_archive on {partition}"))
        .execute(connection)
        .await?;
    Ok(())
}
