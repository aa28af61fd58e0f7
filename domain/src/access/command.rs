//! What may be asked of access: nothing.

use serde::{Deserialize, Serialize};

/// Facts are appended, not asked for: there is no command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {}
