//! A row that can't be taken, and the key under which it is written down once.

use domain::connector_sync::Command;
use sha2::{Digest, Sha256};
use store::Key;

use crate::commands::DispatchError;
use crate::csv_file::{Rejection, Translated};

/// The most characters of a column's name and of a reason that are written down.
const NAME_LIMIT_CHARS: usize = 200;
const REASON_LIMIT_CHARS: usize = 1000;

/// A rejected row, about to be written down.
#[derive(Clone, Debug)]
pub(super) struct Rejected {
    row: u64,
    column: Option<String>,
    value: Option<String>,
    reason: String,
    record_id: String,
    /// SHA-256 of what is wrong: the same as long as the reason is.
    hash: [u8; 32],
}

impl Rejected {
    /// A row that the file or the mapping rejects.
    pub(super) fn by_mapping(rejection: Rejection) -> Self {
        let wrong = (&rejection.column, &rejection.value, &rejection.reason);
        let hash = sha256(&format!("{wrong:?}"));
        Self {
            row: rejection.row,
            column: rejection.column.map(|name| cut(&name, NAME_LIMIT_CHARS)),
            value: rejection.value,
            reason: cut(&rejection.reason, REASON_LIMIT_CHARS),
            record_id: rejection.record_id.into(),
            hash,
        }
    }

    /// A row whose commands or facts can't be; `code` is the reason without what changes from time to time.
    pub(super) fn by_rules(row: &Translated, code: &str, reason: &str) -> Self {
        Self {
            row: row.row,
            column: None,
            value: None,
            reason: cut(reason, REASON_LIMIT_CHARS),
            record_id: rejection_id(row),
            hash: sha256(code),
        }
    }

    /// A row whose commands the domain or the log turned down.
    pub(super) fn by_log(row: &Translated, error: &DispatchError) -> Self {
        match error {
            DispatchError::Refused { code, message } => Self::by_rules(row, code, message),
            DispatchError::Rejected(rejection) => Self::by_limits(row, rejection),
            other => {
                let reason = other.to_string();
                Self::by_rules(row, &reason, &reason)
            }
        }
    }

    /// A row that breaks a rule of the log.
    pub(super) fn by_limits(row: &Translated, rejection: &store::Rejection) -> Self {
        match rejection {
            store::Rejection::KeyReused { first, now, .. } => Self::conflicting(row, first, now),
            // Its text tells the time, so the text is another one each time.
            store::Rejection::FromTheFuture { .. } => {
                Self::by_rules(row, "FROM_THE_FUTURE", &rejection.to_string())
            }
            other => {
                let reason = other.to_string();
                Self::by_rules(row, &reason, &reason)
            }
        }
    }

    /// A row whose record is in the log with another content.
    pub(super) fn conflicting(row: &Translated, first: &str, now: &str) -> Self {
        let id = &row.receipt_id;
        let reason = format!(
            "record {id:?} was imported before with other content: its hash was {first}, now it is {now}"
        );
        Self::by_rules(row, &reason, &reason)
    }

    /// The row's number in the file.
    pub(super) const fn row(&self) -> u64 {
        self.row
    }

    /// The key under which it is written down first.
    pub(super) fn key(&self, source: &str) -> Key {
        rejection_key(source, self.record_id.clone(), self.hash)
    }

    /// The key under which it is written down when it was rejected before for another reason.
    pub(super) fn key_by_reason(&self, source: &str) -> Key {
        let id = format!("{}@{}", self.record_id, hex(&self.hash[..16]));
        rejection_key(source, id, self.hash)
    }

    /// The command that writes it down.
    pub(super) fn into_command(self) -> Command {
        Command::RejectRecord {
            row: self.row,
            column: self.column,
            value: self.value,
            reason: self.reason,
        }
    }
}

/// The key under which a row that the mapping accepts would be rejected; the hash is still open.
pub(super) fn open_rejection_key(row: &Translated, source: &str) -> Key {
    rejection_key(source, rejection_id(row), [0; 32])
}

fn rejection_id(row: &Translated) -> String {
    format!("{}@{}", row.receipt_id, hex(&row.content_hash[..16]))
}

fn rejection_key(source: &str, id: String, hash: [u8; 32]) -> Key {
    Key {
        source: format!("{source}#rejected"),
        id,
        hash,
    }
}

/// Bytes in lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn cut(text: &str, limit_chars: usize) -> String {
    text.chars().take(limit_chars).collect()
}
