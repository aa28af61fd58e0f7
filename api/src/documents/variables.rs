//! Variables against their declarations (GraphQL's "Coercing Variable Values"). What a scalar of ours holds is
//! left to its own reader.

use std::collections::HashMap;

use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationDefinition, Type};
use async_graphql::{Name, ServerError, Value, Variables};

use super::types::{Argument, Kind, Types, named};

/// Refuses declarations whose types nothing can be given in.
pub(crate) fn check_declarations(document: &ExecutableDocument, types: &Types) -> Result<(), ServerError> {
    for (_, operation) in document.operations.iter() {
        for declared in &operation.node.variable_definitions {
            let name = named(&declared.node.var_type.node);
            let is_input = is_built_in(name)
                || matches!(
                    types.get(name),
                    Some(Kind::Input(_) | Kind::Enum(_) | Kind::Scalar)
                );
            if !is_input {
                let variable = &declared.node.name.node;
                let message = format!("${variable}: {name:?} is not a type of an input");
                return Err(ServerError::new(message, Some(declared.pos)));
            }
        }
    }
    Ok(())
}

/// Refuses values that do not fit what the operation declares.
pub(crate) fn check_variables(
    operation: &OperationDefinition,
    variables: &Variables,
    types: &Types,
) -> Result<(), ServerError> {
    for declared in &operation.variable_definitions {
        let (name, kind) = (&declared.node.name.node, &declared.node.var_type.node);
        let checked = match variables.get(name) {
            Some(value) => check_value(kind, value, types),
            None if kind.nullable || declared.node.default_value.is_some() => Ok(()),
            None => Err(Misfit::new(format!("a value of the type {kind} is needed"))),
        };
        checked.map_err(|misfit| {
            let path: String = misfit.path.iter().rev().map(|step| format!(".{step}")).collect();
            ServerError::new(format!("${name}{path}: {}", misfit.why), Some(declared.pos))
        })?;
    }
    Ok(())
}

/// What does not fit, and where, from the inside out.
struct Misfit {
    why: String,
    path: Vec<String>,
}

impl Misfit {
    const fn new(why: String) -> Self {
        Self {
            why,
            path: Vec::new(),
        }
    }

    fn at(mut self, step: impl ToString) -> Self {
        self.path.push(step.to_string());
        self
    }
}

fn check_value(kind: &Type, value: &Value, types: &Types) -> Result<(), Misfit> {
    let misfit = || Misfit::new(format!("this is not of the type {kind}"));
    match (&kind.base, value) {
        (_, Value::Null) if kind.nullable => Ok(()),
        (_, Value::Null) => Err(Misfit::new(format!(
            "it is null, a value of the type {kind} is needed"
        ))),
        (BaseType::List(inner), Value::List(values)) => {
            let mut values = values.iter().enumerate();
            values.try_for_each(|(index, value)| {
                check_value(inner, value, types).map_err(|misfit| misfit.at(index))
            })
        }
        (BaseType::List(inner), value) => check_value(inner, value, types),
        (BaseType::Named(name), value) => match types.get(name) {
            Some(Kind::Input(fields)) => match value {
                Value::Object(given) => {
                    let given = given.iter().map(|(name, value)| (name.as_str(), value)).collect();
                    check_input(fields, &given, types)
                }
                _ => Err(misfit()),
            },
            Some(Kind::Enum(names)) => match value {
                Value::String(value) if names.contains(value) => Ok(()),
                Value::Enum(value) if names.iter().any(|name| value == name.as_str()) => Ok(()),
                _ => Err(misfit()),
            },
            _ if fits_built_in(name, value) => Ok(()),
            _ => Err(misfit()),
        },
    }
}

fn check_input(
    fields: &HashMap<String, Argument>,
    given: &HashMap<&str, &Value>,
    types: &Types,
) -> Result<(), Misfit> {
    if let Some(unknown) = given.keys().find(|name| !fields.contains_key(**name)) {
        return Err(Misfit::new("the type has no such field".to_owned()).at(unknown));
    }
    for (name, field) in fields {
        match given.get(name.as_str()) {
            Some(value) => check_value(&field.kind, value, types).map_err(|misfit| misfit.at(name))?,
            None if field.kind.nullable || field.has_default => {}
            None => {
                let why = format!("a value of the type {} is needed", field.kind);
                return Err(Misfit::new(why).at(name));
            }
        }
    }
    Ok(())
}

