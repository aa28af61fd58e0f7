//! Lists of aggregates, filtered and ordered, page by page.

use domain::TenantId;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Transaction};

use super::Reader;
use super::page::{Direction, Page, QueryError};
use super::row::{fields, read};
use super::sort::{Place, Sort};
use crate::engine::{EntityKey, ReadModel};

/// Which rows of a list, in which order, and which part of them.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// Columns and the values they must have.
    pub equal: Vec<(&'static str, String)>,
    /// Columns of which one must have its value; none: it does not matter.
    pub any_of: Vec<(&'static str, String)>,
    /// Made at this moment or later.
    pub from: Option<Timestamp>,
    /// Made before this moment.
    pub before: Option<Timestamp>,
    /// In which order.
    pub sort: Sort,
    /// Which part.
    pub page: Page<Place>,
    /// Whether all of them are counted.
    pub total: Total,
}

/// Whether a list is counted as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Total {
    /// It is not.
    #[default]
    Unknown,
    /// It is, by a query of its own.
    Counted,
}

/// A page of rows, each with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<R, C> {
    /// The rows, in the list's order.
    pub rows: Vec<(C, R)>,
    /// Whether there are more beyond the page, in its direction.
    pub more: bool,
    /// How many there are in all, if they were counted.
    pub total: Option<u64>,
}

impl List {
    fn conditions(&self, query: &mut QueryBuilder<'static, Postgres>, tenant: TenantId) {
        query.push(" where t.tenant_id = ").push_bind(tenant.to_string());
        let mut conditions = Conditions(query);
        for (column, value) in &self.equal {
            conditions.equal(column, Some(value));
        }
        conditions.moment("created_at", ">=", self.from);
        conditions.moment("created_at", "<", self.before);
        conditions.one_of(&self.any_of);
    }
}

impl Reader {
    /// The tenant's rows of a read model whose key is an aggregate's.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn list<M>(&self, tenant: TenantId, list: &List) -> Result<Listed<M::Row, Place>, QueryError>
    where
        M: ReadModel<Key = EntityKey>,
    {
        let table = self.table::<M>().await?;
        let mut query = table.select();
        list.conditions(&mut query, tenant);
        let page = &list.page;
        list.sort.narrow(&mut query, page.from.as_ref(), page.direction);
        let count = (list.total == Total::Counted).then(|| {
            let mut count = table.count();
            list.conditions(&mut count, tenant);
            count
        });
        let transaction = self.begin(tenant).await?;
        Self::page(transaction, Paged { query, count }, page, |row| {
            list.sort.place(&fields(row, &["id", list.sort.column])?)
        })
        .await
    }

    /// Runs a query for a page: one row more than asked for tells whether there are more.
    pub(crate) async fn page<R, C>(
        mut transaction: Transaction<'static, Postgres>,
        Paged { mut query, count }: Paged,
        page: &Page<C>,
        place: impl Fn(&PgRow) -> Result<C, QueryError>,
    ) -> Result<Listed<R, C>, QueryError>
    where
        R: serde::de::DeserializeOwned,
    {
        query.push(" limit ").push_bind(i64::from(page.limit) + 1);
        let mut rows = query.build().fetch_all(&mut *transaction).await?;
        let total = match count {
            Some(mut count) => {
                let counted: i64 = count.build_query_scalar().fetch_one(&mut *transaction).await?;
                u64::try_from(counted).ok()
            }
            None => None,
        };
        let more = rows.len() > page.limit as usize;
        rows.truncate(page.limit as usize);
        if page.direction == Direction::Backward {
            rows.reverse();
        }
        let rows = rows
            .iter()
            .map(|row| Ok((place(row)?, read(row)?)))
            .collect::<Result<_, QueryError>>()?;
        Ok(Listed { rows, more, total })
    }
}

/// A query for a page, and the one that counts all its rows, if they are to be counted.
pub(crate) struct Paged {
    pub(crate) query: QueryBuilder<'static, Postgres>,
    pub(crate) count: Option<QueryBuilder<'static, Postgres>>,
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

    /// Adds that one of the columns has its value, if there are any.
    pub(crate) fn one_of(&mut self, columns: &[(&'static str, String)]) {
        let mut before = " and (";
        for (column, value) in columns {
            self.0
                .push(format!("{before}t.{column} = "))
                .push_bind(value.clone());
            before = " or ";
        }
        if !columns.is_empty() {
            self.0.push(")");
        }
    }

    /// Adds that the column has one of the values.
    pub(crate) fn any(&mut self, column: &str, values: Vec<String>) {
        self.0
            .push(format!(" and t.{column} = any("))
            .push_bind(values)
            .push(")");
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
