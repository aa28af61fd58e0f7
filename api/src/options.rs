//! What the program gives to the gateway.

use std::collections::HashMap;
use std::sync::Arc;

use projections::entitlement::Entitlements;
use projections::invoice::Series;
use projections::{Operations, Past, PastLimits, Reader};
use store::{Store, WebhookKey};

use crate::auth::{Hosts, JwtOptions, RecordEvery, TokenSource};
use crate::cost::PlanBuckets;
use crate::http::Network;
use crate::import::CsvImport;
use crate::limits::Limits;
use crate::live::Drain;

/// Renders the process's metrics in the Prometheus text format.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// Which GraphQL documents are executed.
#[derive(Clone)]
pub enum PersistedDocuments {
    /// All; a document that was sent once may be asked for by its hash (automatic persisted queries).
    Automatic,
    /// These alone, by the SHA-256 of their text.
    Listed(Arc<HashMap<[u8; 32], String>>),
}

/// What the gateway works with, and its limits.
#[derive(Clone)]
pub struct Options {
    /// The event log.
    pub store: Store,
    /// The read models.
    pub reader: Reader,
    /// Their past; the limits of what an answer about it may cost are among `limits`.
    pub past: Past,
    /// What tenants' plans open, kept in memory.
    pub entitlements: Entitlements,
    /// What an administrator does with read models, if this process can.
    pub operations: Option<Operations>,
    /// SHA-256 of the platform administrator's token, in lower-case hex; without it nobody is one.
    pub admin_token_sha256: Option<String>,
    /// Whose JSON web tokens are taken, if anybody's.
    pub jwt: Option<JwtOptions>,
    /// Which hosts belong to tenants.
    pub hosts: Hosts,
    /// How often it is written down who was turned away, and that a key is in use.
    pub record_every: RecordEvery,
    /// The proxies whose word about a request's client and host is taken.
    pub trusted_proxies: Vec<Network>,
    /// The origins whose pages may ask; `*` for all.
    pub cors_origins: Vec<String>,
    /// Shows GraphiQL and the schema to anybody.
    pub development: bool,
    /// Whether the schema can be asked for; left open, in development.
    pub introspection: Option<bool>,
    /// Whether GraphiQL is served; left open, in development.
    pub graphiql: Option<bool>,
    /// Makes the secrets of API keys.
    pub tokens: Arc<dyn TokenSource>,
    /// Of what webhook endpoints' secrets are made, if this process has it.
    pub webhook_key: Option<WebhookKey>,
    /// What `/metrics` answers.
    pub metrics: RenderMetrics,
    /// Runs CSV files, if this process can.
    pub csv_import: Option<Arc<dyn CsvImport>>,
    /// What a request may ask for at most.
    pub limits: Limits,
    /// What tenants may spend, by their plans.
    pub plan_buckets: PlanBuckets,
    /// Which documents are executed.
    pub persisted_documents: PersistedDocuments,
    /// Tells what is open that the process is about to end.
    pub drain: Drain,
    /// Which invoices are numbered together.
    pub invoice_series: Series,
    /// How far a read model may lie behind the log, in events, before `/readyz` says no.
    pub lag_limit: u64,
}

impl Options {
    /// The defaults: nobody is platform administrator, production, no imports, no metrics.
    #[must_use]
    pub fn new(store: Store, reader: Reader, tokens: Arc<dyn TokenSource>) -> Self {
        let past = Past::new(reader.clone(), store.log().clone(), PastLimits::default());
        let entitlements = Entitlements::new(past.clone(), reader.clone(), store.tail().clone());
        Self {
            entitlements,
            store,
            reader,
            past,
            operations: None,
            admin_token_sha256: None,
            jwt: None,
            hosts: Hosts::default(),
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            record_every: RecordEvery::default(),
            development: false,
            introspection: None,
            graphiql: None,
            tokens,
            webhook_key: None,
            metrics: Arc::new(String::new),
            csv_import: None,
            limits: Limits::default(),
            plan_buckets: PlanBuckets::default(),
            persisted_documents: PersistedDocuments::Automatic,
            drain: Drain::default(),
            invoice_series: Series::default(),
            lag_limit: 100_000,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("development", &self.development)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
