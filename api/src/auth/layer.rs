//! The layer that lets requests with a good token through, and tells the others what is missing.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, USER_AGENT, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Json, Response};
use domain::api_key::Scope;
use domain::workspace::WorkspaceId;
use serde_json::json;

use super::{Authenticator, Credentials, Denied, Identity, may_see};
use crate::graphql::kit::IntoFault;
use crate::http::RequestId;

/// The header by which the platform's administrator names a tenant: its ULID or its slug.
pub(crate) const TENANT_HEADER: &str = "x-annals-tenant";

/// The header by which whoever asks says in which workspace of the tenant it acts.
const WORKSPACE_HEADER: &str = "x-annals-workspace";

/// Puts an [`Identity`], and if the request is for a tenant a [`domain::Caller`], into the request's
/// extensions; turns away requests without a good token.
pub async fn authenticate(
    State(authenticator): State<Authenticator>,
    mut request: Request,
    next: Next,
) -> Response {
    match identify(&authenticator, request.headers(), request.extensions().get()).await {
        Ok(identity) => {
            if let Ok(caller) = identity.caller() {
                request.extensions_mut().insert(caller);
            }
            request.extensions_mut().insert(identity.clone());
            let response = next.run(request).await;
            if let Some(not_taken) = response.extensions().get() {
                authenticator.not_taken(&identity, not_taken);
            }
            response
        }
        Err(denied) => denied_response(denied),
    }
}

/// A router whose every route wants a token of one tenant that has the scope.
pub fn protect(router: Router, authenticator: Authenticator, scope: Scope) -> Router {
    let judge = authenticator.clone();
    router
        .layer(from_fn(move |request: Request, next: Next| {
            let judge = judge.clone();
            async move {
                let Some(identity) = request.extensions().get::<Identity>() else {
                    return denied_response(Denied::Unauthenticated);
                };
                let allowed = identity.require(scope).and_then(|()| identity.caller().map(drop));
                match allowed {
                    Ok(()) => next.run(request).await,
                    Err(denied) => {
                        judge.refused(identity, &denied, request.uri().path());
                        denied_response(denied)
                    }
                }
            }
        }))
        .layer(from_fn_with_state(authenticator, authenticate))
}

/// Writes down for each request to these routes that the sender reads what they give: all of it is an export, in the log of the
/// sender's tenant, with the bounds of every read. They are protected afterwards.
pub fn telling_exports(router: Router, authenticator: Authenticator) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| {
        let authenticator = authenticator.clone();
        async move {
            if let Some(identity) = request.extensions().get::<Identity>() {
                let target = request.uri().path().trim_start_matches('/').to_owned();
                authenticator.read(identity, ("export", [target].into()));
            }
            next.run(request).await
        }
    }))
}

/// A router whose every route is open, in one tenant, to whom GraphQL opens the rows of a read model. That they were asked for
/// is written down as a read of sensitive data of this kind, once the answer begins.
pub fn protect_read(
    router: Router,
    authenticator: Authenticator,
    (read_model, kind): (&'static str, &'static str),
) -> Router {
    let judge = authenticator.clone();
    router
        .layer(from_fn(move |request: Request, next: Next| {
            let judge = judge.clone();
            async move {
                let Some(identity) = request.extensions().get::<Identity>().cloned() else {
                    return denied_response(Denied::Unauthenticated);
                };
                let asked = request.uri().path().to_owned();
                let allowed = may_see(&identity, read_model).and_then(|()| identity.caller().map(drop));
                if let Err(denied) = allowed {
                    judge.refused(&identity, &denied, &asked);
                    return denied_response(denied);
                }
                let response = next.run(request).await;
                judge.read(&identity, (kind, [asked].into()));
                response
            }
        }))
        .layer(from_fn_with_state(authenticator, authenticate))
}

/// Who sent a request with these headers.
pub(crate) async fn identify(
    authenticator: &Authenticator,
    headers: &HeaderMap,
    request_id: Option<&RequestId>,
) -> Result<Identity, Denied> {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let credentials = Credentials {
        token: authorization.and_then(bearer).unwrap_or_default(),
        tenant: text(TENANT_HEADER),
        host: text("host"),
        origin: text("origin"),
        address: request_id.and_then(|request| request.address),
        user_agent: text(USER_AGENT.as_str()),
    };
    let mut identity = authenticator.identify(&credentials).await?;
    identity.user_agent = text(USER_AGENT.as_str()).map(str::to_owned);
    if let Some(named) = text(WORKSPACE_HEADER) {
        let id = named.parse::<WorkspaceId>();
        let id = id.map_err(|_| Denied::BadWorkspace(named.to_owned()))?;
        if let Some(tenant) = identity.tenant {
            authenticator.require_workspace(tenant, &id).await?;
        }
        identity.workspace = Some(id.to_string());
    }
    identity.request_id = match request_id {
        Some(request) => request.id.clone(),
        None => authenticator.fresh_request_id(),
    };
    Ok(identity)
}

/// The token in the value of an `Authorization` header.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The answer to a request that is turned away, in the form that GraphQL clients read.
pub(crate) fn denied_response(denied: Denied) -> Response {
    let status = denied.status();
    let fault = denied.into_fault();
    let body = json!({ "errors": [{ "message": fault.message, "extensions": fault.extensions }] });
    let mut response = (status, Json(body)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn a_bearer_token_is_read_whatever_the_case_of_its_scheme() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer abc"), Some("abc"));
        for wrong in ["", "abc", "Basic abc"] {
            assert_eq!(bearer(wrong), None, "{wrong}");
        }
    }
}
