//! The operation of a document that a request means.

use std::collections::BTreeSet;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use async_graphql::{Positioned, ServerError};

/// The operation that a request would execute.
pub(crate) fn pick<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a Positioned<OperationDefinition>, ServerError> {
    let wrong = |message: String| ServerError::new(message, None);
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations
            .get(name)
            .ok_or_else(|| wrong(format!("operationName: the document has no operation {name:?}"))),
        (DocumentOperations::Single(_), Some(name)) => Err(wrong(format!(
            "operationName: the document has no operation {name:?}, but one without a name"
        ))),
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.values();
            let only = all.next().filter(|_| all.next().is_none());
            only.ok_or_else(|| {
                wrong("operationName: the document has several operations, name one".to_owned())
            })
        }
    }
}

/// Whether the operation asks for the schema and for nothing else.
pub(crate) fn only_introspects(operation: &OperationDefinition) -> bool {
    let mut selections = operation.selection_set.node.items.iter();
    operation.ty == OperationType::Query
        && selections.all(|selection| match &selection.node {
            Selection::Field(field) => field.node.name.node.starts_with("__"),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
        })
}

/// The names of the operation's root fields, those in fragments too; introspection's own are left out.
pub(crate) fn root_fields<'a>(
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
) -> BTreeSet<&'a str> {
    let (mut names, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut waiting = vec![&operation.selection_set.node];
    while let Some(selections) = waiting.pop() {
        for selection in &selections.items {
            match &selection.node {
                Selection::Field(field) => {
                    names.insert(field.node.name.node.as_str());
                }
                Selection::InlineFragment(fragment) => waiting.push(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let fragment = document.fragments.get(name).filter(|_| seen.insert(name));
                    waiting.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                }
            }
        }
    }
    names.retain(|name| !name.starts_with("__"));
    names
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::OperationType;

    use super::{only_introspects, pick, root_fields};

    #[test]
    fn root_fields_are_found_in_fragments_and_under_their_own_names() {
        let document = "{ __typename mine: me { actor } ... on Query { leads { nodes { id } } } ...F } \
                        fragment F on Query { ...G usage { days { day } } } fragment G on Query { ...F agents { nodes { id } } }";
        let document = parse_query(document).unwrap();
        let names = root_fields(&document, &pick(&document, None).unwrap().node);
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            ["agents", "leads", "me", "usage"]
        );
    }

    #[test]
    fn the_operation_is_the_named_one_or_the_only_one() {
        let kind = |document: &str, name| {
            let document = parse_query(document).unwrap();
            pick(&document, name).map(|operation| operation.node.ty).ok()
        };
        assert_eq!(kind("mutation { x }", None), Some(OperationType::Mutation));
        assert_eq!(kind("mutation A { x }", None), Some(OperationType::Mutation));
        let two = "query A { a } mutation B { x }";
        assert_eq!(kind(two, Some("A")), Some(OperationType::Query));
        assert_eq!(kind(two, Some("B")), Some(OperationType::Mutation));
        assert_eq!(kind(two, Some("C")), None);
        assert_eq!(kind(two, None), None);
        assert_eq!(kind("{ a }", Some("A")), None);
    }

    #[test]
    fn only_the_schema_is_for_everybody() {
        let only = |document: &str| {
            let document = parse_query(document).unwrap();
            only_introspects(&pick(&document, None).unwrap().node)
        };
        assert!(only("{ __schema { types { name } } }"));
        for wrong in [
            "{ __typename me { actor } }",
            "mutation { __typename }",
            "{ ...F } fragment F on Query { me { actor } }",
        ] {
            assert!(!only(wrong), "{wrong}");
        }
    }
}
