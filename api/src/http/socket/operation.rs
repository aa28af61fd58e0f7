//! One operation on a socket, as a task of its own.

use std::sync::Arc;

use async_graphql::{Response, ServerError};
use axum::extract::ws::Utf8Bytes;
use axum::http::HeaderMap;
use tokio::sync::mpsc;

use super::message::{Envelope, FromServer};
use crate::auth::identify;
use crate::gateway::{Asked, Door, Followed, Gateway, Refusal};
use crate::http::RequestId;
use crate::live::{Ended, Subscriber, Turn};

/// What an operation has to say: several messages at once, if they are there.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) id: String,
    /// Which operation under this id: a late word of an ended one is not passed on.
    pub(super) serial: u64,
    pub(super) texts: Vec<Utf8Bytes>,
    /// Whether it was the last word.
    pub(super) last: Last,
}

/// Whether an operation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    No,
    Yes,
}

/// Where an operation speaks: at the pace at which the client reads.
pub(super) struct Voice {
    pub(super) id: String,
    pub(super) serial: u64,
    pub(super) to: mpsc::Sender<Said>,
}

impl Voice {
    /// Says something; `None` when nobody listens any more.
    async fn say(&self, texts: Vec<Utf8Bytes>, last: Last) -> Option<()> {
        let said = Said {
            id: self.id.clone(),
            serial: self.serial,
            texts,
            last,
        };
        self.to.send(said).await.ok()
    }

    async fn error(&self, errors: &[ServerError]) -> Option<()> {
        let message = FromServer::Error {
            id: &self.id,
            payload: errors,
        };
        self.say(vec![message.text().into()], Last::Yes).await
    }

    async fn result(&self, response: &Response) -> Option<()> {
        let next = FromServer::Next {
            id: &self.id,
            payload: response,
        };
        let complete = FromServer::Complete { id: &self.id };
        self.say(vec![next.text().into(), complete.text().into()], Last::Yes)
            .await
    }
}

/// Who asks: by the headers of the socket, with what its introduction said.
pub(super) struct Caller {
    pub(super) headers: HeaderMap,
    pub(super) request_id: RequestId,
}

/// Runs an operation to its end.
pub(super) async fn run(gateway: Arc<Gateway>, caller: Caller, asked: Asked, voice: Voice) -> Option<()> {
    // Boxed, so that what is needed once is not kept for as long as the operation runs.
    match Box::pin(begin(&gateway, caller, asked)).await {
        Ok(Followed::Live(subscriber)) => {
            // What the operation came with is not needed any more, and there may be thousands.
            drop(gateway);
            follow(subscriber, voice).await
        }
        Ok(Followed::Once(ready)) => voice.result(&Box::pin(gateway.answer(ready)).await).await,
        Err(refusal) => voice.error(&refusal.errors).await,
    }
}

async fn begin(gateway: &Gateway, caller: Caller, asked: Asked) -> Result<Followed, Refusal> {
    let identity = identify(&gateway.authenticator, &caller.headers, Some(&caller.request_id)).await;
    let ready = gateway.ready(identity, asked, Door::Stream).await?;
    gateway.follow(ready)
}

async fn follow(mut subscriber: Box<Subscriber>, voice: Voice) -> Option<()> {
    let envelope = Envelope::of(&voice.id);
    loop {
        match subscriber.next().await {
            Turn::Frames(frames) => {
                let mut texts = Vec::with_capacity(frames.len());
                for frame in &frames {
                    texts.push(envelope.around(frame).into());
                }
                let has_failed = frames.last().is_some_and(|last| last.failed.is_some());
                let last = if has_failed { Last::Yes } else { Last::No };
                voice.say(texts, last).await?;
            }
            Turn::Over(Ended::Completed) => {
                let complete = FromServer::Complete { id: &voice.id };
                return voice.say(vec![complete.text().into()], Last::Yes).await;
            }
            // Without a `complete`, so that the client begins again behind its last cursor.
            Turn::Over(Ended::Drained | Ended::Failed) => return voice.say(Vec::new(), Last::Yes).await,
        }
    }
}
