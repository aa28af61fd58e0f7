//! What a parsed document asks for, its fragments put in their places, in time that is linear in its text.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Pos, ServerError};

use super::{Limits, Over};

/// How much a selection asks for.
#[derive(Clone, Copy, Default)]
struct Shape {
    /// Fields inside each other.
    depth: usize,
    /// Selections inside each other, of fields and of fragments.
    nesting: usize,
    /// All fields.
    fields: usize,
}

/// Why a document is refused.
#[derive(Clone, Debug)]
pub(crate) enum Refused {
    /// It asks for too much.
    Over(Over),
    /// It is not a document that means anything.
    Wrong(ServerError),
}

impl From<Over> for Refused {
    fn from(over: Over) -> Self {
        Self::Over(over)
    }
}

/// Refuses a document that is over a limit in any of its operations, or whose fragments contain themselves.
pub(crate) fn check(document: &ExecutableDocument, limits: &Limits) -> Result<(), Refused> {
    let mut count = Count::default();
    for (_, operation) in document.operations.iter() {
        count.directives += operation.node.directives.len();
        for variable in &operation.node.variable_definitions {
            count.directives += variable.node.directives.len();
        }
        count.texts(&operation.node.selection_set.node);
    }
    for fragment in document.fragments.values() {
        count.directives += fragment.node.directives.len();
        count.texts(&fragment.node.selection_set.node);
    }
    Over::check(
        "aliases",
        "aliases in the document",
        count.aliases,
        limits.aliases,
    )?;
    Over::check(
        "directives",
        "directives in the document",
        count.directives,
        limits.directives,
    )?;
    let mut measure = Measure {
        document,
        limits,
        fragments: HashMap::new(),
    };
    for name in document.fragments.keys() {
        measure.fragment(name.as_str(), Pos::default(), 0)?;
    }
    for (_, operation) in document.operations.iter() {
        let selections = &operation.node.selection_set.node;
        let shape = measure.selections(selections, 1)?;
        // First, since the walk above refuses it as well, and only from some of a map's orders.
        Over::check(
            "selection_nesting",
            "selections inside each other",
            shape.nesting + 1,
            limits.selections(),
        )?;
        Over::check("fields", "fields of an operation", shape.fields, limits.fields)?;
        Over::check("depth", "fields inside each other", shape.depth, limits.depth)?;
        let roots = root_fields(document, selections);
        Over::check("root_fields", "fields at the root", roots, limits.root_fields)?;
    }
    Ok(())
}

/// What is counted once wherever it stands.
#[derive(Default)]
struct Count {
    aliases: usize,
    directives: usize,
}

