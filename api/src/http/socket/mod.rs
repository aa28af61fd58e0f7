//! `/graphql/ws`: graphql-transport-ws (enisdenjo/graphql-ws, PROTOCOL.md).

mod close;
mod message;
mod operation;
mod session;

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::response::Response;

use self::close::Close;
use self::session::Session;
use super::RequestId;
use crate::gateway::Gateway;

const PROTOCOL: &str = "graphql-transport-ws";
/// Small, since there are many sockets and most are quiet: what is read at once, and written.
const READ_BYTES: usize = 2 << 10;
const WRITE_BYTES: usize = 4 << 10;

/// Upgrades to a WebSocket; the token comes with the request, or with `connection_init`.
pub(super) async fn upgrade(
    State(gateway): State<Gateway>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let admitted = gateway.hub.connect(request_id.address);
    let bytes = gateway.limits.request_bytes;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_message_size(bytes)
        .max_frame_size(bytes);
    let speaks_it = upgrade.selected_protocol().is_some();
    upgrade.on_upgrade(move |socket| async move {
        let session = Box::new(Session::new(socket, Arc::new(gateway), headers, request_id));
        match admitted {
            Err(over) => session.refuse(&Close::Crowded(over.to_string())).await,
            Ok(_) if !speaks_it => session.refuse(&Close::NoProtocol).await,
            Ok(_admitted) => session.serve().await,
        }
    })
}
