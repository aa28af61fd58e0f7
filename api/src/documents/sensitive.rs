//! Which sensitive data an operation asks for.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Value, Variables};

use super::types::{Types, named, root};

/// What is sensitive: a type's field (`*`: any of it), and the kind of data that it is.
const SENSITIVE: &[(&str, &str, &str)] = &[
    ("ApiKey", "prefix", "api_keys"),
    ("AuditEntry", "*", "audit_log"),
    ("CausationGraph", "*", "audit_log"),
    ("Claim", "patient", "contact_data"),
    ("CompletenessProof", "file", "export"),
    ("DataSubject", "export", "export"),
    ("EntryContext", "*", "audit_log"),
    ("Event", "payload", "audit_log"),
    ("InclusionProof", "file", "export"),
    ("Lead", "attributes", "contact_data"),
    ("Lead", "email", "contact_data"),
    ("Lead", "name", "contact_data"),
    ("Lead", "phone", "contact_data"),
    ("Member", "email", "contact_data"),
    ("Member", "name", "contact_data"),
    ("Query", "auditFacets", "audit_log"),
    ("Query", "auditFeed", "audit_log"),
    ("Query", "causationGraph", "audit_log"),
    ("Query", "entityReplay", "audit_log"),
    ("Query", "entityState", "audit_log"),
    ("ReadModelColumnDifference", "*", "read_models"),
    ("ReadModelDiffColumn", "*", "read_models"),
    ("ReadModelDifference", "*", "read_models"),
    ("ReadModelRowStep", "row", "read_models"),
    ("ReplayStep", "*", "audit_log"),
    ("StateChange", "*", "audit_log"),
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
            .filter(|(of, known, _)| *of == parent && (*known == name || *known == "*"))
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
        let given = ["id", "entity", "subject"]
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
    use std::collections::BTreeSet;

    use async_graphql::Variables;
    use async_graphql::parser::parse_query;
    use domain::personal_fields::{personal_event_types, personal_fields};
    use serde_json::json;

    use super::{SENSITIVE, sensitive};
    use crate::documents::operation::pick;
    use crate::documents::types::{Types, named};

    /// Fields that are called as personal ones are, or hold what anybody may have put there, and why reading them is not
    /// told. Whoever adds one decides: here, or as sensitive.
    const NOT_TOLD: &[(&str, &str, &str)] = &[
        ("Agent", "name", "an agent is no person"),
        ("Alert", "name", "a rule's name"),
        (
            "Attribute",
            "name",
            "it is reached through a lead's attributes alone",
        ),
        ("BundledPlan", "name", "what the program brings along"),
        ("BundledPlan", "versions", "what the program brings along"),
        ("ApiKey", "name", "a key's own name"),
        ("Connector", "name", "a connector is no person"),
        ("ConsistencyProof", "file", "hashes of two trees, and no event"),
        ("Plan", "name", "what everybody may buy"),
        ("Plan", "versions", "what everybody may buy"),
        ("PlatformTenant", "name", "an organization's name"),
        ("ReadModelDiff", "name", "a read model's name"),
        ("ReadModelStatus", "name", "a read model's name"),
        ("RoiAgainst", "name", "a figure's name"),
        ("RoiBaseline", "name", "a baseline's name"),
        ("RoiFigure", "name", "a figure's name"),
        ("RoiFigureChange", "name", "a figure's name"),
        ("RoiFrozenFigure", "name", "a figure's name"),
        ("SavedFilter", "name", "a filter's name"),
        ("Tenant", "name", "an organization's name"),
        ("UserError", "message", "what is wrong with one's own request"),
        ("Workspace", "name", "a workspace's name"),
    ];

    fn is_told(parent: &str, field: &str) -> bool {
        let is_it = |(of, known, _): &(&str, &str, &str)| *of == parent && (*known == field || *known == "*");
        SENSITIVE.iter().any(is_it)
    }

    #[test]
    fn what_is_sensitive_is_in_the_schema() {
        let types = Types::of(&crate::schema_sdl());
        for (parent, field, _) in SENSITIVE.iter().chain(NOT_TOLD) {
            let there = match *field {
                "*" => types.get(parent).is_some(),
                _ => types.field(parent, field).is_some(),
            };
            assert!(there, "{parent}.{field}");
        }
    }

    fn camel(words: &str, first: fn(char) -> String) -> String {
        let mut parts = words.split('_');
        let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
        let head = parts.next().unwrap();
        let head = head.chars().next().map(first).unwrap() + &head[1..];
        parts.fold(head, |text, part| text + &capital(part))
    }

    #[test]
    fn whatever_may_say_something_about_a_person_is_told_or_decided_on() {
        let types = Types::of(&crate::schema_sdl());
        let mut names = BTreeSet::from(["export".to_owned(), "file".to_owned(), "payload".to_owned()]);
        for event_type in personal_event_types() {
            let (aggregate, _) = event_type.split_once('.').unwrap();
            let of = camel(aggregate, |first| first.to_uppercase().to_string());
            for field in personal_fields(event_type) {
                let field = camel(field, |first| first.to_string());
                // The object of the same name shows what the events hold.
                let shown = types.field(&of, &field).is_some();
                assert!(
                    !shown || is_told(&of, &field),
                    "{of}.{field} is personal in {event_type}"
                );
                names.insert(field);
            }
        }
        assert!(
            names.contains("userAgent") && names.contains("patient"),
            "{names:?}"
        );
        let mut undecided = Vec::new();
        for (parent, fields) in types.objects() {
            for (name, field) in fields {
                let may = names.contains(name) || named(&field.kind) == "JSON";
                let decided = NOT_TOLD
                    .iter()
                    .any(|(of, known, _)| (*of, *known) == (parent, name.as_str()));
                assert!(
                    !(decided && is_told(parent, name)),
                    "{parent}.{name} is told, and it is not"
                );
                if may && !decided && !is_told(parent, name) {
                    undecided.push(format!("{parent}.{name}"));
                }
            }
        }
        undecided.sort();
        assert_eq!(
            undecided,
            Vec::<String>::new(),
            "SENSITIVE or NOT_TOLD has a line for each"
        );
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
        let by_the_row = "{ claim(id: \"c1\") { evidence(first: 1) { nodes { cursor type } } } \
                          lead(id: \"l1\") { attributes { name } evidence(first: 1) { nodes { payload } } } }";
        assert_eq!(
            found(by_the_row),
            json!({ "audit_log": ["lead/l1"], "contact_data": ["lead/l1"] })
        );
        assert_eq!(
            found(
                "{ dataSubject(subject: \"lead/l1\") { export } node(id: \"~y\") { ... on AuditEntry { action } } }"
            ),
            json!({ "audit_log": ["node/~y"], "export": ["dataSubject/lead/l1"] })
        );
        assert_eq!(
            found("{ causationGraph(entity: \"lead/l1\") { dot } auditFacets { __typename } }"),
            json!({ "audit_log": ["auditFacets", "causationGraph/lead/l1"] })
        );
    }
}
