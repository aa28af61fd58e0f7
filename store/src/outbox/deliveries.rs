//! Deliveries that wait, under leases, and how they went.

use std::time::Duration;

use domain::{EventId, TenantId};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx as _};
use serde_json::json;
use sqlx::PgPool;

use crate::database::{Role, pool};
use crate::error::Unavailable;

/// How many attempts of a delivery are kept.
const TRIES_KEPT: i32 = 20;

/// The outbox of webhooks.
#[derive(Clone, Debug)]
pub struct Outbox {
    pub(super) pool: PgPool,
}

/// A delivery that is ours to make until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its number.
    pub number: i64,
    /// The tenant that owns the event.
    pub tenant: TenantId,
    /// The endpoint's id inside the tenant.
    pub endpoint: String,
    /// The endpoint's settings, as they were planned.
    pub settings: String,
    /// The event's place in the log.
    pub position: u64,
    /// The event's id.
    pub event: EventId,
    /// How many attempts failed before.
    pub attempts: u32,
}

/// Who claims, and how much.
#[derive(Clone, Debug)]
pub struct Claims<'a> {
    /// The process.
    pub lease: &'a str,
    /// How long it may take.
    pub lasts: Duration,
    /// How many deliveries at most.
    pub at_most: i64,
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// The answer's status.
    pub status: Option<u16>,
    /// Why there was no answer, or none of success.
    pub error: Option<String>,
    /// How long it took.
    pub latency: Duration,
    /// The answer's first bytes.
    pub answer: Option<String>,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is delivered.
    Delivered,
    /// It is tried again at this moment.
    Again(Timestamp),
    /// Its attempts begin anew, at this moment or later, when its endpoint is open again.
    Anew(Timestamp),
}

impl Outbox {
    /// Opens the outbox of a database.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn open(url: &str, connections: u32) -> Result<Self, Unavailable> {
        Ok(Self {
            pool: pool(url, Role::Projector, connections)?,
        })
    }

    /// Claims deliveries that are due: of endpoints in order the first one that waits, of the others as many as may be
    /// made at once.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn claim(&self, claims: &Claims<'_>, now: Timestamp) -> Result<Vec<Claimed>, Unavailable> {
        let lasts = SignedDuration::try_from(claims.lasts).unwrap_or(SignedDuration::from_mins(1));
        let until = now.saturating_add(lasts).unwrap_or(now);
        let rows = sqlx::query!(
            r#"
            with due as (
                select d.number
                from webhook_queues q
                cross join lateral (
                    select first.number
                    from (
                        select p.number, p.due_at, p.lease_until
                        from webhook_deliveries p
                        where p.tenant_id = q.tenant_id and p.endpoint = q.endpoint and p.state = 'pending'
                        order by p.position
                        limit 1
                    ) first
                    where q.at_once = 1 and first.due_at <= $1
                      and (first.lease_until is null or first.lease_until <= $1)
                    union all
                    (select p.number
                     from webhook_deliveries p
                     where q.at_once > 1
                       and p.tenant_id = q.tenant_id and p.endpoint = q.endpoint and p.state = 'pending'
                       and p.due_at <= $1 and (p.lease_until is null or p.lease_until <= $1)
                     order by p.due_at
                     limit case when q.at_once > 1 then greatest(0, q.at_once - (
                         select count(*)
                         from webhook_deliveries l
                         where l.tenant_id = q.tenant_id and l.endpoint = q.endpoint and l.state = 'pending'
                           and l.lease_until > $1
                     )) else 0 end)
                ) d
                where q.is_open
                limit $4
            )
            update webhook_deliveries c
            set lease = $2, lease_until = $3
            from due
            join webhook_queues q on true
            where c.number = due.number and q.tenant_id = c.tenant_id and q.endpoint = c.endpoint
              and c.state = 'pending' and (c.lease_until is null or c.lease_until <= $1)
            returning c.number, c.tenant_id, c.endpoint, c.position, c.webhook_id, c.attempts,
                      q.settings::text as "settings!"
            "#,
            now.to_sqlx() as SqlTimestamp,
            claims.lease,
            until.to_sqlx() as SqlTimestamp,
            claims.at_most
        )
        .fetch_all(&self.pool)
        .await?;
        let claimed = rows.into_iter().filter_map(|row| {
            Some(Claimed {
                number: row.number,
                tenant: row.tenant_id.parse().ok()?,
                endpoint: row.endpoint,
                settings: row.settings,
                position: u64::try_from(row.position).ok()?,
                event: row.webhook_id.parse().ok()?,
                attempts: u32::try_from(row.attempts).unwrap_or_default(),
            })
        });
        Ok(claimed.collect())
    }

    /// Writes down how an attempt went; nothing, when the delivery is another's meanwhile.
    ///
    /// # Errors
    /// When the database is away: whoever claims it next sends it once more.
    pub async fn settle(
        &self,
        claimed: &Claimed,
        lease: &str,
        attempt: &Attempt,
        verdict: Verdict,
    ) -> Result<(), Unavailable> {
        let latency_ms = i32::try_from(attempt.latency.as_millis()).unwrap_or(i32::MAX);
        let tried = json!([{
            "at": attempt.at,
            "status": attempt.status,
            "error": attempt.error,
            "latency_ms": latency_ms,
        }]);
        let (state, attempts, due_at) = match verdict {
            Verdict::Delivered => ("delivered", claimed.attempts + 1, attempt.at),
            Verdict::Again(at) => ("pending", claimed.attempts + 1, at),
            Verdict::Anew(at) => ("pending", 0, at),
        };
        sqlx::query!(
            r#"
            update webhook_deliveries
            set state = $3, attempts = $4, due_at = $5, lease = null, lease_until = null,
                settled_at = case when $3 = 'delivered' then $6::timestamptz end,
                attempted_at = $6, status = $7, error = $8, latency_ms = $9, answer = $10,
                tries = (case when jsonb_array_length(tries) >= $12 then tries - 0 else tries end) || $11::text::jsonb
            where number = $1 and lease = $2 and state = 'pending'
            "#,
            claimed.number,
            lease,
            state,
            i32::try_from(attempts).unwrap_or(i32::MAX),
            due_at.to_sqlx() as SqlTimestamp,
            attempt.at.to_sqlx() as SqlTimestamp,
            attempt.status.map(i32::from),
            attempt.error,
            latency_ms,
            attempt.answer,
            tried.to_string(),
            TRIES_KEPT
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How many deliveries wait.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn pending(&self) -> Result<u64, Unavailable> {
        let pending = sqlx::query_scalar!(
            r#"select count(*) as "count!" from webhook_deliveries where state = 'pending'"#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(u64::try_from(pending).unwrap_or_default())
    }
}
