//! Holds what the database says of its archives against the tree, and if asked the files as well: else whoever removes
//! rows could say that they are in an archive.

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
    last_leaves(connection, &mut found).await?;
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

/// The leaves that archives left behind are those of the tree.
async fn last_leaves(
    connection: &mut PgConnection,
    found: &mut Vec<(Option<String>, i32, String)>,
) -> Result<(), SealError> {
    let rows = sqlx::query!(
        r#"
        select tenant_id, year, last_position as "position!", last_sequence as "sequence!",
               last_recorded_at as "recorded_at!: SqlTimestamp", last_content as "content!"
        from log_archive_tenants
        where last_position is not null
        order by tenant_id, year
        "#
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let leaf = Leaf {
            position: number(row.position),
            sequence: number(row.sequence),
            recorded_at: row.recorded_at.to_jiff(),
            content: row.content.try_into().unwrap_or_default(),
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
    Ok(())
}
