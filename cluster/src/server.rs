//! The server's process: made by initdb, spawned, waited for and signalled.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use std::os::unix::process::CommandExt;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::account::Account;
use crate::binaries::Installation;
use crate::error::Error;
use crate::layout::{Layout, TICK};
use crate::options::{Durability, Options};
use crate::pid_file::{self, PidFile, State};
use crate::socket;

/// What a new server says while processes of a killed one are still ending.
const PREDECESSOR: &str = "pre-existing shared memory block";

/// A running server.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: Pid,
    data: PathBuf,
    /// Set if this process is the server's parent, and must notice its end.
    child: Option<Child>,
}

impl Process {
    /// The server that another process, gone since, had started.
    pub(crate) fn adopted(pid: Pid, layout: &Layout) -> Self {
        Self {
            pid,
            data: layout.data.clone(),
            child: None,
        }
    }

    /// Whether the server has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        match &mut self.child {
            Some(child) => !matches!(child.try_wait(), Ok(None)),
            None => !pid_file::is_alive(self.pid) || !pid_file::is_postmaster(self.pid, &self.data),
        }
    }

    /// Sends a signal, if the server still runs.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if !self.has_ended()
            && let Err(error) = kill_process(self.pid, signal)
        {
            tracing::warn!(%error, pid = %self.pid, "the database server could not be signalled");
        }
    }
}

/// Starts the server of a cluster that does not run, and makes the cluster first if there is none.
pub(crate) async fn start(
    layout: &Layout,
    account: &Account,
    socket_dir: &Path,
    options: &Options,
) -> Result<Process, Error> {
    let installation = match layout.made_by()? {
        None => {
            let newest = options.binaries.newest();
            initdb(layout, account, newest).await?;
            newest
        }
        Some(major) => options
            .binaries
            .of_major(major)
            .ok_or_else(|| Error::OtherVersion {
                data: layout.data.clone(),
                made_by: major,
                found: options.binaries.version(),
            })?,
    };
    if pid_file::state(&layout.data) == State::Stale {
        remove_stale_files(layout, socket_dir)?;
    }

    let deadline = Instant::now() + options.patience;
    let mut attempts = interval(Duration::from_millis(50));
    attempts.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        attempts.tick().await;
        let mut process = spawn(layout, account, installation, &settings(options, socket_dir))?;
        match wait_until_ready(&mut process, layout, deadline, options.patience).await {
            Err(Error::NotStarted { tail, .. })
                if tail.contains(PREDECESSOR) && Instant::now() < deadline => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(process),
        }
    }
}

/// Makes the cluster in a folder beside, and moves it into place when it is whole.
async fn initdb(layout: &Layout, account: &Account, installation: &Installation) -> Result<(), Error> {
    let unfinished = layout.folder.join("data.new");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).map_err(Error::io("cannot remove", &unfinished))?;
    }
    let mut command = command(&installation.program("initdb"), layout, account);
    command
        .args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
        ])
        .args(["--no-sync", "--no-instructions", "--pgdata"])
        .arg(&unfinished);
    let output = tokio::process::Command::from(command)
        .output()
        .await
        .map_err(Error::io("cannot run", &installation.program("initdb")))?;
    if !output.status.success() {
        let output = [output.stdout, output.stderr].concat();
        let output = String::from_utf8_lossy(&output).trim().to_owned();
        return Err(Error::Initdb {
            data: layout.data.clone(),
            output,
        });
    }
    std::fs::rename(&unfinished, &layout.data).map_err(Error::io("cannot move into place", &layout.data))
}

fn spawn(
    layout: &Layout,
    account: &Account,
    installation: &Installation,
    settings: &[(String, String)],
) -> Result<Process, Error> {
    let program = installation.program("postgres");
    let log = layout.new_log()?;
    let also_log = log.try_clone().map_err(Error::io("cannot write", &layout.log))?;
    let mut command = command(&program, layout, account);
    command.arg("-D").arg(&layout.data).stdout(log).stderr(also_log);
    for (name, value) in settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    // A group of its own, so that Ctrl-C at the terminal reaches the program, which stops the server last.
    let child = command
        .process_group(0)
        .spawn()
        .map_err(Error::io("cannot run", &program))?;
    let pid = Pid::from_child(&child);
    tracing::debug!(%pid, data = %layout.data.display(), "the database server was spawned");
    Ok(Process {
        pid,
        data: layout.data.clone(),
        child: Some(child),
    })
}

/// A command that runs as the server's account, in a folder that this account can enter.
fn command(program: &Path, layout: &Layout, account: &Account) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(&layout.folder)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    if let Account::Other { uid, gid, .. } = account {
        command.uid(*uid).gid(*gid);
    }
    command
}

fn settings(options: &Options, socket_dir: &Path) -> Vec<(String, String)> {
    let durable = match options.durability {
        Durability::Full => "on",
        Durability::None => "off",
    };
    let ours = [
        ("listen_addresses", String::new()),
        ("port", socket::PORT.to_string()),
        ("unix_socket_directories", socket::quoted(socket_dir)),
        ("unix_socket_permissions", "0700".to_owned()),
        ("fsync", durable.to_owned()),
        ("full_page_writes", durable.to_owned()),
        ("synchronous_commit", durable.to_owned()),
        ("timezone", "UTC".to_owned()),
        ("log_timezone", "UTC".to_owned()),
    ];
    let ours = ours.into_iter().map(|(name, value)| (name.to_owned(), value));
    ours.chain(options.settings.iter().cloned()).collect()
}

async fn wait_until_ready(
    process: &mut Process,
    layout: &Layout,
    deadline: Instant,
    patience: Duration,
) -> Result<(), Error> {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if process.has_ended() {
            return Err(Error::NotStarted {
                log: layout.log.clone(),
                tail: layout.log_tail(),
            });
        }
        if PidFile::read(&layout.data).is_some_and(|file| file.pid == process.pid && file.is_ready()) {
            return Ok(());
        }
        if Instant::now() > deadline {
            process.signal(Signal::QUIT);
            return Err(layout.too_slow("ready", patience));
        }
    }
}

/// Removes what a dead server left under a process id that somebody else has now.
fn remove_stale_files(layout: &Layout, socket_dir: &Path) -> Result<(), Error> {
    let socket = socket::path_in(socket_dir);
    let socket_lock = socket.with_added_extension("lock");
    for path in [layout.data.join("postmaster.pid"), socket_lock, socket] {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("cannot remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
