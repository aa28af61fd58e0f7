//! `text/event-stream`: graphql-sse's distinct connections (enisdenjo/graphql-sse, PROTOCOL.md). An event's id is
//! its cursor, so that an `EventSource` that comes again goes on behind what it has seen.

use std::convert::Infallible;
use std::time::Duration;

use async_graphql::{Response, Value};
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{self, IntoResponse};
use futures::stream::BoxStream;
use futures::{StreamExt, stream};

use super::beat::{Beat, beats};
use crate::http::media::Media;

/// The answer that goes on until the operation ends or the client leaves.
pub(in crate::http) fn events(
    responses: BoxStream<'static, Response>,
    pause: Duration,
) -> response::Response {
    // The first comment tells proxies and clients at once that the answer has begun.
    let begin = stream::iter([Bytes::from_static(b":\n\n")]);
    let texts = beats(responses, pause).map(|beat| match beat {
        Beat::Response(response) => Bytes::from(next(&response)),
        Beat::Pause => Bytes::from_static(b":\n\n"),
        Beat::End => Bytes::from_static(b"event: complete\ndata:\n\n"),
    });
    let headers = [
        (CONTENT_TYPE, Media::EventStream.content_type()),
        (CACHE_CONTROL, "no-cache, no-transform"),
    ];
    let body = Body::from_stream(begin.chain(texts).map(Ok::<_, Infallible>));
    (headers, body).into_response()
}

/// JSON has no line ends of its own, so that an event's data is one line.
fn next(response: &Response) -> String {
    let json = serde_json::to_string(response).unwrap_or_default();
    match cursor(&response.data) {
        Some(cursor) => format!("event: next\nid: {cursor}\ndata: {json}\n\n"),
        None => format!("event: next\ndata: {json}\n\n"),
    }
}

/// The cursor of the one root field's value.
fn cursor(data: &Value) -> Option<&str> {
    let Value::Object(fields) = data else {
        return None;
    };
    match fields.values().next()? {
        Value::Object(event) => match event.get("cursor")? {
            Value::String(cursor) if !cursor.contains(['\n', '\r', '\0']) => Some(cursor),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{Response, value};

    use super::next;

    #[test]
    fn an_events_id_is_its_cursor() {
        let with = Response::new(value!({ "events": { "cursor": "abc", "type": "x\ny" } }));
        let text = next(&with);
        assert!(
            text.starts_with("event: next\nid: abc\ndata: {\"data\":{"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 4, "{text}");
        let without = next(&Response::new(value!({ "events": { "type": "x" } })));
        assert!(!without.contains("id:"), "{without}");
    }
}
