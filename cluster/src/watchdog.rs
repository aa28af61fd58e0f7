//! The watchdog: ends a throwaway server when the process that uses it ends, even by `kill -9`.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};

use crate::error::Error;
use crate::layout::Layout;

/// The arguments are the server's folder, the socket's folder and the data directory. Standard input is a
/// pipe that only the watched process holds, so `read` returns when that process has ended. A server that
/// is so young that its pid file is missing ends itself within a minute, since its files are gone.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
read -r _
pid=$(head -n 1 "$1/data/postmaster.pid")
if grep -qaF "$1" "/proc/$pid/cmdline" || ps -ww -o command= -p "$pid" | grep -qF "$1"; then
    kill -QUIT "$pid"
    tries=0
    while [ -e "$1/data/postmaster.pid" ] && [ $tries -lt 200 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
fi
rm -rf "$1" "$2" || { sleep 1; rm -rf "$1" "$2"; }
rmdir "$3"
"#;

/// Dropping it lets the server end, and does not wait for that.
#[derive(Debug)]
pub(crate) struct Watchdog {
    _held: ChildStdin,
}

impl Watchdog {
    /// Begins to watch this process on behalf of a server that is about to start.
    pub(crate) fn spawn(layout: &Layout, socket_dir: &Path) -> Result<Self, Error> {
        let shell = Path::new("/bin/sh");
        let mut child = Command::new(shell)
            .args(["-c", SCRIPT, "annals-watchdog"])
            .args([&layout.folder, socket_dir, &layout.data_dir])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(Error::io("cannot run", shell))?;
        let held = child
            .stdin
            .take()
            .expect("standard input was asked for as a pipe");
        Ok(Self { _held: held })
    }
}
