//! What of an event is a leaf: where it is in the log, and the hash of all that it says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::tree::{Hash, leaf_hash};
use crate::archive::ArchivedRow;

/// How a leaf begins.
const LABEL: &[u8; 13] = b"annals.leaf.1";

/// A leaf. Whoever has no right to the event itself can still be shown this of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The event's position in the log.
    pub position: u64,
    /// Its place in its stream.
    pub sequence: u64,
    /// When it was written down, to the microsecond.
    pub recorded_at: Timestamp,
    /// SHA-256 over all else (`docs/proofs.md`, "The content").
    #[serde(with = "hex::serde")]
    pub content: Hash,
}

impl Leaf {
    /// The leaf's 69 bytes: the label, then position, sequence and the microseconds since 1970 as 8 bytes each,
    /// big-endian, then the content's hash.
    #[must_use]
    pub fn bytes(&self) -> [u8; 69] {
        let mut bytes = [0; 69];
        bytes[..13].copy_from_slice(LABEL);
        bytes[13..21].copy_from_slice(&self.position.to_be_bytes());
        bytes[21..29].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[29..37].copy_from_slice(&self.recorded_at.as_microsecond().to_be_bytes());
        bytes[37..].copy_from_slice(&self.content);
        bytes
    }

    /// Its hash in the tree.
    #[must_use]
    pub fn hash(&self) -> Hash {
        leaf_hash(&self.bytes())
    }
}

impl ArchivedRow {
    /// The leaf of what the row says, whatever hash it has.
    pub(crate) fn leaf(&self) -> Leaf {
        Leaf {
            position: self.position,
            sequence: self.sequence,
            recorded_at: self.recorded_at,
            content: self.content(),
        }
    }
}
