//! Holds what the database says of its archives against the tree, and if asked the files as well: else whoever removes
//! rows could say that they are in an archive.

use std::collections::BTreeSet;
use std::path::Path;

use jiff_sqlx::Timestamp as SqlTimestamp;
use sqlx::PgConnection;

use super::finding::{Audited, Finding, Trace};
use crate::archive::{Archive, ArchiveReader, noted};
use crate::seal::checkpoint::Trusted;
use crate::seal::error::SealError;
use crate::seal::leaf::Leaf;
use crate::seal::lookup::find;
use crate::seal::tables::number;

/// What was found: of whose part, of which year, and what.
type Found = Vec<(Option<String>, i32, String)>;

/// Whether archives are read in their files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ArchiveFiles {
    /// They are left alone; how many events they have is told.
    #[default]
    Leave,
    /// They are read where they were noted.
    Read,
}

/// Audits the archives that are noted.
pub(super) async fn archives(
    connection: &mut PgConnection,
    (files, trusted): (ArchiveFiles, &Trusted),
    tenants: &[String],
    audited: &mut Audited,
) -> Result<(), SealError> {
    let noted = noted(&mut *connection).await?;
    let mut found = Vec::new();
    let mut before = 0;
    for archive in &noted {
        if archive.first_position != before + 1 {
            let what = format!(
                "it begins at position {}, and the one before ends at {before}",
                archive.first_position
            );
            found.push((None, archive.year, what));
        }
        before = archive.last_position;
        if files == ArchiveFiles::Read
            && let Err(what) = read(archive, trusted)
        {
            found.push((None, archive.year, what));
        }
    }
    kept(connection, &mut found).await?;
    let told = last_leaves(connection, &mut found).await?;
    for tenant in tenants {
        untold(connection, (tenant, &noted), &told, &mut found).await?;
    }
    let findings = found.into_iter().map(|(tenant, year, what)| Finding {
        tenant,
        trace: Trace::Archive { year, what },
    });
    audited.findings.extend(findings);
    Ok(())
}

/// What is wrong with an archive's file.
fn read(archive: &Archive, trusted: &Trusted) -> Result<(), String> {
    let mut file = ArchiveReader::open(Path::new(&archive.file)).map_err(|error| error.to_string())?;
    let header = file.header();
    let said = (header.year, header.first_position, header.last_position);
    let path = &archive.file;
    if said != (archive.year, archive.first_position, archive.last_position) {
        let (year, first, last) = said;
        return Err(format!("{path} has {year}, positions {first} to {last}"));
    }
    while file.next_row().map_err(|error| error.to_string())?.is_some() {}
    if file.digest() != Some(archive.sha256.as_str()) {
        return Err(format!("{path} is not the file that was noted"));
    }
    match file.trees() {
        Some(trees) => match trees.signed(trusted) {
            Ok(_) => Ok(()),
            Err(invalid) => Err(format!("{path}: {invalid}")),
        },
        // One without proofs is what was noted, which is all that can be said of it.
        None => Ok(()),
    }
}

/// What stays at hand of archived years is as much as when they left; whether it is the same, each row says.
async fn kept(connection: &mut PgConnection, found: &mut Found) -> Result<(), SealError> {
    let rows = sqlx::query!(
        r#"
        select a.year, a.kept as "noted!", k.events as "there!"
        from log_archives a
        cross join lateral (
            select count(*) as events from events_kept k where k.position between a.first_position and a.last_position
        ) k
        where a.mounted_at is null and a.kept <> k.events
        order by a.year
        "#
    )
    .fetch_all(connection)
    .await?;
    for row in rows {
        let what = format!(
            "{} of its events were kept at hand, and {} are there",
            row.noted, row.there
        );
        found.push((None, row.year, what));
    }
    Ok(())
}

/// Whose events an archive is noted to have, as far as the tree says otherwise: who is not named is told that his log is
/// whole without it.
async fn untold(
    connection: &mut PgConnection,
    (tenant, noted): (&str, &[Archive]),
    told: &BTreeSet<(String, i32)>,
    found: &mut Found,
) -> Result<(), SealError> {
    let Ok(id) = tenant.parse() else {
        return Ok(());
    };
    for archive in noted {
        let last = find(connection, id, archive.last_position).await?;
        let has = last.is_some_and(|(_, (position, _))| position >= archive.first_position);
        let what = match (has, told.contains(&(tenant.to_owned(), archive.year))) {
            (true, false) => "it has events of the tenant, and is not noted to",
            (false, true) => "it is noted to have events of the tenant, and has none",
            (true, true) | (false, false) => continue,
        };
        found.push((Some(tenant.to_owned()), archive.year, what.to_owned()));
    }
    Ok(())
}

/// The leaves that archives left behind are those of the tree. Gives whose events are noted to be in which year.
async fn last_leaves(
    connection: &mut PgConnection,
    found: &mut Found,
) -> Result<BTreeSet<(String, i32)>, SealError> {
    let rows = sqlx::query!(
        r#"
        select tenant_id, year, last_position, last_sequence, last_recorded_at as "last_recorded_at: SqlTimestamp",
               last_content
        from log_archive_tenants
        order by tenant_id, year
        "#
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut told = BTreeSet::new();
    for row in rows {
        told.insert((row.tenant_id.clone(), row.year));
        let left = row.last_position.zip(row.last_sequence);
        let left = left.zip(row.last_recorded_at).zip(row.last_content);
        // One that was written before leaves were left behind has none.
        let Some((((position, sequence), recorded_at), content)) = left else {
            continue;
        };
        let leaf = Leaf {
            position: number(position),
            sequence: number(sequence),
            recorded_at: recorded_at.to_jiff(),
            content: content.try_into().unwrap_or_default(),
        };
        let sealed = match row.tenant_id.parse() {
            Ok(tenant) => find(connection, tenant, leaf.position).await?,
            Err(_) => None,
        };
        if sealed.map(|(_, sealed)| sealed) != Some((leaf.position, leaf.hash())) {
            let what = format!("its last leaf, at position {}, is not in the tree", leaf.position);
            found.push((Some(row.tenant_id), row.year, what));
        }
    }
    Ok(told)
}
