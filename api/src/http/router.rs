//! The routes.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use super::headers::cross_origin;
use super::observe::Observer;
use super::{download, graphql, health, observe, socket};
use crate::auth::Authenticator;
use crate::gateway::Gateway;
use crate::options::Options;

/// All routes of the gateway: GraphQL, health and metrics.
///
/// # Panics
/// Outside a Tokio runtime.
pub fn router(mut options: Options) -> Router {
    options.past = options.past.with_limits(options.limits.past());
    let authenticator = Authenticator::new(&options);
    let files = download::routes(options.clone(), authenticator.clone());
    let gateway = Gateway::new(options.clone(), authenticator);
    let (observer, cors) = (observer(&options), cross_origin(&options.cors_origins));
    let graphql = Router::new()
        .route("/", get(graphql::graphiql))
        .route(
            "/graphql",
            get(graphql::get)
                .post(graphql::post)
                .fallback(graphql::other_method),
        )
        .route("/graphql/ws", get(socket::upgrade))
        .with_state(gateway)
        .merge(files);
    let graphql = match cors {
        Some(cors) => graphql.layer(cors),
        None => graphql,
    };
    graphql
        .merge(health::routes(options))
        .layer(from_fn_with_state(observer, observe::observe))
}

/// Gives every request of a router its id, its place in the metrics and its answer's headers, as the gateway's own
/// have them.
pub fn observed(router: Router, options: &Options) -> Router {
    router.layer(from_fn_with_state(observer(options), observe::observe))
}

fn observer(options: &Options) -> Observer {
    Observer {
        ambient: options.store.ambient().clone(),
        trusted_proxies: options.trusted_proxies.clone().into(),
    }
}

/// Health and metrics alone, for a process that serves no GraphQL.
pub fn operations(options: Options) -> Router {
    let observer = observer(&options);
    health::routes(options).layer(from_fn_with_state(observer, observe::observe))
}
