//! The files that describe the public events: a JSON Schema for each type and version, and one AsyncAPI document.

use serde_json::Value;

use super::asyncapi;
use super::catalog::public_types;

/// A file under `docs/events/`.
#[derive(Debug)]
pub struct Document {
    /// Its name, for instance `lead.captured.v1.json`.
    pub name: String,
    /// What it holds, with the line's end.
    pub text: String,
}

/// All files as they should be. A schema of an older version stays in the folder as it was, since events of that
/// version lie in topics.
#[must_use]
pub fn documents() -> Vec<Document> {
    let schemas = public_types().iter().map(|public| {
        let name = format!("{}.v{}.json", public.stem(), public.version);
        document(name, &public.schema)
    });
    let mut documents: Vec<Document> = schemas.collect();
    documents.push(document("asyncapi.json".to_owned(), &asyncapi::document()));
    documents
}

fn document(name: String, value: &Value) -> Document {
    Document {
        name,
        text: format!("{value:#}\n"),
    }
}
