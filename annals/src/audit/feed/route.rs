//! `GET /v1/audit/feed`: the audit feed as a file that is written as it is read.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use domain::{ActorKind, Caller};
use futures::stream;
use jiff::Timestamp;
use projections::audit_feed::{Filter, Outcome};
use projections::{Past, QueryError, Reader};
use store::Log;
use streams::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::format::{Changes, Format};
use super::pages::{FeedError, Pages, Wish};

/// How many are under way at once in this process.
const AT_ONCE: usize = 4;
/// How long a receiver may take for a page.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the route reads.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) log: Log,
    pub(crate) reader: Reader,
    pub(crate) past: Past,
    /// How long the read model may take to come as far as the log.
    pub(crate) wait: Duration,
}

#[derive(Clone)]
struct Places {
    door: Door,
    places: Arc<Semaphore>,
}

/// The route. It finds the [`Caller`] in the request's extensions, and gives the feed of the caller's tenant.
pub(crate) fn router(door: Door) -> Router {
    Router::new()
        .route("/v1/audit/feed", get(answer))
        .with_state(Places {
            door,
            places: Arc::new(Semaphore::new(AT_ONCE)),
        })
}

fn invalid(name: &str, rule: impl std::fmt::Display) -> Problem {
    Problem(StatusCode::BAD_REQUEST, "INVALID", format!("{name}: {rule}"))
}

impl From<FeedError> for Problem {
    fn from(error: FeedError) -> Self {
        let detail = error.to_string();
        match error {
            FeedError::Query(QueryError::TooWide { .. } | QueryError::TooSlow { .. }) => {
                Self(StatusCode::BAD_REQUEST, "LIMIT_EXCEEDED", detail)
            }
            FeedError::Query(QueryError::NotThere { .. }) => {
                Self(StatusCode::SERVICE_UNAVAILABLE, "NOT_THERE_YET", detail)
            }
            FeedError::Query(_) | FeedError::Io(_) => {
                tracing::warn!(%error, "annals.audit_feed unavailable");
                let detail = "the read models can't be reached now; try again".to_owned();
                Self(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", detail)
            }
            FeedError::Past(_) => Self(StatusCode::UNPROCESSABLE_ENTITY, "UNREADABLE", detail),
        }
    }
}

async fn answer(
    State(places): State<Places>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Vec<(String, String)>>,
) -> Response {
    match begin(&places, &caller, asked).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    }
}

