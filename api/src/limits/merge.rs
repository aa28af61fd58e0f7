//! Fields of one name must be one field (GraphQL's "Field Selection Merging"), at every depth; the library
//! looks at one level only. A subscription has one root field.

use std::collections::{BTreeMap, HashSet};

use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, OperationType, Selection, SelectionSet, Type,
};
use async_graphql::{Positioned, ServerError};

use super::document::root_fields;
use crate::documents::types::{Kind, Types, named, root};

/// A field with the type that it is selected on; `None` where introspection's own types begin.
#[derive(Clone, Copy)]
struct Selected<'a> {
    parent: Option<&'a str>,
    field: &'a Positioned<Field>,
}

/// What fields of one name must have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Common {
    /// Everything: they may be of one object.
    All,
    /// The form of their results: they are never of one object.
    Form,
}

/// Refuses fields that can't be merged. The work is bounded by the number of fields with the fragments put
/// in their places, which [`super::check`] has limited before.
pub(crate) fn check_merging(document: &ExecutableDocument, types: &Types) -> Result<(), ServerError> {
    let merging = Merging { document, types };
    for (_, operation) in document.operations.iter() {
        let selections = &operation.node.selection_set.node;
        if operation.node.ty == OperationType::Subscription && root_fields(document, selections) != 1 {
            let message = "a subscription has one field at its root";
            return Err(ServerError::new(message, Some(operation.pos)));
        }
        let mut fields = Vec::new();
        merging.collect(
            Some(root(operation.node.ty)),
            selections,
            &mut HashSet::new(),
            &mut fields,
        );
        merging.check(&fields, Common::All)?;
    }
    Ok(())
}

struct Merging<'a> {
    document: &'a ExecutableDocument,
    types: &'a Types,
}

