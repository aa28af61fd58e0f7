//! `POST /v1/traces`, as OTLP/HTTP has it (opentelemetry.io/docs/specs/otlp).

use std::io::Read as _;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use domain::Caller;
use domain::access::NotTaken;
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use serde::Serialize;
use store::Store;

use super::taking::{Outcome, take};
use crate::commands::DispatchError;

/// What this door is called where it is written down what was not taken.
const DOOR: &str = "otlp";
/// How many bytes a request may have, as it comes and unpacked, unless it is set otherwise: 4 MiB.
const DEFAULT_BODY_BYTES: usize = 4 << 20;

/// How the route works.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many bytes a request may have, as it comes and unpacked.
    pub body_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_bytes: DEFAULT_BODY_BYTES,
        }
    }
}

#[derive(Clone)]
struct Door {
    store: Store,
    options: Options,
}

/// The route. It finds the [`Caller`] in the request's extensions, where whoever knows the sender puts it.
pub fn router(store: Store, options: Options) -> Router {
    Router::new()
        .route("/v1/traces", post(receive))
        .layer(DefaultBodyLimit::max(options.body_bytes))
        .with_state(Door { store, options })
}

/// How a request is written, and so its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Protobuf,
    Json,
}

impl Form {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let media = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        match media.split(';').next()?.trim().to_ascii_lowercase().as_str() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn answer(self, status: StatusCode, message: &(impl Message + Serialize)) -> Response {
        let (media, body) = match self {
            Self::Protobuf => ("application/x-protobuf", message.encode_to_vec()),
            Self::Json => ("application/json", json(message).into_bytes()),
        };
        (status, [(CONTENT_TYPE, HeaderValue::from_static(media))], body).into_response()
    }
}

/// A message as JSON, without what is not set.
fn json(message: &impl Serialize) -> String {
    // Of numbers and texts, so always JSON.
    let mut value = serde_json::to_value(message).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value.to_string()
}

/// Why a request is not taken; `google.rpc.Status` on the wire, as OTLP wants it.
#[derive(Clone, PartialEq, Eq, Message, Serialize)]
struct Status {
    /// A code of `google.rpc.Code`.
    #[prost(int32, tag = "1")]
    code: i32,
    /// What is wrong, and what to do.
    #[prost(string, tag = "2")]
    message: String,
}

const INVALID_ARGUMENT: i32 = 3;
const PERMISSION_DENIED: i32 = 7;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNAVAILABLE: i32 = 14;

/// A request that is refused.
struct Refused(StatusCode, Status);

impl Refused {
    fn new(status: StatusCode, code: i32, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(status, Status { code, message })
    }

    fn unreadable(reason: impl std::fmt::Display) -> Self {
        let message = format!("the body is no ExportTraceServiceRequest: {reason}");
        Self::new(StatusCode::BAD_REQUEST, INVALID_ARGUMENT, message)
    }

    fn too_large(bytes: usize) -> Self {
        let message = format!("a request may have {bytes} bytes, unpacked too: send fewer spans at once");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, RESOURCE_EXHAUSTED, message)
    }
}

impl From<DispatchError> for Refused {
    fn from(error: DispatchError) -> Self {
        if error.is_passing() {
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, error.to_string());
        }
        Self::new(StatusCode::FORBIDDEN, PERMISSION_DENIED, error.to_string())
    }
}

async fn receive(
    State(door): State<Door>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Some(form) = Form::of(&headers) else {
        let message = "Content-Type: application/x-protobuf or application/json is needed";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
    };
    let taken = async {
        let Some(Extension(caller)) = caller else {
            return Err(Refused::new(
                StatusCode::UNAUTHORIZED,
                PERMISSION_DENIED,
                "nobody says whose spans these are",
            ));
        };
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Refused::too_large(door.options.body_bytes),
            _ => Refused::unreadable(rejection.body_text()),
        })?;
        let request = read(form, &unpacked(&headers, body, door.options.body_bytes)?)?;
        Ok(take(&door.store, &caller, &request.resource_spans).await?)
    };
    match taken.await {
        Ok(outcome) => {
            let mut not_taken = NotTaken::new();
            if let (Ok(spans @ 1..), Some(reason)) =
                (u64::try_from(outcome.rejected), outcome.reasons.first())
            {
                not_taken.add(DOOR, "REJECTED", reason, spans);
            }
            let mut response = form.answer(StatusCode::OK, &answer(outcome));
            response.extensions_mut().insert(not_taken);
            response
        }
        Err(Refused(status, problem)) => {
            let mut response = form.answer(status, &problem);
            if status.is_client_error() {
                let code = match problem.code {
                    PERMISSION_DENIED => "PERMISSION_DENIED",
                    RESOURCE_EXHAUSTED => "TOO_LARGE",
                    _ => "INVALID",
                };
                let not_taken = NotTaken::one(DOOR, code, &problem.message);
                response.extensions_mut().insert(not_taken);
            }
            if status == StatusCode::SERVICE_UNAVAILABLE {
                response
                    .headers_mut()
                    .insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            response
        }
    }
}

fn answer(outcome: Outcome) -> ExportTraceServiceResponse {
    let partial = (outcome.rejected > 0).then(|| ExportTracePartialSuccess {
        rejected_spans: outcome.rejected,
        error_message: outcome.reasons.join("; "),
    });
    ExportTraceServiceResponse {
        partial_success: partial,
    }
}

fn unpacked(headers: &HeaderMap, body: Bytes, bytes_at_most: usize) -> Result<Bytes, Refused> {
    let encoding = headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    match encoding {
        None | Some(b"identity") => Ok(body),
        Some(b"gzip") => {
            let mut unpacked = Vec::new();
            let one_more = u64::try_from(bytes_at_most).unwrap_or(u64::MAX).saturating_add(1);
            GzDecoder::new(&*body)
                .take(one_more)
                .read_to_end(&mut unpacked)
                .map_err(Refused::unreadable)?;
            if unpacked.len() > bytes_at_most {
                return Err(Refused::too_large(bytes_at_most));
            }
            Ok(unpacked.into())
        }
        Some(_) => Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            INVALID_ARGUMENT,
            "Content-Encoding: gzip or none is needed",
        )),
    }
}

fn read(form: Form, body: &[u8]) -> Result<ExportTraceServiceRequest, Refused> {
    match form {
        Form::Protobuf => ExportTraceServiceRequest::decode(body).map_err(Refused::unreadable),
        Form::Json => serde_json::from_slice(body).map_err(Refused::unreadable),
    }
}
