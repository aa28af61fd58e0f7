//! What the overview is told from, all of one moment.

use std::collections::{BTreeMap, BTreeSet};

use domain::account::Account;
use domain::model_price::price_book;
use domain::pricing::PriceBook;
use domain::{RecordedEvent, TenantId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::ModelCost;
use crate::account_history::AccountHistory;
use crate::engine::ReadModel as _;
use crate::metered_usage::Span;
use crate::model_use::{ModelUse, ModelUseRow, Uses};
use crate::platform_usage::{PlatformUsage, UsageMonth};
use crate::reader::{Past, PastError, QueryError};

/// The read models that the overview is told from.
pub const PLATFORM_READS: &[&str] = &[AccountHistory::NAME, PlatformUsage::NAME, ModelUse::NAME];

/// All accounts, and what was used in a month.
#[derive(Clone, Debug)]
pub struct PlatformBooks {
    /// All accounts, in the order of the tenants' ids.
    pub accounts: Vec<Account>,
    /// What was used in the month, in the order of tenants and meters.
    pub usage: Vec<UsageMonth>,
    /// What models cost in the month, for the tenants that had any call.
    pub costs: BTreeMap<TenantId, ModelCost>,
    /// Everything up to here is counted.
    pub position: u64,
}

impl Past {
    /// The books of all tenants for a month of UTC: as they are now, or as they were known at a position. What was used then is
    /// folded again from the log, tenant by tenant.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn platform_books(
        &self,
        month: Date,
        position: Option<u64>,
    ) -> Result<PlatformBooks, PastError> {
        let now = self.platform_books_now(month).await?;
        match position {
            None => Ok(now),
            Some(position) => self.platform_books_again(month, (now, position)).await,
        }
    }

    async fn platform_books_now(&self, month: Date) -> Result<PlatformBooks, PastError> {
        let reader = self.reader();
        let mut transaction = reader.begin_for_the_platform().await?;
        let folded = crate::engine::checkpoints(&mut *transaction)
            .await
            .map_err(QueryError::from)?;
        let reads = folded
            .iter()
            .filter(|one| PLATFORM_READS.contains(&one.name.as_str()));
        let position = reads.map(|one| one.position).min().unwrap_or_default();
        let accounts = reader.accounts(&mut transaction).await?;
        let usage = reader.platform_usage(&mut transaction, month).await?;
        let prices = self.log().of_kind_of_all_tenants("model_price", position).await?;
        let books = Books::of(&prices);
        let uses = reader
            .model_uses_of_all_tenants(&mut transaction, whole(month), books.all())
            .await?;
        let costs = uses
            .chunk_by(|left, right| left.tenant_id == right.tenant_id)
            .filter_map(|uses| {
                let tenant = uses.first()?.tenant_id;
                Some((tenant, ModelCost::of(uses, books.book(tenant))))
            });
        Ok(PlatformBooks {
            accounts,
            usage,
            costs: costs.collect(),
            position,
        })
    }

    async fn platform_books_again(
        &self,
        month: Date,
        (now, position): (PlatformBooks, u64),
    ) -> Result<PlatformBooks, PastError> {
        let mut accounts: Vec<Account> = now.accounts;
        for account in &mut accounts {
            *account = account.clone().as_of(position);
        }
        accounts.retain(|account| !account.is_empty());
        let mut usage = Vec::new();
        let used: BTreeSet<TenantId> = now.usage.iter().map(|row| row.tenant_id).collect();
        for tenant in used {
            let rows = self.rows::<PlatformUsage>(tenant, position).await?;
            usage.extend(rows.into_iter().filter(|row| row.month == month));
        }
        let prices = self.log().of_kind_of_all_tenants("model_price", position).await?;
        let books = Books::of(&prices);
        let of_the_month = Uses {
            vertical: None,
            span: whole(month),
        };
        let mut costs = BTreeMap::new();
        for tenant in now.costs.into_keys() {
            let mut uses: Vec<ModelUseRow> = self.rows::<ModelUse>(tenant, position).await?;
            uses.retain(|row| of_the_month.has(row));
            if !uses.is_empty() {
                costs.insert(tenant, ModelCost::of(&uses, books.book(tenant)));
            }
        }
        Ok(PlatformBooks {
            accounts,
            usage,
            costs,
            position,
        })
    }
}

/// The price books of all tenants.
struct Books {
    bundled: PriceBook,
    own: BTreeMap<TenantId, PriceBook>,
}

impl Books {
    fn of(prices: &[RecordedEvent]) -> Self {
        let mut by_tenant: BTreeMap<TenantId, Vec<&RecordedEvent>> = BTreeMap::new();
        for event in prices {
            by_tenant.entry(event.tenant()).or_default().push(event);
        }
        let own = by_tenant
            .into_iter()
            .map(|(tenant, prices)| (tenant, price_book(prices)));
        Self {
            bundled: PriceBook::bundled(),
            own: own.collect(),
        }
    }

    fn book(&self, tenant: TenantId) -> &PriceBook {
        self.own.get(&tenant).unwrap_or(&self.bundled)
    }

    fn all(&self) -> impl Iterator<Item = &PriceBook> {
        self.own.values().chain([&self.bundled])
    }
}

/// A whole month of UTC, from its first day on.
fn whole(month: Date) -> Span {
    let begin = |day: Date| day.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    Span {
        from: begin(month).unwrap_or(Timestamp::MIN),
        until: month
            .checked_add(1.month())
            .and_then(begin)
            .unwrap_or(Timestamp::MAX),
    }
}
