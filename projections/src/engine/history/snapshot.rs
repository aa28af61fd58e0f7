//! Stored rows together with the checkpoint that they belong to, as of one moment.

use domain::TenantId;
use sqlx::{PgPool, Postgres, QueryBuilder, Transaction};

use super::{Fields, Waiting};
use crate::engine::Checkpoint;
use crate::engine::checkpoint::checkpoints;
use crate::engine::encode::text;
use crate::engine::table::{Column, Table};

/// One moment of a tenant's rows: whatever is read through it fits together.
pub(crate) struct Snapshot {
    transaction: Transaction<'static, Postgres>,
}

impl Snapshot {
    /// Begins with what is committed now.
    pub(crate) async fn begin(pool: &PgPool, tenant: TenantId) -> Result<Self, sqlx::Error> {
        let begin = "begin isolation level repeatable read, read only";
        let mut transaction = pool.begin_with(begin).await?;
        sqlx::query("select set_config('annals.tenant', $1, true)")
            .bind(tenant.to_string())
            .execute(&mut *transaction)
            .await?;
        Ok(Self { transaction })
    }

    /// How far the read model had come; `None`: it never ran.
    pub(crate) async fn checkpoint(&mut self, name: &str) -> Result<Option<Checkpoint>, sqlx::Error> {
        let all = checkpoints(&mut *self.transaction).await?;
        Ok(all.into_iter().find(|checkpoint| checkpoint.name == name))
    }

    /// What waits for the read model in parked streams of the tenant.
    pub(crate) async fn waiting(&mut self, name: &str, tenant: TenantId) -> Result<Waiting, sqlx::Error> {
        Waiting::of(&mut self.transaction, tenant, name).await
    }

    /// All rows of the tenant, each as JSON; no more than `limit`.
    pub(crate) async fn rows(
        &mut self,
        table: &Table,
        tenant: TenantId,
        limit: usize,
    ) -> Result<Vec<String>, sqlx::Error> {
        let mut query = table.select_json();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        query.push(" limit ").push_bind(limit);
        self.fetch(query).await
    }

    /// The rows of the tenant that were last changed after a position and up to another; for a table whose
    /// key that is.
    pub(crate) async fn rows_between(
        &mut self,
        table: &Table,
        tenant: TenantId,
        (after, upto): (u64, u64),
    ) -> Result<Vec<String>, sqlx::Error> {
        let mut query = table.select_json();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query
            .push(" and t.position > ")
            .push_bind(crate::engine::count(after));
        query
            .push(" and t.position <= ")
            .push_bind(crate::engine::count(upto));
        self.fetch(query).await
    }

    /// The row of a key.
    pub(crate) async fn row(&mut self, table: &Table, key: &Fields) -> Result<Vec<String>, sqlx::Error> {
        let mut query = table.select_json();
        query.push(" where true");
        for column in &table.key {
            query.push(format!(" and t.{} = ", column.name));
            push_value(&mut query, column, key);
        }
        self.fetch(query).await
    }

    /// The tenant's row that follows a key in the order of the keys; without a key, the first.
    pub(crate) async fn row_after(
        &mut self,
        table: &Table,
        tenant: TenantId,
        key: Option<&Fields>,
    ) -> Result<Vec<String>, sqlx::Error> {
        let names: Vec<String> = table
            .key
            .iter()
            .map(|column| format!("t.{}", column.name))
            .collect();
        let names = names.join(", ");
        let mut query = table.select_json();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        if let Some(key) = key {
            query.push(format!(" and ({names}) > ("));
            for (index, column) in table.key.iter().enumerate() {
                query.push(if index > 0 { ", " } else { "" });
                push_value(&mut query, column, key);
            }
            query.push(")");
        }
        query.push(format!(" order by {names} limit 1"));
        self.fetch(query).await
    }

    async fn fetch(
        &mut self,
        mut query: QueryBuilder<'static, Postgres>,
    ) -> Result<Vec<String>, sqlx::Error> {
        query.build_query_scalar().fetch_all(&mut *self.transaction).await
    }
}

fn push_value(query: &mut QueryBuilder<'static, Postgres>, column: &Column, key: &Fields) {
    let value = key.get(&column.name).cloned().unwrap_or_default();
    query
        .push_bind(text(column, &value))
        .push(format!("::{}", column.sql_type));
}

/// The tenants that have rows in a table, as far as the pool's role sees them. Jumps along the key.
pub(crate) async fn tenants_of(pool: &PgPool, table: &Table) -> Result<Vec<String>, sqlx::Error> {
    let name = &table.name;
    let query = format!(
        "with recursive tenants (id) as ( \
             (select tenant_id from {name} order by tenant_id limit 1) \
             union all \
             select (select t.tenant_id from {name} t where t.tenant_id > id order by t.tenant_id limit 1) \
             from tenants \
             where id is not null \
         ) \
         select id from tenants where id is not null"
    );
    sqlx::query_scalar(&query).fetch_all(pool).await
}
