//! The door: mutations go to the log, queries to the read models.
//!
//! Reading order: [`Options`] and [`router`] (what the program gives and gets), `auth` (who asks), `http`
//! (the transports around the executor, health, metrics), `graphql` (one file a slice, `kit` below them).

mod auth;
mod graphql;
mod http;
mod import;
mod options;

pub use auth::{Authenticator, Denied, Identity, TokenSource, authenticate, protect, token_hash};
pub use graphql::schema_sdl;
pub use http::{operations, router};
pub use import::{CsvImport, ImportError, ImportReport, ImportRequest};
pub use options::{Options, RenderMetrics};
