//! The routes.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use super::{graphql, health, observe, socket};
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
    let gateway = Gateway::new(options.clone(), authenticator);
    let ambient = options.store.ambient().clone();
    let graphql = Router::new()
        .route("/", get(graphql::graphiql))
        .route(
            "/graphql",
            get(graphql::get)
                .post(graphql::post)
                .fallback(graphql::other_method),
        )
        .route("/graphql/ws", get(socket::upgrade))
        .with_state(gateway);
    graphql
        .merge(health::routes(options))
        .layer(from_fn_with_state(ambient, observe::observe))
}

/// Health and metrics alone, for a process that serves no GraphQL.
pub fn operations(options: Options) -> Router {
    let ambient = options.store.ambient().clone();
    health::routes(options).layer(from_fn_with_state(ambient, observe::observe))
}
