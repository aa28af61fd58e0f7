//! A client of the gateway's WebSocket.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

const PATIENCE: Duration = Duration::from_secs(20);

/// A connection that speaks graphql-transport-ws.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
}

impl Socket {
    /// Connects to the router on a port of its own and introduces itself.
    pub(crate) async fn open(router: Router, token: &str) -> Self {
        let mut socket = Self::connect(router).await;
        socket.introduce(token).await;
        socket
    }

    pub(crate) async fn introduce(&mut self, token: &str) {
        let payload = json!({ "authorization": format!("Bearer {token}") });
        self.send(&json!({ "type": "connection_init", "payload": payload }))
            .await;
        let answer = self.next().await;
        assert_eq!(answer["type"], "connection_ack", "{answer}");
    }

    /// Serves the router on a port of its own.
    pub(crate) async fn serve(router: Router) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// Connects without a word to where the router is served.
    pub(crate) async fn connect_to(address: SocketAddr) -> Self {
        let connected = Self::connect_offering(address, Some("graphql-transport-ws")).await;
        connected.unwrap().0
    }

    /// Connects without a word.
    pub(crate) async fn connect(router: Router) -> Self {
        let connected = Self::connect_with(router, Some("graphql-transport-ws")).await;
        let (socket, protocol) = connected.unwrap();
        assert_eq!(protocol.as_deref(), Some("graphql-transport-ws"));
        socket
    }

    /// Connects and offers these protocols; tells the one that was chosen.
    pub(crate) async fn connect_with(
        router: Router,
        protocols: Option<&str>,
    ) -> Result<(Self, Option<String>), tokio_tungstenite::tungstenite::Error> {
        Self::connect_offering(Self::serve(router).await, protocols).await
    }

    async fn connect_offering(
        address: SocketAddr,
        protocols: Option<&str>,
    ) -> Result<(Self, Option<String>), tokio_tungstenite::tungstenite::Error> {
        let mut request = format!("ws://{address}/graphql/ws")
            .into_client_request()
            .unwrap();
        if let Some(protocols) = protocols {
            let protocols = protocols.parse().unwrap();
            request.headers_mut().insert("sec-websocket-protocol", protocols);
        }
        let connection = TcpStream::connect(address).await.unwrap();
        let config = WebSocketConfig::default().read_buffer_size(4096);
        let (stream, response) =
            tokio_tungstenite::client_async_with_config(request, connection, Some(config)).await?;
        let chosen = response.headers().get("sec-websocket-protocol");
        let chosen = chosen.map(|value| value.to_str().unwrap().to_owned());
        Ok((Self { stream }, chosen))
    }

    pub(crate) async fn subscribe(&mut self, document: &str, variables: Value) {
        let payload = json!({ "query": document, "variables": variables });
        self.send(&json!({ "id": "1", "type": "subscribe", "payload": payload }))
            .await;
    }

    /// Begins an operation under an id.
    pub(crate) async fn begin(&mut self, id: &str, document: &str) {
        self.send(&json!({ "id": id, "type": "subscribe", "payload": { "query": document } }))
            .await;
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_frame(Message::text(message.to_string())).await;
    }

    /// Sends any frame.
    pub(crate) async fn send_frame(&mut self, frame: Message) {
        self.stream.send(frame).await.unwrap();
    }

    /// The next frame, whatever it is.
    pub(crate) async fn next_frame(&mut self) -> Message {
        let waited = tokio::time::timeout(PATIENCE, self.stream.next()).await;
        waited
            .expect("a message in time")
            .expect("an open connection")
            .unwrap()
    }

    /// Everything that comes until the end, as bytes; nothing is answered, pings neither.
    pub(crate) async fn listen_silently(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let end = self.stream.get_mut().read_to_end(&mut bytes);
        // The end may be a reset connection: what came before it counts.
        drop(tokio::time::timeout(PATIENCE, end).await.expect("an end in time"));
        bytes
    }

    /// The next message; a close is `{"closed": code}`.
    pub(crate) async fn next(&mut self) -> Value {
        let message = async {
            loop {
                match self.next_frame().await {
                    Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                    Message::Close(frame) => {
                        return json!({ "closed": frame.map(|frame| u16::from(frame.code)) });
                    }
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, message)
            .await
            .expect("a message in time")
    }

    /// Connects to where a gateway may be gone already, and introduces itself.
    pub(crate) async fn attempt(address: SocketAddr, token: &str) -> Option<Self> {
        let connection = TcpStream::connect(address).await.ok()?;
        let mut request = format!("ws://{address}/graphql/ws").into_client_request().ok()?;
        let protocol = "graphql-transport-ws".parse().ok()?;
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let (stream, _) = tokio_tungstenite::client_async(request, connection).await.ok()?;
        let mut socket = Self { stream };
        let payload = json!({ "authorization": format!("Bearer {token}") });
        let init = json!({ "type": "connection_init", "payload": payload });
        socket.stream.send(Message::text(init.to_string())).await.ok()?;
        (socket.heard().await?["type"] == "connection_ack").then_some(socket)
    }

    /// Sends a message; tells whether it could.
    pub(crate) async fn tell(&mut self, message: &Value) -> bool {
        self.stream.send(Message::text(message.to_string())).await.is_ok()
    }

    /// The next message; none when the connection has ended, however it did.
    pub(crate) async fn heard(&mut self) -> Option<Value> {
        loop {
            match self.stream.next().await?.ok()? {
                Message::Text(text) => return serde_json::from_str(&text).ok(),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The next item of a subscription, whatever signs come before it.
    pub(crate) async fn item(&mut self, root: &str) -> Value {
        loop {
            let item = self.result().await["data"][root].clone();
            let kind = item["__typename"].as_str().expect("a __typename").to_owned();
            if !["CaughtUp", "Heartbeat", "Lagged"].contains(&kind.as_str()) {
                return item;
            }
        }
    }

    /// The code with which the socket is closed; before, only results come.
    pub(crate) async fn closing(&mut self) -> u64 {
        loop {
            let message = self.next().await;
            if let Some(code) = message["closed"].as_u64() {
                return code;
            }
            assert_eq!(message["type"], "next", "{message}");
        }
    }

    /// The payload of the next result.
    pub(crate) async fn result(&mut self) -> Value {
        let message = self.next().await;
        assert_eq!(message["type"], "next", "{message}");
        message["payload"].clone()
    }
}
