//! What can go wrong with keys and sealed values.

use std::path::PathBuf;

use super::MasterKeyId;

/// Why a personal value was not sealed or not opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database was sealed with a master key, and this process has none.
    #[error(
        "personal data in this database is sealed with the master key {wanted}, and no master key is given: give \
         its file (--master-key) or the variable ANNALS_MASTER_KEYS"
    )]
    NoMasterKey {
        /// The one that is needed.
        wanted: MasterKeyId,
    },
    /// The value is sealed, and whoever reads it was given no master key.
    #[error(
        "personal data is sealed, and no master key is given: give its file (--master-key) or the variable \
         ANNALS_MASTER_KEYS"
    )]
    Closed,
    /// It has other ones.
    #[error(
        "the master key {wanted} is not in {place}: personal data that it guards can't be read without it"
    )]
    OtherMasterKey {
        /// The one that is needed.
        wanted: MasterKeyId,
        /// Where was looked.
        place: String,
    },
    /// The text that should hold keys does not.
    #[error("{place}: {reason}")]
    Unreadable {
        /// Where it came from.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The file can't be read or written.
    #[error("{}: {source}", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A wrapped data key does not open: it was changed, or moved.
    #[error(
        "the data key {key_id} does not open under the master key {master_key}: its row was changed or moved"
    )]
    Wrapped {
        /// Which data key.
        key_id: String,
        /// Under which master key it is said to be.
        master_key: MasterKeyId,
    },
    /// A sealed value names a key that the tenant does not have.
    #[error(
        "{field} is sealed with the data key {key_id}, which this tenant does not have: the keys were not restored \
         with the log, or the value was moved"
    )]
    UnknownKey {
        /// The field.
        field: String,
        /// The key that it names.
        key_id: String,
    },
    /// A sealed value does not open: it was changed, cut off, or moved from another stream, type or field.
    #[error("{field} does not open: it was changed, cut off, or moved here from another place")]
    Broken {
        /// The field.
        field: String,
    },
    /// What is to be written is no clear value.
    #[error("{field}: a personal value must come in the clear")]
    NotClear {
        /// The field.
        field: String,
    },
    /// A key manager elsewhere does not answer, or refuses.
    #[error("the key manager: {0}")]
    Manager(String),
    /// No randomness.
    #[error("the system gives no random bytes")]
    NoEntropy,
    /// The database is away.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}
