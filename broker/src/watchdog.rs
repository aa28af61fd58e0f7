//! The watchdog: ends the brokers when the process that uses them ends, even by `kill -9`.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};

use crate::error::Error;

/// The argument is the cluster's folder. Standard input is a pipe that only the watched process holds, so `read`
/// returns when that process has ended. A process is ours if its command line names our folder.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
read -r _
for file in "$1"/node-*/pid; do
    pid=$(cat "$file" 2>/dev/null) || continue
    if grep -qaF "$1" "/proc/$pid/cmdline" || ps -ww -o command= -p "$pid" | grep -qF "$1"; then
        kill -KILL "$pid"
    fi
done
rm -rf "$1" || { sleep 1; rm -rf "$1"; }
"#;

/// Dropping it lets the brokers end, and does not wait for that.
#[derive(Debug)]
pub(crate) struct Watchdog {
    _held: ChildStdin,
}

impl Watchdog {
    /// Begins to watch this process on behalf of brokers that are about to start in a folder.
    pub(crate) fn spawn(folder: &Path) -> Result<Self, Error> {
        let shell = Path::new("/bin/sh");
        let mut child = Command::new(shell)
            .args(["-c", SCRIPT, "annals-watchdog"])
            .arg(folder)
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
