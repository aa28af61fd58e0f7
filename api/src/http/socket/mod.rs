//! `/graphql/ws`: graphql-transport-ws (enisdenjo/graphql-ws, PROTOCOL.md).

mod close;
mod message;
mod operation;
mod session;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::response::Response;

use self::session::Session;
use super::RequestId;
use crate::gateway::Gateway;

const PROTOCOL: &str = "graphql-transport-ws";

/// Upgrades to a WebSocket; the token comes with the request, or with `connection_init`.
pub(super) async fn upgrade(
    State(gateway): State<Gateway>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let bytes = gateway.limits.request_bytes;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(bytes)
        .max_frame_size(bytes);
    let speaks_it = upgrade.selected_protocol().is_some();
    upgrade.on_upgrade(move |socket| async move {
        let (session, outcome) = Session::new(socket, gateway, headers, request_id);
        if speaks_it {
            session.serve(outcome).await;
        } else {
            session.refuse_protocol().await;
        }
    })
}