async fn begin(places: &Places, caller: &Caller, asked: Vec<(String, String)>) -> Result<Response, Problem> {
    let door = &places.door;
    let Asked {
        format,
        changes,
        saved,
        mut filter,
    } = Asked::read(asked)?;
    if let Some(name) = saved {
        let found = door
            .reader
            .saved_filter(caller.tenant, &caller.actor, &name)
            .await;
        let found = found.map_err(FeedError::Query)?;
        let missing = || {
            invalid(
                "savedFilter",
                format!("there is none of the name {name:?} for you"),
            )
        };
        filter = filter.or(found.ok_or_else(missing)?);
    }
    let place = Arc::clone(&places.places).try_acquire_owned().map_err(|_| {
        let detail = "as many exports as there may be are under way: try again later".to_owned();
        Problem(StatusCode::SERVICE_UNAVAILABLE, "BUSY", detail)
    })?;
    let head = door.log.head().await;
    let wish = Wish {
        tenant: caller.tenant,
        filter,
        upto: head
            .map_err(|error| Problem(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", error.to_string()))?,
    };
    let past = (changes == Changes::Told).then(|| door.past.clone());
    let mut pages = Pages::begin(door.reader.clone(), past, wish, door.wait).await?;
    // What is wrong with the first page is told with a status of its own.
    let mut first = Vec::new();
    format.begin(&mut first, changes)?;
    write(&mut first, &mut pages, (format, changes)).await?;
    let (chunks, coming) = mpsc::channel(1);
    tokio::spawn(send(pages, (format, changes), chunks, place));
    let rest = stream::unfold(coming, |mut coming| async move {
        let chunk = coming.recv().await?;
        Some((chunk, coming))
    });
    let all = futures::StreamExt::chain(stream::iter([Ok(Bytes::from(first))]), rest);
    let name = format!("attachment; filename=\"annals-audit-feed.{}\"", format.ending());
    let headers = [
        (CONTENT_TYPE, format.media_type().to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(all)).into_response())
}

/// Writes the next page; whether there was one.
async fn write(
    out: &mut Vec<u8>,
    pages: &mut Pages,
    (format, changes): (Format, Changes),
) -> Result<bool, FeedError> {
    let Some(page) = pages.next().await? else {
        return Ok(false);
    };
    for told in &page {
        format.write(out, told, changes)?;
    }
    Ok(true)
}

/// Sends page by page as they are taken; ends when nobody takes them any more. Where one can't be read the connection is cut:
/// whoever receives it sees that it is not whole.
async fn send(
    mut pages: Pages,
    form: (Format, Changes),
    chunks: mpsc::Sender<io::Result<Bytes>>,
    place: OwnedSemaphorePermit,
) {
    loop {
        let mut page = Vec::new();
        let chunk = match write(&mut page, &mut pages, form).await {
            Ok(false) => break,
            Ok(true) if page.is_empty() => continue,
            Ok(true) => Ok(Bytes::from(page)),
            Err(error) => {
                tracing::warn!(%error, "annals.audit_feed stopped");
                Err(io::Error::other(error.to_string()))
            }
        };
        let is_whole = chunk.is_ok();
        let is_taken = matches!(timeout(PATIENCE, chunks.send(chunk)).await, Ok(Ok(())));
        if !(is_whole && is_taken) {
            break;
        }
    }
    drop(place);
}

/// What a query asks for.
struct Asked {
    format: Format,
    changes: Changes,
    saved: Option<String>,
    filter: Filter,
}

impl Asked {
    /// Reads it: `format`, `changes`, `savedFilter`, and the filter's fields by the names that they have in GraphQL.
    fn read(asked: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut read = Self {
            format: Format::Ndjson,
            changes: Changes::LeftOut,
            saved: None,
            filter: Filter::default(),
        };
        for (name, value) in asked {
            let time = || -> Result<Timestamp, Problem> {
                let wrong = |_| invalid(&name, format!("{value:?} is not a time of RFC 3339"));
                value.parse().map_err(wrong)
            };
            let filter = &mut read.filter;
            match name.as_str() {
                "format" => read.format = value.parse().map_err(|rule: String| invalid("format", rule))?,
                "changes" => {
                    read.changes = match value.as_str() {
                        "true" => Changes::Told,
                        "false" => Changes::LeftOut,
                        _ => return Err(invalid("changes", format!("{value:?} is neither true nor false"))),
                    }
                }
                "savedFilter" => read.saved = Some(value),
                "actorKind" => filter.actor_kind = Some(actor_kind(&value)?),
                "actorId" => filter.actor_id = Some(value),
                "action" => filter.action = Some(value),
                "entityType" => filter.entity_type = Some(value),
                "entityId" => filter.entity_id = Some(value),
                "workspaceId" => filter.workspace_id = Some(value),
                "correlationId" => filter.correlation_id = Some(value),
                "causationId" => filter.causation_id = Some(value),
                "outcome" => filter.outcome = Some(outcome(&value)?),
                "text" => filter.text = Some(value),
                "from" => filter.from = Some(time()?),
                "before" => filter.before = Some(time()?),
                other => {
                    return Err(invalid(
                        other,
                        format!("is not known: there are {}", KNOWN.join(", ")),
                    ));
                }
            }
        }
        Ok(read)
    }
}

const KNOWN: [&str; 15] = [
    "format",
    "changes",
    "savedFilter",
    "actorKind",
    "actorId",
    "action",
    "entityType",
    "entityId",
    "workspaceId",
    "correlationId",
    "causationId",
    "outcome",
    "text",
    "from",
    "before",
];

/// A kind of actor, by its name in GraphQL.
fn actor_kind(text: &str) -> Result<String, Problem> {
    let kinds = [
        ("USER", ActorKind::User),
        ("AGENT", ActorKind::Agent),
        ("CONNECTOR", ActorKind::Connector),
        ("API_KEY", ActorKind::ApiKey),
        ("SYSTEM", ActorKind::System),
    ];
    let found = kinds.iter().find(|(name, _)| *name == text);
    let found = found.ok_or_else(|| {
        let rule = format!("{text:?} is none of USER, AGENT, CONNECTOR, API_KEY and SYSTEM");
        invalid("actorKind", rule)
    })?;
    Ok(found.1.to_string())
}

/// An outcome, by its name in GraphQL.
fn outcome(text: &str) -> Result<Outcome, Problem> {
    Ok(match text {
        "SUCCEEDED" => Outcome::Succeeded,
        "DENIED" => Outcome::Denied,
        "REFUSED" => Outcome::Refused,
        _ => {
            let rule = format!("{text:?} is none of SUCCEEDED, DENIED and REFUSED");
            return Err(invalid("outcome", rule));
        }
    })
}
