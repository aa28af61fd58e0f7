//! What PostgreSQL itself writes about a running server: `postmaster.pid` in the cluster's folder.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, test_kill_process};

use crate::socket;

/// The lines of `postmaster.pid` that are of use here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PidFile {
    /// The postmaster's process.
    pub(crate) pid: Pid,
    /// The folder of its socket; empty until the server has opened it.
    pub(crate) socket_dir: PathBuf,
    accepts: bool,
}

/// What is known about the process that a `postmaster.pid` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// There is no such file, or the process is gone: PostgreSQL's next start puts things right.
    Absent,
    /// The process is somebody else's, which got the number after the server had died. PostgreSQL itself
    /// cannot tell, and would refuse to start.
    Stale,
    /// The server is starting, recovering or shutting down.
    Busy(PidFile),
    /// The server accepts connections.
    Ready(PidFile),
}

impl PidFile {
    /// Reads the file in the cluster's folder `data`; `None` if it is missing or not written to its end.
    pub(crate) fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    /// Reads the lines: pid, data directory, start time, port, socket folder, address, shared memory, status.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<_> = text.lines().collect();
        Some(Self {
            pid: Pid::from_raw(lines.first()?.trim().parse().ok()?)?,
            socket_dir: PathBuf::from(lines.get(4).copied().unwrap_or_default()),
            accepts: lines.get(7).is_some_and(|status| status.trim() == "ready"),
        })
    }

    /// Whether the server has opened its socket and takes connections.
    pub(crate) fn is_ready(&self) -> bool {
        self.accepts && UnixStream::connect(socket::path_in(&self.socket_dir)).is_ok()
    }
}

/// Looks at the server of the cluster in `data`.
pub(crate) fn state(data: &Path) -> State {
    match PidFile::read(data) {
        None => State::Absent,
        Some(file) if !is_alive(file.pid) => State::Absent,
        Some(file) if !is_postmaster(file.pid, data) => State::Stale,
        Some(file) if file.is_ready() => State::Ready(file),
        Some(file) => State::Busy(file),
    }
}

/// Whether there is a process with that id, even if it only waits for its parent to notice its end.
pub(crate) fn is_alive(pid: Pid) -> bool {
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// Whether the process is a PostgreSQL server of the cluster in `data`, told by its command line.
pub(crate) fn is_postmaster(pid: Pid, data: &Path) -> bool {
    let pid = pid.as_raw_nonzero().to_string();
    let from_proc = fs::read(Path::new("/proc").join(&pid).join("cmdline"));
    let command = from_proc.or_else(|_| {
        let ps = Command::new("ps")
            .args(["-ww", "-o", "command=", "-p", &pid])
            .output();
        ps.map(|output| output.stdout)
    });
    let Ok(command) = command else {
        return false;
    };
    let command = String::from_utf8_lossy(&command).into_owned();
    command.contains("postgres") && command.contains(&*data.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_where_the_socket_is_and_whether_it_is_open() {
        let text = "4711\n/srv/data\n1700000000\n5432\n/srv/socket\n\n  123 456\nready   \n";
        let file = PidFile::parse(text).unwrap();
        assert_eq!(file.pid.as_raw_nonzero().get(), 4711);
        assert_eq!(file.socket_dir, Path::new("/srv/socket"));
        assert!(file.accepts);
        assert!(!PidFile::parse("4711\n/srv/data\n").unwrap().accepts);
        assert_eq!(PidFile::parse(""), None);
    }
}
