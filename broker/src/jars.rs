//! The server's programs: where `scripts/kafka` has put the jars, and the Java that runs them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;

/// Apache Kafka's programs on this machine.
#[derive(Clone, Debug)]
pub struct Jars {
    java: PathBuf,
    folder: PathBuf,
    flags: &'static [&'static str],
}

/// For tests: a small heap, and no time spent on compiling well.
const QUICK: &[&str] = &[
    "-Xmx256m",
    "-Xms64m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
];
/// For benchmarks.
const UNHURRIED: &[&str] = &["-Xmx1g"];

impl Jars {
    /// Finds Java in the search path, and the jars where `scripts/kafka` puts them.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] says what is missing and what to do.
    pub fn find(path: Option<&OsStr>) -> Result<Self, Error> {
        let missing = |missing: &str| Error::NotInstalled {
            missing: missing.to_owned(),
        };
        let folders = path.into_iter().flat_map(std::env::split_paths);
        let java = folders
            .map(|folder| folder.join("java"))
            .find(|java| java.is_file())
            .ok_or_else(|| missing("Java is missing"))?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/kafka/jars");
        if !folder.join(".annals").is_file() {
            return Err(missing("the jars are missing"));
        }
        Ok(Self {
            java,
            folder,
            flags: QUICK,
        })
    }

    /// The same programs with a larger heap and the whole compiler: slow to start, and as fast as in production.
    #[must_use]
    pub fn unhurried(self) -> Self {
        Self {
            flags: UNHURRIED,
            ..self
        }
    }

    /// A Java program of the distribution, named by its class.
    #[must_use]
    pub fn program(&self, class: &str) -> Command {
        let mut command = Command::new(&self.java);
        command
            .args(self.flags)
            .args(["-Xshare:auto", "-Djava.awt.headless=true", "-cp"])
            .arg(self.folder.join("*"))
            .arg(class);
        command
    }
}
