//! The hours of a tenant's meter.

use domain::TenantId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{Postgres, Transaction};

use super::{MeteredUsage, UsageHour};
use crate::reader::{Past, PastError, QueryError, Reader, read};

/// Which hours.
#[derive(Clone, Copy, Debug)]
pub struct Usage<'a> {
    /// Of this meter.
    pub meter: &'a str,
    /// In this version.
    pub version: u32,
    /// From this moment on; `None`: from the first, as a level needs it.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Timestamp,
}

impl Reader {
    /// The hours of a tenant's meter in order, each group and value a row.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn metered_usage(
        &self,
        tenant: TenantId,
        wanted: &Usage<'_>,
    ) -> Result<Vec<UsageHour>, QueryError> {
        let table = self.table::<MeteredUsage>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query.push(" and t.meter = ").push_bind(wanted.meter.to_owned());
        query
            .push(" and t.version = ")
            .push_bind(i64::from(wanted.version));
        if let Some(from) = wanted.from {
            query.push(" and t.hour >= ").push_bind(from.to_sqlx());
        }
        query.push(" and t.hour < ").push_bind(wanted.until.to_sqlx());
        query.push(" order by t.hour, t.group_key, t.member");
        Self::rows(self.begin(tenant).await?, query).await
    }
}

impl Reader {
    /// The hours of many meters of a tenant, by one statement in a transaction of one moment.
    pub(crate) async fn usage_at_once(
        &self,
        transaction: &mut Transaction<'static, Postgres>,
        tenant: TenantId,
        wanted: &[Usage<'_>],
    ) -> Result<Vec<UsageHour>, QueryError> {
        let table = self.table::<MeteredUsage>().await?;
        let meters: Vec<String> = wanted.iter().map(|one| one.meter.to_owned()).collect();
        let versions: Vec<i64> = wanted.iter().map(|one| one.version.into()).collect();
        let from = |one: &Usage<'_>| {
            one.from
                .map_or_else(|| "-infinity".to_owned(), |at| at.to_string())
        };
        let begins: Vec<String> = wanted.iter().map(from).collect();
        let ends: Vec<String> = wanted.iter().map(|one| one.until.to_string()).collect();
        let mut query = table.select();
        query.push(" join unnest(").push_bind(meters);
        query.push(", ").push_bind(versions);
        query.push(", ").push_bind(begins);
        query.push(", ").push_bind(ends);
        query.push(") as w(code, number, begins, ends) on t.meter = w.code and t.version = w.number");
        query.push(" and t.hour >= w.begins::timestamptz and t.hour < w.ends::timestamptz");
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query.push(" order by t.meter, t.hour, t.group_key, t.member");
        let rows = query.build().fetch_all(&mut **transaction).await?;
        rows.iter().map(read).collect()
    }

    /// Whether hours of these meters in a span changed behind a position.
    pub(crate) async fn usage_changed(
        &self,
        transaction: &mut Transaction<'static, Postgres>,
        tenant: TenantId,
        meters: &[(String, u32)],
        ((from, until), behind): ((Timestamp, Timestamp), u64),
    ) -> Result<bool, QueryError> {
        let table = self.table::<MeteredUsage>().await?;
        let codes: Vec<String> = meters.iter().map(|(code, _)| code.clone()).collect();
        let versions: Vec<i64> = meters.iter().map(|(_, version)| (*version).into()).collect();
        let mut query = table.count();
        query.push(" join unnest(").push_bind(codes);
        query.push(", ").push_bind(versions);
        query.push(") as w(code, number) on t.meter = w.code and t.version = w.number");
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        query.push(" and t.hour >= ").push_bind(from.to_sqlx());
        query.push(" and t.hour < ").push_bind(until.to_sqlx());
        query
            .push(" and t.position > ")
            .push_bind(i64::try_from(behind).unwrap_or(i64::MAX));
        let changed: i64 = query.build_query_scalar().fetch_one(&mut **transaction).await?;
        Ok(changed > 0)
    }
}

impl Past {
    /// The same as of a position.
    ///
    /// # Errors
    /// [`PastError`].
    pub async fn metered_usage(
        &self,
        tenant: TenantId,
        wanted: &Usage<'_>,
        position: u64,
    ) -> Result<Vec<UsageHour>, PastError> {
        // A key is meter, version, hour, group and value, in this order.
        let mut rows = self.rows::<MeteredUsage>(tenant, position).await?;
        rows.retain(|row| {
            row.meter == wanted.meter
                && u32::try_from(row.version) == Ok(wanted.version)
                && wanted.from.is_none_or(|from| row.hour >= from)
                && row.hour < wanted.until
        });
        Ok(rows)
    }
}
