//! `text/event-stream`: graphql-sse's distinct connections (enisdenjo/graphql-sse, PROTOCOL.md). An event's id is
//! its cursor, so that an `EventSource` that comes again goes on behind what it has seen.

use std::convert::Infallible;

use async_graphql::Response;
use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{self, IntoResponse};
use futures::{Stream, StreamExt, stream};

use super::beat::{Beat, End};
use crate::http::media::Media;
use crate::live::Frame;

/// The answer that goes on until the operation ends or the client leaves.
pub(in crate::http) fn events(beats: impl Stream<Item = Beat> + Send + 'static) -> response::Response {
    // The first comment tells proxies and clients at once that the answer has begun.
    let begin = stream::iter([Bytes::from_static(b":\n\n")]);
    let texts = beats.map(|beat| match beat {
        Beat::Frames(frames) => Bytes::from(frames.iter().map(|frame| next(frame)).collect::<String>()),
        Beat::Pause => Bytes::from_static(b":\n\n"),
        Beat::End(End::Complete) => Bytes::from_static(COMPLETE.as_bytes()),
        Beat::End(End::Denied(response)) => Bytes::from(one(&response)),
        // Not a word: a client whose stream just ends connects again, with the last id.
        Beat::End(End::Drained) => Bytes::new(),
    });
    answer(begin.chain(texts))
}

/// The answer to an operation that has one response.
pub(in crate::http) fn event(response: &Response) -> response::Response {
    answer(stream::iter([Bytes::from(one(response))]))
}

const COMPLETE: &str = "event: complete\ndata:\n\n";

fn answer(texts: impl Stream<Item = Bytes> + Send + 'static) -> response::Response {
    let headers = [
        (CONTENT_TYPE, Media::EventStream.content_type()),
        (CACHE_CONTROL, "no-cache, no-transform"),
    ];
    let texts = texts.filter(|text| std::future::ready(!text.is_empty()));
    (headers, Body::from_stream(texts.map(Ok::<_, Infallible>))).into_response()
}

fn one(response: &Response) -> String {
    let json = serde_json::to_string(response).unwrap_or_default();
    format!("event: next\ndata: {json}\n\n{COMPLETE}")
}

/// JSON has no line ends of its own, so that an event's data is one line.
fn next(frame: &Frame) -> String {
    let Frame { cursor, payload, .. } = frame;
    if cursor.is_empty() {
        format!("event: next\ndata: {payload}\n\n")
    } else {
        format!("event: next\nid: {cursor}\ndata: {payload}\n\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, next};
    use crate::live::{Kind, Sign};

    #[test]
    fn an_events_id_is_its_cursor() {
        let mut frame = Frame {
            position: 1,
            kind: Kind::Sign(Sign::Heartbeat),
            cursor: "abc".to_owned(),
            payload: r#"{"data":{"events":{}}}"#.to_owned(),
            failed: None,
        };
        assert_eq!(
            next(&frame),
            "event: next\nid: abc\ndata: {\"data\":{\"events\":{}}}\n\n"
        );
        frame.cursor.clear();
        assert!(!next(&frame).contains("id:"));
    }
}
