//! The counter: recent rows in memory, older ones in runs.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use super::filter::Filter;
use super::run::Run;
use super::{Entry, Fingerprint};

const MEMORY_LIMIT_BYTES: usize = 32 << 20;
/// What an entry of a growing hash map takes at most: 21 bytes a slot, half of the slots empty.
const ENTRY_BYTES: usize = 40;
const RUNS_TO_MERGE: usize = 8;

/// Numbers equal rows of one file: 1 for a row's first occurrence, 2 for its second.
pub struct Occurrences {
    temp_dir: PathBuf,
    memory_limit_bytes: usize,
    recent: HashMap<Fingerprint, u32>,
    older: Option<Older>,
}

/// The rows that went to disk. Runs are from oldest to newest, so of ever lower levels.
struct Older {
    filter: Filter,
    runs: Vec<Run>,
}

impl Occurrences {
    /// A counter that keeps 32 MiB of rows in memory; beyond, it takes 64 MiB for a filter and goes on in
    /// nameless files in `temp_dir`.
    pub fn new(temp_dir: PathBuf) -> Self {
        Self::with_limit(temp_dir, MEMORY_LIMIT_BYTES)
    }

    /// A counter with another bound, in bytes.
    pub fn with_limit(temp_dir: PathBuf, bytes: usize) -> Self {
        Self {
            temp_dir,
            memory_limit_bytes: bytes,
            recent: HashMap::new(),
            older: None,
        }
    }

    /// Counts one more row with this fingerprint and returns its number, from 1.
    ///
    /// # Errors
    ///
    /// What the temporary files fail with.
    pub fn count(&mut self, fingerprint: [u8; 16]) -> io::Result<u64> {
        let before = match (self.recent.get(&fingerprint), &self.older) {
            (Some(&count), _) => count,
            (None, Some(older)) => older.find(fingerprint)?,
            (None, None) => 0,
        };
        let count = before
            .checked_add(1)
            .ok_or_else(|| io::Error::other("more than 4,294,967,295 equal rows"))?;
        self.recent.insert(fingerprint, count);
        if self.recent.len() > self.memory_limit_bytes / ENTRY_BYTES {
            self.spill()?;
        }
        Ok(u64::from(count))
    }

    fn spill(&mut self) -> io::Result<()> {
        let mut entries: Vec<Entry> = self.recent.drain().collect();
        entries.sort_unstable();
        let filter = || Filter::with_bytes(self.memory_limit_bytes * 2);
        let older = self.older.get_or_insert_with(|| Older {
            filter: filter(),
            runs: Vec::new(),
        });
        for (fingerprint, _) in &entries {
            older.filter.add(*fingerprint);
        }
        older
            .runs
            .push(Run::write(&self.temp_dir, 0, entries.into_iter().map(Ok))?);
        while let Some(first) = older.runs.len().checked_sub(RUNS_TO_MERGE)
            && let [oldest, .., newest] = &older.runs[first..]
            && oldest.level == newest.level
        {
            let merged = Run::merge(&self.temp_dir, &older.runs[first..])?;
            older.runs.truncate(first);
            older.runs.push(merged);
        }
        Ok(())
    }
}

impl Older {
    /// The newest run that has a fingerprint has its count.
    fn find(&self, fingerprint: Fingerprint) -> io::Result<u32> {
        if self.filter.may_know(fingerprint) {
            for run in self.runs.iter().rev() {
                if let Some(count) = run.find(fingerprint)? {
                    return Ok(count);
                }
            }
        }
        Ok(0)
    }
}
