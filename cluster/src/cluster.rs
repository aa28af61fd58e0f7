//! The life of a private server.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::account::Account;
use crate::error::Error;
use crate::layout::{Layout, TICK};
use crate::options::{Lifetime, Options};
use crate::pid_file::{self, PidFile, State};
use crate::server::{self, Process};
use crate::socket;
use crate::watchdog::Watchdog;

/// How long a process that was told to stop may take.
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// How long a process may own a server that is not to be seen: it is about to let go of one that ended.
const OWNER_PATIENCE: Duration = Duration::from_secs(3);

/// A running private server.
///
/// It has one owner: the process that started it or, when that was killed, the next one that starts it. Only
/// the owner stops it. Dropping an owner's `Cluster` tells the server to stop and does not wait for it.
#[derive(Debug)]
pub struct Cluster {
    layout: Layout,
    socket_dir: PathBuf,
    pid: u32,
    started_here: bool,
    owned: Option<Owned>,
}

/// What only the owner has.
#[derive(Debug)]
struct Owned {
    process: Process,
    watchdog: Option<Watchdog>,
    _lock: File,
}

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Open transactions are rolled back, and everything is written: the next start is quick.
    Fast,
    /// Like a crash: the next start recovers from the write-ahead log.
    Immediate,
}

impl Cluster {
    /// Starts the server, or takes one that runs already.
    ///
    /// # Errors
    /// Every [`Error`]: each says what is wrong and what to do.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let (layout, account) = Layout::make(&options.data_dir)?;
        let _starting = layout.lock_start(options.patience).await?;
        let begun = Instant::now();
        let mut last_seen = begun;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = ticks.tick().await;
            let lock = layout.try_own()?;
            match (pid_file::state(&layout.data), lock) {
                (State::Ready(file), lock) => return Self::reuse(layout, file, lock, &options),
                (State::Absent | State::Stale, Some(lock)) => {
                    return Self::launch(layout, &account, lock, &options).await;
                }
                (State::Absent | State::Stale, None) if now > last_seen + OWNER_PATIENCE => {
                    return Err(Error::InUse {
                        data_dir: layout.data_dir,
                    });
                }
                (State::Absent | State::Stale, None) => {}
                (State::Busy(_), _) if now > begun + options.patience => {
                    return Err(layout.too_slow("ready", options.patience));
                }
                (State::Busy(_), _) => last_seen = now,
            }
        }
    }

    /// Uses the server that runs in `data_dir`, and never stops it.
    ///
    /// # Errors
    /// [`Error::NotRunning`] if none accepts connections there.
    pub async fn attach(data_dir: &Path) -> Result<Self, Error> {
        let not_running = || Error::NotRunning {
            data_dir: data_dir.to_owned(),
        };
        let layout = Layout::of(data_dir).map_err(|_| not_running())?;
        let data = layout.data.clone();
        let state = tokio::task::spawn_blocking(move || pid_file::state(&data)).await;
        match state {
            Ok(State::Ready(file)) => Ok(Self::new(layout, &file, None)),
            _ => Err(not_running()),
        }
    }

    /// Whether this call started the server; `false` if it ran already.
    #[must_use]
    pub fn started_here(&self) -> bool {
        self.started_here
    }

    /// Whether [`stop`](Self::stop) stops the server: this process started it, or took it over from one that
    /// is gone.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.owned.is_some()
    }

    /// The folder that holds the server's socket: the `host` of a connection.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The server's log.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.layout.log
    }

    /// The id of the server's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The URL of a database on this server, for its superuser: `postgres://postgres@localhost:5432/annals?host=...`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_as("postgres", database)
    }

    /// The URL of a database on this server for another role.
    #[must_use]
    pub fn url_as(&self, role: &str, database: &str) -> String {
        socket::url(&self.socket_dir, role, database)
    }

    /// Stops the server and waits for its end; does nothing if another process owns it.
    ///
    /// # Errors
    /// [`Error::TooSlow`] if it does not end within a minute.
    pub async fn stop(mut self, shutdown: Shutdown) -> Result<(), Error> {
        let Some(owned) = &mut self.owned else {
            return Ok(());
        };
        owned.process.signal(match shutdown {
            Shutdown::Fast => Signal::INT,
            Shutdown::Immediate => Signal::QUIT,
        });
        let deadline = Instant::now() + STOP_PATIENCE;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !owned.process.has_ended() {
            if Instant::now() > deadline {
                return Err(self.layout.too_slow("stopped", STOP_PATIENCE));
            }
            ticks.tick().await;
        }
        if self.socket_dir != self.layout.folder {
            let _ = std::fs::remove_dir(&self.socket_dir);
        }
        Ok(())
    }

    /// Lets go of the server as a killed process does: without telling it.
    #[cfg(test)]
    pub(crate) fn forget(mut self) {
        self.owned = None;
    }

    async fn launch(layout: Layout, account: &Account, lock: File, options: &Options) -> Result<Self, Error> {
        let socket_dir = socket::choose_folder(&layout, account, &options.temp_dir)?;
        let watchdog = watchdog(&layout, &socket_dir, options)?;
        let process = server::start(&layout, account, &socket_dir, options).await?;
        let pid = process.pid.as_raw_nonzero().get().unsigned_abs();
        let owned = Some(Owned {
            process,
            watchdog,
            _lock: lock,
        });
        Ok(Self {
            layout,
            socket_dir,
            pid,
            started_here: true,
            owned,
        })
    }

    fn reuse(layout: Layout, file: PidFile, lock: Option<File>, options: &Options) -> Result<Self, Error> {
        let owned = match lock {
            None => None,
            Some(lock) => Some(Owned {
                process: Process::adopted(file.pid, &layout),
                watchdog: watchdog(&layout, &file.socket_dir, options)?,
                _lock: lock,
            }),
        };
        Ok(Self::new(layout, &file, owned))
    }

    fn new(layout: Layout, file: &PidFile, owned: Option<Owned>) -> Self {
        let pid = file.pid.as_raw_nonzero().get().unsigned_abs();
        Self {
            layout,
            socket_dir: file.socket_dir.clone(),
            pid,
            started_here: false,
            owned,
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(Owned {
            process,
            watchdog: None,
            ..
        }) = &mut self.owned
        {
            process.signal(Signal::INT);
        }
    }
}

fn watchdog(layout: &Layout, socket_dir: &Path, options: &Options) -> Result<Option<Watchdog>, Error> {
    match options.lifetime {
        Lifetime::UntilStopped => Ok(None),
        Lifetime::Throwaway => Watchdog::spawn(layout, socket_dir).map(Some),
    }
}
