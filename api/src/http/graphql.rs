//! `/graphql`: POST for everything, GET for queries, GraphiQL in development.

use async_graphql::http::{GraphiQLSource, parse_query_string};
use async_graphql::{Request, Response, Variables};
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Json};
use axum::{Extension, response};
use serde::Deserialize;

use super::RequestId;
use super::document::{only_introspects, only_reads};
use crate::auth::{Authenticator, denied_response, identify};
use crate::graphql::Schema;
use crate::graphql::kit::{Code, code_of, fault};

/// What the transports share.
#[derive(Clone)]
pub(super) struct Gateway {
    pub(super) schema: Schema,
    pub(super) authenticator: Authenticator,
    pub(super) development: bool,
}

/// A request's body, as GraphQL over HTTP has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<Variables>,
}

/// `POST /graphql`.
pub(super) async fn post(
    State(gateway): State<Gateway>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> response::Response {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(is_json) {
        let message = "send the request as JSON, with the header `Content-Type: application/json`";
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    }
    let body: Body = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => {
            let message = format!("the body is not {{\"query\", \"variables\", \"operationName\"}}: {error}");
            return refused(StatusCode::BAD_REQUEST, &message);
        }
    };
    let mut request = Request::new(body.query).variables(body.variables.unwrap_or_default());
    request.operation_name = body.operation_name;
    execute(&gateway, &headers, request_id, request).await
}

/// `GET /graphql`: a query, or GraphiQL for a browser.
pub(super) async fn get(
    State(gateway): State<Gateway>,
    Extension(request_id): Extension<RequestId>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> response::Response {
    let query = query.unwrap_or_default();
    if query.is_empty() && wants_html(&headers) {
        return graphiql(State(gateway)).await;
    }
    let request = match parse_query_string(&query) {
        Ok(request) => request,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    if !only_reads(&request) {
        let mut response = refused(
            StatusCode::METHOD_NOT_ALLOWED,
            "GET is for queries: send the rest by POST",
        );
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    execute(&gateway, &headers, request_id, request).await
}

/// GraphiQL, in development.
pub(super) async fn graphiql(State(gateway): State<Gateway>) -> response::Response {
    if !gateway.development {
        return refused(
            StatusCode::NOT_FOUND,
            "GraphiQL is on in development only; send queries to /graphql",
        );
    }
    let page = GraphiQLSource::build()
        .endpoint("/graphql")
        .subscription_endpoint("/graphql/ws")
        .title("Annals");
    Html(page.finish()).into_response()
}

async fn execute(
    gateway: &Gateway,
    headers: &HeaderMap,
    request_id: RequestId,
    request: Request,
) -> response::Response {
    let request = match identify(&gateway.authenticator, headers, Some(&request_id)).await {
        Ok(identity) => request.data(identity),
        Err(_) if gateway.development && only_introspects(&request) => request.only_introspection(),
        Err(denied) => return denied_response(denied),
    };
    Json(told(gateway.schema.execute(request).await)).into_response()
}

/// Gives the errors that the executor made itself (a document that does not parse or fit) their code.
pub(super) fn told(mut response: Response) -> Response {
    for error in &mut response.errors {
        if code_of(error).is_none() {
            let extensions = error.extensions.get_or_insert_default();
            extensions.set("code", Code::BadUserInput.as_str());
        }
    }
    response
}

fn refused(status: StatusCode, message: &str) -> response::Response {
    let fault = fault(Code::BadUserInput, message);
    let body =
        serde_json::json!({ "errors": [{ "message": fault.message, "extensions": fault.extensions }] });
    (status, Json(body)).into_response()
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence.eq_ignore_ascii_case("application/graphql+json")
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}
