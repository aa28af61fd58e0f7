//! The schema, with its limits.

use async_graphql::{SDLExportOptions, SchemaBuilder};

use super::roots::{Mutation, Query, Subscription};
use crate::auth::Authenticator;
use crate::options::Options;

/// The gateway's schema, executable.
pub(crate) type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema over these rooms.
pub(crate) fn schema(options: Options, authenticator: Authenticator) -> Schema {
    let mut builder = builder()
        .limit_depth(options.depth_limit)
        .limit_complexity(options.complexity_limit)
        .limit_directives(5);
    if !options.development {
        builder = builder.disable_introspection();
    }
    builder.data(options).data(authenticator).finish()
}

/// The schema's text: what `schema.graphql` holds.
#[must_use]
pub fn schema_sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_arguments()
        .sorted_enum_items()
        .sorted_fields()
        .include_specified_by();
    builder().finish().sdl_with_options(options)
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
}
