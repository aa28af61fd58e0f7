//! Who hears of records that were not taken, where nobody waits for an answer that says so.

use std::fmt;
use std::sync::Arc;

use domain::TenantId;
use domain::access::NotTaken;

type Hears = dyn Fn(TenantId, &str, &NotTaken) + Send + Sync;

/// Writes down what was not taken of a connector's records: the tenant, the connector, and the reasons. By default
/// nobody hears of it.
#[derive(Clone)]
pub struct Hearer(Arc<Hears>);

impl Hearer {
    /// Who hears of it, without keeping anybody waiting.
    pub fn new(hears: impl Fn(TenantId, &str, &NotTaken) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hears))
    }

    pub(crate) fn hear(&self, tenant: TenantId, connector: &str, not_taken: &NotTaken) {
        if !not_taken.records().is_empty() {
            (self.0)(tenant, connector, not_taken);
        }
    }
}

impl Default for Hearer {
    fn default() -> Self {
        Self::new(|_, _, _| {})
    }
}

impl fmt::Debug for Hearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hearer")
    }
}
