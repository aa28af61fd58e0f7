//! A client that follows a tenant's events, and remembers what it saw and where it would go on.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::socket::Socket;

pub(crate) const EVENTS: &str = "subscription($after: Cursor, $filter: EventFilter) { \
    events(after: $after, filter: $filter) { __typename ... on Event { cursor position } \
    ... on CaughtUp { cursor } ... on Heartbeat { cursor } ... on Lagged { cursor } } }";

/// What a client has seen so far, over all its connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) positions: Vec<u64>,
    pub(crate) signs: Vec<String>,
    /// Where it would go on.
    pub(crate) cursor: Option<String>,
}

impl Seen {
    /// One that has seen everything up to a cursor.
    pub(crate) fn up_to(cursor: &Value) -> Self {
        Self {
            cursor: cursor.as_str().map(str::to_owned),
            ..Self::default()
        }
    }

    /// The message that begins, or begins again.
    pub(crate) fn subscribe(&self) -> Value {
        let payload = json!({ "query": EVENTS, "variables": { "after": self.cursor } });
        json!({ "id": "1", "type": "subscribe", "payload": payload })
    }

    /// The position inside the cursor, which is opaque to everybody but this test.
    pub(crate) fn position(&self) -> Option<u64> {
        let bytes = URL_SAFE_NO_PAD.decode(self.cursor.as_ref()?).ok()?;
        String::from_utf8(bytes).ok()?.rsplit(':').next()?.parse().ok()
    }

    /// Takes a message; tells the name of what it was.
    pub(crate) fn take(&mut self, message: &Value) -> String {
        let item = &message["payload"]["data"]["events"];
        let kind = item["__typename"]
            .as_str()
            .unwrap_or_else(|| panic!("no item: {message}"));
        match item["position"].as_u64() {
            Some(position) => self.positions.push(position),
            None => self.signs.push(kind.to_owned()),
        }
        self.cursor = item["cursor"].as_str().map(str::to_owned);
        kind.to_owned()
    }

    /// Reads until the position of the last event that was seen is this.
    pub(crate) async fn until(&mut self, socket: &mut Socket, position: u64) {
        while self.positions.last() != Some(&position) {
            let message = socket.next().await;
            self.take(&message);
        }
    }

    /// Reads until a sign comes.
    pub(crate) async fn until_sign(&mut self, socket: &mut Socket, sign: &str) {
        while self.take(&socket.next().await) != sign {}
    }
}
