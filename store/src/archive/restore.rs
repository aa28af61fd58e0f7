//! Brings a year back into the log: loads it into a fresh partition while it verifies the file, and puts it
//! in place in the same transaction. A year that is mounted already stays where it is.

use std::path::Path;

use sqlx::{Connection as _, PgConnection, PgPool};

use super::error::ArchiveError;
use super::format::{ArchivedRow, Header};
use super::note::Archive;
use super::reader::ArchiveReader;
use super::table::{self, Place};
use super::{Progress, STEP, mount};

/// So many bytes of rows are sent at once.
const CHUNK: usize = 256 * 1024;

/// Restores a year as the owner; afterwards everything reads as before it was archived. Blocks the thread
/// while it reads the file.
///
/// # Errors
/// [`ArchiveError`]: then the log is as it was.
pub async fn restore(
    owner: &PgPool,
    path: &Path,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Archive, ArchiveError> {
    let mut connection = owner.acquire().await?.detach();
    let outcome = restore_on(&mut connection, path, progress).await;
    // The session's end gives its lock back.
    drop(connection.close().await);
    outcome
}

async fn restore_on(
    connection: &mut PgConnection,
    path: &Path,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Archive, ArchiveError> {
    let mut file = ArchiveReader::open(path)?;
    let place = table::take(connection).await?;
    let archive = noted_for(&place, file.header(), path)?;
    match place.archives.last() {
        Some(newest) if newest.year > archive.year => return Err(not_newest(&archive, newest)),
        _ => {}
    }
    let mut transaction = connection.begin().await?;
    if archive.mounted_at.is_some() {
        mount::open(&mut transaction, archive.year).await?;
    } else {
        load_year(&mut transaction, (&mut file, path), &archive, progress).await?;
    }
    sqlx::query!("delete from log_archives where year = $1", archive.year)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(archive)
}

/// Years come back to the front.
pub(super) fn not_newest(archive: &Archive, newest: &Archive) -> ArchiveError {
    ArchiveError::NotNewest {
        year: archive.year,
        newest: newest.year,
        file: newest.file.clone(),
    }
}

/// Brings a year's rows into a partition of their own and puts it into its place, if the file is what was noted.
pub(super) async fn load_year(
    transaction: &mut PgConnection,
    (file, path): (&mut ArchiveReader, &Path),
    archive: &Archive,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), ArchiveError> {
    let partition = table::partition(archive.year);
    // An index is made faster over all rows at once, which attaching does.
    sqlx::query(&format!(
        "create table {partition} (like events including defaults including constraints)"
    ))
    .execute(&mut *transaction)
    .await?;
    load(transaction, file, &partition, progress).await?;
    is_noted(file, path, archive)?;
    progress(Progress::Attaching);
    attach(transaction, archive, &partition).await
}

/// Whether a file that was read to its end is the one that was noted.
pub(super) fn is_noted(file: &ArchiveReader, path: &Path, archive: &Archive) -> Result<(), ArchiveError> {
    let found = file.digest().unwrap_or_default();
    if found == archive.sha256 {
        return Ok(());
    }
    Err(ArchiveError::NotTheNoted {
        path: path.display().to_string(),
        year: archive.year,
        found: found.to_owned(),
        noted: archive.sha256.clone(),
        file: archive.file.clone(),
    })
}

/// The note of the file's year.
pub(super) fn noted_for(place: &Place, header: &Header, path: &Path) -> Result<Archive, ArchiveError> {
    let (year, path) = (header.year, path.display().to_string());
    if header.database != place.identity {
        return Err(ArchiveError::OtherDatabase {
            path,
            found: header.database.clone(),
            wanted: place.identity.clone(),
        });
    }
    let noted = place.archives.iter().find(|archive| archive.year == year);
    noted.cloned().ok_or(ArchiveError::NotArchived { path, year })
}

async fn load(
    connection: &mut PgConnection,
    file: &mut ArchiveReader,
    partition: &str,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), ArchiveError> {
    let copy = format!("copy {partition} ({}) from stdin", table::COLUMNS);
    let mut copy = connection.copy_in_raw(&copy).await?;
    let (mut chunk, mut events, of) = (Vec::with_capacity(CHUNK), 0_u64, file.header().events);
    let outcome = loop {
        match file.next_row() {
            Ok(Some(row)) => push(&mut chunk, &row),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        events += 1;
        if chunk.len() >= CHUNK {
            copy.send(chunk.as_slice()).await?;
            chunk.clear();
        }
        if events.is_multiple_of(STEP) || events == of {
            progress(Progress::Loaded { events, of });
        }
    };
    if let Err(error) = outcome {
        drop(copy.abort("the file is not whole").await);
        return Err(error);
    }
    copy.send(chunk.as_slice()).await?;
    copy.finish().await?;
    Ok(())
}

/// A row in the text format of COPY.
fn push(out: &mut Vec<u8>, row: &ArchivedRow) {
    let mut field = |value: Option<&str>| {
        match value {
            None => out.extend_from_slice(b"\\N"),
            Some(value) => {
                for byte in value.bytes() {
                    match byte {
                        b'\\' => out.extend_from_slice(b"\\\\"),
                        b'\n' => out.extend_from_slice(b"\\n"),
                        b'\r' => out.extend_from_slice(b"\\r"),
                        b'\t' => out.extend_from_slice(b"\\t"),
                        other => out.push(other),
                    }
                }
            }
        }
        out.push(b'\t');
    };
    field(Some(&row.position.to_string()));
    field(Some(&row.tenant_id));
    field(Some(&row.aggregate_type));
    field(Some(&row.aggregate_id));
    field(Some(&row.sequence.to_string()));
    field(Some(&row.event_id));
    field(Some(&row.event_type));
    field(Some(&row.event_version));
    field(Some(&row.occurred_at.to_string()));
    field(Some(&row.recorded_at.to_string()));
    field(Some(&row.actor));
    field(row.correlation_id.as_deref());
    field(row.causation_id.as_deref());
    field(Some(&row.payload));
    field(Some(&row.metadata));
    field(Some(&format!("\\x{}", hex::encode(row.hash))));
    if let Some(end) = out.last_mut() {
        *end = b'\n';
    }
}

/// The partition comes into its place, and what was kept at hand goes.
async fn attach(
    connection: &mut PgConnection,
    archive: &Archive,
    partition: &str,
) -> Result<(), ArchiveError> {
    // The lock under which partitions are made.
    sqlx::query!(
        r#"select pg_advisory_xact_lock(hashtext('annals.log_ensure_partition'))::text as "locked""#
    )
    .fetch_one(&mut *connection)
    .await?;
    let (from, to) = (archive.year, archive.year + 1);
    sqlx::query(&format!(
        "alter table events attach partition {partition} \
         for values from ('{from}-01-01 00:00:00+00') to ('{to}-01-01 00:00:00+00')"
    ))
    .execute(&mut *connection)
    .await?;
    sqlx::query("select log_guard_partition($1::regclass)::text")
        .bind(partition)
        .execute(&mut *connection)
        .await?;
    sqlx::query(&format!("analyze {partition}"))
        .execute(&mut *connection)
        .await?;
    let last = i64::try_from(archive.last_position).unwrap_or(i64::MAX);
    let first = i64::try_from(archive.first_position).unwrap_or(i64::MAX);
    sqlx::query!(
        "delete from events_kept where position between $1 and $2",
        first,
        last
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}
