//! All accounts, for the platform's administrator.

use std::collections::BTreeMap;

use domain::TenantId;
use domain::account::{Account, Thread};
use sqlx::{Postgres, Transaction};

use super::{AccountHistory, AccountThread};
use crate::reader::{QueryError, Reader, read};

impl Reader {
    /// The accounts of all tenants, in a transaction that has the platform's setting.
    pub(crate) async fn accounts(
        &self,
        transaction: &mut Transaction<'static, Postgres>,
    ) -> Result<Vec<Account>, QueryError> {
        let table = self.table::<AccountHistory>().await?;
        let rows = table.select().build().fetch_all(&mut **transaction).await?;
        let mut threads: BTreeMap<TenantId, Vec<Thread>> = BTreeMap::new();
        for row in &rows {
            let row: AccountThread = read(row)?;
            threads.entry(row.tenant_id).or_default().push(row.into());
        }
        let account = |(tenant, threads)| Account::new(tenant, threads);
        Ok(threads.into_iter().map(account).collect())
    }
}
