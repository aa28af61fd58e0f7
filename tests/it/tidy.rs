//! Rules of `docs/style.md` that no lint knows.

use std::fs;
use std::path::{Path, PathBuf};

const ROOMS: &[&str] = &[
    "annals",
    "api",
    "benches",
    "broker",
    "cluster",
    "domain",
    "ingest",
    "projections",
    "store",
    "streams",
    "testkit",
    "tests",
];
const NAMELESS: &[&str] = &[
    "utils", "util", "common", "helpers", "helper", "manager", "service", "misc",
];

fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = ROOMS.iter().map(|room| root.join(room)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(found.len() > 50);
    found
}

#[test]
fn modules_name_their_content() {
    for path in sources() {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        for name in [stem, folder] {
            assert!(!NAMELESS.contains(&name), "{}: name the content", path.display());
        }
    }
}

#[test]
fn no_file_grows_past_400_lines() {
    for path in sources() {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 400, "{} has {lines} lines: reshape it", path.display());
    }
}

#[test]
fn every_module_says_in_one_sentence_what_it_is() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} has no //! sentence", path.display());
    }
}

#[test]
fn what_is_to_be_done_has_an_issue() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let open = marks
                .iter()
                .any(|mark| line.contains(mark) && !line.contains(&format!("{mark}(#")));
            assert!(!open, "{}:{}: name the issue: {line}", path.display(), number + 1);
        }
    }
}
