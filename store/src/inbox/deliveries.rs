//! Deliveries: taken once, processed in the order in which they came, kept.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx as _};
use sqlx::PgPool;

use crate::Store;
use crate::error::Unavailable;

/// A webhook as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// The source's name in the settings.
    pub source: String,
    /// The sender's id of it, unique within the source.
    pub id: String,
    /// What the sender calls it, for instance `invoice.paid`.
    pub event_type: String,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum DeliveryState {
    /// It is to be processed.
    Waiting,
    /// What follows from it is in the log.
    Processed,
    /// It waits for something that is not known yet.
    Held,
    /// Nothing follows from it.
    Kept,
    /// The rules say no.
    Refused,
}

/// A delivery that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its place in the order in which deliveries came.
    pub number: i64,
    /// As it came.
    pub taken: NewDelivery,
    /// What became of it.
    pub state: DeliveryState,
    /// Why it is in this state.
    pub note: Option<String>,
    /// How often it was processed.
    pub runs: i32,
    /// When its body was blanked: it is empty since then.
    pub blanked_at: Option<Timestamp>,
}

/// How a delivery's processing ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What became of it.
    pub state: DeliveryState,
    /// What it waits for, when it is held.
    pub waits_for: Option<String>,
    /// Why.
    pub note: Option<String>,
}

/// Which deliveries are meant; an empty one means all.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Of this source.
    pub source: Option<String>,
    /// With this id.
    pub id: Option<String>,
    /// In this state.
    pub state: Option<DeliveryState>,
    /// After this number.
    pub after: i64,
}

/// The inbox of webhooks.
#[derive(Clone, Debug)]
pub struct Inbox {
    pub(super) pool: PgPool,
}

impl Store {
    /// The inbox of webhooks.
    #[must_use]
    pub fn inbox(&self) -> Inbox {
        Inbox {
            pool: self.streams_pool().clone(),
        }
    }
}

impl Inbox {
    /// Takes a delivery, durably; tells whether it is the first of its id. A second one changes nothing.
    ///
    /// # Errors
    /// When the database is away: the sender is to send it again.
    pub async fn take(&self, delivery: &NewDelivery) -> Result<bool, Unavailable> {
        let taken = sqlx::query!(
            r#"
            insert into webhook_inbox (source, delivery_id, event_type, body, received_at)
            values ($1, $2, $3, $4, $5)
            on conflict (source, delivery_id) do nothing
            "#,
            delivery.source,
            delivery.id,
            delivery.event_type,
            delivery.body,
            delivery.received_at.to_sqlx() as SqlTimestamp
        )
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() > 0)
    }

    /// The first deliveries that are to be processed, in their order.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn waiting(&self, sources: &[String], limit: i64) -> Result<Vec<Delivery>, Unavailable> {
        let rows = sqlx::query!(
            r#"
            select number, source, delivery_id, event_type, body, received_at as "received_at: SqlTimestamp", note, runs
            from webhook_inbox
            where state = 'waiting' and source = any($1)
            order by number
            limit $2
            "#,
            sources,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        let deliveries = rows.into_iter().map(|row| Delivery {
            number: row.number,
            taken: NewDelivery {
                source: row.source,
                id: row.delivery_id,
                event_type: row.event_type,
                body: row.body,
                received_at: row.received_at.to_jiff(),
            },
            state: DeliveryState::Waiting,
            note: row.note,
            runs: row.runs,
            blanked_at: None,
        });
        Ok(deliveries.collect())
    }

    /// Writes down what became of a delivery.
    ///
    /// # Errors
    /// When the database is away: it is processed once more.
    pub async fn settle(&self, number: i64, settled: &Settled) -> Result<(), Unavailable> {
        let state: &'static str = settled.state.into();
        sqlx::query!(
            r#"
            update webhook_inbox
            set state = $2, waits_for = $3, note = $4, runs = runs + 1
            where number = $1
            "#,
            number,
            state,
            settled.waits_for,
            settled.note
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Has the deliveries processed that waited for something which is known now; tells how many.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn release(&self, source: &str, known: &[String]) -> Result<u64, Unavailable> {
        let released = sqlx::query!(
            r#"
            update webhook_inbox
            set state = 'waiting', waits_for = null
            where source = $1 and state = 'held' and waits_for = any($2)
            "#,
            source,
            known
        )
        .execute(&self.pool)
        .await?;
        Ok(released.rows_affected())
    }

    /// Has deliveries processed once more, in the order in which they came; tells how many. One whose body is blanked stays
    /// as it is.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn replay(&self, found: &Found) -> Result<u64, Unavailable> {
        let state: Option<&'static str> = found.state.map(Into::into);
        let replayed = sqlx::query!(
            r#"
            update webhook_inbox
            set state = 'waiting', waits_for = null
            where number > $1
              and blanked_at is null
              and ($2::text is null or source = $2)
              and ($3::text is null or delivery_id = $3)
              and ($4::text is null or state = $4)
            "#,
            found.after,
            found.source,
            found.id,
            state
        )
        .execute(&self.pool)
        .await?;
        Ok(replayed.rows_affected())
    }

    /// Up to `limit` deliveries, in the order in which they came.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list(&self, found: &Found, limit: i64) -> Result<Vec<Delivery>, Unavailable> {
        let state: Option<&'static str> = found.state.map(Into::into);
        let rows = sqlx::query!(
            r#"
            select number, source, delivery_id, event_type, body, received_at as "received_at: SqlTimestamp",
                   state, note, runs, blanked_at as "blanked_at: SqlTimestamp"
            from webhook_inbox
            where number > $1
              and ($2::text is null or source = $2)
              and ($3::text is null or delivery_id = $3)
              and ($4::text is null or state = $4)
            order by number
            limit $5
            "#,
            found.after,
            found.source,
            found.id,
            state,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        let deliveries = rows.into_iter().map(|row| Delivery {
            number: row.number,
            taken: NewDelivery {
                source: row.source,
                id: row.delivery_id,
                event_type: row.event_type,
                body: row.body,
                received_at: row.received_at.to_jiff(),
            },
            // The table's check knows no other states.
            state: row.state.parse().unwrap_or(DeliveryState::Waiting),
            note: row.note,
            runs: row.runs,
            blanked_at: row.blanked_at.map(SqlTimestamp::to_jiff),
        });
        Ok(deliveries.collect())
    }
}
