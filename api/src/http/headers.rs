//! What browsers are told: which pages may ask, and how careful to be with the answers.

use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    RETRY_AFTER, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::proxy::Transport;
use crate::auth::TENANT_HEADER;

/// How long a browser may remember what it was told, in seconds.
const PREFLIGHT_SECONDS: u64 = 600;

/// Which pages may ask: those of these origins, or all with `*`. Tokens are sent by the page itself, never by the
/// browser on its own, so credentials stay off. Without any origin, no page of another may.
pub(super) fn cross_origin(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(
            origins
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok()),
        )
    };
    let own = |name: &'static str| HeaderName::from_static(name);
    let cors = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            own(TENANT_HEADER),
            own("last-event-id"),
            own("x-annals-causation-id"),
            own("x-annals-dry-run"),
            own("x-annals-workspace"),
            own("x-request-id"),
        ])
        .expose_headers([RETRY_AFTER, own("x-request-id")])
        .max_age(std::time::Duration::from_secs(PREFLIGHT_SECONDS));
    Some(cors)
}

/// Sets what is not set yet: answers are what they say they are, are in no frame and no cache, and run nothing.
pub(super) fn secure(headers: &mut HeaderMap, transport: Transport) {
    let defaults = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if transport == Transport::Tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
}
