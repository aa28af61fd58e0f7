//! Two rows side by side, column by column.

use serde_json::Value;

use super::Fields;

/// A column in which two rows differ; `None` where there is no row.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ColumnDifference {
    /// The column.
    pub column: String,
    /// What the one row holds.
    pub left: Option<Value>,
    /// What the other one holds.
    pub right: Option<Value>,
}

/// The columns in which two rows differ, in the order of their names.
pub(crate) fn differing(left: Option<&Fields>, right: Option<&Fields>) -> Vec<ColumnDifference> {
    let names = |row: Option<&Fields>| row.into_iter().flat_map(|row| row.keys().cloned()).collect();
    let mut columns: Vec<String> = names(left);
    columns.extend(names(right));
    columns.sort_unstable();
    columns.dedup();
    let difference = |column: String| {
        let of = |row: Option<&Fields>| row.map(|row| row.get(&column).cloned().unwrap_or(Value::Null));
        let (left, right) = (of(left), of(right));
        (left != right).then_some(ColumnDifference { column, left, right })
    };
    columns.into_iter().filter_map(difference).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Fields, differing};

    fn row(value: Value) -> Fields {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn only_the_columns_that_differ_are_told() {
        let left = row(json!({ "id": "l1", "score": 1, "old": true }));
        let right = row(json!({ "id": "l1", "score": 2, "old": true }));
        let told = differing(Some(&left), Some(&right));
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].column, "score");
        assert_eq!(
            (&told[0].left, &told[0].right),
            (&Some(json!(1)), &Some(json!(2)))
        );
        assert_eq!(differing(Some(&left), Some(&left)), []);
    }

    #[test]
    fn a_row_that_is_not_there_differs_in_all_columns() {
        let row = row(json!({ "id": "l1", "score": null }));
        let told = differing(None, Some(&row));
        let columns: Vec<&str> = told.iter().map(|one| one.column.as_str()).collect();
        assert_eq!(columns, ["id", "score"]);
        assert_eq!((&told[1].left, &told[1].right), (&None, &Some(Value::Null)));
        assert_eq!(differing(None, None), []);
    }
}
