//! Reading a part of the log up to a position: what a fold needs to tell the past.

use domain::{RecordedEvent, StreamId, TenantId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{Postgres, QueryBuilder, Row as _};

use super::Log;
use super::read::COLUMNS;
use crate::error::ReadError;

/// A page goes along the index of its order, whatever the statistics say: a plan that sorts what is left of
/// the part for every page would make long parts quadratic.
const BEGIN: &str = "begin read only; set local enable_seqscan = off; set local enable_bitmapscan = off; \
     set local enable_sort = off";

/// A part of one tenant's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The tenant's events of these aggregates; of all, when none is named.
    Tenant {
        /// The tenant.
        tenant: TenantId,
        /// The aggregates' stored names.
        aggregates: &'static [&'static str],
    },
    /// The events of one stream.
    Stream(StreamId),
    /// One event, if it is the tenant's.
    Event {
        /// The tenant.
        tenant: TenantId,
        /// Its position.
        position: u64,
    },
}

impl Part {
    /// The tenant whose log it is.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        match self {
            Self::Tenant { tenant, .. } | Self::Event { tenant, .. } => *tenant,
            Self::Stream(stream) => stream.tenant,
        }
    }
}

/// How far a part has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    position: u64,
    sequence: u64,
}

impl Place {
    /// Right after an event of the part.
    #[must_use]
    pub const fn after(event: &RecordedEvent) -> Self {
        Self {
            position: event.position,
            sequence: event.sequence,
        }
    }

    /// Right after a position; not for the part of one stream.
    #[must_use]
    pub const fn after_position(position: u64) -> Self {
        Self {
            position,
            sequence: 0,
        }
    }
}

impl Log {
    /// Up to `limit` events of a part, in order: those after a place, up to a position included.
    ///
    /// # Errors
    /// [`ReadError`] names the position of an event that can't be decoded, or the archives that are needed;
    /// nothing is skipped.
    pub async fn part(
        &self,
        part: &Part,
        after: Place,
        upto: u64,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut query = QueryBuilder::<Postgres>::new("select ");
        query.push(COLUMNS).push(" from events where ");
        let order = match part {
            Part::Tenant { tenant, aggregates } => {
                query.push("tenant_id = ").push_bind(tenant.to_string());
                query
                    .push(" and position > ")
                    .push_bind(bigint(after.position))
                    .push(" and position <= ")
                    .push_bind(bigint(upto));
                push_at_hand(&mut query, after.position, *tenant);
                if !aggregates.is_empty() {
                    query
                        .push(" and aggregate_type = any(")
                        .push_bind(*aggregates)
                        .push(")");
                }
                "position"
            }
            Part::Stream(stream) => {
                query
                    .push("aggregate_type = ")
                    .push_bind(stream.aggregate_type)
                    .push(" and aggregate_id = ")
                    .push_bind(stream.stored_id())
                    .push(" and sequence > ")
                    .push_bind(bigint(after.sequence))
                    .push(" and position <= ")
                    .push_bind(bigint(upto));
                // A stream's sequence grows with the position, and has an index.
                "sequence"
            }
            Part::Event { tenant, position } => {
                query
                    .push("position = ")
                    .push_bind(bigint(*position))
                    .push(" and position > ")
                    .push_bind(bigint(after.position))
                    .push(" and position <= ")
                    .push_bind(bigint(upto))
                    .push(" and tenant_id = ")
                    .push_bind(tenant.to_string());
                push_at_hand(&mut query, position.saturating_sub(1), *tenant);
                "position"
            }
        };
        query
            .push(format!(" order by {order} limit "))
            .push_bind(i64::from(limit));
        let mut transaction = self.pool().begin_with(BEGIN).await?;
        let rows = query.build().fetch_all(&mut *transaction).await?;
        let first = rows.first().map(|row| row.try_get::<i64, _>(4)).transpose()?;
        if let Part::Stream(stream) = part
            && first != Some(bigint(after.sequence + 1))
        {
            // It has ended, or what comes next in it is archived.
            let mut query = QueryBuilder::<Postgres>::new("select true where true");
            push_at_hand(&mut query, after.position, stream.tenant);
            query.build().fetch_optional(&mut *transaction).await?;
        }
        transaction.rollback().await?;
        self.decode_all(&rows).await
    }

    /// The events of a tenant at some positions, in order; those that are another tenant's are left out.
    ///
    /// # Errors
    /// [`ReadError`] names the position of an event that can't be decoded, or the archives that are needed.
    pub async fn at(&self, tenant: TenantId, positions: &[u64]) -> Result<Vec<RecordedEvent>, ReadError> {
        let Some(first) = positions.iter().min() else {
            return Ok(Vec::new());
        };
        let wanted: Vec<i64> = positions.iter().copied().map(bigint).collect();
        let mut query = QueryBuilder::<Postgres>::new("select ");
        query.push(COLUMNS).push(" from events where tenant_id = ");
        query.push_bind(tenant.to_string());
        query.push(" and position = any(").push_bind(wanted).push(")");
        push_at_hand(&mut query, first.saturating_sub(1), tenant);
        query.push(" order by position");
        let rows = query.build().fetch_all(self.pool()).await?;
        self.decode_all(&rows).await
    }

