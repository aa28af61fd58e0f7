//! Lists of aggregates, newest first, page by page.

use domain::TenantId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde::Deserialize;
use sqlx::{Postgres, QueryBuilder};

use super::page::{Direction, Page, QueryError};
use super::{Reader, parse};
use crate::engine::history::Fields;
use crate::engine::{EntityKey, ReadModel};

/// The place of a row in a list: when it was made, and its id.
pub type Place = (Timestamp, String);

/// Which rows of a list, and which part of them.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// Columns and the values they must have.
    pub equal: Vec<(&'static str, String)>,
    /// Which part.
    pub page: Page<Place>,
}

/// A page of rows, each with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<R, C> {
    /// The rows, in the list's order.
    pub rows: Vec<(C, R)>,
    /// Whether there are more beyond the page, in its direction.
    pub more: bool,
}

#[derive(Deserialize)]
struct PlaceOf {
    created_at: Timestamp,
    id: String,
}

/// The place of a row that is not in a table.
pub(super) fn place_of(columns: Fields) -> Result<Place, QueryError> {
    let place: PlaceOf = serde_json::from_value(serde_json::Value::Object(columns))
        .map_err(|error| QueryError::Row(error.to_string()))?;
    Ok((place.created_at, place.id))
}

impl Reader {
    /// The tenant's rows of a read model whose key is an aggregate's, newest first.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn list<M>(&self, tenant: TenantId, list: &List) -> Result<Listed<M::Row, Place>, QueryError>
    where
        M: ReadModel<Key = EntityKey>,
    {
        let table = self.table::<M>().await?;
        let mut query = table.select();
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        for (column, value) in &list.equal {
            query.push(format!(" and t.{column} = ")).push_bind(value.clone());
        }
        let (before, order) = match list.page.direction {
            Direction::Forward => ("<", "desc"),
            Direction::Backward => (">", "asc"),
        };
        if let Some((created_at, id)) = &list.page.from {
            query
                .push(format!(" and (t.created_at, t.id) {before} ("))
                .push_bind(created_at.to_sqlx());
            query.push(", ").push_bind(id.clone()).push(")");
        }
        query.push(format!(" order by t.created_at {order}, t.id {order}"));
        let place = |row: &str| {
            let PlaceOf { created_at, id } = parse(row)?;
            Ok((created_at, id))
        };
        self.page(tenant, query, &list.page, place).await
    }

    /// Runs a query for a page: one row more than asked for tells whether there are more.
    pub(crate) async fn page<R, C>(
        &self,
        tenant: TenantId,
        mut query: QueryBuilder<'static, Postgres>,
        page: &Page<C>,
        place: impl Fn(&str) -> Result<C, QueryError>,
    ) -> Result<Listed<R, C>, QueryError>
    where
        R: serde::de::DeserializeOwned,
    {
        query.push(" limit ").push_bind(i64::from(page.limit) + 1);
        let mut transaction = self.begin(tenant).await?;
        let mut texts: Vec<String> = query.build_query_scalar().fetch_all(&mut *transaction).await?;
        let more = texts.len() > page.limit as usize;
        texts.truncate(page.limit as usize);
        if page.direction == Direction::Backward {
            texts.reverse();
        }
        let rows = texts
            .iter()
            .map(|text| Ok((place(text)?, parse(text)?)))
            .collect::<Result<_, QueryError>>()?;
        Ok(Listed { rows, more })
    }
}

/// Conditions of a query, added one by one.
pub(crate) struct Conditions<'q>(pub(crate) &'q mut QueryBuilder<'static, Postgres>);

impl Conditions<'_> {
    /// Adds `and <column> = <value>`, if there is a value.
    pub(crate) fn equal(&mut self, column: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.0
                .push(format!(" and t.{column} = "))
                .push_bind(value.clone());
        }
    }

    /// Adds `and <column> <comparison> <moment>`, if there is a moment.
    pub(crate) fn moment(&mut self, column: &str, comparison: &str, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.0
                .push(format!(" and t.{column} {comparison} "))
                .push_bind(at.to_sqlx());
        }
    }
}
