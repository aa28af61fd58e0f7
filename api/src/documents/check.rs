//! The validation by the library's rules, without an execution.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument};
use async_graphql::{Request, Response, ServerError, async_trait};

use super::types::Types;
use crate::graphql::Schema;

/// Validates documents.
#[derive(Clone)]
pub(crate) struct Checker {
    schema: Schema,
    types: Arc<Types>,
}

impl Checker {
    /// Of a schema that was built with [`NoExecution`].
    pub(crate) fn new(schema: Schema) -> Self {
        let types = Arc::new(Types::of(&schema.sdl()));
        Self { schema, types }
    }

    pub(crate) fn types(&self) -> &Types {
        &self.types
    }

    /// The errors of a document by all rules that do not look at the variables' values.
    pub(crate) async fn check(&self, document: &ExecutableDocument) -> Result<(), Vec<ServerError>> {
        let mut request = Request::new("");
        request.set_parsed_query(document.clone());
        // The rules look at all operations; one has to be named all the same.
        if let DocumentOperations::Multiple(operations) = &document.operations {
            request.operation_name = operations.keys().next().map(ToString::to_string);
        }
        let checked = self.schema.execute(request).await;
        checked.into_result().map(drop)
    }
}

/// Ends every execution before it begins.
pub(crate) struct NoExecution;

impl ExtensionFactory for NoExecution {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for NoExecution {
    async fn execute(
        &self,
        _ctx: &ExtensionContext<'_>,
        _operation_name: Option<&str>,
        _next: NextExecute<'_>,
    ) -> Response {
        Response::default()
    }
}
