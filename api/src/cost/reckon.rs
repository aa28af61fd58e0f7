//! What an operation may cost at most: a field is 1, a mutation's 10, a list multiplies what is inside by its
//! length. Each fragment is reckoned once for a page's length.

use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Value, Variables};

use super::lists::{PAGE_AT_MOST, length, past};
use crate::documents::types::{self, Types, named, root};

/// What a mutation costs besides what it returns.
pub(super) const MUTATION: usize = 10;

/// The cost of an operation of a document that is within the limits.
pub(crate) fn reckon(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    types: &Types,
) -> usize {
    let mut reckoning = Reckoning {
        document,
        operation,
        variables,
        types,
        fragments: HashMap::new(),
    };
    let selections = &operation.selection_set.node;
    reckoning.selections(Some(root(operation.ty)), selections, 1)
}

struct Reckoning<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    types: &'a Types,
    /// By the fragment's name and the length of the page around it.
    fragments: HashMap<(&'a str, usize), usize>,
}

impl<'a> Reckoning<'a> {
    fn selections(&mut self, parent: Option<&'a str>, selections: &'a SelectionSet, page: usize) -> usize {
        let mut cost = 0_usize;
        for selection in &selections.items {
            cost = cost.saturating_add(match &selection.node {
                Selection::Field(field) => self.field(parent, &field.node, page),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref();
                    let parent = on.map(|on| on.node.on.node.as_str()).or(parent);
                    self.selections(parent, &fragment.node.selection_set.node, page)
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(spread.node.fragment_name.node.as_str(), page)
                }
            });
        }
        cost
    }

    fn fragment(&mut self, name: &'a str, page: usize) -> usize {
        if let Some(known) = self.fragments.get(&(name, page)) {
            return *known;
        }
        let Some(fragment) = self.document.fragments.get(name) else {
            return 0;
        };
        let on = fragment.node.type_condition.node.on.node.as_str();
        let cost = self.selections(Some(on), &fragment.node.selection_set.node, page);
        self.fragments.insert((name, page), cost);
        cost
    }

    fn field(&mut self, parent: Option<&'a str>, field: &'a Field, page: usize) -> usize {
        let name = field.name.node.as_str();
        let known = parent.and_then(|parent| self.types.field(parent, name));
        let own = match parent {
            Some("Mutation") if self.operation.ty == OperationType::Mutation => MUTATION,
            _ => 1,
        };
        let inside = self.selections(
            known.map(|known| named(&known.kind)),
            &field.selection_set.node,
            known.map_or(1, |known| self.page(known, field)),
        );
        let times = parent.and_then(|parent| length(parent, name, page)).unwrap_or(1);
        let past = parent.map_or(0, |parent| past(parent, field));
        times.saturating_mul(inside).saturating_add(own + past)
    }

    /// The length of the page that a connection's field asks for.
    fn page(&self, known: &types::Field, field: &Field) -> usize {
        if !known.arguments.contains_key("first") {
            return 1;
        }
        let argument = field.get_argument("first").or_else(|| field.get_argument("last"));
        let value = argument.and_then(|argument| {
            argument
                .node
                .clone()
                .into_const_with(|name| self.variable(&name))
                .ok()
        });
        match value {
            Some(Value::Number(rows)) => rows
                .as_u64()
                .and_then(|rows| usize::try_from(rows).ok())
                .map_or(PAGE_AT_MOST, |rows| rows.clamp(1, PAGE_AT_MOST)),
            _ => PAGE_AT_MOST,
        }
    }

    fn variable(&self, name: &str) -> Result<Value, ()> {
        if let Some(value) = self.variables.get(name) {
            return Ok(value.clone());
        }
        let mut declared = self.operation.variable_definitions.iter();
        let declared = declared.find(|declared| declared.node.name.node == name);
        let default = declared.and_then(|declared| declared.node.default_value.as_ref());
        default.map(|default| default.node.clone()).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::reckon;
    use crate::documents::pick;
    use crate::documents::types::Types;

    fn cost(document: &str) -> usize {
        let document = parse_query(document).unwrap();
        let operation = pick(&document, None).unwrap();
        let variables = Variables::from_json(json!({ "n": 7 }));
        reckon(
            &document,
            &operation.node,
            &variables,
            &Types::of(&crate::schema_sdl()),
        )
    }

    #[test]
    fn a_field_is_one_and_a_list_multiplies() {
        for (document, wanted) in [
            ("{ me { actor tenantId } }", 3),
            ("{ leads(first: 10) { nodes { id vertical } } }", 1 + 1 + 10 * 2),
            (
                "{ leads(last: 10) { edges { cursor node { id } } pageInfo { hasNextPage } } }",
                1 + 1 + 10 * 3 + 2,
            ),
            ("query($n: Int) { leads(first: $n) { nodes { id } } }", 1 + 1 + 7),
            (
                "query($m: Int = 5) { leads(first: $m) { nodes { id } } }",
                1 + 1 + 5,
            ),
            (
                "query($m: Int) { leads(first: $m) { nodes { id } } }",
                1 + 1 + 100,
            ),
            (
                "{ leads(first: 3) { ...F } leads(first: 3) { ...F } } fragment F on LeadConnection { nodes { id } }",
                10,
            ),
            (
                "{ leads(first: 2) { ...F } x: leads(first: 3) { ...F } } fragment F on LeadConnection { nodes { id } }",
                9,
            ),
            (
                "{ roiSummary(first: 24) { nodes { month wonValue { amount } } } }",
                1 + 1 + 24 * (1 + 1 + 2),
            ),
            (
                "mutation { archiveWorkspace(input: { id: \"x\" }) { cursor } }",
                10 + 1,
            ),
            ("subscription { events { type stream { id } } }", 4),
            ("{ __schema { types { name } } }", 3),
        ] {
            assert_eq!(cost(document), wanted, "{document}");
        }
    }

    #[test]
    fn a_cost_beyond_all_numbers_is_the_greatest_there_is() {
        let levels = (0..40).map(|level| {
            let next = level + 1;
            format!("fragment F{level} on Query {{ readModels {{ name }} ...F{next} ...F{next} }} ")
        });
        let document = format!(
            "{{ ...F0 }} {} fragment F40 on Query {{ __typename }}",
            levels.collect::<String>()
        );
        assert!(cost(&document) > 1_000_000_000_000);
    }
}
