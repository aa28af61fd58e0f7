//! By what a list is ordered, and the place of a row in that order.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Postgres, QueryBuilder};

use super::page::{Direction, QueryError};
use crate::engine::history::Fields;

/// How a column's values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// As moments.
    Moments,
    /// As whole numbers.
    Numbers,
    /// As whole numbers; where there is none, as -1.
    NumbersIfAny,
    /// As texts, byte by byte.
    Texts,
}

/// Which way an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The smallest and the oldest first.
    Ascending,
    /// The greatest and the newest first.
    Descending,
}

/// By what a list is ordered; rows that are equal in it by their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column; an index begins with the tenant, the column as it compares, and the id.
    pub column: &'static str,
    /// How its values compare.
    pub compared: Compared,
    /// Which way.
    pub way: Way,
}

impl Default for Sort {
    fn default() -> Self {
        Self {
            column: "created_at",
            compared: Compared::Moments,
            way: Way::Descending,
        }
    }
}

/// The place of a row in an ordered list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The column by which the list was ordered.
    by: String,
    /// Its value in the row.
    value: String,
    /// The row's id.
    id: String,
}

/// A value that compares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Moment(Timestamp),
    Number(i64),
    Text(String),
}

impl Sort {
    /// The place of a row whose columns are known.
    pub(crate) fn place(self, columns: &Fields) -> Result<Place, QueryError> {
        let unfit = || QueryError::Row(format!("{} is not what a list is ordered by", self.column));
        let value = match columns.get(self.column) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Number(number)) => number.to_string(),
            Some(serde_json::Value::Null) if self.compared == Compared::NumbersIfAny => "-1".to_owned(),
            _ => return Err(unfit()),
        };
        let value = match self.compared {
            // However it is written there.
            Compared::Moments => value.parse::<Timestamp>().map_err(|_| unfit())?.to_string(),
            Compared::Numbers | Compared::NumbersIfAny | Compared::Texts => value,
        };
        let id = columns.get("id").and_then(serde_json::Value::as_str);
        let place = Place {
            by: self.column.to_owned(),
            value,
            id: id.ok_or_else(unfit)?.to_owned(),
        };
        if self.fits(&place) {
            Ok(place)
        } else {
            Err(unfit())
        }
    }

    /// Whether a place is one of this order.
    #[must_use]
    pub fn fits(self, place: &Place) -> bool {
        place.by == self.column && self.value(place).is_some()
    }

    /// How two places of this order follow each other.
    pub(super) fn compare(self, left: &Place, right: &Place) -> std::cmp::Ordering {
        let ordering = (self.value(left), &left.id).cmp(&(self.value(right), &right.id));
        match self.way {
            Way::Ascending => ordering,
            Way::Descending => ordering.reverse(),
        }
    }

    fn value(self, place: &Place) -> Option<Value> {
        Some(match self.compared {
            Compared::Moments => Value::Moment(place.value.parse().ok()?),
            Compared::Numbers | Compared::NumbersIfAny => Value::Number(place.value.parse().ok()?),
            Compared::Texts => Value::Text(place.value.clone()),
        })
    }

    /// Adds what comes after a place, and the order, to a query.
    pub(super) fn narrow(
        self,
        query: &mut QueryBuilder<'static, Postgres>,
        from: Option<&Place>,
        direction: Direction,
    ) {
        let Self {
            column,
            compared,
            way,
        } = self;
        let (expression, kind) = match compared {
            Compared::Moments => (format!("t.{column}"), "timestamptz"),
            Compared::Numbers => (format!("t.{column}"), "bigint"),
            Compared::NumbersIfAny => (format!("coalesce(t.{column}, -1)"), "bigint"),
            Compared::Texts => (format!("t.{column} collate \"C\""), "text"),
        };
        let (after, order) = match (way, direction) {
            (Way::Ascending, Direction::Forward) | (Way::Descending, Direction::Backward) => (">", "asc"),
            (Way::Descending, Direction::Forward) | (Way::Ascending, Direction::Backward) => ("<", "desc"),
        };
        if let Some(Place { value, id, .. }) = from {
            query
                .push(format!(" and ({expression}, t.id) {after} ("))
                .push_bind(value.clone());
            query
                .push(format!("::text::{kind}, "))
                .push_bind(id.clone())
                .push(")");
        }
        query.push(format!(" order by {expression} {order}, t.id {order}"));
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use serde_json::json;

    use super::{Compared, Sort, Way};

    fn place(sort: Sort, row: &serde_json::Value) -> super::Place {
        sort.place(row.as_object().unwrap()).unwrap()
    }

    #[test]
    fn moments_compare_as_moments_however_they_are_written() {
        let sort = Sort::default();
        let earlier = place(
            sort,
            &json!({ "id": "b", "created_at": "2026-03-01T12:00:00+00:00" }),
        );
        let later = place(
            sort,
            &json!({ "id": "a", "created_at": "2026-03-01T12:00:00.5Z" }),
        );
        assert_eq!(
            sort.compare(&later, &earlier),
            Ordering::Less,
            "the newest is first"
        );
    }

    #[test]
    fn a_number_that_is_missing_is_less_than_any() {
        let sort = Sort {
            column: "score",
            compared: Compared::NumbersIfAny,
            way: Way::Ascending,
        };
        let none = place(sort, &json!({ "id": "a", "score": null }));
        let zero = place(sort, &json!({ "id": "a", "score": 0 }));
        assert_eq!(sort.compare(&none, &zero), Ordering::Less);
    }

    #[test]
    fn a_place_of_another_order_does_not_fit() {
        let by_name = Sort {
            column: "name",
            compared: Compared::Texts,
            way: Way::Ascending,
        };
        let place = place(by_name, &json!({ "id": "a", "name": "x" }));
        assert!(by_name.fits(&place) && !Sort::default().fits(&place));
    }
}
