//! The messages of graphql-transport-ws, both ways.

use async_graphql::{Response, ServerError};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::gateway::Asked;
use crate::live::Frame;

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FromClient {
    /// The introduction, with its payload.
    Init(Map<String, Value>),
    Ping,
    Pong,
    /// An operation.
    Subscribe(String, Asked),
    /// The end of an operation.
    Complete(String),
}

impl FromClient {
    /// Reads a message; the error says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let message: Value =
            serde_json::from_str(text).map_err(|_| "Invalid message: not JSON".to_owned())?;
        let Value::Object(mut message) = message else {
            return Err("Invalid message: not an object".to_owned());
        };
        let payload = message.remove("payload").unwrap_or(Value::Null);
        let kind = match message.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            _ => return Err("Invalid message: type is missing".to_owned()),
        };
        match kind {
            "connection_init" => optional(payload).map(Self::Init),
            "ping" => optional(payload).map(|_| Self::Ping),
            "pong" => optional(payload).map(|_| Self::Pong),
            "subscribe" => {
                let asked = Asked::from_json(payload)
                    .map_err(|error| format!("Invalid message: payload: {error}"))?;
                if asked.query.is_none() && asked.hash().is_none() {
                    return Err("Invalid message: payload: query is missing".to_owned());
                }
                id(&message).map(|id| Self::Subscribe(id, asked))
            }
            "complete" => id(&message).map(Self::Complete),
            other => Err(format!("Invalid message: type {other:?} is not a client's")),
        }
    }
}

fn optional(payload: Value) -> Result<Map<String, Value>, String> {
    match payload {
        Value::Null => Ok(Map::new()),
        Value::Object(payload) => Ok(payload),
        _ => Err("Invalid message: payload is not an object".to_owned()),
    }
}

fn id(message: &Map<String, Value>) -> Result<String, String> {
    match message.get("id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id.clone()),
        _ => Err("Invalid message: id is missing".to_owned()),
    }
}

/// What the server says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum FromServer<'a> {
    ConnectionAck,
    Pong,
    /// A result of an operation.
    Next {
        id: &'a str,
        payload: &'a Response,
    },
    /// The operation can't be executed; it is over.
    Error {
        id: &'a str,
        payload: &'a [ServerError],
    },
    /// The operation is over.
    Complete {
        id: &'a str,
    },
}

impl FromServer<'_> {
    pub(super) fn text(&self) -> String {
        // Names and values of GraphQL always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What stands around the payloads of one operation.
pub(super) struct Envelope {
    next: String,
    error: String,
}

impl Envelope {
    pub(super) fn of(id: &str) -> Self {
        let id = Value::from(id);
        Self {
            next: format!("{{\"type\":\"next\",\"id\":{id},\"payload\":"),
            error: format!("{{\"type\":\"error\",\"id\":{id},\"payload\":"),
        }
    }

    /// The message of a frame: its payload was serialised once for everybody.
    pub(super) fn around(&self, frame: &Frame) -> String {
        let (begin, payload) = match &frame.failed {
            Some(errors) => (&self.error, errors),
            None => (&self.next, &frame.payload),
        };
        let mut text = String::with_capacity(begin.len() + payload.len() + 1);
        text.push_str(begin);
        text.push_str(payload);
        text.push('}');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{FromClient, FromServer};

    #[test]
    fn what_the_protocol_knows_is_read() {
        for text in [
            r#"{"type":"connection_init"}"#,
            r#"{"type":"connection_init","payload":{"authorization":"Bearer x"}}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"pong","payload":{"any":1}}"#,
            r#"{"type":"complete","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":null}}"#,
        ] {
            assert!(FromClient::read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_it_does_not_know_is_told() {
        for (text, why) in [
            ("", "JSON"),
            ("[]", "object"),
            ("{}", "type"),
            (r#"{"type":"next","id":"1"}"#, "next"),
            (r#"{"type":"connection_init","payload":"x"}"#, "payload"),
            (r#"{"type":"ping","payload":1}"#, "payload"),
            (r#"{"type":"complete"}"#, "id"),
            (r#"{"type":"complete","id":""}"#, "id"),
            (r#"{"type":"subscribe","payload":{"query":"{a}"}}"#, "id"),
            (r#"{"type":"subscribe","id":"1"}"#, "payload"),
            (r#"{"type":"subscribe","id":"1","payload":{}}"#, "query"),
            (r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#, "query"),
            (
                r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}"#,
                "variables",
            ),
        ] {
            let error = FromClient::read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn the_servers_messages_have_the_protocols_names() {
        assert_eq!(FromServer::ConnectionAck.text(), r#"{"type":"connection_ack"}"#);
        assert_eq!(
            FromServer::Complete { id: "1" }.text(),
            r#"{"type":"complete","id":"1"}"#
        );
    }
}
