//! A saved filter by its name.

use domain::{Actor, TenantId};

use super::{SavedFilterList, SavedFilterRow};
use crate::audit_feed::Filter;
use crate::reader::{QueryError, Reader};

impl Reader {
    /// The filter of a name that an actor saved for itself, else the one that is shared in the tenant; the oldest, if there
    /// are several. `None`: there is none of this name for this actor.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn saved_filter(
        &self,
        tenant: TenantId,
        actor: &Actor,
        name: &str,
    ) -> Result<Option<Filter>, QueryError> {
        let table = self.table::<SavedFilterList>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query.push(" and t.name = ").push_bind(name.to_owned());
        query.push(" and (t.owner = ").push_bind(actor.to_string());
        query.push(" or t.sharing = 'tenant') order by t.owner = ");
        query
            .push_bind(actor.to_string())
            .push(" desc, t.created_at, t.id limit 1");
        let rows: Vec<SavedFilterRow> = Self::rows(self.begin(tenant).await?, query).await?;
        Ok(rows.into_iter().next().map(|row| row.filter.into()))
    }
}
