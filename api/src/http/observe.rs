//! What every request gets: an id, a span and a place in the metrics. No payloads, no tokens.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use store::Ambient;
use tokio::time::Instant;
use tracing::Instrument;

use super::headers::secure;
use super::proxy::{Network, Peer, resolve};

const HEADER: &str = "x-request-id";
const ID_AT_MOST: usize = 100;

/// Groups what one request does: the correlation id of its events.
#[derive(Clone, Debug)]
pub(crate) struct RequestId {
    pub(crate) id: String,
    /// Where the request came from.
    pub(crate) address: Option<IpAddr>,
}

/// What every request is seen through.
#[derive(Clone)]
pub(super) struct Observer {
    pub(super) ambient: Ambient,
    pub(super) trusted_proxies: Arc<[Network]>,
}

/// Gives a request its id (the client's own, if it sent a plain one), its span and its metrics.
pub(super) async fn observe(State(observer): State<Observer>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let client = resolve(&observer.trusted_proxies, peer, request.headers_mut());
    let given = request.headers().get(HEADER).and_then(|id| id.to_str().ok());
    let id = given
        .filter(|id| is_plain(id))
        .map_or_else(|| observer.ambient.fresh_id().to_string(), str::to_owned);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("other", MatchedPath::as_str)
        .to_owned();
    let method = request.method().clone();
    request.extensions_mut().insert(RequestId {
        id: id.clone(),
        address: client.address,
    });
    let span = tracing::info_span!("api.http.request", %method, route, request_id = id);
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = began.elapsed();
    let status = response.status().as_u16();
    let labels = [("route", route), ("status", status.to_string())];
    metrics::counter!("annals_http_requests_total", &labels).increment(1);
    metrics::histogram!("annals_http_request_seconds", &labels).record(took.as_secs_f64());
    span.in_scope(|| tracing::debug!(status, took_us = took.as_micros(), "api.http.answered"));
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    secure(response.headers_mut(), client.transport);
    response
}

fn is_plain(id: &str) -> bool {
    (1..=ID_AT_MOST).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