fn is_built_in(name: &str) -> bool {
    matches!(name, "Boolean" | "Float" | "ID" | "Int" | "String")
}

fn fits_built_in(name: &Name, value: &Value) -> bool {
    match name.as_str() {
        "Boolean" => matches!(value, Value::Boolean(_)),
        "Float" => matches!(value, Value::Number(_)),
        "ID" => match value {
            Value::Number(number) => number.is_i64() || number.is_u64(),
            value => matches!(value, Value::String(_)),
        },
        "Int" => match value {
            Value::Number(number) => number
                .as_i64()
                .is_some_and(|number| i32::try_from(number).is_ok()),
            _ => false,
        },
        "String" => matches!(value, Value::String(_)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;
    use serde_json::{Value, json};

    use super::{check_declarations, check_variables};
    use crate::documents::operation::pick;
    use crate::documents::types::Types;

    const SCHEMA: &str = "type Query { a: Int } scalar Own enum E { ONE TWO } \
        input I { must: Int! may: [String!] own: Own inner: I given: Int! = 1 }";

    fn refused(declared: &str, value: Value) -> Option<String> {
        let document = parse_query(format!("query(${declared}) {{ a }}")).unwrap();
        let types = Types::of(SCHEMA);
        check_declarations(&document, &types).unwrap();
        let operation = &pick(&document, None).unwrap().node;
        let checked = check_variables(operation, &Variables::from_json(value), &types);
        checked.err().map(|error| error.message)
    }

    #[test]
    fn values_that_fit_pass() {
        for (declared, value) in [
            ("v: Int", json!({})),
            ("v: Int! = 1", json!({})),
            ("v: ID!", json!({ "v": 7 })),
            ("v: [Int!]", json!({ "v": 1 })),
            ("v: [[Int]]", json!({ "v": [[1, null], null] })),
            ("v: E!", json!({ "v": "TWO" })),
            ("v: Own!", json!({ "v": { "any": 1 } })),
            (
                "v: I!",
                json!({ "v": { "must": 1, "inner": { "must": 2, "may": ["x"] } } }),
            ),
            ("v: Int", json!({ "unknown": 1 })),
        ] {
            assert_eq!(refused(declared, value.clone()), None, "{declared} {value}");
        }
    }

    #[test]
    fn values_that_do_not_fit_are_named_with_their_place() {
        for (declared, value, place) in [
            ("v: Int!", json!({}), "$v: "),
            ("v: ID!", json!({ "v": null }), "$v: "),
            ("v: Int", json!({ "v": 2_147_483_648_u64 }), "$v: "),
            ("v: Int", json!({ "v": "1" }), "$v: "),
            ("v: [Int!]", json!({ "v": [1, null] }), "$v.1: "),
            ("v: E", json!({ "v": "THREE" }), "$v: "),
            ("v: I", json!({ "v": 1 }), "$v: "),
            ("v: I", json!({ "v": {} }), "$v.must: "),
            ("v: I", json!({ "v": { "must": 1, "other": 1 } }), "$v.other: "),
            (
                "v: I",
                json!({ "v": { "must": 1, "inner": { "must": 1, "may": [1] } } }),
                "$v.inner.may.0: ",
            ),
        ] {
            let message = refused(declared, value).unwrap_or_else(|| panic!("{declared} passed"));
            assert!(message.starts_with(place), "{declared}: {message}");
        }
    }

    #[test]
    fn variables_are_of_types_of_inputs() {
        for wrong in ["query($v: Query) { a }", "query($v: [Nothing] = 1) { a }"] {
            let document = parse_query(wrong).unwrap();
            assert!(
                check_declarations(&document, &Types::of(SCHEMA)).is_err(),
                "{wrong}"
            );
        }
    }
}
