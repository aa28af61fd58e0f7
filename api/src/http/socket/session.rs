//! One socket from its introduction to its end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue, ORIGIN};
use futures::SinkExt;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, timeout};

use super::close::Close;
use super::message::{FromClient, FromServer};
use super::operation::{Caller, Last, Said, Voice, run};
use crate::auth::{Identity, Revocations, TENANT_HEADER, identify};
use crate::gateway::{Asked, Gateway};
use crate::http::RequestId;
use crate::limits::check_nesting;

/// How many words of operations wait for a client that reads slowly; then the operations wait.
const WAITING_AT_MOST: usize = 2;

/// How long operations may go on when the process ends.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How many pings a client may leave unanswered.
const PINGS_UNANSWERED: u32 = 2;

/// One socket.
pub(super) struct Session {
    gateway: Arc<Gateway>,
    headers: HeaderMap,
    request_id: RequestId,
    socket: WebSocket,
    standing: Standing,
    operations: HashMap<String, Operation>,
    tasks: JoinSet<Option<()>>,
    voice: mpsc::Sender<Said>,
    said: mpsc::Receiver<Said>,
    serial: u64,
    /// When the process ends, this is when the last words must have been said.
    drained_by: Option<Instant>,
}

/// How far the introduction has come.
enum Standing {
    Silent,
    /// With the headers by which the token is checked again for each operation: it may be revoked by then.
    Acknowledged(Box<Acknowledged>),
}

struct Acknowledged {
    headers: HeaderMap,
    identity: Identity,
    revocations: Revocations,
}

impl Standing {
    /// Waits until the token does not open any more what it opened.
    async fn ends(&mut self) {
        match self {
            Self::Silent => std::future::pending().await,
            Self::Acknowledged(acknowledged) => acknowledged.revocations.of(&acknowledged.identity).await,
        }
    }
}

/// Waits for a moment, if there is one.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
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
        gateway: Arc<Gateway>,
        headers: HeaderMap,
        request_id: RequestId,
    ) -> Self {
        let (voice, said) = mpsc::channel(WAITING_AT_MOST);
        Self {
            gateway,
            headers: kept(&headers),
            request_id,
            socket,
            standing: Standing::Silent,
            operations: HashMap::new(),
            tasks: JoinSet::new(),
            voice,
            said,
            serial: 0,
            drained_by: None,
        }
    }

    /// Closes at once.
    pub(super) async fn refuse(mut self: Box<Self>, close: &Close) {
        self.close(close).await;
    }

    /// Serves until one side ends it. The operations end with the session.
    pub(super) async fn serve(mut self: Box<Self>) {
        let _open = self.gateway.hub.drain().open();
        match self.converse().await {
            Ok(()) => {}
            Err(End::Closed(close)) => self.close(&close).await,
            // The other side's close frame is answered with its own code.
            Err(End::Gone) => drop(timeout(self.gateway.limits.ping(), self.socket.close()).await),
        }
    }

    async fn converse(&mut self) -> Result<(), End> {
        let init_by = Instant::now() + self.gateway.limits.init();
        let ping = self.gateway.limits.ping();
        let mut pings = tokio::time::interval_at(Instant::now() + ping, ping);
        // After a stall of this process a client gets its time all the same.
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unanswered = 0;
        let drain = self.gateway.hub.drain().clone();
        loop {
            if self.drained_by.is_some() && self.operations.is_empty() {
                return Err(Close::Restart.into());
            }
            tokio::select! {
                message = self.socket.recv() => {
                    unanswered = 0;
                    self.hear(message).await?;
                }
                Some(word) = self.said.recv() => self.pass_on(word).await?,
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
                () = self.standing.ends() => {
                    return Err(Close::Forbidden("Forbidden: what the token opens has changed".to_owned()).into());
                }
                () = drain.begun(), if self.drained_by.is_none() => {
                    self.drained_by = Some(Instant::now() + LAST_WORDS);
                }
                () = until(self.drained_by) => return Err(Close::Restart.into()),
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
            // Boxed, so that what is needed once is not kept for as long as the socket is open.
            FromClient::Init(payload) => Box::pin(self.init(&payload)).await,
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
        let headers = introduced(std::mem::take(&mut self.headers), payload);
        // First, so that nothing is missed between the two.
        let revocations = self.gateway.authenticator.revocations();
        let identity = identify(&self.gateway.authenticator, &headers, Some(&self.request_id)).await;
        let identity = identity.map_err(|denied| Close::Forbidden(format!("Forbidden: {denied}")))?;
        self.standing = Standing::Acknowledged(Box::new(Acknowledged {
            headers,
            identity,
            revocations,
        }));
        self.send(Message::text(FromServer::ConnectionAck.text())).await
    }

    fn subscribe(&mut self, id: String, asked: Asked) -> Result<(), End> {
        let Standing::Acknowledged(acknowledged) = &self.standing else {
            return Err(Close::Unauthorized.into());
        };
        if self.drained_by.is_some() {
            // The client begins it again after the close.
            return Ok(());
        }
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
            headers: acknowledged.headers.clone(),
            request_id: self.request_id.clone(),
        };
        let running = run(Arc::clone(&self.gateway), caller, asked, voice);
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
        let passed = timeout(self.gateway.limits.ping() * 2, async {
            for text in said.texts {
                self.socket.feed(Message::Text(text)).await?;
            }
            self.socket.flush().await
        });
        passed
            .await
            .map_or(Err(End::Gone), |sent| sent.map_err(|_| End::Gone))
    }

    /// A client that does not read for the time of two pings is gone.
    async fn send(&mut self, message: Message) -> Result<(), End> {
        let sent = timeout(self.gateway.limits.ping() * 2, self.socket.send(message)).await;
        sent.map_or(Err(End::Gone), |sent| sent.map_err(|_| End::Gone))
    }

    async fn close(&mut self, close: &Close) {
        metrics::counter!("annals_socket_closed_total", "code" => close.code().to_string()).increment(1);
        if self.send(close.frame()).await.is_ok() {
            // The other side's own close frame, or its end, is waited for, so that it reads ours.
            let end = async { while let Some(Ok(_)) = self.socket.recv().await {} };
            drop(timeout(self.gateway.limits.ping().min(LAST_WORDS), end).await);
        }
    }
}

/// What is asked of a request's headers as long as the socket is open, copied: each of them alone would keep all that
/// was read from the connection by then.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let copied = |name: &HeaderName| {
        let value = HeaderValue::from_bytes(headers.get(name)?.as_bytes()).ok()?;
        Some((name.clone(), value))
    };
    let tenant = HeaderName::from_static(TENANT_HEADER);
    [AUTHORIZATION, HOST, ORIGIN, tenant]
        .iter()
        .filter_map(copied)
        .collect()
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
