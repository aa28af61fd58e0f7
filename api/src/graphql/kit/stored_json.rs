//! JSON as it lies in the log.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, Json, OutputType, Positioned, ServerResult, Value};

/// The text of a stored payload, read when it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct StoredJson(pub(crate) String);

impl OutputType for StoredJson {
    fn type_name() -> Cow<'static, str> {
        <Json<Value> as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Json<Value> as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        _ctx: &ContextSelectionSet<'_>,
        _field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        // The log takes valid JSON only; what is none would be shown as the text that it is.
        Ok(serde_json::from_str(&self.0).unwrap_or_else(|_| Value::String(self.0.clone())))
    }
}
