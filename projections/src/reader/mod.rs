//! How the gateway asks: one tenant a transaction, and no word of SQL outside this room.

mod list;
mod page;
mod past;
mod row;
mod sort;
mod stale;
mod wait;

pub(crate) use list::{Conditions, Paged};
pub use list::{List, Listed, Total};
pub use page::{Direction, Page, QueryError};
pub use past::{
    AsOf, BillWish, Change, Check, CountedEvents, Counting, Difference, DifferenceKind, Drawn, Explained,
    Extent, FigureEvents, Ledger, NoSpeed, OutcomeLine, Past, PastError, PastLimits, ROI_READS, Rebilled,
    Replay, SPEED_AT_MOST, Seen, Statement, StatementError, Step, Steps, Story, Timing, Verified, Wait,
    WhatIf, Wish, differences, draft_plan, span_of, stream_named,
};
pub(crate) use row::read;
pub use stale::RowName;

pub use sort::{Compared, Place, Sort, Way};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::TenantId;
use serde::de::DeserializeOwned;
use sqlx::{PgPool, Postgres, QueryBuilder, Transaction};

use crate::engine::{EntityKey, ReadModel, Table};

/// Reads the read models, in the name of one tenant at a time. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: PgPool,
    tables: Arc<Mutex<HashMap<&'static str, Arc<Table>>>>,
    patience: Duration,
}

/// What PostgreSQL says of a statement that it gave up (SQLSTATE `query_canceled`).
const CANCELED: &str = "57014";
/// How long entries of the audit feed are looked for.
const PATIENCE: Duration = Duration::from_secs(5);

impl Reader {
    /// Reads through `pool`, whose role is the gateway's.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            tables: Arc::default(),
            patience: PATIENCE,
        }
    }

    /// The same, looking for entries of the audit feed for so long (5 seconds otherwise).
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// A search that took too long is one by a filter that nothing narrows.
    pub(crate) fn searched<T>(&self, outcome: Result<T, QueryError>) -> Result<T, QueryError> {
        let is_too_long = |error: &sqlx::Error| {
            let code = error.as_database_error().and_then(|error| error.code());
            code.is_some_and(|code| code == CANCELED)
        };
        outcome.map_err(|error| match error {
            QueryError::Unavailable(error) if is_too_long(&error) => {
                QueryError::TooSlow { after: self.patience }
            }
            other => other,
        })
    }

    /// As [`Self::begin`], for statements that search for no longer than its patience.
    pub(crate) async fn begin_search(
        &self,
        tenant: TenantId,
    ) -> Result<Transaction<'static, Postgres>, QueryError> {
        let begin = format!(
            "begin read only; set local annals.tenant = '{tenant}'; set local statement_timeout = {}",
            self.patience.as_millis().max(1)
        );
        Ok(self.pool.begin_with(begin).await?)
    }

    /// The row of one aggregate; `None` if the tenant has none of this id.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn entity<M>(&self, tenant: TenantId, id: &str) -> Result<Option<M::Row>, QueryError>
    where
        M: ReadModel<Key = EntityKey>,
    {
        let table = self.table::<M>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query.push(" and t.id = ").push_bind(id.to_owned());
        Ok(Self::rows(self.begin(tenant).await?, query).await?.pop())
    }

    /// The rows of many aggregates, by one statement, in any order; those that the tenant does not have are left
    /// out.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn entities<M>(&self, tenant: TenantId, ids: &[String]) -> Result<Vec<M::Row>, QueryError>
    where
        M: ReadModel<Key = EntityKey>,
    {
        let table = self.table::<M>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query.push(" and t.id = any(").push_bind(ids.to_vec()).push(")");
        Self::rows(self.begin(tenant).await?, query).await
    }

    /// A transaction that sees one tenant's rows.
    pub(crate) async fn begin(&self, tenant: TenantId) -> Result<Transaction<'static, Postgres>, QueryError> {
        self.begin_with("annals.tenant", &tenant.to_string()).await
    }

    /// The same, which may keep what was worked out for the tenant.
    pub(crate) async fn begin_to_keep(
        &self,
        tenant: TenantId,
    ) -> Result<Transaction<'static, Postgres>, QueryError> {
        let begin = format!("begin; set local annals.tenant = '{tenant}'");
        Ok(self.pool.begin_with(begin).await?)
    }

    /// The same, in which all statements see the rows of one moment.
    pub(crate) async fn begin_at_one_moment(
        &self,
        tenant: TenantId,
    ) -> Result<Transaction<'static, Postgres>, QueryError> {
        let begin =
            format!("begin isolation level repeatable read read only; set local annals.tenant = '{tenant}'");
        Ok(self.pool.begin_with(begin).await?)
    }

    /// A transaction in which all statements see the rows of all tenants that the platform's administrator may see, of one
    /// moment.
    pub(crate) async fn begin_for_the_platform(&self) -> Result<Transaction<'static, Postgres>, QueryError> {
        let begin = "begin isolation level repeatable read read only; set local annals.platform = 'on'";
        Ok(self.pool.begin_with(begin).await?)
    }

    /// A transaction under one setting that a row-level policy knows.
    pub(crate) async fn begin_with(
        &self,
        setting: &'static str,
        value: &str,
    ) -> Result<Transaction<'static, Postgres>, QueryError> {
        // One message, so one round trip. The value is an id or a hash; no quote in it can end the text.
        let value = value.replace('\'', "''");
        let begin = format!("begin read only; set local {setting} = '{value}'");
        Ok(self.pool.begin_with(begin).await?)
    }

    /// The rows of a query, in a transaction that [`Reader::begin`] or [`Reader::begin_with`] gave.
    pub(crate) async fn rows<R: DeserializeOwned>(
        mut transaction: Transaction<'static, Postgres>,
        mut query: QueryBuilder<'static, Postgres>,
    ) -> Result<Vec<R>, QueryError> {
        let rows = query.build().fetch_all(&mut *transaction).await?;
        rows.iter().map(read).collect()
    }

    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// What the catalog says of a read model's table, asked once.
    pub(crate) async fn table<M: ReadModel>(&self) -> Result<Arc<Table>, QueryError> {
        self.table_named(M::NAME, M::KEY).await
    }

    /// The same, of a read model whose type is not known.
    pub(crate) async fn table_named(
        &self,
        name: &'static str,
        key: &[&str],
    ) -> Result<Arc<Table>, QueryError> {
        let known = self
            .tables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        if let Some(table) = known {
            return Ok(table);
        }
        let mut connection = self.pool.acquire().await?;
        let described = Table::describe(&mut connection, name, key).await?;
        let table = Arc::new(described.ok_or(QueryError::NoTable(name))?);
        self.tables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, Arc::clone(&table));
        Ok(table)
    }
}
