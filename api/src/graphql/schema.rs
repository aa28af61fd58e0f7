//! The schema, with its limits.

use async_graphql::{SDLExportOptions, SchemaBuilder, ValidationMode};

use super::kit::stale_rows;
use super::roots::{Mutation, Query, Subscription};
use crate::auth::Authenticator;
use crate::documents::NoExecution;
use crate::options::Options;

/// The gateway's schema, executable.
pub(crate) type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema over these rooms. It takes documents that [`checking_schema`] has found valid, and looks at
/// their variables only.
pub(crate) fn schema(options: Options, authenticator: Authenticator) -> Schema {
    let builder = introspection(builder(), &options)
        .validation_mode(ValidationMode::Fast)
        .limit_recursive_depth(usize::MAX);
    let stale_rows = stale_rows(options.reader.clone());
    builder
        .data(options)
        .data(authenticator)
        .data(stale_rows)
        .finish()
}

/// The schema that validates documents and executes none.
pub(crate) fn checking_schema(options: &Options) -> Schema {
    introspection(builder(), options)
        .limit_recursive_depth(usize::MAX)
        .extension(NoExecution)
        .finish()
}

fn introspection(
    builder: SchemaBuilder<Query, Mutation, Subscription>,
    options: &Options,
) -> SchemaBuilder<Query, Mutation, Subscription> {
    if options.development {
        builder
    } else {
        builder.disable_introspection()
    }
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
