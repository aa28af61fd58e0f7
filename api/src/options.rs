//! What the program gives to the gateway.

use std::sync::Arc;
use std::time::Duration;

use projections::{Operations, Past, PastLimits, Reader};
use store::Store;

use crate::auth::TokenSource;
use crate::import::CsvImport;

/// Renders the process's metrics in the Prometheus text format.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// What the gateway works with, and its limits.
#[derive(Clone)]
pub struct Options {
    /// The event log.
    pub store: Store,
    /// The read models.
    pub reader: Reader,
    /// Their past, with the limits of what an answer about it may cost.
    pub past: Past,
    /// What an administrator does with read models, if this process can.
    pub operations: Option<Operations>,
    /// SHA-256 of the platform administrator's token, in lower-case hex; without it nobody is one.
    pub admin_token_sha256: Option<String>,
    /// Shows GraphiQL and the schema to anybody.
    pub development: bool,
    /// Makes the secrets of API keys.
    pub tokens: Arc<dyn TokenSource>,
    /// What `/metrics` answers.
    pub metrics: RenderMetrics,
    /// Runs CSV files, if this process can.
    pub csv_import: Option<Arc<dyn CsvImport>>,
    /// How deep a document may nest.
    pub depth_limit: usize,
    /// How much a document may cost: a field is 1, a list multiplies by its length.
    pub complexity_limit: usize,
    /// How many bytes a request to `/graphql` may have.
    pub body_limit_bytes: usize,
    /// How long a query waits for the position that it asks to see.
    pub wait_at_most: Duration,
    /// How far a read model may lie behind the log, in events, before `/readyz` says no.
    pub lag_limit: u64,
}

impl Options {
    /// The defaults: nobody is platform administrator, production, no imports, no metrics.
    #[must_use]
    pub fn new(store: Store, reader: Reader, tokens: Arc<dyn TokenSource>) -> Self {
        let past = Past::new(reader.clone(), store.log().clone(), PastLimits::default());
        Self {
            store,
            reader,
            past,
            operations: None,
            admin_token_sha256: None,
            development: false,
            tokens,
            metrics: Arc::new(String::new),
            csv_import: None,
            depth_limit: 16,
            complexity_limit: 5_000,
            body_limit_bytes: 1024 * 1024,
            wait_at_most: Duration::from_secs(2),
            lag_limit: 100_000,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("development", &self.development)
            .field("depth_limit", &self.depth_limit)
            .field("complexity_limit", &self.complexity_limit)
            .finish_non_exhaustive()
    }
}
