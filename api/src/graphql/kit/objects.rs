//! Lists of objects, told in one go: a field that needs no waiting becomes a value at once, not a future of its own.
//!
//! A page of 50 rows with 8 fields has 400 of them; the executor's own way to resolve them costs several times what
//! the values do. What has arguments or a selection, and what turns out to wait, is resolved as everywhere.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::resolve_list;
use async_graphql::{ContainerType, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value};
use futures::FutureExt as _;
use futures::future::join_all;

/// The objects of a list, in its order.
pub(crate) struct Objects<'a, T>(pub(crate) Vec<&'a T>);

/// An object of a list or a relation, some of whose fields may hold an object that needs no waiting either.
pub(crate) trait Listed: ContainerType {
    /// The value of a field with a selection, if it can be told at once.
    fn at_once(&self, _ctx: &ContextSelectionSet<'_>, _field: &Positioned<Field>) -> Option<Value> {
        None
    }
}

/// The fields that are selected of an object, each once.
type Selected<'a> = Vec<&'a Positioned<Field>>;

/// An object as far as it is told.
type Told = IndexMap<Name, Value>;

impl<T: Listed> OutputType for Objects<'_, T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<&T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<&T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<&T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let Some(fields) = selected::<T>(ctx) else {
            return resolve_list(ctx, field, self.0.iter().copied(), Some(self.0.len())).await;
        };
        let mut waiting = Vec::new();
        let mut objects = Vec::with_capacity(self.0.len());
        for (index, object) in self.0.iter().enumerate() {
            let ctx_object = ctx.with_index(index);
            let mut told = Told::with_capacity(fields.len());
            for field in &fields {
                let value = now(&ctx_object, field, *object);
                if value.is_none() {
                    waiting.push((index, *object, *field));
                }
                // One that waits keeps its place.
                told.insert(key(field), value.unwrap_or_default());
            }
            objects.push(told);
        }
        let later = waiting.into_iter().map(async |(index, object, field)| {
            let ctx_object = ctx.with_index(index);
            let ctx_field = ctx_object.with_field(field);
            (index, field, object.resolve_field(&ctx_field).await)
        });
        for (index, field, value) in join_all(later).await {
            let Some(told) = objects.get_mut(index) else {
                continue;
            };
            match value {
                Ok(value) => drop(told.insert(key(field), value.unwrap_or_default())),
                Err(error) => {
                    told.shift_remove(&key(field));
                    ctx.add_error(error);
                }
            }
        }
        // One of which nothing could be told is null, as the executor has it.
        let object = |told: Told| {
            if told.is_empty() {
                Value::Null
            } else {
                Value::Object(told)
            }
        };
        Ok(Value::List(objects.into_iter().map(object).collect()))
    }
}

/// The object of a field, if all that is selected of it can be told at once.
pub(crate) fn whole<T: Listed>(
    ctx: &ContextSelectionSet<'_>,
    field: &Positioned<Field>,
    object: &T,
) -> Option<Value> {
    let ctx_field = ctx.with_field(field);
    all(&ctx_field.with_selection_set(&field.node.selection_set), object)
}

/// All that is selected of an object, if it can be told at once.
fn all<T: Listed>(ctx: &ContextSelectionSet<'_>, object: &T) -> Option<Value> {
    let fields = selected::<T>(ctx)?;
    let value = |field| Some((key(field), now(ctx, field, object)?));
    let told: Option<Told> = fields.into_iter().map(value).collect();
    told.map(Value::Object)
}

/// An object that was waited for: its own fields are told at once, if they can be.
pub(crate) struct Found<T>(pub(crate) Arc<T>);

impl<T: Listed> OutputType for Found<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match all(ctx, &*self.0) {
            Some(told) => Ok(told),
            // Boxed, since a page has many of them and few come here.
            None => Box::pin(self.0.resolve(ctx, field)).await,
        }
    }
}

