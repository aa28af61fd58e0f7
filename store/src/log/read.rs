//! Reading the log in order: `position > n` is complete, because positions are given in commit order.

use std::ops::{Deref, DerefMut};

use domain::{RecordedEvent, TenantId};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder, Row as _, Transaction};

use super::row::decode_row;
use crate::error::ReadError;
use crate::vault::{Opened, Vault, erases};

/// The columns of an event, in the order in which [`decode_row`] reads them.
pub(crate) const COLUMNS: &str = "position, tenant_id, aggregate_type, aggregate_id, sequence, event_id, \
     event_type, event_version, occurred_at, recorded_at, actor, correlation_id, causation_id, payload::text, hash, metadata::text";

/// Which events a reader wants; an empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this tenant only.
    pub tenant: Option<TenantId>,
    /// Of this stream only: aggregate type and id inside the tenant (needs `tenant`).
    pub stream: Option<(String, String)>,
    /// Of these types only; `lead.*` wants all of a family. Empty: all types.
    pub types: Vec<String>,
    /// Recorded at this moment or later.
    pub recorded_from: Option<Timestamp>,
    /// Recorded before this moment.
    pub recorded_before: Option<Timestamp>,
}

impl Filter {
    /// All events of one tenant.
    #[must_use]
    pub fn tenant(tenant: TenantId) -> Self {
        Self {
            tenant: Some(tenant),
            ..Self::default()
        }
    }

    /// Whether an event passes.
    #[must_use]
    pub fn accepts(&self, event: &RecordedEvent) -> bool {
        self.tenant.is_none_or(|tenant| tenant == event.tenant())
            && self
                .stream
                .as_ref()
                .is_none_or(|(kind, id)| event.stream.aggregate_type == kind && event.stream.id == *id)
            && (self.types.is_empty()
                || self
                    .types
                    .iter()
                    .any(|wanted| is_of_type(&event.event_type, wanted)))
            && self.recorded_from.is_none_or(|from| event.recorded_at >= from)
            && self
                .recorded_before
                .is_none_or(|before| event.recorded_at < before)
    }
}

fn is_of_type(event_type: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(family) => event_type.starts_with(family),
        None => event_type == wanted,
    }
}

/// Reads the log; never writes.
#[derive(Clone, Debug)]
pub struct Log {
    pool: PgPool,
    vault: Option<Vault>,
}

impl Log {
    /// Reads through `pool`, whose role must see all tenants. Events with sealed fields stop it.
    #[must_use]
    pub const fn new(pool: PgPool) -> Self {
        Self { pool, vault: None }
    }

    /// The same, opening sealed fields with this vault, if there is one.
    #[must_use]
    pub fn opened_by(self, vault: Option<Vault>) -> Self {
        Self { vault, ..self }
    }

    pub(crate) const fn vault(&self) -> Option<&Vault> {
        self.vault.as_ref()
    }

    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The position of the last event; 0 when the log is empty.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the database is away.
    pub async fn head(&self) -> Result<u64, ReadError> {
        let head = sqlx::query_scalar!("select position from log_head")
            .fetch_one(&self.pool)
            .await?;
        Ok(u64::try_from(head).unwrap_or_default())
    }

    /// Up to `limit` events after a position that pass the filter, in order.
    ///
    /// # Errors
    /// [`ReadError`] names the position of an event that can't be decoded, or the archives that are needed;
    /// nothing is skipped.
    pub async fn page(
        &self,
        after: u64,
        filter: &Filter,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut query = QueryBuilder::<Postgres>::new("select ");
        query.push(COLUMNS).push(" from events where ");
        push_at_hand(&mut query, after, filter);
        push_filter(&mut query, filter);
        push_limit(&mut query, limit);
        let mut view = self.view(after, filter).await?;
        let rows = query.build().fetch_all(&mut *view).await?;
        drop(view);
        self.decode_all(&rows).await
    }

    /// A connection on which the log is read under a filter. Years that lie outside of a span of recording are not planned
    /// at all, nor is the question whether they are archived: it is asked for itself, of the same moment.
    async fn view(&self, after: u64, filter: &Filter) -> Result<View, ReadError> {
        if filter.recorded_from.is_none() && filter.recorded_before.is_none() {
            return Ok(View::Now(self.pool.acquire().await?));
        }
        let begin = "begin isolation level repeatable read read only";
        let mut moment = self.pool.begin_with(begin).await?;
        let mut question = QueryBuilder::<Postgres>::new("select true where ");
        push_archives(&mut question, after, filter);
        question.build().execute(&mut *moment).await?;
        Ok(View::OneMoment(moment))
    }

