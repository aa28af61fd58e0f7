//! `/graphql`: POST for everything, GET for queries, GraphiQL in development.

use std::net::IpAddr;

use async_graphql::Response;
use async_graphql::http::GraphiQLSource;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse};
use axum::{Extension, response};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::RequestId;
use super::answer::{NoData, executed, refused, written};
use super::body::{self, Posted};
use super::media::{Media, accepted, is_json};
use super::stream::{Reader, beats, event, events, multipart};
use crate::auth::{Denied, Identity, Revocations, identify};
use crate::gateway::{Asked, Door, Followed, Gateway, Ready, Refusal, Run};
use crate::limits::{Over, check_nesting};
use crate::live::Subscriber;

const METHODS: &str = "GET, HEAD, POST";
/// What GraphiQL's page may load: its scripts come from unpkg.com.
const GRAPHIQL_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' https://unpkg.com; \
    style-src 'unsafe-inline' https://unpkg.com; font-src https://unpkg.com data:; img-src 'self' data: https:; \
    connect-src 'self' ws: wss:; worker-src blob: https://unpkg.com; frame-ancestors 'none'";
/// With the value `true`: tell the cost, execute nothing.
const DRY_RUN: &str = "x-annals-dry-run";
/// The event because of which a mutation is asked for.
const CAUSE: &str = "x-annals-causation-id";

