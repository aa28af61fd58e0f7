//! What a proof looks like as a file. `docs/proofs.md` says the same to those who have none of our programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::leaf::Leaf;
use super::proofs::{ConsistencyProof, Enclosure, InclusionProof};
use super::tree::Hash;
use crate::archive::ArchivedRow;

/// How the proof of an event begins (<https://c2sp.org/tlog-proof>).
pub(super) const INCLUSION: &str = "c2sp.org/tlog-proof@v1";

/// The version of the formats of our own.
pub(super) const VERSION: u32 = 1;

/// The first line of an export; each further line is an event's row. It has all that encloses them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportHeader {
    pub(crate) annals_export: u32,
    pub(crate) after: u64,
    pub(crate) upto: u64,
    pub(crate) events: u64,
    pub(crate) first: u64,
    pub(crate) before: Option<Leaf>,
    pub(crate) behind: Option<Leaf>,
    pub(crate) left: Vec<Base64>,
    pub(crate) right: Vec<Base64>,
    pub(crate) checkpoint: String,
    pub(crate) endorsements: Vec<String>,
}

/// The proof that one tree is the beginning of another: one line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Consistency {
    pub(super) annals_consistency: u32,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) hashes: Vec<Base64>,
    pub(super) endorsements: Vec<String>,
}

/// What goes with the proof of an event, as its extra data.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extra {
    pub(super) event: ArchivedRow,
    pub(super) endorsements: Vec<String>,
}

/// A hash as 44 characters of base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Base64(pub(super) Hash);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hash(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not 32 bytes of base64"))
    }
}

/// The hash of its base64.
pub(super) fn hash(text: &str) -> Option<Hash> {
    BASE64.decode(text).ok()?.try_into().ok()
}

fn all(hashes: &[Hash]) -> Vec<Base64> {
    hashes.iter().copied().map(Base64).collect()
}

impl Enclosure {
    /// The first line of an export, without its end; a row a line follows.
    ///
    /// # Errors
    /// None that is known of: it is strings and numbers.
    pub fn line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.header())
    }

    /// The same, as it is before it is text.
    pub(super) fn header(&self) -> ExportHeader {
        ExportHeader {
            annals_export: VERSION,
            after: self.after,
            upto: self.upto,
            events: self.events,
            first: self.first,
            before: self.before,
            behind: self.behind,
            left: all(&self.left),
            right: all(&self.right),
            checkpoint: self.checkpoint.note.clone(),
            endorsements: self.endorsements.clone(),
        }
    }
}

impl InclusionProof {
    /// The proof as a file, with the event.
    ///
    /// # Errors
    /// None that is known of: it is strings and numbers.
    pub fn file(&self) -> Result<String, serde_json::Error> {
        let extra = serde_json::to_vec(&Extra {
            event: self.row.clone(),
            endorsements: self.endorsements.clone(),
        })?;
        let hashes: String = self
            .hashes
            .iter()
            .map(|hash| BASE64.encode(hash) + "\n")
            .collect();
        Ok(format!(
            "{INCLUSION}\nextra {}\nindex {}\n{hashes}\n{}",
            BASE64.encode(extra),
            self.index,
            self.checkpoint.note
        ))
    }
}

impl ConsistencyProof {
    /// The proof as a file.
    ///
    /// # Errors
    /// None that is known of: it is strings and numbers.
    pub fn file(&self) -> Result<String, serde_json::Error> {
        let line = serde_json::to_string(&Consistency {
            annals_consistency: VERSION,
            from: self.from.note.clone(),
            to: self.to.note.clone(),
            hashes: all(&self.hashes),
            endorsements: self.endorsements.clone(),
        })?;
        Ok(line + "\n")
    }
}
