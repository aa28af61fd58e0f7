//! The door: mutations go to the log, queries to the read models.
//!
//! Reading order: [`Options`] and [`router`] (what the program gives and gets), `http` (the transports, health,
//! metrics), `gateway` (the way of a request from a transport to the executor), and what it passes: `auth` (who
//! asks), `limits`, `documents` (read once), `cost`, then `graphql` (one file a slice, `kit` below them) and `live` (one
//! execution for all who follow the same).

// Each slice of a root nests its futures in those of the slices before.
#![recursion_limit = "256"]

mod auth;
mod cost;
mod documents;
pub mod freezing;
mod gateway;
mod graphql;
mod http;
mod import;
pub mod invoicing;
mod limits;
mod live;
mod options;
pub mod paper;
pub mod watching;

pub use auth::{
    Authenticator, BadToken, Denied, Hosts, Identity, JwtClaims, JwtOptions, KeySetSource, RecordEvery, Role,
    TokenSource, authenticate, protect, protect_read, telling_exports, token_hash,
};
pub use cost::{Bucket, PlanBuckets};
pub use graphql::schema_sdl;
pub use http::{Network, NotANetwork, Peer, Transport, observed, operations, router};
pub use import::{CsvImport, ImportError, ImportReport, ImportRequest};
pub use limits::Limits;
pub use live::Drain;
pub use options::{Options, PersistedDocuments, RenderMetrics};
