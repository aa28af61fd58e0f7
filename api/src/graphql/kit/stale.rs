//! Whether rows are stale, asked of the read models at once for all rows of a page.

use std::collections::HashMap;

use async_graphql::Error;
use async_graphql::dataloader::{DataLoader, Loader};
use domain::TenantId;
use projections::{Reader, RowName};

use super::code::IntoFault;

/// Gathers for a moment which rows are asked about, then asks once a tenant.
pub(crate) type StaleRows = DataLoader<StaleLoader>;

/// Asks the read models.
pub(crate) struct StaleLoader(Reader);

/// A loader for a request.
pub(super) fn stale_rows(reader: Reader) -> StaleRows {
    DataLoader::new(StaleLoader(reader), tokio::spawn)
}

impl Loader<(TenantId, RowName)> for StaleLoader {
    type Value = bool;
    type Error = Error;

    async fn load(&self, asked: &[(TenantId, RowName)]) -> Result<HashMap<(TenantId, RowName), bool>, Error> {
        let mut by_tenant: HashMap<TenantId, Vec<RowName>> = HashMap::new();
        for (tenant, row) in asked {
            by_tenant.entry(*tenant).or_default().push(row.clone());
        }
        let mut known = HashMap::new();
        for (tenant, rows) in by_tenant {
            let stale = self.0.stale_among(tenant, &rows).await;
            let stale = stale.map_err(IntoFault::into_fault)?;
            known.extend(rows.into_iter().map(|row| {
                let is_stale = stale.contains(&row);
                ((tenant, row), is_stale)
            }));
        }
        Ok(known)
    }
}
