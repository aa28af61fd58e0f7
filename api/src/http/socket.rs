//! `/graphql/ws`: graphql-transport-ws.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::http::{WebSocketProtocols, WsMessage};
use async_graphql::{Data, Error, Executor, Request, Response};
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderValue};
use axum::response::Response as HttpResponse;
use futures::stream::BoxStream;
use futures::{SinkExt, StreamExt, future};
use serde_json::Value;

use super::RequestId;
use super::graphql::{Gateway, told};
use crate::auth::{Authenticator, identify};
use crate::graphql::Schema;
use crate::graphql::kit::IntoFault;

const PROTOCOL: &str = "graphql-transport-ws";
const PROTOCOL_ERROR: u16 = 1002;
/// What the executor says to an operation before `connection_init`.
const INTERNAL_ERROR: u16 = 1011;
const CLOSE_REASON_BYTES: usize = 123;
const BAD_REQUEST: u16 = 4400;
const UNAUTHORIZED: u16 = 4401;
const FORBIDDEN: u16 = 4403;
const MESSAGE_BYTES_AT_MOST: usize = 1024 * 1024;

/// Upgrades to a WebSocket; the token comes with the request, or with `connection_init`.
pub(super) async fn upgrade(
    State(gateway): State<Gateway>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> HttpResponse {
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(MESSAGE_BYTES_AT_MOST)
        .on_upgrade(move |socket| serve(socket, gateway, headers, request_id))
}

async fn serve(socket: WebSocket, gateway: Gateway, headers: HeaderMap, request_id: RequestId) {
    let (mut sink, stream) = socket.split();
    let input = stream
        .take_while(|message| future::ready(message.is_ok()))
        .filter_map(|message| {
            future::ready(match message {
                Ok(message @ (Message::Text(_) | Message::Binary(_))) => Some(message.into_data()),
                _ => None,
            })
        });
    let executor = Told(gateway.schema);
    let is_turned_away = Arc::new(AtomicBool::new(false));
    let authenticator = gateway.authenticator;
    let answers = async_graphql::http::WebSocket::new(executor, input, WebSocketProtocols::GraphQLWS)
        .on_connection_init({
            let is_turned_away = Arc::clone(&is_turned_away);
            move |payload| async move {
                let data = init(authenticator, headers, request_id, payload).await;
                is_turned_away.store(data.is_err(), Ordering::Release);
                data
            }
        });
    let mut answers = std::pin::pin!(answers);
    while let Some(answer) = answers.next().await {
        let message = match answer {
            WsMessage::Text(text) => Message::Text(text.into()),
            WsMessage::Close(code, reason) => Message::Close(Some(CloseFrame {
                code: close_code(code, &is_turned_away),
                reason: short(&reason).into(),
            })),
        };
        if sink.send(message).await.is_err() {
            return;
        }
    }
}

/// The protocol's own close code for the executor's, which keeps to HTTP's cousins.
fn close_code(code: u16, is_turned_away: &AtomicBool) -> u16 {
    match code {
        PROTOCOL_ERROR if is_turned_away.load(Ordering::Acquire) => FORBIDDEN,
        PROTOCOL_ERROR => BAD_REQUEST,
        INTERNAL_ERROR => UNAUTHORIZED,
        other => other,
    }
}

/// As much of a reason as a close frame holds (RFC 6455, 5.5).
fn short(reason: &str) -> &str {
    let mut end = reason.len().min(CLOSE_REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}

/// Who opens the connection: the payload's `authorization` counts before the request's header.
async fn init(
    authenticator: Authenticator,
    mut headers: HeaderMap,
    request_id: RequestId,
    payload: Value,
) -> Result<Data, Error> {
    let field = |name: &str| {
        let fields = payload.as_object()?;
        let (_, value) = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        HeaderValue::from_str(value.as_str()?).ok()
    };
    if let Some(authorization) = field("authorization") {
        headers.insert(AUTHORIZATION, authorization);
    }
    if let Some(tenant) = field(crate::auth::TENANT_HEADER) {
        headers.insert(crate::auth::TENANT_HEADER, tenant);
    }
    let identity = identify(&authenticator, &headers, Some(&request_id))
        .await
        .map_err(IntoFault::into_fault)?;
    let mut data = Data::default();
    data.insert(identity);
    Ok(data)
}

/// The schema, its errors told as over HTTP.
#[derive(Clone)]
struct Told(Schema);

impl Executor for Told {
    async fn execute(&self, request: Request) -> Response {
        told(self.0.execute(request).await)
    }

    fn execute_stream(&self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.0, request, session)
            .map(told)
            .boxed()
    }
}
