//! What an answer did cost: its fields, counted.

use async_graphql::parser::types::OperationType;
use async_graphql::{Name, Value, value};

use super::purse::Receipt;
use super::reckon::MUTATION;

/// The number of the answer's fields; a mutation's is 10.
pub(crate) fn actual(kind: OperationType, data: &Value) -> usize {
    let roots = match (kind, data) {
        (OperationType::Mutation, Value::Object(fields)) => fields.len(),
        _ => 0,
    };
    fields(data).saturating_add(roots * (MUTATION - 1))
}

fn fields(data: &Value) -> usize {
    match data {
        Value::Object(object) => object.values().map(|value| 1 + fields(value)).sum(),
        Value::List(list) => list.iter().map(fields).sum(),
        _ => 0,
    }
}

/// What `extensions.cost` shows.
pub(crate) fn shown(requested: usize, actual: usize, receipt: Option<&Receipt>) -> Value {
    let mut cost = value!({ "requested": requested, "actual": actual });
    if let (Value::Object(cost), Some(Receipt { level, .. })) = (&mut cost, receipt) {
        let bucket = value!({
            "size": level.size,
            "left": level.left,
            "ratePerSecond": level.rate_per_second,
        });
        cost.insert(Name::new("bucket"), bucket);
    }
    cost
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::types::OperationType;
    use async_graphql::value;

    use super::actual;

    #[test]
    fn the_answers_fields_are_counted() {
        let data =
            value!({ "leads": { "nodes": [{ "id": 1, "tags": ["a", "b"] }, { "id": 2, "tags": [] }] } });
        assert_eq!(actual(OperationType::Query, &data), 6);
        assert_eq!(actual(OperationType::Mutation, &value!({ "a": { "id": 1 } })), 11);
        assert_eq!(actual(OperationType::Query, &value!(null)), 0);
    }
}
