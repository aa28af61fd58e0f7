//! By what means the actors of entries came.

use std::collections::{BTreeSet, HashMap};

use domain::TenantId;
use serde_json::Value;

use super::Entry;
use crate::reader::{QueryError, Reader};

/// By what means an actor came; what was erased, or was never known, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryMeans {
    /// The network address.
    pub address: Option<String>,
    /// The program, as it calls itself.
    pub user_agent: Option<String>,
}

impl EntryMeans {
    /// The means that an entry of the door tells itself.
    #[must_use]
    pub fn told_by(entry: &Entry) -> Option<Self> {
        if entry.entity_type != "access" {
            return None;
        }
        let payload: Value = serde_json::from_str(&entry.payload).ok()?;
        let fields = payload.as_object()?.values().next()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            address: text("address"),
            user_agent: text("user_agent"),
        })
    }
}

impl Reader {
    /// The means that an entry of the tenant tells, by the id of its event; `None`: it is not there.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn means_told(&self, tenant: TenantId, id: &str) -> Result<Option<EntryMeans>, QueryError> {
        let told = self.entries_by(tenant, "event_id", &[id.to_owned()], 1).await?;
        Ok(told.first().and_then(EntryMeans::told_by))
    }

    /// The means that entries of the tenant tell themselves or name, by their positions.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn entry_means(
        &self,
        tenant: TenantId,
        entries: &[Entry],
    ) -> Result<HashMap<u64, EntryMeans>, QueryError> {
        let mut means: HashMap<u64, EntryMeans> = entries
            .iter()
            .filter_map(|entry| Some((entry.position, EntryMeans::told_by(entry)?)))
            .collect();
        let named: BTreeSet<String> = entries
            .iter()
            .filter_map(|entry| entry.context_id.clone())
            .collect();
        if named.is_empty() {
            return Ok(means);
        }
        let named: Vec<String> = named.into_iter().collect();
        let told = self.entries_by(tenant, "event_id", &named, named.len()).await?;
        let told: HashMap<&str, EntryMeans> = told
            .iter()
            .filter_map(|entry| Some((entry.event_id.as_str(), EntryMeans::told_by(entry)?)))
            .collect();
        for entry in entries {
            let found = entry.context_id.as_deref().and_then(|id| told.get(id));
            if let Some(found) = found {
                means.insert(entry.position, found.clone());
            }
        }
        Ok(means)
    }
}
