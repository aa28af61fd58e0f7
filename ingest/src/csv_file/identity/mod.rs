//! How often a row has been seen in this file: what tells equal rows apart, in flat memory.
//!
//! Recent rows are in memory. When they are too many, they go to a sorted run in a temporary file, and eight
//! runs are merged into one: every write is sequential. A filter of fixed size knows most of the new rows for
//! new, so that only the others are looked up in the runs. (A hash table in a file, tried first, rewrote a
//! page for each row: 125 GB of writes for a file of 2 GB.)

mod filter;
mod occurrences;
mod run;

pub use occurrences::Occurrences;

/// The first bytes of a SHA-256: uniform, and never equal for two different rows.
type Fingerprint = [u8; 16];

/// A fingerprint and how often it has been seen.
type Entry = (Fingerprint, u32);
