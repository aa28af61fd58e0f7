//! A sorted run of entries in a nameless file, with the first fingerprint of each block in memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{Entry, Fingerprint};

const ENTRY_BYTES: usize = 20;
const BLOCK_ENTRIES: usize = 204;
const BLOCK_BYTES: usize = BLOCK_ENTRIES * ENTRY_BYTES;
const BUFFER_BYTES: usize = 64 << 10;

/// Each fingerprint at most once, in ascending order.
pub(super) struct Run {
    file: File,
    /// 16 bytes for every 204 rows: 4 MB for 50 million.
    block_starts: Vec<Fingerprint>,
    /// How many times its entries have been merged.
    pub(super) level: u32,
}

impl Run {
    /// Writes sorted entries.
    pub(super) fn write(
        temp_dir: &Path,
        level: u32,
        entries: impl IntoIterator<Item = io::Result<Entry>>,
    ) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(BUFFER_BYTES, tempfile::tempfile_in(temp_dir)?);
        let mut block_starts = Vec::new();
        for (place, entry) in entries.into_iter().enumerate() {
            let (fingerprint, count) = entry?;
            if place % BLOCK_ENTRIES == 0 {
                block_starts.push(fingerprint);
            }
            file.write_all(&fingerprint)?;
            file.write_all(&count.to_le_bytes())?;
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Self {
            file,
            block_starts,
            level,
        })
    }

    /// Merges runs into one of the next level; of two counts for a row, the higher is the later.
    pub(super) fn merge(temp_dir: &Path, runs: &[Self]) -> io::Result<Self> {
        let level = runs.iter().map(|run| run.level).max().unwrap_or_default() + 1;
        Self::write(temp_dir, level, Merged::of(runs)?)
    }

    /// The count of a fingerprint, if it is in the run.
    pub(super) fn find(&self, fingerprint: Fingerprint) -> io::Result<Option<u32>> {
        let after = self.block_starts.partition_point(|start| *start <= fingerprint);
        let Some(block) = after.checked_sub(1) else {
            return Ok(None);
        };
        let mut bytes = [0; BLOCK_BYTES];
        let read = self.read_block(&mut bytes, (block * BLOCK_BYTES) as u64)?;
        let entries = bytes[..read].chunks_exact(ENTRY_BYTES).map(decode);
        Ok(entries
            .take_while(|(key, _)| *key <= fingerprint)
            .find(|(key, _)| *key == fingerprint)
            .map(|(_, n)| n))
    }

    /// Reads a whole block, or what there is of the last one.
    fn read_block(&self, block: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while read < block.len() {
            match self.file.read_at(&mut block[read..], offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }
}

/// The entries of several runs in ascending order, each fingerprint once.
struct Merged<'a> {
    readers: Vec<BufReader<&'a File>>,
    /// The next entry of each run, with the run's place.
    next: BinaryHeap<Reverse<(Entry, usize)>>,
}

impl<'a> Merged<'a> {
    fn of(runs: &'a [Run]) -> io::Result<Self> {
        let mut merged = Self {
            readers: Vec::new(),
            next: BinaryHeap::new(),
        };
        for (place, run) in runs.iter().enumerate() {
            (&run.file).rewind()?;
            merged
                .readers
                .push(BufReader::with_capacity(BUFFER_BYTES, &run.file));
            merged.refill(place)?;
        }
        Ok(merged)
    }

    fn refill(&mut self, place: usize) -> io::Result<()> {
        let mut bytes = [0; ENTRY_BYTES];
        match self.readers[place].read_exact(&mut bytes) {
            Ok(()) => self.next.push(Reverse((decode(&bytes), place))),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Equal fingerprints come by ascending count, so that the last of them is the one to keep.
    fn pop(&mut self) -> io::Result<Option<Entry>> {
        while let Some(Reverse((entry, place))) = self.next.pop() {
            self.refill(place)?;
            if self
                .next
                .peek()
                .is_none_or(|Reverse((next, _))| next.0 != entry.0)
            {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }
}

impl Iterator for Merged<'_> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pop().transpose()
    }
}

fn decode(entry: &[u8]) -> Entry {
    let (fingerprint, count) = entry.split_at(size_of::<Fingerprint>());
    let fingerprint = fingerprint.try_into().expect("an entry has 20 bytes");
    (fingerprint, count.try_into().map_or(0, u32::from_le_bytes))
}
