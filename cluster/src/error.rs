//! What can go wrong with a private server, in words for the person at the terminal.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::binaries::{OLDEST_MAJOR, Version};

/// Why there is no private server. Every text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No server programs, or only ones that are too old.
    #[error(
        "there is no PostgreSQL {OLDEST_MAJOR} or newer on this machine{}. Install its server:\n  \
         Debian, Ubuntu:  sudo apt install postgresql\n  \
         Fedora, RHEL:    sudo dnf install postgresql-server\n  \
         macOS:           brew install postgresql@17\n\
         Or give the URL of a running server.",
        too_old.as_ref().map(|v| format!(" (only {v}, which is too old)")).unwrap_or_default()
    )]
    NotInstalled {
        /// The newest of the versions that are too old, if there is one.
        too_old: Option<Version>,
    },

    /// The folder holds a cluster of another major version than the programs found.
    #[error(
        "{} was made by PostgreSQL {made_by}, and this machine has only {found}: install PostgreSQL \
         {made_by}, or move the folder away to begin anew",
        data.display()
    )]
    OtherVersion {
        /// The cluster's folder.
        data: PathBuf,
        /// The major version that made it.
        made_by: u32,
        /// The newest version that was found.
        found: Version,
    },

    /// The account that runs the server on behalf of root may not enter a parent folder.
    #[error(
        "as root, the server runs as the user {user}, who may not enter {}: use a data directory elsewhere \
         (such as /var/lib/annals), or run as another user than root, or allow it with `chmod o+x {}`",
        folder.display(), folder.display()
    )]
    Unreachable {
        /// The account that runs the server.
        user: String,
        /// The first folder from the root down that it may not enter.
        folder: PathBuf,
    },

    /// Root started us, and there is no account to run the server.
    #[error(
        "PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody to run it: \
         start as another user than root"
    )]
    NoAccount,

    /// The folder belongs to somebody else.
    #[error(
        "{} belongs to the user with the id {owner}: run as that user, or use another data directory",
        folder.display()
    )]
    ForeignFolder {
        /// The folder.
        folder: PathBuf,
        /// The id of its owner.
        owner: u32,
    },

    /// No path short enough for a Unix socket was found.
    #[error(
        "the path of the server's socket would be too long, even below {}: name a shorter temporary directory",
        temp_dir.display()
    )]
    SocketPathTooLong {
        /// Where a short folder was to be made.
        temp_dir: PathBuf,
    },

    /// A program could not make the cluster.
    #[error("initdb could not make a cluster in {}:\n{output}", data.display())]
    Initdb {
        /// The folder.
        data: PathBuf,
        /// What initdb said.
        output: String,
    },

    /// The server ended while it was starting.
    #[error("PostgreSQL did not start. The end of {} says:\n{tail}", log.display())]
    NotStarted {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },

    /// The server, or another process that starts it, took too long.
    #[error(
        "PostgreSQL was not {awaited} after {} s. The end of {} says:\n{tail}",
        patience.as_secs(), log.display()
    )]
    TooSlow {
        /// What was waited for.
        awaited: &'static str,
        /// How long it was waited for.
        patience: Duration,
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },

    /// A living process owns the server, and no server is to be seen.
    #[error(
        "another process, perhaps in another container, uses the data directory {} and its server cannot be \
         seen from here: stop that process first",
        data_dir.display()
    )]
    InUse {
        /// The data directory.
        data_dir: PathBuf,
    },

    /// Nothing runs in that data directory.
    #[error("no server runs in {}: start one with `annals up`", data_dir.display())]
    NotRunning {
        /// The data directory.
        data_dir: PathBuf,
    },

    /// The operating system refused.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What it answered.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err` at an I/O call: names the action and the path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
