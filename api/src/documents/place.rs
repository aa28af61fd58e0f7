//! The variable that says where a subscription begins: two subscriptions that differ by it alone are the same.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

use async_graphql::parser::types::{Directive, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value, Variables};

use super::resume::AFTER;

/// The variables as JSON, without that which only says where a subscription's root field begins.
pub(crate) fn variables_but_place(document: &ExecutableDocument, variables: &Variables) -> String {
    let mut uses = Uses::default();
    for (_, operation) in document.operations.iter() {
        uses.directives(&operation.node.directives);
        uses.selections(&operation.node.selection_set.node, Root::Yes);
    }
    for fragment in document.fragments.values() {
        // A fragment's fields stand at a root where its type is one.
        let on = fragment.node.type_condition.node.on.node.as_str();
        let root = if on == "Subscription" { Root::Yes } else { Root::No };
        uses.directives(&fragment.node.directives);
        uses.selections(&fragment.node.selection_set.node, root);
    }
    let is_place = |name: &Name| {
        uses.0
            .get(name)
            .is_some_and(|uses| uses.other == 0 && uses.place > 0)
    };
    let others: BTreeMap<&Name, &Value> = variables.iter().filter(|(name, _)| !is_place(name)).collect();
    // Variables came as JSON.
    serde_json::to_string(&others).unwrap_or_default()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Root {
    Yes,
    No,
}

#[derive(Default)]
struct Count {
    /// As the place where a root field begins.
    place: usize,
    /// As anything else.
    other: usize,
}

#[derive(Default)]
struct Uses(HashMap<Name, Count>);

impl Uses {
    fn selections(&mut self, selections: &SelectionSet, root: Root) {
        for selection in &selections.items {
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, root),
                Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.node.directives);
                    self.selections(&fragment.node.selection_set.node, root);
                }
                Selection::FragmentSpread(spread) => self.directives(&spread.node.directives),
            }
        }
    }

    fn field(&mut self, field: &Field, root: Root) {
        for (name, value) in &field.arguments {
            let is_place = root == Root::Yes && name.node == AFTER;
            let into_const = value.node.clone().into_const_with(|variable| {
                let count = self.0.entry(variable).or_default();
                if is_place {
                    count.place += 1;
                } else {
                    count.other += 1;
                }
                Ok::<Value, Infallible>(Value::Null)
            });
            drop(into_const);
        }
        self.directives(&field.directives);
        self.selections(&field.selection_set.node, Root::No);
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) {
        for (_, value) in directives.iter().flat_map(|directive| &directive.node.arguments) {
            let into_const = value.node.clone().into_const_with(|variable| {
                self.0.entry(variable).or_default().other += 1;
                Ok::<Value, Infallible>(Value::Null)
            });
            drop(into_const);
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::variables_but_place;

    #[test]
    fn the_place_to_begin_at_is_left_out_and_nothing_else() {
        let left = |document: &str| {
            let variables = Variables::from_json(json!({ "a": 1, "b": 2 }));
            variables_but_place(&parse_query(document).unwrap(), &variables)
        };
        let both = r#"{"a":1,"b":2}"#;
        for (document, wanted) in [
            (
                "subscription($a: X, $b: X) { events(after: $a, n: $b) { x } }",
                r#"{"b":2}"#,
            ),
            (
                "subscription($a: X, $b: X) { ...F } fragment F on Subscription { events(after: $a) { x(y: $b) } }",
                r#"{"b":2}"#,
            ),
            (
                "subscription($a: X, $b: X) { events(after: $a) { x(after: $a, y: [$b]) } }",
                both,
            ),
            (
                "subscription($a: X, $b: X) { events { x(after: $a) @skip(if: $b) } }",
                both,
            ),
            (
                "subscription($a: X, $b: X) { events(filter: { after: $a, b: $b }) { x } }",
                both,
            ),
        ] {
            assert_eq!(left(document), wanted, "{document}");
        }
    }
}