/// The value of a field, if nothing is waited for and nothing is wrong.
fn now<T: Listed>(ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>, object: &T) -> Option<Value> {
    if field.node.name.node == "__typename" {
        return Some(Value::String(object.introspection_type_name().into_owned()));
    }
    if !field.node.selection_set.node.items.is_empty() {
        return object.at_once(ctx, field);
    }
    if !field.node.arguments.is_empty() {
        return None;
    }
    let value = object.resolve_field(&ctx.with_field(field)).now_or_never()?;
    value.ok().map(Option::unwrap_or_default)
}

fn key(field: &Positioned<Field>) -> Name {
    field.node.response_key().node.clone()
}

/// What is selected of an object; `None` where it takes the executor to know it: fragments on interfaces,
/// selections that are merged, and directives. The schema has no extensions that want to hear of each field.
fn selected<'a, T: Listed>(ctx: &ContextSelectionSet<'a>) -> Option<Selected<'a>> {
    let mut fields = Vec::new();
    add::<T>(ctx, &ctx.item.node, &mut fields)?;
    (!fields.is_empty()).then_some(fields)
}

fn add<'a, T: Listed>(
    ctx: &ContextSelectionSet<'a>,
    selection: &'a SelectionSet,
    fields: &mut Selected<'a>,
) -> Option<()> {
    for selection in &selection.items {
        let (condition, inner) = match &selection.node {
            Selection::Field(field) => {
                let twin = fields
                    .iter()
                    .find(|other| other.node.response_key().node == field.node.response_key().node);
                match twin {
                    None => fields.push(field),
                    // They are of one name and one set of arguments: a valid document has no others.
                    Some(twin) if twin.node.selection_set.node.items.is_empty() => {}
                    Some(_) => return None,
                }
                if !field.node.directives.is_empty() {
                    return None;
                }
                continue;
            }
            Selection::FragmentSpread(spread) => {
                let fragment = ctx.query_env.fragments.get(&spread.node.fragment_name.node)?;
                (Some(&fragment.node.type_condition), &fragment.node.selection_set)
            }
            Selection::InlineFragment(fragment) => (
                fragment.node.type_condition.as_ref(),
                &fragment.node.selection_set,
            ),
        };
        if condition.is_some_and(|condition| T::type_name() != condition.node.on.node.as_str()) {
            return None;
        }
        add::<T>(ctx, &inner.node, fields)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use async_graphql::{
        ContextSelectionSet, EmptyMutation, EmptySubscription, Interface, Object, Positioned, Result, Schema,
        Value, parser::types::Field,
    };

    use super::{Listed, Objects, whole};

    #[derive(Clone)]
    struct Leaf(i32);

    #[Object]
    impl Leaf {
        async fn number(&self) -> i32 {
            self.0
        }
        async fn times(&self, factor: i32) -> i32 {
            self.0 * factor
        }
        async fn waits(&self) -> i32 {
            tokio::task::yield_now().await;
            self.0
        }
        async fn fails(&self) -> Result<Option<i32>> {
            if self.0 == 2 {
                Err("two".into())
            } else {
                Ok(Some(self.0))
            }
        }
        async fn breaks(&self) -> Result<i32> {
            tokio::task::yield_now().await;
            if self.0 == 2 {
                Err("broken".into())
            } else {
                Ok(self.0)
            }
        }
        async fn other(&self) -> Self {
            tokio::task::yield_now().await;
            Self(self.0 + 100)
        }
    }

    impl Listed for Leaf {}

    #[derive(Interface)]
    #[graphql(field(name = "number", ty = "i32"))]
    enum Numbered {
        Leaf(Leaf),
    }

    struct Edge(Leaf);

    #[Object]
    impl Edge {
        async fn cursor(&self) -> String {
            self.0.0.to_string()
        }
        async fn node(&self) -> &Leaf {
            &self.0
        }
    }

    impl Listed for Edge {
        fn at_once(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> Option<Value> {
            whole(ctx, field, &self.0)
        }
    }

    struct Page(Vec<Edge>);

    #[Object]
    impl Page {
        async fn edges(&self) -> Objects<'_, Edge> {
            Objects(self.0.iter().collect())
        }
        async fn nodes(&self) -> Objects<'_, Leaf> {
            Objects(self.0.iter().map(|edge| &edge.0).collect())
        }
    }

    /// The same, resolved by the executor alone.
    struct Usual(Vec<Edge>);

    #[Object]
    impl Usual {
        async fn edges(&self) -> &Vec<Edge> {
            &self.0
        }
        async fn nodes(&self) -> Vec<Leaf> {
            self.0.iter().map(|edge| edge.0.clone()).collect()
        }
    }

    struct Query;

    fn edges() -> Vec<Edge> {
        (1..=3).map(|number| Edge(Leaf(number))).collect()
    }

    #[Object]
    impl Query {
        async fn page(&self) -> Page {
            Page(edges())
        }
        async fn usual(&self) -> Usual {
            Usual(edges())
        }
        async fn numbered(&self) -> Numbered {
            Numbered::Leaf(Leaf(1))
        }
    }

    /// What a selection gives of our page and of the usual one: the data and the errors, in one order.
    async fn both(selection: &str, fragments: &str) -> [(serde_json::Value, Vec<String>); 2] {
        let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
        let told = async |root: &str| {
            let head = if selection.contains("$yes") {
                "query($yes: Boolean = true)"
            } else {
                "query"
            };
            let document = format!("{head} {{ told: {root} {{ {selection} }} }} {fragments}");
            let answer = schema.execute(document).await;
            let mut errors: Vec<String> = answer
                .errors
                .iter()
                .map(|error| format!("{} at {:?}", error.message, error.path))
                .collect();
            errors.sort();
            (answer.data.into_json().unwrap()["told"].clone(), errors)
        };
        [told("page").await, told("usual").await]
    }

    #[tokio::test]
    async fn a_list_is_told_as_the_executor_tells_it() {
        let fragment = "fragment F on Leaf { number waits }";
        for (selection, fragments) in [
            ("nodes { number }", ""),
            ("nodes { a: number b: number __typename }", ""),
            (
                "nodes { number number times(factor: 3) more: times(factor: 4) }",
                "",
            ),
            ("nodes { waits number other { number other { waits } } }", ""),
            ("edges { cursor node { number } }", ""),
            ("edges { node { number waits } cursor }", ""),
            ("edges { node { other { number } } }", ""),
            ("edges { node { number } node { waits } }", ""),
            ("edges { a: node { number } b: node { times(factor: 2) } }", ""),
            ("nodes { ...F }", fragment),
            ("edges { node { ...F number } }", fragment),
            ("nodes { ... on Leaf { number } ... { waits } }", ""),
            ("nodes { ... on Numbered { number } }", ""),
            ("nodes { number @skip(if: $yes) waits @include(if: $yes) }", ""),
            ("nodes { number fails }", ""),
            ("nodes { fails breaks number }", ""),
            ("edges { cursor node { breaks } }", ""),
            ("edges { cursor node { breaks number } } nodes { breaks }", ""),
        ] {
            let [ours, usual] = both(selection, fragments).await;
            assert_eq!(ours, usual, "{selection}");
            assert!(ours.0.is_object(), "{selection}: {ours:?}");
        }
    }

    #[tokio::test]
    async fn fields_come_in_the_order_of_the_document() {
        let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
        let answer = schema
            .execute("{ page { nodes { waits number other { number } } } }")
            .await;
        let text = serde_json::to_string(&answer.data).unwrap();
        let first = r#"{"page":{"nodes":[{"waits":1,"number":1,"other":{"number":101}},"#;
        assert!(text.starts_with(first), "{text}");
    }
}