    /// As [`Log::page`], over what is at hand: without the events of archived years, but for those of streams
    /// that were kept when their year was archived.
    ///
    /// # Errors
    /// As [`Log::page`].
    pub async fn page_at_hand(
        &self,
        after: u64,
        filter: &Filter,
        limit: u32,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut query = QueryBuilder::<Postgres>::new("select ");
        query.push(COLUMNS).push(" from events_at_hand where position > ");
        query.push_bind(position(after));
        push_filter(&mut query, filter);
        push_limit(&mut query, limit);
        let rows = query.build().fetch_all(&self.pool).await?;
        self.decode_all(&rows).await
    }

    /// Decodes rows with the columns of [`COLUMNS`]; the keys of sealed fields that are not in memory take one
    /// statement.
    pub(crate) async fn decode_all(&self, rows: &[PgRow]) -> Result<Vec<RecordedEvent>, ReadError> {
        let opened = match &self.vault {
            Some(vault) => {
                let mut payloads: Vec<(&str, &str, &str)> = Vec::with_capacity(rows.len());
                for row in rows {
                    let (tenant, event_type) = (row.try_get(1)?, row.try_get(6)?);
                    if erases(event_type) {
                        vault.drop_keys_of(tenant);
                    }
                    payloads.push((tenant, event_type, row.try_get_unchecked(13)?));
                }
                vault.prepare(payloads.into_iter()).await?
            }
            None => Opened::Refused,
        };
        rows.iter().map(|row| decode_row(row, &opened)).collect()
    }

    /// How many events lie after a position that pass the filter.
    ///
    /// # Errors
    /// [`ReadError::Archived`] when some are archived, [`ReadError::Unavailable`] when the database is away.
    pub async fn count(&self, after: u64, filter: &Filter) -> Result<u64, ReadError> {
        let mut query = QueryBuilder::<Postgres>::new("select count(*) from events where ");
        push_at_hand(&mut query, after, filter);
        push_filter(&mut query, filter);
        let mut view = self.view(after, filter).await?;
        let count: i64 = query.build_query_scalar().fetch_one(&mut *view).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

fn position(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The events after a position; PostgreSQL raises when some of them that the filter may want are archived.
fn push_at_hand(query: &mut QueryBuilder<'_, Postgres>, after: u64, filter: &Filter) {
    query.push("position > ").push_bind(position(after)).push(" and ");
    push_archives(query, after, filter);
}

/// True, or PostgreSQL raises.
fn push_archives(query: &mut QueryBuilder<'_, Postgres>, after: u64, filter: &Filter) {
    let moment = |at: Option<Timestamp>| at.map(ToSqlx::to_sqlx);
    query.push("log_at_hand(").push_bind(position(after));
    query
        .push(", ")
        .push_bind(filter.tenant.map(|tenant| tenant.to_string()));
    query.push(", ").push_bind(moment(filter.recorded_from));
    query
        .push(", ")
        .push_bind(moment(filter.recorded_before))
        .push(")");
}

fn push_limit(query: &mut QueryBuilder<'_, Postgres>, limit: u32) {
    query
        .push(" order by position limit ")
        .push_bind(i64::from(limit));
}

/// A connection that shows the log as it is now, or for all statements as it is at one moment.
enum View {
    Now(PoolConnection<Postgres>),
    OneMoment(Transaction<'static, Postgres>),
}

impl Deref for View {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Now(connection) => connection,
            Self::OneMoment(moment) => moment,
        }
    }
}

impl DerefMut for View {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Now(connection) => connection,
            Self::OneMoment(moment) => moment,
        }
    }
}

fn push_filter(query: &mut QueryBuilder<'_, Postgres>, filter: &Filter) {
    if let Some(tenant) = filter.tenant {
        query.push(" and tenant_id = ").push_bind(tenant.to_string());
        if let Some((kind, id)) = &filter.stream {
            query.push(" and aggregate_type = ").push_bind(kind.clone());
            query
                .push(" and aggregate_id = ")
                .push_bind(format!("{tenant}:{id}"));
        }
    }
    if !filter.types.is_empty() {
        let patterns: Vec<String> = filter.types.iter().map(|wanted| like_pattern(wanted)).collect();
        query
            .push(" and event_type like any (")
            .push_bind(patterns)
            .push(")");
    }
    if let Some(from) = filter.recorded_from {
        query.push(" and recorded_at >= ").push_bind(from.to_sqlx());
    }
    if let Some(before) = filter.recorded_before {
        query.push(" and recorded_at < ").push_bind(before.to_sqlx());
    }
}

/// `lead.*` as a pattern of SQL's `like`, every other character meaning itself.
fn like_pattern(wanted: &str) -> String {
    let (text, ending) = wanted
        .strip_suffix('*')
        .map_or((wanted, ""), |family| (family, "%"));
    let escaped = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("{escaped}{ending}")
}
