//! The past played again: an entity's steps, causes, a tenant's past with its own timing, and steps as tests.

mod causes;
mod entity;
mod entries;
mod keys;
mod report;
mod steps_as_tests;
mod tenant;

use std::process::Command;

/// What `annals replay` says about a database; or what is wrong.
fn replay(url: &str, arguments: &[&str]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args(["replay", "--database-url", url, "--data-dir"])
        .arg(folder.path())
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}
