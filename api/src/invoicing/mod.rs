//! Invoices are issued and folded again: what the gateway, the command line and the nightly duty share.

mod csv;
mod document;
mod issue;
mod month;
mod verify;

pub use csv::csv;
pub use document::document;
pub use issue::{Invoicing, InvoicingError, IssueWish, Issued};
pub use month::{Month, MonthReport, NotAMonth, Skipped};
pub use verify::{Unverifiable, Verdict};
