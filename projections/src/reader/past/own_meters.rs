//! The meters that a tenant defined itself, as the log has them.

use std::collections::BTreeMap;

use domain::meter::{Definition, Event as Change};
use domain::{Event, TenantId};

use super::{Past, PastError};

impl Past {
    /// The newest version of each of a tenant's own meters by code, from the log itself: a read model may be behind. Retired ones
    /// are among them, since they are charged for until the end.
    ///
    /// # Errors
    /// [`PastError`] when the log can't be read.
    pub async fn own_meters(&self, tenant: TenantId) -> Result<BTreeMap<String, Definition>, PastError> {
        let head = self.log.head().await?;
        let mut meters = BTreeMap::new();
        for event in self.log.of_kind(tenant, "meter", head).await? {
            if let Event::Meter(Change::Defined { definition, .. } | Change::Changed { definition, .. }) =
                event.event
            {
                meters.insert(event.stream.id, definition);
            }
        }
        Ok(meters)
    }
}
