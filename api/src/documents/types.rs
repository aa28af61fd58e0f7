//! The schema's types as documents are read against them.

use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, OperationType, Type, TypeKind, TypeSystemDefinition,
};

/// What a type is made of.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Fields by name; it has a value of this very type.
    Object(HashMap<String, Field>),
    /// Fields by name, if any; its values are of other types.
    Abstract(HashMap<String, Field>),
    /// The input's fields by name.
    Input(HashMap<String, Argument>),
    /// The names of its values.
    Enum(Vec<String>),
    /// A scalar.
    Scalar,
}

/// A field of an object.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) kind: Type,
    pub(crate) arguments: HashMap<String, Argument>,
}

/// An argument, or a field of an input.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    pub(crate) kind: Type,
    pub(crate) has_default: bool,
}

/// All types by name.
#[derive(Clone, Debug)]
pub(crate) struct Types(HashMap<String, Kind>);

impl Types {
    /// Reads a schema's text.
    ///
    /// # Panics
    /// When the text is none of a schema: it is the program's own.
    pub(crate) fn of(sdl: &str) -> Self {
        let document = parse_schema(sdl).expect("the schema that this program prints is one");
        let types = document.definitions.into_iter().filter_map(|definition| {
            let TypeSystemDefinition::Type(definition) = definition else {
                return None;
            };
            let kind = match definition.node.kind {
                TypeKind::Scalar => Kind::Scalar,
                TypeKind::Object(object) => Kind::Object(fields(object.fields)),
                TypeKind::Interface(interface) => Kind::Abstract(fields(interface.fields)),
                TypeKind::Union(_) => Kind::Abstract(HashMap::new()),
                TypeKind::Enum(values) => Kind::Enum(
                    values
                        .values
                        .into_iter()
                        .map(|value| value.node.value.node.to_string())
                        .collect(),
                ),
                TypeKind::InputObject(input) => Kind::Input(arguments(input.fields)),
            };
            Some((definition.node.name.node.to_string(), kind))
        });
        Self(types.collect())
    }

    /// What a type is; introspection's own and those that do not exist are not known.
    pub(crate) fn get(&self, name: &str) -> Option<&Kind> {
        self.0.get(name)
    }

    /// All objects with their fields, in no order.
    #[cfg(test)]
    pub(crate) fn objects(&self) -> impl Iterator<Item = (&str, &HashMap<String, Field>)> {
        self.0.iter().filter_map(|(name, kind)| match kind {
            Kind::Object(fields) => Some((name.as_str(), fields)),
            _ => None,
        })
    }

    /// A field of an object or an interface.
    pub(crate) fn field(&self, parent: &str, name: &str) -> Option<&Field> {
        match self.0.get(parent)? {
            Kind::Object(fields) | Kind::Abstract(fields) => fields.get(name),
            Kind::Input(_) | Kind::Enum(_) | Kind::Scalar => None,
        }
    }

    /// All fields of all objects: the type's name, the field's name and the field.
    #[cfg(test)]
    pub(crate) fn all_fields(&self) -> impl Iterator<Item = (&str, &str, &Field)> {
        self.0.iter().flat_map(|(parent, kind)| {
            let fields = match kind {
                Kind::Object(fields) | Kind::Abstract(fields) => Some(fields),
                Kind::Input(_) | Kind::Enum(_) | Kind::Scalar => None,
            };
            let fields = fields.into_iter().flatten();
            fields.map(move |(name, field)| (parent.as_str(), name.as_str(), field))
        })
    }
}

/// The type of an operation's root.
pub(crate) const fn root(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

/// The name inside lists and non-nulls.
pub(crate) fn named(kind: &Type) -> &str {
    match &kind.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(inner) => named(inner),
    }
}

fn fields(definitions: Vec<async_graphql::Positioned<FieldDefinition>>) -> HashMap<String, Field> {
    let fields = definitions.into_iter().map(|field| {
        let field = field.node;
        let shown = Field {
            kind: field.ty.node,
            arguments: arguments(field.arguments),
        };
        (field.name.node.to_string(), shown)
    });
    fields.collect()
}

fn arguments(definitions: Vec<async_graphql::Positioned<InputValueDefinition>>) -> HashMap<String, Argument> {
    let arguments = definitions.into_iter().map(|argument| {
        let argument = argument.node;
        let shown = Argument {
            kind: argument.ty.node,
            has_default: argument.default_value.is_some(),
        };
        (argument.name.node.to_string(), shown)
    });
    arguments.collect()
}
