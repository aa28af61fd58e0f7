//! The delivery log of webhooks over GraphQL.

use async_graphql::{ID, Object, Result, SimpleObject};
use projections::ReadModel as _;
use projections::webhook_delivery::{WebhookDeliveries, WebhookDelivery as Row, WebhookTry};
use projections::webhook_endpoint::WebhookEndpointList;

use super::kit::{
    Context, Cursor, DateTime, Ids, IntoFault, Listed, May, Reading, Window, connection, reading, total,
};

/// A delivery of an event to a webhook endpoint, and how it went so far.
#[derive(Clone, SimpleObject)]
pub(crate) struct WebhookDelivery {
    /// The endpoint's id inside the tenant.
    endpoint: String,
    /// The event's cursor: `redeliverWebhooks(only:)` takes it.
    event: Cursor,
    /// The event's id, which the header `webhook-id` has.
    webhook_id: String,
    /// The event's type.
    event_type: String,
    /// `pending`, `delivered`, or `dropped` with its endpoint.
    state: String,
    /// How many attempts there were since it was queued.
    attempts: i32,
    /// When it is tried next, while it is pending.
    next_attempt_at: Option<DateTime>,
    /// The last answer's HTTP status.
    status: Option<i32>,
    /// Why there was no answer, or none of success.
    error: Option<String>,
    /// How long the last attempt took.
    latency_ms: Option<i32>,
    /// The first bytes of the last answer.
    answer: Option<String>,
    /// When it was queued.
    queued_at: DateTime,
    /// When it was delivered or dropped.
    settled_at: Option<DateTime>,
    /// The last twenty attempts, the oldest first.
    tries: Vec<WebhookAttempt>,
}

/// An attempt of a delivery.
#[derive(Clone, SimpleObject)]
pub(crate) struct WebhookAttempt {
    /// When it began.
    at: DateTime,
    /// The answer's HTTP status.
    status: Option<i32>,
    /// Why there was no answer, or none of success.
    error: Option<String>,
    /// How long it took.
    latency_ms: i32,
}

impl From<WebhookTry> for WebhookAttempt {
    fn from(tried: WebhookTry) -> Self {
        Self {
            at: tried.at.into(),
            status: tried.status,
            error: tried.error,
            latency_ms: tried.latency_ms,
        }
    }
}

impl Listed for WebhookAttempt {}

/// A row with the tenant that its cursor is good in.
struct Shown(domain::TenantId, Row);

impl From<Shown> for WebhookDelivery {
    fn from(Shown(tenant, row): Shown) -> Self {
        let is_pending = row.state == "pending";
        Self {
            endpoint: row.endpoint,
            event: Cursor::at(tenant, u64::try_from(row.position).unwrap_or_default()),
            webhook_id: row.webhook_id,
            event_type: row.event_type,
            state: row.state,
            attempts: row.attempts,
            next_attempt_at: is_pending.then(|| row.due_at.into()),
            status: row.status,
            error: row.error,
            latency_ms: row.latency_ms,
            answer: row.answer,
            queued_at: row.queued_at.into(),
            settled_at: row.settled_at.map(Into::into),
            tries: row.tries.into_iter().map(Into::into).collect(),
        }
    }
}

connection!(
    WebhookDelivery: WebhookDeliveryConnection, WebhookDeliveryEdge,
    "the deliveries of webhooks"
);

/// What can be asked about deliveries of webhooks.
#[derive(Default)]
pub(crate) struct WebhookDeliveryQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "a connection's arguments are Relay's")]
impl WebhookDeliveryQuery {
    /// The deliveries of webhooks to the tenant's endpoints, those of the newest events first.
    async fn webhook_deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the beginning, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "With `first`: only what follows this row.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "With `last`: only what precedes this row.")] before: Option<Cursor>,
        #[graphql(desc = "Only to this endpoint.")] endpoint: Option<ID>,
        #[graphql(desc = "Only in this state: `pending`, `delivered` or `dropped`.")] state: Option<String>,
        #[graphql(desc = "Only of events of this type.")] event_type: Option<String>,
    ) -> Result<WebhookDeliveryConnection> {
        let Reading { tenant, reader } = reading::<WebhookEndpointList>(ctx, May::Admin, None).await?;
        let page = Window {
            first,
            after,
            last,
            before,
        }
        .page(tenant)?;
        let endpoint =
            endpoint.map(|id| Ids::of(ctx)?.argument("endpoint", &[WebhookEndpointList::NAME], id));
        let wanted = WebhookDeliveries {
            // Another tenant's id is one that no row has.
            endpoint: endpoint.transpose()?.map(Option::unwrap_or_default),
            state,
            event_type,
        };
        let listed = reader
            .webhook_deliveries(tenant, &wanted, &page, total(ctx))
            .await;
        let listed = listed.map_err(IntoFault::into_fault)?;
        let rows = listed
            .rows
            .into_iter()
            .map(|(place, row)| (place, Shown(tenant, row)));
        let listed = projections::Listed {
            rows: rows.collect(),
            more: listed.more,
            total: listed.total,
        };
        Ok(WebhookDeliveryConnection::new(tenant, listed, page.direction))
    }
}
