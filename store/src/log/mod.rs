//! The log itself: what is written in one transaction, and how it is read in order.

mod appender;
mod batch;
mod columns;
mod expected;
mod hash;
mod history;
mod lane;
mod read;
mod receipt;
mod row;
mod size;
mod stats;
mod stored;
mod task;
mod write;

pub use history::{Part, Place};
pub use read::{Filter, Log};
pub use stats::{Partition, Stats, TypeCount};
pub use stored::StoredEvent;
pub use write::Limits;

pub(crate) use appender::{AppendError, Appender};
pub(crate) use hash::{Content, platform_receipt_key, receipt_key};
pub(crate) use read::COLUMNS;
pub(crate) use receipt::{find_receipt, known_receipts};
pub(crate) use row::{StoredColumns, decode};
pub(crate) use task::LANES;
pub(crate) use write::{Known, NewEvent, Outcome, ReceiptMark, Write};
