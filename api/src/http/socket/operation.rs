//! One operation on a socket, as a task of its own.

use async_graphql::Response;
use async_graphql::parser::types::OperationType;
use axum::http::HeaderMap;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::message::FromServer;
use crate::auth::identify;
use crate::gateway::{Asked, Door, Gateway};
use crate::http::RequestId;

/// What an operation has to say.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) id: String,
    /// Which operation under this id: a late word of an ended one is not passed on.
    pub(super) serial: u64,
    pub(super) text: String,
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
    async fn say(&self, message: FromServer<'_>, last: Last) -> Option<()> {
        let said = Said {
            id: self.id.clone(),
            serial: self.serial,
            text: message.text(),
            last,
        };
        self.to.send(said).await.ok()
    }

    async fn error(&self, errors: &[async_graphql::ServerError]) -> Option<()> {
        let message = FromServer::Error {
            id: &self.id,
            payload: errors,
        };
        self.say(message, Last::Yes).await
    }

    async fn next(&self, response: &Response) -> Option<()> {
        let message = FromServer::Next {
            id: &self.id,
            payload: response,
        };
        self.say(message, Last::No).await
    }
}

/// Who asks: by the headers of the socket, with what its introduction said.
pub(super) struct Caller {
    pub(super) headers: HeaderMap,
    pub(super) request_id: RequestId,
}

/// Runs an operation to its end.
pub(super) async fn run(gateway: Gateway, caller: Caller, asked: Asked, voice: Voice) -> Option<()> {
    let identity = identify(&gateway.authenticator, &caller.headers, Some(&caller.request_id));
    let ready = match gateway.ready(identity.await, asked, Door::Stream).await {
        Ok(ready) => ready,
        Err(refusal) => return voice.error(&refusal.errors).await,
    };
    if ready.kind == OperationType::Subscription {
        let mut responses = gateway.follow(ready);
        while let Some(response) = responses.next().await {
            // A stream that breaks, or never begins, has errors and no data.
            if response.data == async_graphql::Value::Null && !response.errors.is_empty() {
                return voice.error(&response.errors).await;
            }
            voice.next(&response).await?;
        }
    } else {
        voice.next(&gateway.answer(ready).await).await?;
    }
    voice.say(FromServer::Complete { id: &voice.id }, Last::Yes).await
}
