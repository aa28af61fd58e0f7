//! What the database remembers of the years that are in files.

use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use jiff_sqlx::Timestamp as SqlTimestamp;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgDatabaseError;
use sqlx::{PgExecutor, PgPool};

use super::error::ArchiveError;
use crate::error::ReadError;

/// The error code with which `log_at_hand` answers (`migrations/0006_archives.sql`).
const CODE: &str = "ANARC";

/// A year of the log that is in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// The year of recording, in UTC.
    pub year: i32,
    /// The position of its first event.
    pub first_position: u64,
    /// The position of its last event.
    pub last_position: u64,
    /// How many events it has.
    pub events: u64,
    /// The file's size.
    pub bytes: u64,
    /// SHA-256 of the file's lines but the last, in hex; the last line says the same.
    pub sha256: String,
    /// Where the file was written.
    pub file: String,
    /// When.
    pub archived_at: Timestamp,
    /// Since when it is read in the database as well; `None`: it is not mounted.
    #[serde(default)]
    pub mounted_at: Option<Timestamp>,
}

impl Archive {
    /// That this year, being mounted, is in the way.
    pub(super) fn on_top(&self) -> ArchiveError {
        ArchiveError::Mounted {
            year: self.year,
            file: self.file.clone(),
        }
    }
}

/// Archives that a reader would need, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archives(pub Vec<Archive>);

impl Archives {
    /// The years with the names of their files, oldest first; where the files lie is the operator's business.
    #[must_use]
    pub fn by_year(&self) -> String {
        let of = |archive: &Archive| {
            let name = Path::new(&archive.file).file_name();
            format!(
                "{} in {}",
                archive.year,
                name.unwrap_or_default().to_string_lossy()
            )
        };
        self.0.iter().map(of).collect::<Vec<_>>().join(", ")
    }

    /// The archives that a database error speaks of, if it does.
    pub(crate) fn of_error(error: &sqlx::Error) -> Option<Self> {
        let error = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
        if error.code() != CODE {
            return None;
        }
        serde_json::from_str(error.detail()?).ok().map(Self)
    }
}

impl fmt::Display for Archives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(first), Some(last)) = (self.0.first(), self.0.last()) else {
            return f.write_str("its events are in no archive that was noted");
        };
        let (from, to) = (first.first_position, last.last_position);
        write!(f, "positions {from} to {to} are archived (")?;
        for (number, Archive { year, file, .. }) in self.0.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}{year} in {file}")?;
        }
        f.write_str("): read them with ")?;
        for (number, archive) in self.0.iter().rev().enumerate() {
            let then = if number > 0 { ", then " } else { "" };
            write!(f, "{then}`annals archive mount {}`", archive.file)?;
        }
        write!(f, ", or ask for what comes after position {to}")
    }
}

/// All years that are archived, oldest first.
///
/// # Errors
/// [`ReadError::Unavailable`] when the database is away.
pub(crate) async fn archives(pool: &PgPool) -> Result<Vec<Archive>, ReadError> {
    Ok(noted(pool).await?)
}

pub(crate) async fn noted(executor: impl PgExecutor<'_>) -> Result<Vec<Archive>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select year, first_position, last_position, events, bytes, sha256, file,
               archived_at as "archived_at: SqlTimestamp", mounted_at as "mounted_at: SqlTimestamp"
        from log_archives
        order by year
        "#
    )
    .fetch_all(executor)
    .await?;
    let number = |value: i64| u64::try_from(value).unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| Archive {
            year: row.year,
            first_position: number(row.first_position),
            last_position: number(row.last_position),
            events: number(row.events),
            bytes: number(row.bytes),
            sha256: hex::encode(row.sha256),
            file: row.file,
            archived_at: row.archived_at.to_jiff(),
            mounted_at: row.mounted_at.map(SqlTimestamp::to_jiff),
        })
        .collect())
}
