//! Takes a year out of the log: closes it, writes and verifies the file, and lets the partition go.

use std::path::{Path, PathBuf};

use domain::TenantId;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx as _};
use sqlx::{Connection as _, PgConnection, PgPool};

use super::error::ArchiveError;
use super::format::{Header, VERSION};
use super::note::Archive;
use super::table::{self, Place};
use super::{Progress, reader::ArchiveReader, writer};
use crate::ambient::Ambient;
use crate::seal::{SealError, SealKeys, Trusted, proof_lines};

/// How often the lock of the log is asked for, two seconds each.
const TRIES: u32 = 10;

/// Which year goes where.
#[derive(Clone, Debug)]
pub struct ArchiveOrder {
    /// The year of recording, in UTC.
    pub year: i32,
    /// The file to write.
    pub to: PathBuf,
    /// Types of aggregates whose streams stay at hand: those that are asked for all the time.
    pub keep: Vec<&'static str>,
}

/// Archives a year as the owner. Killed at any moment, it leaves the partition whole or the archive noted,
/// and asked again it finishes; a year that is in this file already is no error. Blocks the thread while it
/// writes and reads the file.
///
/// # Errors
/// [`ArchiveError`]: then the log is as it was.
pub async fn archive(
    owner: &PgPool,
    ambient: &Ambient,
    order: &ArchiveOrder,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Archive, ArchiveError> {
    let mut connection = owner.acquire().await?.detach();
    let outcome = archive_on(&mut connection, ambient, order, progress).await;
    // The session's end gives its lock back.
    drop(connection.close().await);
    outcome
}

async fn archive_on(
    connection: &mut PgConnection,
    ambient: &Ambient,
    order: &ArchiveOrder,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Archive, ArchiveError> {
    let (year, path) = (order.year, order.to.as_path());
    let place = table::take(connection).await?;
    if let Some(archived) = place.archives.iter().find(|archive| archive.year == year) {
        return already(archived, path);
    }
    let now = ambient.now();
    if year >= i32::from(now.to_zoned(jiff::tz::TimeZone::UTC).year()) {
        return Err(ArchiveError::NotOver { year });
    }
    if let Some(mounted) = place.archives.iter().find(|archive| archive.mounted_at.is_some()) {
        return Err(mounted.on_top());
    }
    let mut header = first_year(connection, &place, year).await?;
    let sealed = sqlx::query_scalar!("select position from seal_head")
        .fetch_optional(&mut *connection)
        .await?;
    let sealed = sealed.and_then(|at| u64::try_from(at).ok()).unwrap_or_default();
    if sealed < header.last_position {
        return Err(ArchiveError::NotSealed {
            year,
            sealed,
            last: header.last_position,
        });
    }
    sqlx::query!(r#"select log_close_year($1)::text as "closed""#, year)
        .fetch_one(&mut *connection)
        .await?;

    let (proofs, trusted) = prove(connection, &header).await?;
    header.tenants = proofs.len() as u64;
    // A file that is there was written before a crash, or is something else: it is held against the table.
    if !path.exists() {
        writer::write(connection, (&header, &proofs), path, progress).await?;
    }
    let sha256 = writer::verify(connection, (&header, &trusted), path, progress).await?;
    progress(Progress::Detaching);
    let of_file = |error: std::io::Error| super::Damage::from(error).of(path);
    let archive = Archive {
        year,
        first_position: header.first_position,
        last_position: header.last_position,
        events: header.events,
        bytes: path.metadata().map_err(of_file)?.len(),
        sha256,
        file: path.canonicalize().map_err(of_file)?.display().to_string(),
        archived_at: now,
        mounted_at: None,
    };
    let leaving = Leaving::ForTheFirstTime;
    detach(connection, &archive, (&order.keep, leaving)).await?;
    Ok(archive)
}

/// The proofs of the year's tenants, and by whom they are signed.
async fn prove(
    connection: &mut PgConnection,
    header: &Header,
) -> Result<(Vec<String>, Trusted), ArchiveError> {
    let year = header.year;
    let unproven = |source: SealError| match source {
        SealError::Read(error) => ArchiveError::Read(error),
        source => ArchiveError::Unproven {
            year,
            source: Box::new(source),
        },
    };
    let begin = "begin isolation level repeatable read read only";
    let mut transaction = connection.begin_with(begin).await?;
    let keys = SealKeys::read(&mut transaction).await.map_err(unproven)?;
    let keys = keys.ok_or_else(|| unproven(SealError::NothingSealed))?;
    let ids = format!(
        "select distinct tenant_id from {} order by 1",
        table::partition(year)
    );
    let ids: Vec<String> = sqlx::query_scalar(&ids).fetch_all(&mut *transaction).await?;
    let tenants = ids.iter().map(|id| {
        id.parse().map_err(|_| ArchiveError::Broken {
            year,
            reason: format!("{id:?} is no tenant's id"),
        })
    });
    let tenants = tenants.collect::<Result<Vec<TenantId>, _>>()?;
    let range = (header.first_position - 1, header.last_position);
    let lines = proof_lines(&mut transaction, &tenants, range)
        .await
        .map_err(unproven)?;
    transaction.rollback().await?;
    Ok((lines, keys.trusted()))
}

/// The year was archived before: that is fine if it is this file.
fn already(archived: &Archive, path: &Path) -> Result<Archive, ArchiveError> {
    let elsewhere = || ArchiveError::ArchivedElsewhere {
        year: archived.year,
        file: archived.file.clone(),
    };
    if !path.exists() {
        return Err(elsewhere());
    }
    let mut file = ArchiveReader::open(path)?;
    while file.next_row()?.is_some() {}
    if file.digest() == Some(archived.sha256.as_str()) {
        return Ok(archived.clone());
    }
    Err(elsewhere())
}

/// What the file will say of itself, if the year is the first in the log, and whole.
async fn first_year(connection: &mut PgConnection, place: &Place, year: i32) -> Result<Header, ArchiveError> {
    for &first in place.years.iter().filter(|there| **there <= year) {
        let Some((first_position, last_position, events)) = table::extent(connection, first).await? else {
            continue;
        };
        if first < year {
            return Err(ArchiveError::NotFirst { year, first });
        }
        let before = place.archives.last().map_or(0, |archive| archive.last_position);
        if first_position != before + 1 || last_position - before != events {
            let reason = format!(
                "{events} events at the positions {first_position} to {last_position}, after {before}"
            );
            return Err(ArchiveError::Broken { year, reason });
        }
        return Ok(Header {
            annals_archive: VERSION,
            database: place.identity.clone(),
            year,
            first_position,
            last_position,
            events,
            tenants: 0,
        });
    }
    Err(ArchiveError::Nothing { year })
}

/// How a year leaves the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// It is noted now.
    ForTheFirstTime,
    /// It was mounted, and its note is there.
    Unmounted,
}

/// Lets a year's partition go, asking again for the lock of the log.
pub(super) async fn detach(
    connection: &mut PgConnection,
    archive: &Archive,
    how: (&[&'static str], Leaving),
) -> Result<(), ArchiveError> {
    let mut tries = 1;
    loop {
        match detach_once(connection, archive, how).await {
            Err(error) if tries < TRIES && is_lock_timeout(&error) => tries += 1,
            other => return other,
        }
    }
}

/// The one moment: the partition goes, the note and what stays at hand come.
async fn detach_once(
    connection: &mut PgConnection,
    archive: &Archive,
    (keep, leaving): (&[&'static str], Leaving),
) -> Result<(), ArchiveError> {
    let partition = table::partition(archive.year);
    let mut transaction = connection.begin().await?;
    // Who waits for this lock makes others wait behind it, so it does not wait long.
    sqlx::query!(r#"select set_config('lock_timeout', '2s', true) as "set""#)
        .fetch_one(&mut *transaction)
        .await?;
    let kept = format!(
        "insert into events_kept ({columns}) select {columns} from {partition} where aggregate_type = any($1)",
        columns = table::COLUMNS
    );
    let kept = sqlx::query(&kept).bind(keep).execute(&mut *transaction).await?;
    let kept = i64::try_from(kept.rows_affected()).unwrap_or(i64::MAX);
    match leaving {
        Leaving::ForTheFirstTime => note(&mut transaction, (archive, kept), &partition).await?,
        Leaving::Unmounted => {
            sqlx::query!(
                "update log_archives set mounted_at = null, file = $2, kept = $3 where year = $1",
                archive.year,
                archive.file,
                kept
            )
            .execute(&mut *transaction)
            .await?;
        }
    }
    // From here on nobody reads or appends until it is done.
    for statement in [
        format!("alter table events detach partition {partition}"),
        format!("drop table {partition}"),
    ] {
        sqlx::query(&statement).execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}

/// Notes where the year is from now on, how many of its events are kept at hand, whose events it has, and each tenant's last
/// leaf.
async fn note(
    connection: &mut PgConnection,
    (archive, kept): (&Archive, i64),
    partition: &str,
) -> Result<(), ArchiveError> {
    let position = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    sqlx::query!(
        "insert into log_archives (year, first_position, last_position, events, bytes, sha256, file, archived_at, kept)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        archive.year,
        position(archive.first_position),
        position(archive.last_position),
        position(archive.events),
        position(archive.bytes),
        hex::decode(&archive.sha256).unwrap_or_default(),
        archive.file,
        archive.archived_at.to_sqlx() as SqlTimestamp,
        kept,
    )
    .execute(&mut *connection)
    .await?;
    let tenants = format!(
        "insert into log_archive_tenants \
         (tenant_id, year, last_position, last_sequence, last_recorded_at, last_content) \
         select distinct on (tenant_id) tenant_id, $1::int, position, sequence, recorded_at, hash \
         from {partition} order by tenant_id, position desc"
    );
    sqlx::query(&tenants)
        .bind(archive.year)
        .execute(connection)
        .await?;
    Ok(())
}

fn is_lock_timeout(error: &ArchiveError) -> bool {
    matches!(error, ArchiveError::Busy { .. })
}
