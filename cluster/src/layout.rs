//! Where the files of a private server lie.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::account::Account;
use crate::error::Error;

/// How often a state is looked at while it is waited for.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// The paths below one data directory.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The data directory as the caller named it, made absolute.
    pub(crate) data_dir: PathBuf,
    /// The server's own folder in it; the socket lies here.
    pub(crate) folder: PathBuf,
    /// The cluster, `PGDATA`.
    pub(crate) data: PathBuf,
    /// The server's log.
    pub(crate) log: PathBuf,
}

impl Layout {
    /// The layout below an existing data directory.
    pub(crate) fn of(data_dir: &Path) -> Result<Self, Error> {
        let data_dir = data_dir
            .canonicalize()
            .map_err(Error::io("cannot find the data directory", data_dir))?;
        let folder = data_dir.join("postgres");
        Ok(Self {
            data: folder.join("data"),
            log: folder.join("server.log"),
            folder,
            data_dir,
        })
    }

    /// Makes the data directory and the server's folder in it, and chooses who runs the server.
    pub(crate) fn make(data_dir: &Path) -> Result<(Self, Account), Error> {
        fs::create_dir_all(data_dir).map_err(Error::io("cannot make the data directory", data_dir))?;
        let layout = Self::of(data_dir)?;
        let account = Account::choose(&layout.folder)?;
        account.can_reach(&layout.data_dir)?;
        account.private_folder(&layout.folder)?;
        Ok((layout, account))
    }

    /// Waits for the lock that one starter at a time holds.
    pub(crate) async fn lock_start(&self, patience: Duration) -> Result<File, Error> {
        let path = self.folder.join("start.lock");
        let file = open_lock(&path)?;
        let deadline = Instant::now() + patience;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(Error::io("cannot lock", &path)(error)),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(self.too_slow("started by another process", patience));
                }
            }
        }
    }

    /// Takes the lock of the process that will stop the server, unless a living process holds it.
    pub(crate) fn try_own(&self) -> Result<Option<File>, Error> {
        let path = self.folder.join("owner.lock");
        let file = open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::io("cannot lock", &path)(error)),
        }
    }

    /// The major version that made the cluster; `None` if there is no cluster yet.
    pub(crate) fn made_by(&self) -> Result<Option<u32>, Error> {
        let path = self.data.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("cannot read", &path)(error)),
        }
    }

    /// Begins a new log and keeps the one before.
    pub(crate) fn new_log(&self) -> Result<File, Error> {
        let _ = fs::rename(&self.log, self.folder.join("server.log.old"));
        File::create_new(&self.log).map_err(Error::io("cannot write", &self.log))
    }

    /// The last lines of the log.
    pub(crate) fn log_tail(&self) -> String {
        let read = || {
            let mut file = File::open(&self.log)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(4096)))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            std::io::Result::Ok(bytes)
        };
        let bytes = read().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    pub(crate) fn too_slow(&self, awaited: &'static str, patience: Duration) -> Error {
        Error::TooSlow {
            awaited,
            patience,
            log: self.log.clone(),
            tail: self.log_tail(),
        }
    }
}

fn open_lock(path: &Path) -> Result<File, Error> {
    let no_symlink = OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = File::options();
    options
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(no_symlink);
    options.open(path).map_err(Error::io("cannot open", path))
}
