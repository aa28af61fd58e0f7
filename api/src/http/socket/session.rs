//! One socket from its introduction to its end.

use std::collections::HashMap;

use axum::extract::ws::{Message, WebSocket};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderValue};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, timeout};

use super::close::Close;
use super::message::{FromClient, FromServer};
use super::operation::{Caller, Last, Said, Voice, run};
use crate::auth::{TENANT_HEADER, identify};
use crate::gateway::{Asked, Gateway};
use crate::http::RequestId;
use crate::limits::check_nesting;

/// How many words of operations wait for a client that reads slowly; then the operations wait.
const WAITING_AT_MOST: usize = 16;

/// How many pings a client may leave unanswered.
const PINGS_UNANSWERED: u32 = 2;

/// One socket.
pub(super) struct Session {
    gateway: Gateway,
    headers: HeaderMap,
    request_id: RequestId,
    sink: SplitSink<WebSocket, Message>,
    stream: SplitStream<WebSocket>,
    standing: Standing,
    operations: HashMap<String, Operation>,
    tasks: JoinSet<Option<()>>,
    voice: mpsc::Sender<Said>,
    serial: u64,
}

/// How far the introduction has come.
enum Standing {
    Silent,
    /// With the headers by which the token is checked again for each operation: it may be revoked by then.
    Acknowledged(Box<HeaderMap>),
}

/// A running operation.
struct Operation {
    serial: u64,
    handle: AbortHandle,
}

/// Why a session ends.
enum End {
    /// This side closes.
    Closed(Close),
    /// The other side did, or is gone.
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Closed(close)
    }
}

impl Session {
    pub(super) fn new(
        socket: WebSocket,
        gateway: Gateway,
        headers: HeaderMap,
        request_id: RequestId,
    ) -> (Self, mpsc::Receiver<Said>) {
        let (sink, stream) = socket.split();
        let (voice, said) = mpsc::channel(WAITING_AT_MOST);
        let session = Self {
            gateway,
            headers,
            request_id,
            sink,
            stream,
            standing: Standing::Silent,
            operations: HashMap::new(),
            tasks: JoinSet::new(),
            voice,
            serial: 0,
        };
        (session, said)
    }

    /// Tells a client that it speaks another protocol.
    pub(super) async fn refuse_protocol(mut self) {
        self.close(&Close::NoProtocol).await;
    }

    /// Serves until one side ends it. The operations end with the session.
    pub(super) async fn serve(mut self, mut said: mpsc::Receiver<Said>) {
        match self.converse(&mut said).await {
            Ok(()) => {}
            Err(End::Closed(close)) => self.close(&close).await,
            // The other side's close frame is answered with its own code.
            Err(End::Gone) => drop(timeout(self.gateway.limits.ping(), self.sink.close()).await),
        }
    }

