//! What a GraphQL document asks for, before it is executed.

use async_graphql::Request;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, OperationDefinition, OperationType, Selection};

/// The operation that a request would execute; `None` when it does not parse or names none.
fn operation<T>(request: &Request, look: impl FnOnce(&OperationDefinition) -> T) -> Option<T> {
    let document = parse_query(&request.query).ok()?;
    match (&document.operations, &request.operation_name) {
        (DocumentOperations::Single(operation), None) => Some(look(&operation.node)),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => operations
            .get(name.as_str())
            .map(|operation| look(&operation.node)),
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.values();
            let only = all.next().filter(|_| all.next().is_none())?;
            Some(look(&only.node))
        }
    }
}

/// Whether the request reads only; what does not parse does nothing either.
pub(super) fn only_reads(request: &Request) -> bool {
    operation(request, |operation| operation.ty == OperationType::Query).unwrap_or(true)
}

/// Whether the request asks for the schema and for nothing else.
pub(super) fn only_introspects(request: &Request) -> bool {
    operation(request, |operation| {
        let mut selections = operation.selection_set.node.items.iter();
        operation.ty == OperationType::Query
            && selections.all(|selection| match &selection.node {
                Selection::Field(field) => field.node.name.node.starts_with("__"),
                Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
            })
    })
    .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use async_graphql::Request;

    use super::{only_introspects, only_reads};

    #[test]
    fn mutations_do_not_read_only_wherever_they_stand() {
        assert!(only_reads(&Request::new("{ me { actor } }")));
        assert!(only_reads(
            &Request::new("query A { me { actor } } mutation B { x }").operation_name("A")
        ));
        for wrong in ["mutation { x }", "subscription { x }", "mutation A { x }"] {
            assert!(!only_reads(&Request::new(wrong)), "{wrong}");
        }
        assert!(!only_reads(
            &Request::new("query A { a } mutation B { x }").operation_name("B")
        ));
    }

    #[test]
    fn only_the_schema_is_for_everybody() {
        assert!(only_introspects(&Request::new("{ __schema { types { name } } }")));
        for wrong in [
            "{ __typename me { actor } }",
            "mutation { __typename }",
            "{ ...F } fragment F on Query { me { actor } }",
        ] {
            assert!(!only_introspects(&Request::new(wrong)), "{wrong}");
        }
    }
}