/// `POST /graphql`.
pub(super) async fn post(
    State(gateway): State<Gateway>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    body: Body,
) -> response::Response {
    let Some(media) = accepted(&headers) else {
        return not_acceptable();
    };
    // Nothing that a page of another site can send without being asked (a form, a text) gets further.
    if !is_json(&headers) {
        let message = "send the request as JSON, with the header `Content-Type: application/json`";
        let refusal = Refusal::wrong(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
        return refused(media, &refusal);
    }
    let (watch, identity) = match who(&gateway, &headers, &request_id).await {
        Ok(known) => known,
        Err(refusal) => return refused(media, &refusal),
    };
    let run = run(&headers);
    let door = if media.is_stream() {
        Door::Stream
    } else {
        Door::One
    };
    match body::read(&gateway, body).await {
        Ok(Posted::One(asked)) => {
            let asked = asked
                .or_run(run)
                .or_because(cause(&headers))
                .or_seen(last_seen(&headers));
            match gateway.ready(identity.clone(), asked, door).await {
                Ok(ready) => respond(&gateway, media, ready, watch.by(identity)).await,
                Err(refusal) => refused(media, &refusal),
            }
        }
        Ok(Posted::Batch(all)) => {
            let mut answers = Vec::with_capacity(all.len());
            for asked in all {
                let ready = gateway
                    .ready(
                        identity.clone(),
                        asked.or_run(run).or_because(cause(&headers)),
                        Door::One,
                    )
                    .await;
                answers.push(match ready {
                    Ok(ready) => Answer::Executed(gateway.answer(ready).await),
                    Err(refusal) => Answer::Refused(refusal),
                });
            }
            let answers: Vec<Written<'_>> = answers.iter().map(Answer::written).collect();
            written(StatusCode::OK, media.of_errors(), &answers)
        }
        Err(refusal) => refused(media, &refusal),
    }
}

/// One answer of a batch.
enum Answer {
    Executed(Response),
    Refused(Refusal),
}

/// The same as it is written.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Written<'a> {
    Executed(&'a Response),
    Refused(NoData<'a>),
}

impl Answer {
    fn written(&self) -> Written<'_> {
        match self {
            Self::Executed(response) => Written::Executed(response),
            Self::Refused(refusal) => Written::Refused(refusal.into()),
        }
    }
}

/// `GET /graphql`: a query, or GraphiQL for a browser.
pub(super) async fn get(
    State(gateway): State<Gateway>,
    Extension(request_id): Extension<RequestId>,
    uri: Uri,
    headers: HeaderMap,
) -> response::Response {
    let media = match accepted(&headers) {
        Some(Media::Html) if uri.query().unwrap_or_default().is_empty() => {
            return graphiql(State(gateway)).await;
        }
        Some(media) => media,
        None => return not_acceptable(),
    };
    let (watch, identity) = match who(&gateway, &headers, &request_id).await {
        Ok(known) => known,
        Err(refusal) => return refused(media, &refusal),
    };
    let run = run(&headers);
    let door = if media.is_stream() {
        Door::QueryStream
    } else {
        Door::Query
    };
    let ready = match parameters(&gateway, &uri) {
        Ok(asked) => {
            let asked = asked
                .or_run(run)
                .or_because(cause(&headers))
                .or_seen(last_seen(&headers));
            gateway.ready(identity.clone(), asked, door).await
        }
        Err(refusal) => Err(refusal),
    };
    match ready {
        Ok(ready) => respond(&gateway, media, ready, watch.by(identity)).await,
        Err(refusal) => refused(media, &refusal),
    }
}

/// What a stream watches while it is open.
struct Watch {
    revocations: Revocations,
    address: Option<IpAddr>,
}

impl Watch {
    /// The same with who asked, if that is known.
    fn by(self, identity: Result<Identity, Denied>) -> Option<(Self, Identity)> {
        Some((self, identity.ok()?))
    }
}

/// Who asks, and what tells when that ends; nobody who is turned away whatever is asked.
async fn who(
    gateway: &Gateway,
    headers: &HeaderMap,
    request_id: &RequestId,
) -> Result<(Watch, Result<Identity, Denied>), Refusal> {
    // Taken before the token is read, so that no end is missed in between.
    let watch = Watch {
        revocations: gateway.authenticator.revocations(),
        address: request_id.address,
    };
    let identity = identify(&gateway.authenticator, headers, Some(request_id)).await;
    match gateway.denied(&identity) {
        Some(denied) => Err(denied.into()),
        None => Ok((watch, identity)),
    }
}

/// Executes what is ready, and answers in the form that the client likes.
async fn respond(
    gateway: &Gateway,
    media: Media,
    ready: Ready,
    watch: Option<(Watch, Identity)>,
) -> response::Response {
    match (media, live(gateway, ready, watch)) {
        (_, Err(refusal)) => refused(media, &refusal),
        (Media::Multipart, Ok(Live::Stream(subscriber, reader))) => {
            multipart(beats(gateway, subscriber, reader))
        }
        (_, Ok(Live::Stream(subscriber, reader))) => events(beats(gateway, subscriber, reader)),
        (Media::EventStream, Ok(Live::Once(ready))) => event(&gateway.answer(*ready).await),
        (_, Ok(Live::Once(ready))) => executed(media.of_errors(), &gateway.answer(*ready).await),
    }
}

/// A subscription with its reader, or an operation that has one response.
enum Live {
    Stream(Box<Subscriber>, Box<Reader>),
    Once(Box<Ready>),
}

fn live(gateway: &Gateway, ready: Ready, watch: Option<(Watch, Identity)>) -> Result<Live, Refusal> {
    let subscriber = match gateway.follow(ready)? {
        Followed::Live(subscriber) => subscriber,
        Followed::Once(ready) => return Ok(Live::Once(Box::new(ready))),
    };
    let (watch, identity) = watch.ok_or(Denied::Unauthenticated)?;
    let reader = Reader::admit(gateway, identity, watch.revocations, watch.address)?;
    Ok(Live::Stream(subscriber, Box::new(reader)))
}

/// Any other method.
pub(super) async fn other_method() -> response::Response {
    let message = "send queries by GET or POST, mutations by POST";
    let refusal = Refusal::wrong(StatusCode::METHOD_NOT_ALLOWED, message);
    refused(Media::Json, &refusal.allowing(METHODS))
}

/// GraphiQL, in development.
pub(super) async fn graphiql(State(gateway): State<Gateway>) -> response::Response {
    if !gateway.serves_graphiql {
        let message = "GraphiQL is off here (setting graphiql); send queries to /graphql";
        return refused(Media::Json, &Refusal::wrong(StatusCode::NOT_FOUND, message));
    }
    let page = GraphiQLSource::build()
        .endpoint("/graphql")
        .subscription_endpoint("/graphql/ws")
        .title("Annals");
    ([(CONTENT_SECURITY_POLICY, GRAPHIQL_POLICY)], Html(page.finish())).into_response()
}

/// A request in the URL's query: each member a parameter, `variables` and `extensions` as JSON.
fn parameters(gateway: &Gateway, uri: &Uri) -> Result<Asked, Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Parameters {
        query: Option<String>,
        operation_name: Option<String>,
        variables: Option<String>,
        extensions: Option<String>,
    }
    let limits = &gateway.limits;
    let length = uri.query().map_or(0, str::len);
    Over::check(
        "request_bytes",
        "bytes of the URL's query",
        length,
        limits.request_bytes,
    )?;
    let Query(given) = Query::<Parameters>::try_from_uri(uri).map_err(|rejection| {
        let message = format!("the URL's query can't be read: {}", rejection.body_text());
        Refusal::wrong(StatusCode::BAD_REQUEST, message)
    })?;
    let json = |name: &str, text: Option<String>| match text {
        None => Ok(Value::Null),
        Some(text) => {
            check_nesting(text.as_bytes(), limits)?;
            serde_json::from_str(&text).map_err(|error| {
                Refusal::wrong(
                    StatusCode::BAD_REQUEST,
                    format!("{name}: this is not JSON: {error}"),
                )
            })
        }
    };
    let text = |text: Option<String>| text.map_or(Value::Null, Value::String);
    let members = [
        ("query", text(given.query)),
        ("operationName", text(given.operation_name)),
        ("variables", json("variables", given.variables)?),
        ("extensions", json("extensions", given.extensions)?),
    ];
    let members: Map<String, Value> = members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Ok(Asked::from_json(Value::Object(members))?)
}

/// What an `EventSource` that comes again says that it has seen.
fn last_seen(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    (!id.is_empty()).then(|| id.to_owned())
}

/// The event because of which something is asked, as it was sent; what is no text is no event's id either.
fn cause(headers: &HeaderMap) -> Option<&str> {
    headers.get(CAUSE).map(|id| id.to_str().unwrap_or_default())
}

fn run(headers: &HeaderMap) -> Run {
    match headers.get(DRY_RUN) {
        Some(value) if value == "true" => Run::Dry,
        _ => Run::Real,
    }
}

fn not_acceptable() -> response::Response {
    let message = "Accept: this server answers in application/json, application/graphql-response+json, \
                   text/event-stream and multipart/mixed with subscriptionSpec=1.0";
    refused(Media::Json, &Refusal::wrong(StatusCode::NOT_ACCEPTABLE, message))
}
