//! A subscription that goes on behind a cursor, whatever its document says.

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Pos, Positioned, Value, Variables};

use super::types::Types;

/// The argument that says behind what a subscription begins.
pub(super) const AFTER: &str = "after";

/// Gives a subscription's root field the cursor as `after`, if it has such an argument.
pub(crate) fn resume(
    document: &mut ExecutableDocument,
    operation: Option<&str>,
    variables: &mut Variables,
    types: &Types,
    cursor: &str,
) {
    let mut resuming = Resuming {
        variables,
        types,
        cursor,
        spreads: Vec::new(),
    };
    let operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations
            .iter_mut()
            .filter(|(name, _)| operation.is_none_or(|wanted| name.as_str() == wanted))
            .map(|(_, operation)| operation)
            .collect(),
    };
    for operation in operations {
        resuming.selections(&mut operation.node.selection_set.node);
    }
    // Fragments do not contain themselves: that was refused before.
    while let Some(name) = resuming.spreads.pop() {
        if let Some(fragment) = document.fragments.get_mut(&name) {
            resuming.selections(&mut fragment.node.selection_set.node);
        }
    }
}

struct Resuming<'a> {
    variables: &'a mut Variables,
    types: &'a Types,
    cursor: &'a str,
    spreads: Vec<Name>,
}

impl Resuming<'_> {
    fn selections(&mut self, selections: &mut SelectionSet) {
        for selection in &mut selections.items {
            match &mut selection.node {
                Selection::Field(field) => self.field(&mut field.node),
                Selection::InlineFragment(fragment) => {
                    self.selections(&mut fragment.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    self.spreads.push(spread.node.fragment_name.node.clone());
                }
            }
        }
    }

    fn field(&mut self, field: &mut Field) {
        let known = self.types.field("Subscription", &field.name.node);
        if !known.is_some_and(|known| known.arguments.contains_key(AFTER)) {
            return;
        }
        let cursor = Value::from(self.cursor);
        let given = field.arguments.iter_mut().find(|(name, _)| name.node == AFTER);
        match given {
            Some((_, value)) => {
                let mut variable = None;
                let constant = value.node.clone().into_const_with(|name| {
                    variable = Some(name);
                    Err::<Value, ()>(())
                });
                match (constant, variable) {
                    (Err(()), Some(name)) => drop(self.variables.insert(name, cursor)),
                    _ => value.node = cursor.into_value(),
                }
            }
            None => {
                let name = Positioned::new(Name::new(AFTER), Pos::default());
                field
                    .arguments
                    .push((name, Positioned::new(cursor.into_value(), Pos::default())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::resume;
    use crate::documents::types::Types;

    fn resumed(document: &str) -> (String, Variables) {
        let types = Types::of(
            "type Query { a: Int } type Subscription { events(after: String, n: Int): Int other: Int }",
        );
        let mut document = parse_query(document).unwrap();
        let mut variables = Variables::from_json(json!({ "from": "old" }));
        resume(&mut document, None, &mut variables, &types, "new");
        (format!("{document:?}"), variables)
    }

    #[test]
    fn the_cursor_is_put_wherever_the_field_stands() {
        for document in [
            "subscription { events }",
            "subscription { events(after: \"old\") }",
            "subscription { ... { events(n: 1) } }",
            "subscription { ...F } fragment F on Subscription { events }",
        ] {
            let (text, _) = resumed(document);
            assert!(
                text.contains("\"new\"") && !text.contains("\"old\""),
                "{document}: {text}"
            );
        }
        let (text, variables) = resumed("subscription($from: String) { events(after: $from) }");
        assert!(!text.contains("\"new\""), "{text}");
        assert_eq!(variables, Variables::from_json(json!({ "from": "new" })));
        let (text, _) = resumed("subscription { other }");
        assert!(!text.contains("\"new\""), "{text}");
    }
}
