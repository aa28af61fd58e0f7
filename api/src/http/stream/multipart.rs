//! `multipart/mixed; subscriptionSpec=1.0`: a part an event, each closed at once by the next one's boundary.

use std::convert::Infallible;
use std::time::Duration;

use async_graphql::Response;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{self, IntoResponse};
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use serde::Serialize;

use super::beat::{Beat, beats};
use crate::http::media::Media;

/// A part's content.
#[derive(Serialize)]
struct Part<'a> {
    payload: &'a Response,
}

/// The answer that goes on until the operation ends or the client leaves.
pub(in crate::http) fn multipart(
    responses: BoxStream<'static, Response>,
    pause: Duration,
) -> response::Response {
    let begin = stream::iter([Bytes::from_static(b"\r\n--graphql")]);
    let parts = beats(responses, pause).map(|beat| match beat {
        Beat::Response(response) => {
            let part = Part { payload: &response };
            Bytes::from(self::part(&serde_json::to_string(&part).unwrap_or_default()))
        }
        Beat::Pause => Bytes::from(part("{}")),
        Beat::End => Bytes::from_static(b"--\r\n"),
    });
    let body = Body::from_stream(begin.chain(parts).map(Ok::<_, Infallible>));
    ([(CONTENT_TYPE, Media::Multipart.content_type())], body).into_response()
}

fn part(json: &str) -> String {
    format!("\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{json}\r\n--graphql")
}
