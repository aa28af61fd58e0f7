//! `annals events`: the committed descriptions are fresh, and what breaks their readers is named.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn events(arguments: &[&Path]) -> Output {
    let program = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .arg("events")
        .args(arguments)
        .output();
    program.unwrap()
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/events")
}

fn described() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = events(&["describe".as_ref(), "--to".as_ref(), folder.path()]);
    assert!(output.status.success());
    folder
}

#[test]
fn the_committed_descriptions_of_the_public_events_are_fresh() {
    let fresh = described();
    let mut files = 0;
    for entry in std::fs::read_dir(fresh.path()).unwrap() {
        let file = entry.unwrap().file_name();
        let text = |folder: &Path| std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
        assert!(
            text(fresh.path()) == text(&committed()),
            "docs/events/{} is out of date: run `make prepare`",
            file.display()
        );
        files += 1;
    }
    assert!(files > 60, "{files}");
}

#[test]
fn a_change_that_breaks_readers_is_named_and_fails() {
    let after = described();
    // Descriptions of older versions stay where they are.
    for entry in std::fs::read_dir(committed()).unwrap() {
        let file = entry.unwrap().file_name();
        if !after.path().join(&file).exists() {
            std::fs::copy(committed().join(&file), after.path().join(&file)).unwrap();
        }
    }
    let compare = || events(&["compare".as_ref(), &committed(), after.path()]);
    assert!(compare().status.success());
    let schema = after.path().join("lead.assigned.v1.json");
    let text = std::fs::read_to_string(&schema).unwrap();
    std::fs::write(&schema, text.replace("\"assignee\"", "\"owner\"")).unwrap();
    std::fs::remove_file(after.path().join("lead.qualified.v1.json")).unwrap();
    let output = compare();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    for wanted in [
        "lead.assigned.v1.json: assignee: it is gone",
        "\"assignee\" was always there, and may be missing",
        "lead.qualified.v1.json: it is gone",
        "Give the event a new version",
    ] {
        assert!(told.contains(wanted), "{told}");
    }
}