    /// All events at hand of a tenant's aggregates of one kind, up to a position included, in order: for kinds of which
    /// a tenant has few.
    ///
    /// # Errors
    /// [`ReadError`] names the position of an event that can't be decoded.
    pub async fn of_kind(
        &self,
        tenant: TenantId,
        aggregate_type: &str,
        upto: u64,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        // Of all that begin with `<tenant>:`, since `;` is what follows the colon.
        let narrow = |query: &mut QueryBuilder<'_, Postgres>| {
            query
                .push(" and aggregate_id >= ")
                .push_bind(format!("{tenant}:"));
            query.push(" and aggregate_id < ").push_bind(format!("{tenant};"));
        };
        self.at_hand(aggregate_type, narrow, upto).await
    }

    /// The same of one aggregate, for kinds that stay when a year is archived.
    ///
    /// # Errors
    /// As [`Log::of_kind`].
    pub async fn of_stream(&self, stream: &StreamId, upto: u64) -> Result<Vec<RecordedEvent>, ReadError> {
        let narrow = |query: &mut QueryBuilder<'_, Postgres>| {
            query.push(" and aggregate_id = ").push_bind(stream.stored_id());
        };
        self.at_hand(stream.aggregate_type, narrow, upto).await
    }

    /// The same of all tenants, for kinds of which there are few.
    ///
    /// # Errors
    /// As [`Log::of_kind`].
    pub async fn of_kind_of_all_tenants(
        &self,
        aggregate_type: &str,
        upto: u64,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        self.at_hand(aggregate_type, |_| {}, upto).await
    }

    async fn at_hand(
        &self,
        aggregate_type: &str,
        narrow: impl FnOnce(&mut QueryBuilder<'_, Postgres>),
        upto: u64,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut query = QueryBuilder::<Postgres>::new("select ");
        query
            .push(COLUMNS)
            .push(" from events_at_hand where aggregate_type = ")
            .push_bind(aggregate_type.to_owned());
        narrow(&mut query);
        query
            .push(" and position <= ")
            .push_bind(bigint(upto))
            .push(" order by position");
        let rows = query.build().fetch_all(self.pool()).await?;
        self.decode_all(&rows).await
    }

    /// The last position that was recorded at a moment or before it; 0 when there was none yet. The time of
    /// recording never runs backwards along the positions, so the primary key is searched by halves.
    ///
    /// # Errors
    /// [`ReadError::Archived`] when the moment lies inside an archived year with events of the tenant (none is given: of
    /// anybody): which of them were recorded before it, only the file says. It names that year and those before. [`ReadError::Unavailable`] when the database
    /// is away.
    pub async fn position_at(&self, tenant: Option<TenantId>, at: Timestamp) -> Result<u64, ReadError> {
        // A position whose row is not there lies in an archived year, whose begin is known. After a year's last
        // microsecond all of it is over, so that one needs no file.
        let position = sqlx::query_scalar!(
            r#"
            with recursive search (low, high) as (
                select 0::bigint, position from log_head
                union all
                select case when found.early then middle.position else low end,
                       case when found.early then high else middle.position - 1 end
                from search
                cross join lateral (select (low + high + 1) / 2 as position) middle
                cross join lateral (
                    select coalesce(
                        (select e.recorded_at <= $1 from events e where e.position = middle.position),
                        (select make_timestamptz(a.year, 1, 1, 0, 0, 0, 'UTC') <= $1
                         from log_archives a
                         where middle.position between a.first_position and a.last_position),
                        true
                    ) as early
                ) found
                where low < high
            )
            select low as "low!"
            from search
            where low = high
              and case
                      when exists (
                          select
                          from log_archives a
                          where a.mounted_at is null
                            and make_timestamptz(a.year, 1, 1, 0, 0, 0, 'UTC') <= $1
                            and make_timestamptz(a.year + 1, 1, 1, 0, 0, 0, 'UTC') > $1 + interval '1 microsecond'
                            and ($2::text is null
                                 or exists (
                                     select
                                     from log_archive_tenants t
                                     where t.tenant_id = $2 and t.year = a.year
                                 ))
                      )
                      then log_at_hand(0, $2, null, $1 + interval '1 microsecond')
                      else true
                  end
            "#,
            at.to_sqlx() as jiff_sqlx::Timestamp,
            tenant.map(|tenant| tenant.to_string())
        )
        .fetch_one(self.pool())
        .await?;
        Ok(u64::try_from(position).unwrap_or_default())
    }

    /// The tenants that have events at hand, in the order of their ids. Jumps along an index.
    ///
    /// # Errors
    /// [`ReadError`] when the database is away, or a stored id is none.
    pub async fn tenants(&self) -> Result<Vec<TenantId>, ReadError> {
        let stored = sqlx::query_scalar!(
            r#"
            with recursive tenants (id) as (
                (select tenant_id from events_at_hand order by tenant_id limit 1)
                union all
                select (select e.tenant_id from events_at_hand e where e.tenant_id > id order by e.tenant_id limit 1)
                from tenants
                where id is not null
            )
            select id as "id!" from tenants where id is not null
            "#
        )
        .fetch_all(self.pool())
        .await?;
        let corrupt = |value: &String| ReadError::Corrupt {
            position: 0,
            column: "tenant_id",
            value: value.clone(),
        };
        stored
            .iter()
            .map(|id| id.parse().map_err(|_| corrupt(id)))
            .collect()
    }
}

/// PostgreSQL raises when events of the tenant after a position are archived.
fn push_at_hand(query: &mut QueryBuilder<'_, Postgres>, after: u64, tenant: TenantId) {
    query.push(" and log_at_hand(").push_bind(bigint(after));
    query
        .push(", ")
        .push_bind(tenant.to_string())
        .push(", null, null)");
}

fn bigint(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