    async fn converse(&mut self, said: &mut mpsc::Receiver<Said>) -> Result<(), End> {
        let init_by = Instant::now() + self.gateway.limits.init();
        let ping = self.gateway.limits.ping();
        let mut pings = tokio::time::interval_at(Instant::now() + ping, ping);
        // After a stall of this process a client gets its time all the same.
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unanswered = 0;
        loop {
            tokio::select! {
                message = self.stream.next() => {
                    unanswered = 0;
                    self.hear(message).await?;
                }
                Some(word) = said.recv() => self.pass_on(word).await?,
                _ = pings.tick() => {
                    if unanswered == PINGS_UNANSWERED {
                        return Err(Close::Silent.into());
                    }
                    unanswered += 1;
                    self.send(Message::Ping(Vec::new().into())).await?;
                }
                () = tokio::time::sleep_until(init_by), if matches!(self.standing, Standing::Silent) => {
                    return Err(Close::InitTimedOut.into());
                }
            }
            // Tasks that ended are forgotten.
            while self.tasks.try_join_next().is_some() {}
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match message {
            Some(Ok(Message::Text(text))) => self.obey(&text).await,
            Some(Ok(Message::Binary(_))) => Err(Close::Invalid("Invalid message: binary".to_owned()).into()),
            // The library answers pings itself.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_))) | None => Err(End::Gone),
            Some(Err(error)) => Err(unreadable(&error)),
        }
    }

    async fn obey(&mut self, text: &str) -> Result<(), End> {
        check_nesting(text.as_bytes(), &self.gateway.limits)
            .map_err(|over| Close::Invalid(format!("Invalid message: {over}")))?;
        match FromClient::read(text).map_err(Close::Invalid)? {
            FromClient::Init(payload) => self.init(&payload).await,
            FromClient::Ping => self.send(Message::text(FromServer::Pong.text())).await,
            FromClient::Pong => Ok(()),
            FromClient::Subscribe(id, asked) => self.subscribe(id, asked),
            FromClient::Complete(id) => {
                if let Some(operation) = self.operations.remove(&id) {
                    operation.handle.abort();
                }
                Ok(())
            }
        }
    }

    async fn init(&mut self, payload: &Map<String, Value>) -> Result<(), End> {
        if matches!(self.standing, Standing::Acknowledged(_)) {
            return Err(Close::TooMany("Too many initialisation requests".into()).into());
        }
        let headers = introduced(self.headers.clone(), payload);
        let identity = identify(&self.gateway.authenticator, &headers, Some(&self.request_id)).await;
        identity.map_err(|denied| Close::Forbidden(format!("Forbidden: {denied}")))?;
        self.standing = Standing::Acknowledged(Box::new(headers));
        self.send(Message::text(FromServer::ConnectionAck.text())).await
    }

    fn subscribe(&mut self, id: String, asked: Asked) -> Result<(), End> {
        let Standing::Acknowledged(headers) = &self.standing else {
            return Err(Close::Unauthorized.into());
        };
        if self.operations.contains_key(&id) {
            return Err(Close::Duplicate(id).into());
        }
        if self.operations.len() >= self.gateway.limits.socket_operations {
            let at_most = self.gateway.limits.socket_operations;
            let reason =
                format!("Too many operations: at most {at_most} on a socket (limit socket_operations)");
            return Err(Close::TooMany(reason.into()).into());
        }
        self.serial += 1;
        let voice = Voice {
            id: id.clone(),
            serial: self.serial,
            to: self.voice.clone(),
        };
        let caller = Caller {
            headers: HeaderMap::clone(headers),
            request_id: self.request_id.clone(),
        };
        let running = run(self.gateway.clone(), caller, asked, voice);
        let operation = Operation {
            serial: self.serial,
            handle: self.tasks.spawn(running),
        };
        self.operations.insert(id, operation);
        Ok(())
    }

    /// Passes on what an operation says, unless the client has ended it meanwhile.
    async fn pass_on(&mut self, said: Said) -> Result<(), End> {
        let is_running = self
            .operations
            .get(&said.id)
            .is_some_and(|operation| operation.serial == said.serial);
        if !is_running {
            return Ok(());
        }
        if said.last == Last::Yes {
            self.operations.remove(&said.id);
        }
        self.send(Message::text(said.text)).await
    }

    /// A client that does not read for the time of two pings is gone.
    async fn send(&mut self, message: Message) -> Result<(), End> {
        let sent = timeout(self.gateway.limits.ping() * 2, self.sink.send(message)).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    async fn close(&mut self, close: &Close) {
        metrics::counter!("annals_socket_closed_total", "code" => close.code().to_string()).increment(1);
        if self.send(close.frame()).await.is_ok() {
            // The other side's own close frame, or its end, is waited for, so that it reads ours.
            let end = async { while let Some(Ok(_)) = self.stream.next().await {} };
            drop(timeout(self.gateway.limits.ping(), end).await);
        }
    }
}

/// The request's headers with what the introduction says: it counts first.
fn introduced(mut headers: HeaderMap, payload: &Map<String, Value>) -> HeaderMap {
    let field = |name: &str| {
        let (_, value) = payload.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        HeaderValue::from_str(value.as_str()?).ok()
    };
    if let Some(authorization) = field("authorization") {
        headers.insert(AUTHORIZATION, authorization);
    }
    if let Some(tenant) = field(TENANT_HEADER) {
        headers.insert(TENANT_HEADER, tenant);
    }
    headers
}

/// What the library can't read: a message that is too large, bytes that are no text, or a broken connection.
fn unreadable(error: &axum::Error) -> End {
    let text = error.to_string().to_lowercase();
    if text.contains("too long") || text.contains("too large") || text.contains("too big") {
        return Close::TooLarge.into();
    }
    if text.contains("utf-8") || text.contains("utf8") {
        return Close::Invalid("Invalid message: not UTF-8".to_owned()).into();
    }
    End::Gone
}
