//! `multipart/mixed; subscriptionSpec=1.0`: a part an event, each closed at once by the next one's boundary.

use std::convert::Infallible;

use async_graphql::Response;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{self, IntoResponse};
use futures::{Stream, StreamExt, stream};

use super::beat::{Beat, End};
use crate::http::media::Media;

/// What a client is told when the process ends: an error of the transport, as the protocol has it.
const DRAINED: &str = r#"{"payload":null,"errors":[{"message":"the server restarts: go on behind the last cursor","extensions":{"code":"UNAVAILABLE","retryAfterMs":250}}]}"#;

/// The answer that goes on until the operation ends or the client leaves.
pub(in crate::http) fn multipart(beats: impl Stream<Item = Beat> + Send + 'static) -> response::Response {
    let begin = stream::iter([Bytes::from_static(b"\r\n--graphql")]);
    let parts = beats.map(|beat| match beat {
        Beat::Frames(frames) => {
            let parts = frames
                .iter()
                .map(|frame| part(&format!("{{\"payload\":{}}}", frame.payload)));
            Bytes::from(parts.collect::<String>())
        }
        Beat::Pause => Bytes::from(part("{}")),
        Beat::End(End::Complete) => Bytes::from_static(b"--\r\n"),
        Beat::End(End::Drained) => Bytes::from(format!("{}--\r\n", part(DRAINED))),
        Beat::End(End::Denied(response)) => Bytes::from(format!("{}--\r\n", part(&refused(&response)))),
    });
    let body = Body::from_stream(begin.chain(parts).map(Ok::<_, Infallible>));
    ([(CONTENT_TYPE, Media::Multipart.content_type())], body).into_response()
}

fn refused(response: &Response) -> String {
    let errors = serde_json::to_string(&response.errors).unwrap_or_default();
    format!("{{\"payload\":null,\"errors\":{errors}}}")
}

fn part(json: &str) -> String {
    format!("\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{json}\r\n--graphql")
}
