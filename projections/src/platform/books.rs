//! What the overview is told from, all of one moment.

use domain::TenantId;
use domain::account::Account;
use jiff::civil::Date;

use crate::account_history::AccountHistory;
use crate::engine::ReadModel as _;
use crate::platform_usage::{PlatformUsage, UsageMonth};
use crate::reader::{Past, PastError, QueryError, Reader};

/// All accounts, and what was used in a month.
#[derive(Clone, Debug)]
pub struct PlatformBooks {
    /// All accounts, in the order of the tenants' ids.
    pub accounts: Vec<Account>,
    /// What was used in the month, in the order of tenants and meters.
    pub usage: Vec<UsageMonth>,
    /// Everything up to here is counted.
    pub position: u64,
}

impl Reader {
    /// The books of all tenants as they are now, for a month of UTC.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn platform_books(&self, month: Date) -> Result<PlatformBooks, QueryError> {
        let mut transaction = self.begin_for_the_platform().await?;
        let folded = crate::engine::checkpoints(&mut *transaction).await?;
        let of = |name| {
            folded
                .iter()
                .find(|one| one.name == name)
                .map_or(0, |one| one.position)
        };
        Ok(PlatformBooks {
            accounts: self.accounts(&mut transaction).await?,
            usage: self.platform_usage(&mut transaction, month).await?,
            position: of(AccountHistory::NAME).min(of(PlatformUsage::NAME)),
        })
    }
}

impl Past {
    /// The books of all tenants as they were known at a position. What was used is folded again from the log, tenant by
    /// tenant.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn platform_books(&self, month: Date, position: u64) -> Result<PlatformBooks, PastError> {
        let now = self.reader().platform_books(month).await?;
        let mut accounts: Vec<Account> = now.accounts;
        for account in &mut accounts {
            *account = account.clone().as_of(position);
        }
        accounts.retain(|account| !account.is_empty());
        let mut usage = Vec::new();
        let used: std::collections::BTreeSet<TenantId> = now.usage.iter().map(|row| row.tenant_id).collect();
        for tenant in used {
            let rows = self.rows::<PlatformUsage>(tenant, position).await?;
            usage.extend(rows.into_iter().filter(|row| row.month == month));
        }
        Ok(PlatformBooks {
            accounts,
            usage,
            position,
        })
    }
}
