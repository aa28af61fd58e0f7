//! `POST /v1/events`.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use domain::Caller;
use domain::access::NotTaken;
use serde::Serialize;
use store::Store;

use super::attribute::Invalid;
use super::binary::{is_binary, read_binary};
use super::event::{CloudEvent, is_json, is_utf8};
use super::problem::{DOOR, Problem};
use super::structured::{Unreadable, read_batch, read_event};
use super::taking::{Status, Taken, take};

/// How many bytes a request may have, unless it is set otherwise: 4 MiB.
pub const DEFAULT_BODY_BYTES: usize = 4 << 20;

const ACCEPTED: &str = "application/cloudevents+json, application/cloudevents-batch+json, \
     or application/json with the attributes in ce-* headers";

/// How the route works.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many bytes a request may have.
    pub body_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_bytes: DEFAULT_BODY_BYTES,
        }
    }
}

/// The route. It finds the [`Caller`] in the request's extensions, where whoever knows the sender puts it.
pub fn router(store: Store, options: Options) -> Router {
    Router::new()
        .route("/v1/events", post(receive))
        .layer(DefaultBodyLimit::max(options.body_bytes))
        .with_state(store)
}

/// What became of one event, as the answer tells it.
#[derive(Debug, Serialize)]
struct Item {
    id: Option<String>,
    source: Option<String>,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
}

async fn receive(
    State(store): State<Store>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let Some(Extension(caller)) = caller else {
        return Err(Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "NO_CALLER",
            "the gateway did not say who sends this",
        ));
    };
    let mode = Mode::of(&headers)?;
    let body = body.map_err(|rejection| {
        let code = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "TOO_LARGE",
            _ => "UNREADABLE",
        };
        Problem::new(rejection.status(), code, rejection.body_text())
    })?;
    let event = match mode {
        Mode::Batch => return batch(&store, &caller, &body).await,
        Mode::Structured => read_event(&body).map_err(|unreadable| unreadable.invalid),
        Mode::Binary => read_binary(&headers, &body),
    };
    single(&store, &caller, event.map_err(Problem::invalid)?).await
}

async fn single(store: &Store, caller: &Caller, event: CloudEvent) -> Result<Response, Problem> {
    let taken = take(store, caller, std::slice::from_ref(&event)).await;
    let taken = taken.into_iter().next().ok_or_else(|| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "NO_ANSWER",
            "the event got no answer",
        )
    })?;
    let status = match &taken {
        Taken::Recorded { .. } => StatusCode::ACCEPTED,
        Taken::Known { .. } => StatusCode::OK,
        Taken::Conflicting { reason } => return Err(Problem::conflicting(reason)),
        Taken::Invalid(invalid) => return Err(Problem::invalid(invalid.clone())),
        Taken::Failed(error) => return Err(Problem::failed(error)),
    };
    Ok((status, Json(Item::of(&event, taken))).into_response())
}

async fn batch(store: &Store, caller: &Caller, body: &[u8]) -> Result<Response, Problem> {
    let (mut items, mut places, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for event in read_batch(body).map_err(Problem::invalid)? {
        match event {
            Ok(event) => {
                places.push(items.len());
                events.push(event);
                items.push(None);
            }
            Err(unreadable) => items.push(Some(Item::unreadable(unreadable))),
        }
    }
    let taken = take(store, caller, &events).await;
    if let Some(problem) = Problem::of_all(&taken) {
        return Err(problem);
    }
    for (place, (event, taken)) in places.into_iter().zip(events.iter().zip(taken)) {
        items[place] = Some(Item::of(event, taken));
    }
    let items: Vec<Item> = items.into_iter().flatten().collect();
    let mut not_taken = NotTaken::new();
    for item in &items {
        if let Some(reason) = &item.reason {
            let code = item.code.as_deref().unwrap_or("CONFLICTING");
            not_taken.add(DOOR, code, reason, 1);
        }
    }
    let mut response = Json(items).into_response();
    response.extensions_mut().insert(not_taken);
    Ok(response)
}

impl Item {
    fn of(event: &CloudEvent, taken: Taken) -> Self {
        let (id, source) = (Some(event.id.clone()), Some(event.source.clone()));
        let item = |status| Self {
            id,
            source,
            status,
            code: None,
            attribute: None,
            reason: None,
            position: None,
        };
        match taken {
            Taken::Recorded { position } => Self {
                position: Some(position),
                ..item(Status::Recorded)
            },
            Taken::Known { position } => Self {
                position,
                ..item(Status::Known)
            },
            Taken::Conflicting { reason } => Self {
                reason: Some(reason),
                ..item(Status::Conflicting)
            },
            Taken::Invalid(invalid) => item(Status::Rejected).because(invalid),
            Taken::Failed(error) => Self {
                code: Some(Problem::failed(&error).code().to_owned()),
                reason: Some(error.to_string()),
                ..item(Status::Rejected)
            },
        }
    }

    fn unreadable(unreadable: Unreadable) -> Self {
        let Unreadable { id, source, invalid } = unreadable;
        Self {
            id,
            source,
            status: Status::Rejected,
            code: None,
            attribute: None,
            reason: None,
            position: None,
        }
        .because(invalid)
    }

    fn because(self, invalid: Invalid) -> Self {
        Self {
            code: Some("INVALID".to_owned()),
            reason: Some(invalid.to_string()),
            attribute: Some(invalid.attribute),
            ..self
        }
    }
}

/// How the request carries events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Binary,
    Structured,
    Batch,
}

impl Mode {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let media = headers
            .get(CONTENT_TYPE)
            .map(|value| value.to_str().unwrap_or("?"));
        let mut parts = media.unwrap_or_default().split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let mode = match essence.as_str() {
            "application/cloudevents+json" => Some(Self::Structured),
            "application/cloudevents-batch+json" => Some(Self::Batch),
            other if other.starts_with("application/cloudevents") => None,
            _ if is_binary(headers) && media.is_none_or(is_json) => Some(Self::Binary),
            _ => None,
        };
        mode.filter(|_| parts.all(is_utf8)).ok_or_else(|| {
            let given = media.map_or_else(|| "missing".to_owned(), |media| format!("{media:?}"));
            let detail = format!("the Content-Type is {given}: send {ACCEPTED}, in UTF-8");
            Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UNSUPPORTED_MEDIA_TYPE",
                detail,
            )
        })
    }
}
