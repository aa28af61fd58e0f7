//! Holds the log in the database against what was signed of it: whoever changed, removed, inserted, moved or
//! truncated its rows is found, also where they could change everything that PostgreSQL has.

mod archives;
mod finding;
mod leaves;
mod moved;
mod tenant;
mod whole;

pub use archives::ArchiveFiles;
pub use finding::{Audited, Finding, Trace};
pub use whole::AuditOrder;
