//! The tables of what was read: all SQL on them.

use domain::TenantId;
use jiff_sqlx::ToSqlx as _;
use rust_decimal::Decimal;
use sqlx::{FromRow, Postgres, QueryBuilder};

use super::{Kept, Reading};
use crate::engine::{count, position};
use crate::metered_usage::Span;
use crate::reader::{QueryError, Reader};

/// A meter that was read, and how far.
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) read_up_to: u64,
}

/// An event that counted.
#[derive(Clone, Debug)]
pub(in crate::reader::past) struct PricedEvent {
    /// The meter that counted it.
    pub(in crate::reader::past) of: i64,
    /// What was read.
    pub(in crate::reader::past) read: Reading,
}

impl<'r> FromRow<'r, sqlx::postgres::PgRow> for PricedEvent {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> Result<Self, sqlx::Error> {
        use sqlx::Row as _;
        Ok(Self {
            of: row.try_get(0)?,
            read: Reading {
                position: position(row.try_get(1)?),
                event_id: row.try_get(2)?,
                at: row.try_get::<jiff_sqlx::Timestamp, _>(3)?.to_jiff(),
                pair: row.try_get(4)?,
                currency: row.try_get(5)?,
                value: row.try_get(6)?,
            },
        })
    }
}

const COLUMNS: &str = "e.meter, e.position, e.event_id, e.occurred_at, e.pair, e.currency, e.value";

impl Reader {
    /// How far a meter was read; from now on it is known.
    pub(super) async fn priced_meter(&self, tenant: TenantId, reading: &str) -> Result<Known, QueryError> {
        let mut transaction = self.begin_to_keep(tenant).await?;
        let known = "select id, read_up_to from priced_meters \
                     where tenant_id = $1 and md5(reading) = md5($2)";
        let add = "insert into priced_meters (tenant_id, reading) values ($1, $2) on conflict do nothing";
        loop {
            let row: Option<(i64, i64)> = sqlx::query_as(known)
                .bind(tenant.to_string())
                .bind(reading)
                .fetch_optional(&mut *transaction)
                .await?;
            if let Some((id, read_up_to)) = row {
                transaction.commit().await?;
                return Ok(Known {
                    id,
                    read_up_to: position(read_up_to),
                });
            }
            sqlx::query(add)
                .bind(tenant.to_string())
                .bind(reading)
                .execute(&mut *transaction)
                .await?;
        }
    }

    /// All meters that were ever read, each with its tenant, to a pool that sees those of all.
    pub(super) async fn priced_meters(&self) -> Result<Vec<(TenantId, String)>, QueryError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("select tenant_id, reading from priced_meters order by id")
                .fetch_all(self.pool())
                .await?;
        let row = |(tenant, reading): (String, String)| Some((tenant.parse().ok()?, reading));
        Ok(rows.into_iter().filter_map(row).collect())
    }

    /// Keeps what was read up to a position, of the log from where it was known to be read.
    pub(super) async fn keep_priced(
        &self,
        tenant: TenantId,
        (id, upto): (i64, u64),
        found: &[Reading],
    ) -> Result<(), QueryError> {
        let mut transaction = self.begin_to_keep(tenant).await?;
        let positions: Vec<i64> = found.iter().map(|one| count(one.position)).collect();
        let ids: Vec<&str> = found.iter().map(|one| one.event_id.as_str()).collect();
        let times: Vec<jiff_sqlx::Timestamp> = found.iter().map(|one| one.at.to_sqlx()).collect();
        let pairs: Vec<&str> = found.iter().map(|one| one.pair.as_str()).collect();
        let currencies: Vec<Option<&str>> = found.iter().map(|one| one.currency.as_deref()).collect();
        let values: Vec<Decimal> = found.iter().map(|one| one.value).collect();
        // Whoever read the same at the same time has kept the same.
        sqlx::query(
            "insert into priced_events (tenant_id, meter, position, event_id, occurred_at, pair, currency, value) \
             select $1, $2, * \
             from unnest($3::bigint[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::numeric[]) \
             on conflict do nothing",
        )
        .bind(tenant.to_string())
        .bind(id)
        .bind(positions)
        .bind(ids)
        .bind(times)
        .bind(pairs)
        .bind(currencies)
        .bind(values)
        .execute(&mut *transaction)
        .await?;
        sqlx::query("update priced_meters set read_up_to = greatest(read_up_to, $2) where id = $1")
            .bind(id)
            .bind(count(upto))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The events of a span, in the order of time.
    pub(super) async fn priced_events(
        &self,
        kept: Kept,
        span: Span,
        limit: usize,
    ) -> Result<Vec<PricedEvent>, QueryError> {
        let mut query = QueryBuilder::<Postgres>::new("select ");
        query.push(COLUMNS).push(" from priced_events e where e.meter = ");
        query.push_bind(kept.id);
        query.push(" and e.position <= ").push_bind(count(kept.upto));
        query
            .push(" and e.occurred_at >= ")
            .push_bind(span.from.to_sqlx());
        query
            .push(" and e.occurred_at < ")
            .push_bind(span.until.to_sqlx());
        query.push(" order by e.occurred_at, e.event_id limit ");
        query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let mut transaction = self.begin(kept.tenant).await?;
        Ok(query.build_query_as().fetch_all(&mut *transaction).await?)
    }

    /// All events that have something in common with one of a span, pair by pair: `telling` says whose events of the span
    /// are meant, `all` whose others belong to them.
    pub(in crate::reader::past) async fn priced_pairs(
        &self,
        (telling, all): (&[Kept], &[Kept]),
        span: Span,
        limit: usize,
    ) -> Result<Vec<PricedEvent>, QueryError> {
        let Some(first) = all.first() else {
            return Ok(Vec::new());
        };
        // Each meter with the position up to which it is asked.
        let push = |query: &mut QueryBuilder<'_, Postgres>, meters: &[Kept]| {
            let ids: Vec<i64> = meters.iter().map(|one| one.id).collect();
            let ends: Vec<i64> = meters.iter().map(|one| count(one.upto)).collect();
            query.push("unnest(").push_bind(ids);
            query
                .push("::bigint[], ")
                .push_bind(ends)
                .push("::bigint[]) as m (id, upto)");
        };
        let mut query = QueryBuilder::<Postgres>::new("with wanted as (select distinct e.pair from ");
        push(&mut query, telling);
        query.push(" join priced_events e on e.meter = m.id and e.position <= m.upto and e.occurred_at >= ");
        query.push_bind(span.from.to_sqlx());
        query
            .push(" and e.occurred_at < ")
            .push_bind(span.until.to_sqlx());
        query.push(") select ").push(COLUMNS).push(" from ");
        push(&mut query, all);
        query.push(" join priced_events e on e.meter = m.id and e.position <= m.upto");
        query.push(" join wanted w on w.pair = e.pair");
        query.push(" order by e.pair limit ");
        query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let mut transaction = self.begin(first.tenant).await?;
        Ok(query.build_query_as().fetch_all(&mut *transaction).await?)
    }
}
