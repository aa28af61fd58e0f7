//! Which sensitive data an operation asks for.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Value, Variables};

use super::types::{Types, named, root};

/// What is sensitive: a type's field, and the kind of data that it is.
const SENSITIVE: &[(&str, &str, &str)] = &[
    ("ApiKey", "prefix", "api_keys"),
    ("Claim", "patient", "contact_data"),
    ("CompletenessProof", "file", "export"),
    ("InclusionProof", "file", "export"),
    ("Lead", "email", "contact_data"),
    ("Lead", "name", "contact_data"),
    ("Lead", "phone", "contact_data"),
    ("Member", "email", "contact_data"),
    ("Member", "name", "contact_data"),
    ("Query", "auditFeed", "audit_log"),
    ("Query", "entityReplay", "audit_log"),
    ("Query", "entityState", "audit_log"),
    ("Subscription", "auditFeed", "audit_log"),
    ("Subscription", "events", "audit_log"),
    ("Subscription", "replay", "audit_log"),
];

/// The kinds of sensitive data that an operation asks for, each with the root fields by which it does: `members`, or
/// `lead/l1`, where an id is given.
pub(crate) fn sensitive(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    types: &Types,
) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut search = Search {
        document,
        variables,
        types,
        target: String::new(),
        seen: BTreeSet::new(),
        found: BTreeMap::new(),
    };
    let root = root(operation.ty);
    search.selections(root, &operation.selection_set.node, Level::Root);
    search.found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Below,
}

struct Search<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Variables,
    types: &'a Types,
    /// The root field around.
    target: String,
    /// Fragments under a root field are looked at once for it.
    seen: BTreeSet<(String, &'a str)>,
    found: BTreeMap<&'static str, BTreeSet<String>>,
}

impl<'a> Search<'a> {
    fn selections(&mut self, parent: &'a str, selections: &'a SelectionSet, level: Level) {
        for selection in &selections.items {
            match &selection.node {
                Selection::Field(field) => self.field(parent, &field.node, level),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref();
                    let parent = on.map_or(parent, |on| on.node.on.node.as_str());
                    self.selections(parent, &fragment.node.selection_set.node, level);
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    if let Some(fragment) = self.document.fragments.get(name)
                        && self.seen.insert((self.target.clone(), name))
                    {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.selections(on, &fragment.node.selection_set.node, level);
                    }
                }
            }
        }
    }

    fn field(&mut self, parent: &'a str, field: &'a Field, level: Level) {
        let name = field.name.node.as_str();
        if level == Level::Root {
            self.target = self.root_field(field);
        }
        for (_, _, kind) in SENSITIVE
            .iter()
            .filter(|(of, known, _)| *of == parent && *known == name)
        {
            self.found.entry(kind).or_default().insert(self.target.clone());
        }
        let inside = self.types.field(parent, name).map(|known| named(&known.kind));
        if let Some(inside) = inside {
            self.selections(inside, &field.selection_set.node, Level::Below);
        }
    }

    /// A root field with the id that it is asked by.
    fn root_field(&self, field: &Field) -> String {
        let name = field.name.node.as_str();
        let given = ["id", "entity"]
            .iter()
            .find_map(|argument| field.get_argument(argument));
        let variable = |name: Name| self.variables.get(&name).cloned().ok_or(());
        let id = given.and_then(|given| given.node.clone().into_const_with(variable).ok());
        match id {
            Some(Value::String(id)) => format!("{name}/{}", id.chars().take(100).collect::<String>()),
            _ => name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::{SENSITIVE, sensitive};
    use crate::documents::operation::pick;
    use crate::documents::types::Types;

    #[test]
    fn what_is_sensitive_is_in_the_schema() {
        let types = Types::of(&crate::schema_sdl());
        for (parent, field, _) in SENSITIVE {
            assert!(types.field(parent, field).is_some(), "{parent}.{field}");
        }
    }

    #[test]
    fn sensitive_data_are_found_wherever_they_are_asked_for() {
        let types = Types::of(&crate::schema_sdl());
        let found = |document: &str| {
            let document = parse_query(document).unwrap();
            let variables = Variables::from_json(json!({ "id": "l7" }));
            let operation = &pick(&document, None).unwrap().node;
            json!(sensitive(&document, operation, &variables, &types))
        };
        assert_eq!(
            found("{ lead(id: \"l1\") { score status } me { actor } }"),
            json!({})
        );
        assert_eq!(
            found(
                "query($id: ID!) { a: lead(id: $id) { ...F } members(first: 1) { nodes { email } } } fragment F on Lead { phone }"
            ),
            json!({ "contact_data": ["lead/l7", "members"] })
        );
        assert_eq!(
            found("{ node(id: \"~x\") { ... on Member { name } } auditFeed(first: 1) { nodes { id } } }"),
            json!({ "audit_log": ["auditFeed"], "contact_data": ["node/~x"] })
        );
        assert_eq!(found("mutation { captureLead(input: {}) { id } }"), json!({}));
    }
}
