//! The routes: `POST /v1/webhooks/<source>`, and Meta's challenge by `GET`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::TenantId;
use store::{NewDelivery, Store};
use tokio::sync::Notify;

use super::signature::{Unsigned, is_same_word};
use super::source::{Sender, Source, Sources};

/// How many bytes a delivery may have, unless it is set otherwise: 1 MiB.
pub const DEFAULT_BODY_BYTES: usize = 1 << 20;

/// Somebody who was turned away.
#[derive(Clone, Debug)]
pub struct Turned {
    /// The tenant whose source was knocked at.
    pub tenant: TenantId,
    /// The source.
    pub source: String,
    /// The kind of reason, for instance `signature_wrong`.
    pub reason: &'static str,
    /// The reason as it was told.
    pub message: String,
}

/// Writes down who was turned away, with what else is known of the request.
pub type TurnedAway = Arc<dyn Fn(&Extensions, Turned) + Send + Sync>;

/// How the routes work.
#[derive(Clone)]
pub struct Options {
    /// Who may send.
    pub sources: Arc<Sources>,
    /// How many bytes a delivery may have.
    pub body_bytes: usize,
    /// Who hears of those that were turned away.
    pub turned_away: TurnedAway,
    /// Wakes whoever processes.
    pub arrived: Arc<Notify>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("sources", &self.sources.keys())
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Door {
    store: Store,
    options: Options,
}

/// The routes. They ask for no token: what is signed by the source's secret is the source's.
pub fn router(store: Store, options: Options) -> Router {
    Router::new()
        .route("/v1/webhooks/{source}", post(receive).get(challenge))
        .layer(DefaultBodyLimit::max(options.body_bytes))
        .with_state(Door { store, options })
}

fn answer(status: StatusCode, text: impl Into<String>) -> Response {
    let outcome = match status.as_u16() {
        200..=299 => "taken",
        401 => "unsigned",
        503 => "unavailable",
        _ => "refused",
    };
    metrics::counter!("annals_webhooks_in_total", "outcome" => outcome).increment(1);
    (status, text.into() + "\n").into_response()
}

fn unknown(name: &str) -> Response {
    answer(
        StatusCode::NOT_FOUND,
        format!("there is no webhook source {name:?}"),
    )
}

async fn receive(
    State(door): State<Door>,
    Path(name): Path<String>,
    extensions: Extensions,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Some(source) = door.options.sources.get(&name) else {
        return unknown(&name);
    };
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let limit = door.options.body_bytes;
            return answer(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("a delivery may have {limit} bytes"),
            );
        }
        Err(rejection) => return answer(StatusCode::BAD_REQUEST, rejection.body_text()),
    };
    let now = door.store.ambient().now();
    if let Err(unsigned) = source.verify(&headers, &body, now) {
        return door.turn_away(source, &extensions, &unsigned);
    }
    let (id, event_type) = match source.identify(&headers, &body) {
        Ok(identified) => identified,
        Err(lack) => return answer(StatusCode::BAD_REQUEST, lack),
    };
    let delivery = NewDelivery {
        source: source.name.clone(),
        id,
        event_type,
        body: body.into(),
        received_at: now,
    };
    match door.store.inbox().take(&delivery).await {
        Ok(true) => {
            door.options.arrived.notify_one();
            answer(StatusCode::ACCEPTED, "taken")
        }
        Ok(false) => answer(StatusCode::OK, "known"),
        Err(unavailable) => {
            tracing::warn!(%unavailable, source = name, "ingest.webhooks.receive can't store a delivery");
            let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, unavailable.to_string());
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from_static("1"));
            response
        }
    }
}

/// Meta's platform asks with `hub.challenge` whether the URL is its owner's.
async fn challenge(
    State(door): State<Door>,
    Path(name): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    extensions: Extensions,
) -> Response {
    let Some(source) = door.options.sources.get(&name) else {
        return unknown(&name);
    };
    let Sender::Hmac(hmac) = &source.sender else {
        return answer(StatusCode::METHOD_NOT_ALLOWED, "this source sends by POST");
    };
    let (Some(wanted), Some("subscribe")) = (&hmac.verify_token, query.get("hub.mode").map(String::as_str))
    else {
        return answer(StatusCode::METHOD_NOT_ALLOWED, "this source sends by POST");
    };
    let given = query.get("hub.verify_token").map_or("", String::as_str);
    match query.get("hub.challenge") {
        Some(challenge) if is_same_word(given, wanted) => (StatusCode::OK, challenge.clone()).into_response(),
        _ => door.turn_away(source, &extensions, &Unsigned::Wrong),
    }
}

impl Door {
    fn turn_away(&self, source: &Source, extensions: &Extensions, unsigned: &Unsigned) -> Response {
        let turned = Turned {
            tenant: source.tenant,
            source: source.name.clone(),
            reason: unsigned.into(),
            message: unsigned.to_string(),
        };
        (self.options.turned_away)(extensions, turned);
        answer(StatusCode::UNAUTHORIZED, unsigned.to_string())
    }
}