impl Count {
    fn texts(&mut self, selections: &SelectionSet) {
        for selection in &selections.items {
            self.directives += selection.node.directives().len();
            match &selection.node {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.node.alias.is_some());
                    self.texts(&field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => self.texts(&fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
}

/// Measures each fragment once.
struct Measure<'a> {
    document: &'a ExecutableDocument,
    limits: &'a Limits,
    /// `None` while it is being measured.
    fragments: HashMap<&'a str, Option<Shape>>,
}

impl<'a> Measure<'a> {
    fn fragment(&mut self, name: &'a str, at: Pos, level: usize) -> Result<Shape, Refused> {
        match self.fragments.get(name) {
            Some(Some(shape)) => return Ok(*shape),
            Some(None) => {
                let message = format!("the fragment {name:?} contains itself");
                return Err(Refused::Wrong(ServerError::new(message, Some(at))));
            }
            None => {}
        }
        // A fragment that is not there is the validation's to tell.
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(Shape::default());
        };
        self.fragments.insert(name, None);
        let shape = self.selections(&fragment.node.selection_set.node, level)?;
        self.fragments.insert(name, Some(shape));
        Ok(shape)
    }

    fn selections(&mut self, selections: &'a SelectionSet, level: usize) -> Result<Shape, Refused> {
        // The walk itself must not go deeper than what it is to refuse.
        Over::check(
            "selection_nesting",
            "selections inside each other",
            level,
            self.limits.selections(),
        )?;
        let mut all = Shape::default();
        for selection in &selections.items {
            let (inside, is_field, is_nested) = match &selection.node {
                Selection::Field(field) => {
                    let inside = &field.node.selection_set.node;
                    if inside.items.is_empty() {
                        (Shape::default(), 1, 0)
                    } else {
                        (self.selections(inside, level + 1)?, 1, 1)
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let inside = &fragment.node.selection_set.node;
                    (self.selections(inside, level + 1)?, 0, 1)
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    (self.fragment(name, spread.pos, level + 1)?, 0, 1)
                }
            };
            all.depth = all.depth.max(inside.depth + is_field);
            all.nesting = all.nesting.max(inside.nesting + is_nested);
            all.fields = all.fields.saturating_add(inside.fields).saturating_add(is_field);
        }
        Ok(all)
    }
}

/// How many results the root of an operation has.
pub(super) fn root_fields(document: &ExecutableDocument, selections: &SelectionSet) -> usize {
    let (mut names, mut seen) = (HashSet::new(), HashSet::new());
    let mut open = vec![selections];
    while let Some(selections) = open.pop() {
        for selection in &selections.items {
            match &selection.node {
                Selection::Field(field) => {
                    names.insert(field.node.response_key().node.as_str());
                }
                Selection::InlineFragment(fragment) => open.push(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    if seen.insert(name) {
                        let fragment = document.fragments.get(name);
                        open.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                    }
                }
            }
        }
    }
    names.len()
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::{Refused, check};
    use crate::limits::Limits;

    fn refused(document: &str) -> String {
        match check(&parse_query(document).unwrap(), &Limits::default()) {
            Ok(()) => "nothing".to_owned(),
            Err(Refused::Over(over)) => over.limit.to_owned(),
            Err(Refused::Wrong(error)) => error.message,
        }
    }

    /// Each fragment holds the next one twice: the last is there 2^levels times.
    fn doubling(levels: usize) -> String {
        let fragments = (0..levels).map(|level| {
            format!(
                "fragment F{level} on Q {{ a: b {{ ...F{0} }} c: b {{ ...F{0} }} }} ",
                level + 1
            )
        });
        format!(
            "{{ ...F0 }} {} fragment F{levels} on Q {{ d }}",
            fragments.collect::<String>()
        )
    }

    #[test]
    fn fragments_count_wherever_they_are_put() {
        assert_eq!(refused(&doubling(5)), "nothing");
        assert_eq!(refused(&doubling(14)), "fields");
        assert_eq!(refused(&doubling(40)), "selection_nesting");
    }

    #[test]
    fn a_fragment_that_contains_itself_is_refused() {
        let document = "{ ...A } fragment A on Q { a { ...B } } fragment B on Q { ...A ...B }";
        assert!(refused(document).contains("contains itself"));
        assert!(refused("{ a } fragment A on Q { ...A }").contains("contains itself"));
    }

    #[test]
    fn each_limit_has_its_name() {
        let limits = Limits::default();
        let many = |count: usize, text: &dyn Fn(usize) -> String| (0..count).map(text).collect::<String>();
        let aliases = |count| format!("{{ a {{ {} }} }}", many(count, &|at| format!("b{at}: b ")));
        assert_eq!(refused(&aliases(limits.aliases)), "nothing");
        assert_eq!(refused(&aliases(limits.aliases + 1)), "aliases");
        let directives = |count| format!("{{ a {} }}", "@skip(if: false) ".repeat(count));
        assert_eq!(refused(&directives(limits.directives)), "nothing");
        assert_eq!(refused(&directives(limits.directives + 1)), "directives");
        let roots = |count| {
            format!(
                "{{ ...R }} fragment R on Q {{ {} }}",
                many(count, &|at| format!("a{at} "))
            )
        };
        assert_eq!(refused(&roots(limits.root_fields)), "nothing");
        assert_eq!(refused(&roots(limits.root_fields + 1)), "root_fields");
        let deep = |depth: usize| format!("{}a{}", "{a".repeat(depth - 1) + "{", "}".repeat(depth));
        assert_eq!(refused(&deep(limits.depth)), "nothing");
        assert_eq!(refused(&deep(limits.depth + 1)), "depth");
    }
}
