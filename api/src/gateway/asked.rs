//! What a client sends, whatever way it comes: `query`, `operationName`, `variables`, `extensions`.

use async_graphql::Variables;
use domain::EventId;
use serde_json::{Map, Value};

use super::Run;

/// A request as it was sent, its members of the right types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) query: Option<String>,
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Map<String, Value>,
    pub(crate) extensions: Map<String, Value>,
    /// The cursor behind which a subscription is to go on, whatever its document says.
    pub(crate) last_seen: Option<String>,
}

/// Where a request says because of which event it is asked.
const CAUSATION_ID: &str = "causationId";

/// What is given as a cause is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("causationId: {0} is no event's id: give the ULID of the event because of which you ask")]
pub(crate) struct InvalidCause(String);

/// Says what is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member}: this is {found}, {wanted} is needed")]
pub(crate) struct Malformed {
    member: &'static str,
    found: &'static str,
    wanted: &'static str,
}

impl Asked {
    /// Reads a request from JSON; what is unknown is left alone.
    pub(crate) fn from_json(body: Value) -> Result<Self, Malformed> {
        let mut body = map("the request", body)?;
        let mut take = |name: &str| body.remove(name).unwrap_or(Value::Null);
        let asked = Self {
            query: text("query", take("query"))?,
            operation_name: text("operationName", take("operationName"))?,
            variables: map("variables", take("variables"))?,
            extensions: map("extensions", take("extensions"))?,
            last_seen: None,
        };
        Ok(Self {
            // Some clients send an empty name for none.
            operation_name: asked.operation_name.filter(|name| !name.is_empty()),
            ..asked
        })
    }

    /// The hash under `extensions.persistedQuery`.
    pub(crate) fn hash(&self) -> Option<&str> {
        let persisted = self.extensions.get("persistedQuery")?;
        persisted.get("sha256Hash")?.as_str()
    }

    /// Whether only the cost is wanted: `extensions.dryRun`.
    pub(crate) fn run(&self) -> Run {
        match self.extensions.get("dryRun") {
            Some(Value::Bool(true)) => Run::Dry,
            _ => Run::Real,
        }
    }

    /// The same request, run like this when it does not say so itself.
    pub(crate) fn or_run(mut self, run: Run) -> Self {
        if run == Run::Dry {
            self.extensions.insert("dryRun".to_owned(), Value::Bool(true));
        }
        self
    }

    /// The event because of which it is asked: `extensions.causationId`.
    pub(crate) fn causation_id(&self) -> Result<Option<EventId>, InvalidCause> {
        match self.extensions.get(CAUSATION_ID) {
            None | Some(Value::Null) => Ok(None),
            Some(given) => {
                let id = given.as_str().and_then(|text| text.parse().ok());
                id.map(Some).ok_or_else(|| InvalidCause(given.to_string()))
            }
        }
    }

    /// The same request, because of this when it does not say so itself.
    pub(crate) fn or_because(mut self, causation_id: Option<&str>) -> Self {
        if let Some(id) = causation_id {
            let extensions = &mut self.extensions;
            extensions
                .entry(CAUSATION_ID)
                .or_insert_with(|| Value::String(id.to_owned()));
        }
        self
    }

    /// The same request, to go on behind what was seen.
    pub(crate) fn or_seen(self, last_seen: Option<String>) -> Self {
        Self { last_seen, ..self }
    }

    /// The variables as the executor takes them.
    pub(crate) fn variables(&mut self) -> Variables {
        Variables::from_json(Value::Object(std::mem::take(&mut self.variables)))
    }
}

fn text(member: &'static str, value: Value) -> Result<Option<String>, Malformed> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        other => Err(Malformed {
            member,
            found: named(&other),
            wanted: "a string",
        }),
    }
}

fn map(member: &'static str, value: Value) -> Result<Map<String, Value>, Malformed> {
    match value {
        Value::Null if member != "the request" => Ok(Map::new()),
        Value::Object(map) => Ok(map),
        other => Err(Malformed {
            member,
            found: named(&other),
            wanted: "an object",
        }),
    }
}

const fn named(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Asked;

    #[test]
    fn a_request_has_four_members_and_each_may_be_null() {
        let body = json!({ "query": "{a}", "operationName": null, "variables": null, "extensions": null });
        let asked = Asked::from_json(body).unwrap();
        assert_eq!(asked.query.as_deref(), Some("{a}"));
        assert_eq!(
            asked,
            Asked {
                query: asked.query.clone(),
                ..Asked::default()
            }
        );
        let hash = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "ab" } } });
        assert_eq!(Asked::from_json(hash).unwrap().hash(), Some("ab"));
    }

    #[test]
    fn a_member_of_the_wrong_type_is_named() {
        for (body, name) in [
            (json!(null), "the request"),
            (json!("{a}"), "the request"),
            (json!({ "query": 1 }), "query"),
            (json!({ "operationName": [] }), "operationName"),
            (json!({ "variables": "x" }), "variables"),
            (json!({ "extensions": [1] }), "extensions"),
        ] {
            let error = Asked::from_json(body).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
