//! Why a year was not archived, restored or read.

use std::io;

use domain::TenantId;

use crate::error::ReadError;
use crate::seal::{Invalid, SealError};

/// Why an archive's work ended; what it had begun is undone, or goes on when it is asked again.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file is not what it should be.
    #[error("{path}: {damage}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong with it.
        damage: Damage,
    },
    /// Only the owner may take events out of the log.
    #[error("the database's user {user} does not own the log: connect as the role that runs the migrations")]
    NotOwner {
        /// Who asked.
        user: String,
    },
    /// Events may still be recorded in this year.
    #[error("{year} is not over: only a past year can be archived")]
    NotOver {
        /// The year asked for.
        year: i32,
    },
    /// Years leave from the front.
    #[error(
        "{year} can't be archived before {first}: years are archived from the first on, so archive {first} first"
    )]
    NotFirst {
        /// The year asked for.
        year: i32,
        /// The first one in the log.
        first: i32,
    },
    /// What leaves before it is sealed stops the sealer.
    #[error(
        "{year} is not sealed yet: the log is sealed up to position {sealed}, and the year ends at {last}; let a sealer \
         run first (`annals up`, or `annals serve --role sealer`)"
    )]
    NotSealed {
        /// The year asked for.
        year: i32,
        /// Up to where the log is sealed.
        sealed: u64,
        /// The year's last position.
        last: u64,
    },
    /// Nothing was recorded in this year.
    #[error("the log has no events of {year}")]
    Nothing {
        /// The year asked for.
        year: i32,
    },
    /// The year is in another file already.
    #[error("{year} is archived already, in {file}")]
    ArchivedElsewhere {
        /// The year asked for.
        year: i32,
        /// Where it is.
        file: String,
    },
    /// The file does not hold what the table holds.
    #[error(
        "{path} differs from the table at position {position}: nothing was taken out of the log; write to another file"
    )]
    Differs {
        /// Which file.
        path: String,
        /// Where they part.
        position: u64,
    },
    /// The table itself is not what the log writes.
    #[error("the events of {year} are not whole: {reason}; nothing was taken out of the log")]
    Broken {
        /// The year asked for.
        year: i32,
        /// What is wrong.
        reason: String,
    },
    /// The tenants' events can't be proven.
    #[error("the events of {year} can't be proven: {source}; nothing was taken out of the log")]
    Unproven {
        /// The year asked for.
        year: i32,
        /// Why.
        source: Box<SealError>,
    },
    /// The file's proofs are not signed by a key of this log.
    #[error("{path}: its proofs are not signed by this log: {source}")]
    Unsigned {
        /// Which file.
        path: String,
        /// What is wrong.
        source: Box<Invalid>,
    },
    /// A mounted year is on top of it.
    #[error("{year} is mounted: `annals archive unmount {file}` first")]
    Mounted {
        /// The mounted year.
        year: i32,
        /// Its file.
        file: String,
    },
    /// There is nothing to unmount.
    #[error("{path}: {year} is not mounted")]
    NotMounted {
        /// Which file.
        path: String,
        /// Its year.
        year: i32,
    },
    /// The tenant has nothing in the archive.
    #[error("{path} has no events of the tenant {tenant}, or no proofs")]
    NoTenant {
        /// Which file.
        path: String,
        /// Who was asked for.
        tenant: TenantId,
    },
    /// The file comes from another database.
    #[error("{path} is an archive of the database {found}, and this one is {wanted}")]
    OtherDatabase {
        /// Which file.
        path: String,
        /// Whose it is.
        found: String,
        /// Who this is.
        wanted: String,
    },
    /// There is nothing to bring back.
    #[error("{path}: {year} is in the log: it was restored before, or never archived")]
    NotArchived {
        /// Which file.
        path: String,
        /// Its year.
        year: i32,
    },
    /// It is an archive of this year, but not the one that was noted.
    #[error(
        "{path} is not the archive of {year} that was noted (SHA-256 {found}, noted {noted}, once at {file})"
    )]
    NotTheNoted {
        /// Which file.
        path: String,
        /// Its year.
        year: i32,
        /// The file's digest.
        found: String,
        /// The noted digest.
        noted: String,
        /// Where the noted one was written.
        file: String,
    },
    /// Years come back to the front.
    #[error("{year} can't come back before {newest}: {file} first")]
    NotNewest {
        /// The year asked for.
        year: i32,
        /// The newest one that is archived.
        newest: i32,
        /// Its file.
        file: String,
    },
    /// Somebody holds what the work needs.
    #[error("the log is in use ({reason}): nothing was changed; try again")]
    Busy {
        /// By whom or how.
        reason: String,
    },
    /// An event that this program does not understand, or the database is away.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<sqlx::Error> for ArchiveError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        if code.is_some_and(|code| code == "55P03") {
            return Self::Busy {
                reason: "its lock was not given in time".to_owned(),
            };
        }
        Self::Read(error.into())
    }
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It can't be opened, read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It does not begin as an archive does.
    #[error("this is no archive of Annals: {reason}")]
    NotAnArchive {
        /// What was found.
        reason: String,
    },
    /// A format of another version of the program.
    #[error("the archive's format is version {version}: this program reads up to version 2")]
    Version {
        /// The version found.
        version: u32,
    },
    /// It ends too early.
    #[error("the file is truncated: it ends {place}")]
    Truncated {
        /// Where.
        place: String,
    },
    /// Its bytes do not unpack, or are no row.
    #[error("the file is damaged after position {after}: {reason}")]
    Unreadable {
        /// The last position read.
        after: u64,
        /// What is wrong.
        reason: String,
    },
    /// An event is missing or out of order.
    #[error("the file was changed: position {after} is followed by {found}")]
    Gap {
        /// The last position read.
        after: u64,
        /// The next one.
        found: u64,
    },
    /// What is there is not what was sealed of a tenant.
    #[error("the proof of tenant {tenant} does not hold: {source}")]
    Proof {
        /// Whose.
        tenant: String,
        /// Why.
        source: Box<Invalid>,
    },
    /// A line that proves nothing.
    #[error("the file was changed: {0}")]
    NoProof(Box<Invalid>),
    /// An event of another year.
    #[error("the file was changed: the event at position {position} was not recorded in {year}")]
    OtherYear {
        /// Which event.
        position: u64,
        /// The archive's year.
        year: i32,
    },
    /// An event says something else than it did.
    #[error("the file was changed: the event at position {position} does not match its hash")]
    Hash {
        /// Which event.
        position: u64,
    },
    /// The lines are not those that were written.
    #[error("the file was changed: its lines have the SHA-256 {found}, and its last line says {said}")]
    Digest {
        /// What was computed.
        found: String,
        /// What the file says.
        said: String,
    },
    /// There is more than there should be.
    #[error("the file was changed: something follows its last line")]
    Trailing,
}

impl Damage {
    /// The error of this file.
    pub(super) fn of(self, path: &std::path::Path) -> ArchiveError {
        ArchiveError::File {
            path: path.display().to_string(),
            damage: self,
        }
    }
}