impl<'a> Merging<'a> {
    /// All fields of a selection, its fragments put in their places.
    fn collect(
        &self,
        parent: Option<&'a str>,
        selections: &'a SelectionSet,
        seen: &mut HashSet<&'a str>,
        into: &mut Vec<Selected<'a>>,
    ) {
        for selection in &selections.items {
            match &selection.node {
                Selection::Field(field) => into.push(Selected { parent, field }),
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref();
                    let parent = on.map(|on| on.node.on.node.as_str()).or(parent);
                    self.collect(parent, &fragment.node.selection_set.node, seen, into);
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    if let Some(fragment) = self.document.fragments.get(name)
                        && seen.insert(name)
                    {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.collect(Some(on), &fragment.node.selection_set.node, seen, into);
                    }
                }
            }
        }
    }

    fn check(&self, fields: &[Selected<'a>], common: Common) -> Result<(), ServerError> {
        let mut by_name: BTreeMap<&str, Vec<Selected<'a>>> = BTreeMap::new();
        for selected in fields {
            let name = selected.field.node.response_key().node.as_str();
            by_name.entry(name).or_default().push(*selected);
        }
        for (name, group) in by_name {
            let Some((first, others)) = group.split_first() else {
                continue;
            };
            for other in others {
                if !self.same_form(first, other) {
                    return Err(conflict(name, "are of different types", first, other));
                }
            }
            let classes = match common {
                Common::All => self.of_one_object(&group),
                Common::Form => vec![group.clone()],
            };
            for class in &classes {
                if common == Common::All {
                    same_field(name, class)?;
                }
                self.check(&self.inside(class), common)?;
            }
            if classes.len() > 1 {
                self.check(&self.inside(&group), Common::Form)?;
            }
        }
        Ok(())
    }

    /// Parts the fields by the objects they may be of: those of an interface may be of any.
    fn of_one_object(&self, group: &[Selected<'a>]) -> Vec<Vec<Selected<'a>>> {
        let is_object = |parent: Option<&str>| {
            parent.is_some_and(|parent| matches!(self.types.get(parent), Some(Kind::Object(_))))
        };
        let (of_objects, of_any): (Vec<_>, Vec<_>) = group
            .iter()
            .copied()
            .partition(|selected| is_object(selected.parent));
        let mut classes: BTreeMap<Option<&str>, Vec<Selected<'a>>> = BTreeMap::new();
        for selected in of_objects {
            classes.entry(selected.parent).or_default().push(selected);
        }
        if classes.is_empty() {
            return vec![of_any];
        }
        let classes = classes.into_values().map(|mut class| {
            class.extend(&of_any);
            class
        });
        classes.collect()
    }

    fn inside(&self, group: &[Selected<'a>]) -> Vec<Selected<'a>> {
        let mut fields = Vec::new();
        // Each field's own fragments: one that stands in two of them is looked at twice.
        for selected in group {
            let inside = &selected.field.node.selection_set.node;
            let parent = self.type_of(selected).map(named);
            self.collect(parent, inside, &mut HashSet::new(), &mut fields);
        }
        fields
    }

    fn type_of(&self, selected: &Selected<'a>) -> Option<&'a Type> {
        let field = self
            .types
            .field(selected.parent?, &selected.field.node.name.node)?;
        Some(&field.kind)
    }

    fn same_form(&self, one: &Selected<'a>, other: &Selected<'a>) -> bool {
        match (self.type_of(one), self.type_of(other)) {
            (Some(one), Some(other)) => self.same_type(one, other),
            // The validation tells of fields that do not exist.
            _ => true,
        }
    }

    fn same_type(&self, one: &Type, other: &Type) -> bool {
        let is_leaf = |name: &str| !matches!(self.types.get(name), Some(Kind::Object(_) | Kind::Abstract(_)));
        one.nullable == other.nullable
            && match (&one.base, &other.base) {
                (BaseType::List(one), BaseType::List(other)) => self.same_type(one, other),
                (BaseType::Named(one), BaseType::Named(other)) => {
                    one == other || !(is_leaf(one) || is_leaf(other))
                }
                _ => false,
            }
    }
}

/// Refuses fields of one object that are not the same field with the same arguments.
fn same_field(name: &str, class: &[Selected<'_>]) -> Result<(), ServerError> {
    let Some((first, others)) = class.split_first() else {
        return Ok(());
    };
    let one = &first.field.node;
    for other in others {
        let field = &other.field.node;
        if one.name.node != field.name.node {
            return Err(conflict(name, "are different fields", first, other));
        }
        let is_same = one.arguments.len() == field.arguments.len()
            && one.arguments.iter().all(|(name, value)| {
                field
                    .get_argument(&name.node)
                    .is_some_and(|other| other.node == value.node)
            });
        if !is_same {
            return Err(conflict(name, "have different arguments", first, other));
        }
    }
    Ok(())
}

fn conflict(name: &str, why: &str, one: &Selected<'_>, other: &Selected<'_>) -> ServerError {
    let message = format!("two fields are named {name:?} in the result and {why}: give one another alias");
    let mut error = ServerError::new(message, Some(one.field.pos));
    error.locations.push(other.field.pos);
    error
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::check_merging;
    use crate::documents::types::Types;

    const SCHEMA: &str = "type Query { a(x: Int): A any: Any b: A n: Int s: String l: [Int] } \
        type A { a(x: Int): A n: Int s: String } interface Any { n: Int } \
        type B { v: Int a: A same: Int } type C { v: String a: A same: Int } \
        type Subscription { one: Int two: Int }";

    fn refused(document: &str) -> Option<String> {
        let document = parse_query(document).unwrap();
        let checked = check_merging(&document, &Types::of(SCHEMA));
        checked.err().map(|error| error.message)
    }

    #[test]
    fn fields_that_are_one_field_merge() {
        for document in [
            "{ a { n } a { n } a { s } }",
            "{ a(x: 1) { n } ...F ...F } fragment F on Query { a(x: 1) { n } }",
            "{ any { ... on B { v: same } ... on C { v: same } } }",
            "{ any { ... on B { x: v a { v: n } } ... on C { y: v a { w: s } } } }",
            "{ __schema { types { name } types { kind } } }",
            "subscription { one one ...F } fragment F on Subscription { one }",
        ] {
            assert_eq!(refused(document), None, "{document}");
        }
    }

    #[test]
    fn fields_that_are_not_one_are_refused_at_every_depth() {
        for (document, why) in [
            ("{ x: n x: s }", "different"),
            ("{ a(x: 1) { n } a(x: 2) { n } }", "arguments"),
            ("{ a { n } a(x: 2) { n } }", "arguments"),
            ("{ b { x: n } b { x: s } }", "different"),
            ("{ b { a { a { x: n } } } b { a { a { x: s } } } }", "different"),
            (
                "{ b { a(x: 1) { n } ...F } } fragment F on A { a(x: 2) { n } }",
                "arguments",
            ),
            (
                "{ b { ...F } b { ...G } } fragment F on A { x: n } fragment G on A { x: s }",
                "different",
            ),
            ("{ any { ... on B { v } ... on C { v } } }", "types"),
            (
                "{ any { ... on B { a { v: n } } ... on C { a { v: s } } } }",
                "types",
            ),
            ("{ x: n x: l }", "types"),
            (
                "{ __schema { x: types { name } x: directives { name } } }",
                "different fields",
            ),
        ] {
            let message = refused(document).unwrap_or_else(|| panic!("{document} passed"));
            assert!(message.contains(why), "{document}: {message}");
        }
    }

    #[test]
    fn a_subscription_has_one_root_field() {
        for document in [
            "subscription { one two }",
            "subscription { one ...F } fragment F on Subscription { two }",
            "subscription { a: one b: one }",
        ] {
            assert!(refused(document).is_some(), "{document}");
        }
    }
}
