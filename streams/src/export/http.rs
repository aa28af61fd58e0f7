//! `GET /v1/export`: an export as an answer that is written as it is read.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use domain::{Caller, TenantId};
use futures::stream;
use jiff::Timestamp;
use store::{Filter, Log};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::error::ExportError;
use super::order::{ExportOrder, Format};
use super::problem::Problem;
use super::run::Run;
use crate::PersonalData;
use crate::public::position;

/// How the route works.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many exports may be under way in this process.
    pub at_once: usize,
    /// How long a receiver may take for what was sent.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            at_once: 4,
            patience: Duration::from_secs(60),
        }
    }
}

#[derive(Clone)]
struct Door {
    log: Log,
    places: Arc<Semaphore>,
    patience: Duration,
}

/// The route. It finds the [`Caller`] in the request's extensions, where whoever knows the sender puts it, and gives
/// the caller's tenant's events, without personal data.
pub fn router(log: Log, options: Options) -> Router {
    Router::new().route("/v1/export", get(answer)).with_state(Door {
        log,
        places: Arc::new(Semaphore::new(options.at_once)),
        patience: options.patience,
    })
}

async fn answer(State(door): State<Door>, Extension(caller): Extension<Caller>, uri: Uri) -> Response {
    match begin(&door, caller.tenant, uri.query().unwrap_or_default()).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    }
}

async fn begin(door: &Door, tenant: TenantId, query: &str) -> Result<Response, Problem> {
    let mut order = order(tenant, query)?;
    let place = Arc::clone(&door.places).try_acquire_owned().map_err(|_| {
        let detail = "as many exports as there may be are under way: try again later".to_owned();
        Problem(StatusCode::SERVICE_UNAVAILABLE, "BUSY", detail)
    })?;
    let head = door
        .log
        .head()
        .await
        .map_err(|error| Problem(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", error.to_string()))?;
    order.upto = Some(head);
    let (chunks, mut coming) = mpsc::channel(1);
    let format = order.format;
    tokio::spawn(send(door.clone(), order, chunks, place));
    // What is wrong with the first page is told with a status of its own.
    let first = match coming.recv().await {
        Some(Ok(first)) => first,
        Some(Err(error)) => {
            let detail = error.to_string();
            return Err(Problem(StatusCode::UNPROCESSABLE_ENTITY, "UNREADABLE", detail));
        }
        None => Bytes::new(),
    };
    let rest = stream::unfold(coming, |mut coming| async move {
        let chunk = coming.recv().await?;
        Some((chunk.map_err(io::Error::other), coming))
    });
    let all = futures::StreamExt::chain(stream::iter([Ok(first)]), rest);
    let name = format!("attachment; filename=\"annals-events.{format}\"");
    let headers = [
        (CONTENT_TYPE, format.media_type().to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(all)).into_response())
}

/// Writes page by page as they are taken; ends when nobody takes them any more.
async fn send(
    door: Door,
    order: ExportOrder,
    chunks: mpsc::Sender<Result<Bytes, ExportError>>,
    place: OwnedSemaphorePermit,
) {
    let written = Written::default();
    let outcome = write(&door, &order, &chunks, &written).await;
    if let Err(error) = outcome {
        // The connection is cut: whoever receives it sees that it is not whole.
        drop(timeout(door.patience, chunks.send(Err(error))).await);
    }
    drop(place);
}

async fn write(
    door: &Door,
    order: &ExportOrder,
    chunks: &mpsc::Sender<Result<Bytes, ExportError>>,
    written: &Written,
) -> Result<(), ExportError> {
    let hand_on = async |bytes: Bytes| {
        if bytes.is_empty() {
            return Ok(());
        }
        match timeout(door.patience, chunks.send(Ok(bytes))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody takes it")),
        }
    };
    let mut run = Run::new(order, written.clone())?;
    while run.page(&door.log).await? {
        hand_on(written.take()).await?;
    }
    run.finish()?;
    Ok(hand_on(written.take()).await?)
}

/// What was written and not taken yet.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads the query: `format`, `after` (a cursor), `type` (may be repeated), `since`, `until`.
fn order(tenant: TenantId, query: &str) -> Result<ExportOrder, Problem> {
    let invalid =
        |name: &str, rule: String| Problem(StatusCode::BAD_REQUEST, "INVALID", format!("{name}: {rule}"));
    let mut order = ExportOrder {
        after: 0,
        upto: None,
        filter: Filter::tenant(tenant),
        personal: PersonalData::Withheld,
        format: Format::Ndjson,
    };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let time = || -> Result<Timestamp, Problem> {
            value
                .parse()
                .map_err(|_| invalid(&name, format!("{value:?} is not a time of RFC 3339")))
        };
        match name.as_ref() {
            "format" => order.format = value.parse().map_err(|rule| invalid("format", rule))?,
            "after" => {
                order.after = position(tenant, &value)
                    .ok_or_else(|| invalid("after", "is no cursor of this tenant's events".to_owned()))?;
            }
            "type" => order.filter.types.push(value.into_owned()),
            "since" => order.filter.recorded_from = Some(time()?),
            "until" => order.filter.recorded_before = Some(time()?),
            other => {
                let rule = "is not known: there are format, after, type, since and until".to_owned();
                return Err(invalid(other, rule));
            }
        }
    }
    Ok(order)
}
