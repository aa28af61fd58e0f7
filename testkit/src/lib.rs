//! For tests: a database of its own for each test, cloned from a template.
//!
//! ```no_run
//! # async fn example() {
//! let database = testkit::database().await;
//! let pool = database.pool().await;
//! # }
//! ```
//!
//! The first call in a test process starts a private server and applies the migrations to the template
//! once; the server ends with the process, however that ends.

mod ambient;
mod database;
mod server;

pub use ambient::{TestClock, TestIds, ambient};
pub use database::{TestDatabase, database};
