//! Runs a command beside a throwaway server: `with-postgres COMMAND ARGS...`.
//!
//! The command finds `DATABASE_URL` (the database `postgres`, as its superuser) in its environment, and the
//! server's programs first in its `PATH`. The server ends with the command.

use std::error::Error;
use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, ExitCode};

use cluster::{Binaries, Cluster, Options, Shutdown};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().ok_or("usage: with-postgres COMMAND ARGS...")?;
    #[expect(
        clippy::disallowed_methods,
        reason = "a program of its own, which has no configuration"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();

    let binaries = Binaries::find(Some(&path))?;
    let folders = std::iter::once(binaries.folder().to_owned()).chain(std::env::split_paths(&path));
    let path: OsString = std::env::join_paths(folders)?;

    let folder = tempfile::Builder::new()
        .prefix("annals-")
        .permissions(Permissions::from_mode(0o755))
        .tempdir()?;
    let cluster = Cluster::start(Options::throwaway(folder.path(), binaries)).await?;
    let url = cluster.url("postgres");
    let status = Command::new(program)
        .args(words)
        .env("DATABASE_URL", url)
        .env("PATH", path)
        .status()?;
    cluster.stop(Shutdown::Immediate).await?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
