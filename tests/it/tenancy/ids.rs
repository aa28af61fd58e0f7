//! The ids that a call is made with, as each field takes them.

use serde_json::{Value, json};

use crate::gateway::schema::{RootField, Values};

/// All ids are this one.
pub(super) struct Ids {
    pub(super) id: String,
    pub(super) tenant: String,
    /// A global id of B's.
    pub(super) node: Value,
    /// The cursor of an event of A's own, where one must be given.
    pub(super) own: Value,
    pub(super) cursor: Option<Value>,
}

impl Ids {
    /// The same as a field takes it: the codes of meters and plans are small letters, invoices have numbers.
    pub(super) fn of(&self, field: &RootField<'_>) -> Self {
        let name = field.name.to_ascii_lowercase();
        let is_code = name.contains("meter") || name.contains("plan");
        let is_number =
            name.contains("invoice") && !["issueinvoice", "invoicepreview"].contains(&name.as_str());
        Self {
            id: if is_code {
                self.id.to_ascii_lowercase()
            } else if is_number && !self.id.starts_with("INV-") {
                let number = self
                    .id
                    .bytes()
                    .fold(0_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 99_991);
                format!("INV-9{number:05}")
            } else {
                self.id.clone()
            },
            tenant: self.tenant.clone(),
            node: self.node.clone(),
            own: self.own.clone(),
            cursor: self.cursor.clone(),
        }
    }
}

impl Values for Ids {
    fn id(&self, _name: &str) -> Value {
        json!(self.id)
    }
    fn ulid(&self) -> Value {
        json!(self.tenant)
    }
    fn node(&self) -> Value {
        self.node.clone()
    }
    fn cursor(&self, name: &str) -> Option<Value> {
        if name == "inclusionProof" {
            return Some(self.own.clone());
        }
        // `atLeast` only waits, and `before` goes with `last`, which would leave the first page out.
        self.cursor.clone().filter(|_| name == "after")
    }
}
