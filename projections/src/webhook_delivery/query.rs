//! A tenant's deliveries, the newest events first.

use std::cmp::Reverse;

use domain::TenantId;
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{Postgres, QueryBuilder};

use crate::reader::{Conditions, Direction, Listed, Page, Paged, QueryError, Reader, Total, read};

/// A delivery as it stands.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct WebhookDelivery {
    /// Its number.
    pub number: i64,
    /// The endpoint's id inside the tenant.
    pub endpoint: String,
    /// The event's place in the log.
    pub position: i64,
    /// The event's id, which is the delivery's in the header `webhook-id`.
    pub webhook_id: String,
    /// The event's stored name.
    pub event_type: String,
    /// `pending`, `delivered` or `dropped`.
    pub state: String,
    /// How many attempts there were since it was queued.
    pub attempts: i32,
    /// When it is tried next, while it is pending.
    pub due_at: Timestamp,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When it was delivered or dropped.
    pub settled_at: Option<Timestamp>,
    /// The last answer's status.
    pub status: Option<i32>,
    /// Why there was no answer, or none of success.
    pub error: Option<String>,
    /// How long the last attempt took, in milliseconds.
    pub latency_ms: Option<i32>,
    /// The last answer's first bytes.
    pub answer: Option<String>,
    /// The last attempts, the oldest first.
    pub tries: Vec<WebhookTry>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct WebhookTry {
    /// When it began.
    pub at: Timestamp,
    /// The answer's status.
    pub status: Option<i32>,
    /// Why there was no answer, or none of success.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub latency_ms: i32,
}

/// The place of a delivery: the newest event first, then the delivery's number.
pub type WebhookPlace = Reverse<(i64, i64)>;

/// Which deliveries; what is left out does not matter.
#[derive(Clone, Debug, Default)]
pub struct WebhookDeliveries {
    /// Of this endpoint.
    pub endpoint: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// Of events of this type.
    pub event_type: Option<String>,
}

impl WebhookDelivery {
    /// Its place among the others.
    #[must_use]
    pub const fn place(&self) -> WebhookPlace {
        Reverse((self.position, self.number))
    }
}

const COLUMNS: &str = "number, endpoint, position, webhook_id, event_type, state, attempts, due_at, queued_at, \
                       settled_at, status, error, latency_ms, answer, tries";

impl Reader {
    /// A page of a tenant's deliveries, the newest events first.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn webhook_deliveries(
        &self,
        tenant: TenantId,
        wanted: &WebhookDeliveries,
        page: &Page<WebhookPlace>,
        total: Total,
    ) -> Result<Listed<WebhookDelivery, WebhookPlace>, QueryError> {
        let narrowed = |columns: &str| {
            let mut query =
                QueryBuilder::<Postgres>::new(format!("select {columns} from webhook_deliveries t"));
            query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
            let mut conditions = Conditions(&mut query);
            conditions.equal("endpoint", wanted.endpoint.as_ref());
            conditions.equal("state", wanted.state.as_ref());
            conditions.equal("event_type", wanted.event_type.as_ref());
            query
        };
        let mut query = narrowed(COLUMNS);
        let (after, order) = match page.direction {
            Direction::Forward => ("<", "desc"),
            Direction::Backward => (">", "asc"),
        };
        if let Some(Reverse((position, number))) = page.from {
            query
                .push(format!(" and (t.position, t.number) {after} ("))
                .push_bind(position);
            query.push(", ").push_bind(number).push(")");
        }
        query.push(format!(" order by t.position {order}, t.number {order}"));
        let count = (total == Total::Counted).then(|| narrowed("count(*)"));
        let transaction = self.begin(tenant).await?;
        Self::page(transaction, Paged { query, count }, page, |row| {
            Ok(read::<WebhookDelivery>(row)?.place())
        })
        .await
    }
}
