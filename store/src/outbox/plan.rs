//! The log becomes deliveries.

use domain::{EventId, TenantId};
use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx as _};

use super::Outbox;
use crate::error::Unavailable;

/// An endpoint as those who send see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The tenant that owns it.
    pub tenant: TenantId,
    /// Its id inside the tenant.
    pub endpoint: String,
    /// How it is set, with its secrets' names, as JSON.
    pub settings: String,
    /// How many deliveries are made at once: 1, when they are in order.
    pub at_once: i32,
    /// Whether deliveries are made.
    pub is_open: bool,
}

/// An event that is to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The tenant that owns it.
    pub tenant: TenantId,
    /// The endpoint's id inside the tenant.
    pub endpoint: String,
    /// The event's place in the log.
    pub position: u64,
    /// The event's id, which receivers know it by.
    pub event: EventId,
    /// Its stored name.
    pub event_type: String,
}

/// What a page of the log comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The endpoint is set up, or set in another way.
    Set(Queue),
    /// It is gone, and what waits for it is dropped.
    Gone(TenantId, String),
    /// Events to deliver: those that were queued before are left as they are.
    Deliver(Vec<Queued>),
    /// Events to deliver, also those that were delivered before.
    Again(Vec<Queued>),
}

impl Outbox {
    /// Up to where the log was turned into deliveries; `None` before the first time.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn position(&self) -> Result<Option<u64>, Unavailable> {
        let position = sqlx::query_scalar!("select position from webhook_head")
            .fetch_optional(&self.pool)
            .await?;
        Ok(position.map(|position| u64::try_from(position).unwrap_or_default()))
    }

    /// Begins to turn the log into deliveries behind a position, if nobody has begun.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn begin(&self, position: u64) -> Result<(), Unavailable> {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        sqlx::query!(
            "insert into webhook_head (position) values ($1) on conflict do nothing",
            position
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The endpoints there are.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn queues(&self) -> Result<Vec<Queue>, Unavailable> {
        let rows = sqlx::query!(
            r#"select tenant_id, endpoint, settings::text as "settings!", at_once, is_open from webhook_queues"#
        )
        .fetch_all(&self.pool)
        .await?;
        let queues = rows.into_iter().filter_map(|row| {
            Some(Queue {
                tenant: row.tenant_id.parse().ok()?,
                endpoint: row.endpoint,
                settings: row.settings,
                at_once: row.at_once,
                is_open: row.is_open,
            })
        });
        Ok(queues.collect())
    }

    /// Writes what the log comes to between two positions, all of it or nothing. Tells whether it did: somebody else may
    /// have come further.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn plan(
        &self,
        (before, after): (u64, u64),
        changes: &[Change],
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let bigint = |position: u64| i64::try_from(position).unwrap_or(i64::MAX);
        let mut transaction = self.pool.begin().await?;
        let moved = sqlx::query!(
            "update webhook_head set position = $2 where position = $1",
            bigint(before),
            bigint(after)
        )
        .execute(&mut *transaction)
        .await?;
        if moved.rows_affected() == 0 {
            return Ok(false);
        }
        for change in changes {
            match change {
                Change::Set(queue) => {
                    sqlx::query!(
                        r#"
                        insert into webhook_queues (tenant_id, endpoint, settings, at_once, is_open)
                        values ($1, $2, $3::text::json, $4, $5)
                        on conflict (tenant_id, endpoint) do update
                        set settings = excluded.settings, at_once = excluded.at_once, is_open = excluded.is_open
                        "#,
                        queue.tenant.to_string(),
                        queue.endpoint,
                        queue.settings,
                        queue.at_once,
                        queue.is_open
                    )
                    .execute(&mut *transaction)
                    .await?;
                }
                Change::Gone(tenant, endpoint) => {
                    sqlx::query!(
                        "delete from webhook_queues where tenant_id = $1 and endpoint = $2",
                        tenant.to_string(),
                        endpoint
                    )
                    .execute(&mut *transaction)
                    .await?;
                    sqlx::query!(
                        r#"
                        update webhook_deliveries
                        set state = 'dropped', settled_at = $3, error = 'the endpoint was removed'
                        where tenant_id = $1 and endpoint = $2 and state = 'pending'
                        "#,
                        tenant.to_string(),
                        endpoint,
                        now.to_sqlx() as SqlTimestamp
                    )
                    .execute(&mut *transaction)
                    .await?;
                }
                Change::Deliver(queued) | Change::Again(queued) => {
                    let (mut tenants, mut endpoints, mut positions) = (Vec::new(), Vec::new(), Vec::new());
                    let (mut events, mut types) = (Vec::new(), Vec::new());
                    for one in queued {
                        tenants.push(one.tenant.to_string());
                        endpoints.push(one.endpoint.clone());
                        positions.push(bigint(one.position));
                        events.push(one.event.to_string());
                        types.push(one.event_type.clone());
                    }
                    sqlx::query!(
                        r#"
                        insert into webhook_deliveries
                            (tenant_id, endpoint, position, webhook_id, event_type, due_at, queued_at)
                        select q.tenant_id, q.endpoint, q.position, q.webhook_id, q.event_type, $6, $6
                        from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[])
                            as q (tenant_id, endpoint, position, webhook_id, event_type)
                        on conflict (tenant_id, endpoint, position) do update
                        set state = 'pending', attempts = 0, due_at = excluded.due_at, lease = null, lease_until = null,
                            queued_at = excluded.queued_at, settled_at = null
                        where $7
                        "#,
                        &tenants,
                        &endpoints,
                        &positions,
                        &events,
                        &types,
                        now.to_sqlx() as SqlTimestamp,
                        matches!(change, Change::Again(_))
                    )
                    .execute(&mut *transaction)
                    .await?;
                }
            }
        }
        transaction.commit().await?;
        Ok(true)
    }
}
