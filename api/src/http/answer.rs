//! Answers over HTTP: GraphQL over HTTP's statuses and bodies.

use async_graphql::{Response, ServerError, Value};
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{self, IntoResponse};
use serde::Serialize;

use super::media::Media;
use crate::gateway::{Refusal, Standing};

/// A result without data: the request was not executed.
#[derive(Serialize)]
pub(super) struct NoData<'a> {
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Extensions<'a>>,
}

#[derive(Serialize)]
struct Extensions<'a> {
    cost: &'a Value,
}

impl<'a> From<&'a Refusal> for NoData<'a> {
    fn from(refusal: &'a Refusal) -> Self {
        Self {
            errors: &refusal.errors,
            extensions: refusal.cost.as_ref().map(|cost| Extensions { cost }),
        }
    }
}

/// The answer to a request that was executed.
pub(super) fn executed(media: Media, response: &Response) -> response::Response {
    written(StatusCode::OK, media, response)
}

/// The answer to a request that was not.
pub(super) fn refused(media: Media, refusal: &Refusal) -> response::Response {
    let status = match (refusal.standing, media) {
        (Standing::Request(status), _) => status,
        (Standing::Document, Media::Json | Media::Html) => StatusCode::OK,
        // A stream that does not begin must not look like one that has ended.
        (Standing::Document, Media::GraphqlResponse | Media::EventStream | Media::Multipart) => {
            StatusCode::BAD_REQUEST
        }
    };
    let mut response = written(status, media.of_errors(), &NoData::from(refusal));
    if let Some(seconds) = refusal.retry_after_seconds() {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    if let Some(methods) = refusal.allow {
        let methods = HeaderValue::from_static(methods);
        response.headers_mut().insert(ALLOW, methods);
    }
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// JSON with its status and its type.
pub(super) fn written(status: StatusCode, media: Media, body: &impl Serialize) -> response::Response {
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(CONTENT_TYPE, media.content_type())], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "api.http answer can't be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
