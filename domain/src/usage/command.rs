//! What may be asked of usage: nothing.

use serde::{Deserialize, Serialize};

/// Facts are appended, not asked for: there is no command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {}
