//! Seals: what proves that nothing in the log was changed, added or taken away. `docs/proofs.md` tells it to
//! auditors.
//!
//! Reading order: `tree` (Merkle trees), `note` and `checkpoint` (what is signed), `leaf` (what of an event is
//! hashed), `tiles` (where the hashes lie), `sealer` (who adds them).

mod archived;
mod audit;
mod checkpoint;
mod error;
mod export;
mod file;
mod kept;
mod keys;
mod leaf;
mod lookup;
mod note;
mod proofs;
mod sealer;
mod summary;
mod tables;
mod tiles;
mod tree;
mod verify;

pub(crate) use archived::{ArchivedTrees, proof_lines};
pub use audit::{ArchiveFiles, AuditOrder, Audited, Finding, Trace};
pub(crate) use checkpoint::origin;
pub use checkpoint::{Checkpoint, Trusted};
pub use error::SealError;
pub use keys::{KeyFile, SealKeys, Succession, rotate_key};
pub use leaf::Leaf;
pub(crate) use note::{Note, SignerKey, signature_line};
pub use note::{NoteError, VerifierKey};
pub use proofs::{At, ConsistencyProof, Enclosure, InclusionProof, Seals, SignedCheckpoint};
pub use sealer::{SealOptions, Sealed, Sealer};
pub use summary::{CheckpointGap, CheckpointSummary, SummedCheckpoint};
pub use tree::Hash;
pub use verify::{Invalid, Proven, verify_file};
