//! Events of the log, or of a part of it, as a file: lines of JSON, CSV or Parquet, a page in memory at a time.
//!
//! Each event has its cursor, so that an export that ended early goes on behind the last event that came. Reading
//! order: [`ExportOrder`], `run` (page by page), `table` (an event as columns), `csv`, `parquet`, and `http` (the same
//! as an answer that is written as it is read).

mod csv;
mod error;
mod http;
mod order;
mod parquet;
mod problem;
mod run;
mod sink;
mod table;

pub use csv::csv_record;
pub use error::ExportError;
pub use http::{Options as ExportOptions, router as export_router};
pub use order::{ExportOrder, Format};
pub use problem::Problem;
pub use run::{Exported, export};
