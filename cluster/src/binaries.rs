//! The server's programs on this machine.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;

/// The oldest major version that Annals works with.
pub const OLDEST_MAJOR: u32 = 15;

/// Folders that packages install to, beside `PATH`; a `*` stands for any part of one name.
const PLACES: [&str; 4] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
];

/// A version of PostgreSQL, such as `15.18`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Clusters of two major versions do not read each other's files.
    pub major: u32,
    /// Counts the fixes of a major version; 0 for a beta.
    pub minor: u32,
}

impl Version {
    /// Reads the answer of `postgres --version`: `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
    pub(crate) fn parse(answer: &str) -> Option<Self> {
        let mut numbers = answer.split_whitespace().nth(2)?.split('.').map(|part| {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            part[..digits].parse().ok()
        });
        Some(Self {
            major: numbers.next()??,
            minor: numbers.next().flatten().unwrap_or(0),
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The installations of a PostgreSQL server that are new enough, the newest first.
#[derive(Debug, Clone)]
pub struct Binaries {
    newest: Installation,
    older: Vec<Installation>,
}

/// One folder with `postgres` and `initdb` in it.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    pub(crate) version: Version,
    pub(crate) folder: PathBuf,
}

impl Binaries {
    /// Looks through `path` (the value of `PATH`) and the places where packages put a server.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] says how to get one.
    pub fn find(path: Option<&OsStr>) -> Result<Self, Error> {
        let from_path = path
            .map(|path| std::env::split_paths(path).collect::<Vec<_>>())
            .unwrap_or_default();
        Self::among(
            from_path
                .into_iter()
                .chain(PLACES.iter().flat_map(|place| expand(place))),
        )
    }

    /// Looks in these folders only.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] if none of them holds a server that is new enough.
    pub fn among(folders: impl IntoIterator<Item = PathBuf>) -> Result<Self, Error> {
        let mut seen = HashSet::new();
        let mut found: Vec<_> = folders
            .into_iter()
            .filter_map(|folder| folder.join("postgres").canonicalize().ok())
            .filter(|program| seen.insert(program.clone()))
            .filter_map(|program| Installation::of(&program))
            .collect();
        found.sort_by_key(|installation| std::cmp::Reverse(installation.version));

        let too_old = found
            .iter()
            .map(|installation| installation.version)
            .find(|v| v.major < OLDEST_MAJOR);
        let mut found = found
            .into_iter()
            .filter(|installation| installation.version.major >= OLDEST_MAJOR);
        let newest = found.next().ok_or(Error::NotInstalled { too_old })?;
        Ok(Self {
            newest,
            older: found.collect(),
        })
    }

    /// The newest version found, with which new clusters are made.
    #[must_use]
    pub fn version(&self) -> Version {
        self.newest.version
    }

    /// The folder of the newest version's programs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.newest.folder
    }

    pub(crate) fn newest(&self) -> &Installation {
        &self.newest
    }

    /// The installation that can run a cluster made by the major version `major`.
    pub(crate) fn of_major(&self, major: u32) -> Option<&Installation> {
        std::iter::once(&self.newest)
            .chain(&self.older)
            .find(|found| found.version.major == major)
    }
}

impl Installation {
    fn of(postgres: &Path) -> Option<Self> {
        let folder = postgres.parent()?.to_owned();
        if !folder.join("initdb").is_file() {
            return None;
        }
        let answer = Command::new(postgres).arg("--version").output().ok()?;
        let version = Version::parse(&String::from_utf8_lossy(&answer.stdout))?;
        Some(Self { version, folder })
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The folders that a place with at most one `*` names.
fn expand(place: &str) -> Vec<PathBuf> {
    let Some((before, after)) = place.split_once('*') else {
        return vec![PathBuf::from(place)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or((".", before));
    let (suffix, rest) = after.split_once('/').unwrap_or((after, ""));
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            name.to_str()
                .is_some_and(|name| name.starts_with(prefix) && name.ends_with(suffix))
        })
        .map(|entry| entry.path().join(rest))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_the_server_says() {
        let version = |text| Version::parse(text).map(|v| (v.major, v.minor));
        assert_eq!(
            version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
            Some((15, 18))
        );
        assert_eq!(version("postgres (PostgreSQL) 18beta1"), Some((18, 0)));
        assert_eq!(version("postgres: not found"), None);
    }

    #[test]
    fn a_place_with_a_star_names_the_folders_that_exist() {
        let root = tempfile::tempdir().unwrap();
        for name in ["postgresql@16", "postgresql@17", "redis"] {
            std::fs::create_dir_all(root.path().join(name).join("bin")).unwrap();
        }
        let mut found = expand(&format!("{}/postgresql*/bin", root.path().display()));
        found.sort();
        assert_eq!(
            found,
            ["postgresql@16/bin", "postgresql@17/bin"].map(|name| root.path().join(name))
        );
    }
}
