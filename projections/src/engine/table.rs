//! A read model's table, and every statement on it, built from the database's catalog.

use domain::TenantId;
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::encode::Texts;

/// How a column's values travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As they are.
    Plain,
    /// Exact decimals, as text both ways.
    Numeric,
    /// Days and moments.
    Time,
    /// JSON whose text is kept as it came: a `String` in the row.
    Json,
    /// JSON that the row holds as a value.
    Jsonb,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) sql_type: String,
    pub(super) kind: Kind,
}

/// A read model's table with its statements.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Its name, with its schema unless that is the usual one.
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) key: Vec<Column>,
    load: String,
    write: String,
    append: String,
    remove: String,
    copy: String,
}

/// An order of rows, and how many of them.
pub(crate) struct Along {
    /// By this column, which is a number.
    pub(crate) column: &'static str,
    /// `asc` or `desc`.
    pub(crate) order: &'static str,
    /// Only what is `<` or `>` this.
    pub(crate) from: Option<(&'static str, i64)>,
    /// So many.
    pub(crate) limit: i64,
}

impl Table {
    /// Reads what the catalog says of a table; `None` when there is no such table.
    pub(crate) async fn describe(
        connection: &mut PgConnection,
        name: &str,
        key: &[&str],
    ) -> Result<Option<Self>, sqlx::Error> {
        let described = sqlx::query!(
            r#"
            select attname::text as "name!", format_type(atttypid, atttypmod) as "sql_type!"
            from pg_attribute
            where attrelid = to_regclass($1)
              and attnum > 0
              and not attisdropped
            order by attnum
            "#,
            name
        )
        .fetch_all(connection)
        .await?;
        let columns: Vec<Column> = described
            .into_iter()
            .map(|column| Column {
                kind: kind_of(&column.sql_type),
                name: column.name,
                sql_type: column.sql_type,
            })
            .collect();
        let find = |name: &&str| columns.iter().find(|column| column.name == **name).cloned();
        let key: Option<Vec<Column>> = key.iter().map(find).collect();
        Ok(key
            .filter(|key| !key.is_empty())
            .map(|key| Self::with_columns(name, columns, key)))
    }

    fn with_columns(name: &str, columns: Vec<Column>, key: Vec<Column>) -> Self {
        let row = row_expression(&columns, "t");
        let keyed = join(&key, " and ", |c| {
            format!("t.{0} = k.{0}::{1}", c.name, c.sql_type)
        });
        let keys = format!("{} as k ({})", unnest(&key), names(&key));
        let updated = join(
            columns.iter().filter(|c| key.iter().all(|k| k.name != c.name)),
            ", ",
            |c| match c.name.as_str() {
                // A stream that was parked may come to a row later than those after it.
                "position" => "position = greatest(t.position, excluded.position)".to_owned(),
                name => format!("{name} = excluded.{name}"),
            },
        );
        let append = format!(
            "insert into {name} as t ({}) select {} from {} as u ({})",
            names(&columns),
            join(&columns, ", ", |c| format!("u.{}::{}", c.name, c.sql_type)),
            unnest(&columns),
            names(&columns),
        );
        Self {
            name: name.to_owned(),
            load: format!("select {row} from {keys} join {name} t on {keyed}"),
            write: format!("{append} on conflict ({}) do update set {updated}", names(&key)),
            append,
            copy: format!("copy {name} ({}) from stdin", names(&columns)),
            remove: format!("delete from {name} t using {keys} where {keyed}"),
            columns,
            key,
        }
    }

    /// The rows of these keys, each as JSON.
    pub(super) async fn load(
        &self,
        connection: &mut PgConnection,
        keys: Vec<Texts>,
    ) -> Result<Vec<String>, sqlx::Error> {
        let query = sqlx::query_scalar::<_, String>(&self.load);
        keys.into_iter()
            .fold(query, sqlx::query::QueryScalar::bind)
            .fetch_all(connection)
            .await
    }

    /// Writes rows, in place of those with the same keys.
    pub(super) async fn write(
        &self,
        connection: &mut PgConnection,
        columns: Vec<Texts>,
    ) -> Result<(), sqlx::Error> {
        run(connection, &self.write, columns).await
    }

    /// Adds rows whose keys are not there yet: that is a sixth quicker.
    pub(super) async fn append(
        &self,
        connection: &mut PgConnection,
        columns: Vec<Texts>,
    ) -> Result<(), sqlx::Error> {
        run(connection, &self.append, columns).await
    }

    /// Removes the rows of these keys.
    pub(super) async fn remove(
        &self,
        connection: &mut PgConnection,
        keys: Vec<Texts>,
    ) -> Result<(), sqlx::Error> {
        run(connection, &self.remove, keys).await
    }

    /// Adds the lines of a COPY in text form.
    pub(super) async fn copy(&self, connection: &mut PgConnection, lines: &[u8]) -> Result<(), sqlx::Error> {
        const CHUNK: usize = 1 << 18;
        let mut copy = connection.copy_in_raw(&self.copy).await?;
        for chunk in lines.chunks(CHUNK) {
            copy.send(chunk).await?;
        }
        copy.finish().await.map(drop)
    }

    /// The beginning of a query that gives rows of this table, named `t`: [`read`](crate::reader::read) takes them.
    pub(crate) fn select(&self) -> QueryBuilder<'static, Postgres> {
        QueryBuilder::new(format!(
            "select {} from {} t",
            as_read(&self.columns, "t"),
            self.name
        ))
    }

    /// The same, of rows that have one of some values in a column: of each value the first of an order, up to a limit, all in
    /// that order. They are looked up one after the other in the index that begins with tenant, column and order, which a
    /// planner that is asked for `any` of many, or for a range of them, may leave for a walk through all rows.
    pub(crate) fn select_each(
        &self,
        tenant: TenantId,
        (column, values): (&str, Vec<String>),
        along: &Along,
    ) -> QueryBuilder<'static, Postgres> {
        let mut query = QueryBuilder::new(format!("select {} from unnest(", as_read(&self.columns, "t")));
        query
            .push_bind(values)
            .push(format!(
                ") v (wanted) cross join lateral (select * from {} t where t.tenant_id = ",
                self.name
            ))
            .push_bind(tenant.to_string())
            .push(format!(" and t.{column} = v.wanted"));
        if let Some((beyond, at)) = along.from {
            query
                .push(format!(" and t.{} {beyond} ", along.column))
                .push_bind(at);
        }
        let order = format!(" order by t.{} {}", along.column, along.order);
        query
            .push(&order)
            .push(" limit ")
            .push_bind(along.limit)
            .push(format!(") t{order}"));
        query
    }

    /// The same as `select`, each row as JSON.
    pub(crate) fn select_json(&self) -> QueryBuilder<'static, Postgres> {
        QueryBuilder::new(format!(
            "select {} from {} t",
            row_expression(&self.columns, "t"),
            self.name
        ))
    }

    /// The beginning of a query that counts rows of this table, named `t`.
    pub(crate) fn count(&self) -> QueryBuilder<'static, Postgres> {
        QueryBuilder::new(format!("select count(*) from {} t", self.name))
    }
}

async fn run(connection: &mut PgConnection, sql: &str, columns: Vec<Texts>) -> Result<(), sqlx::Error> {
    let statement = columns
        .into_iter()
        .fold(sqlx::query(sql), sqlx::query::Query::bind);
    statement.execute(connection).await.map(drop)
}

fn kind_of(sql_type: &str) -> Kind {
    match sql_type {
        "json" => Kind::Json,
        "jsonb" => Kind::Jsonb,
        "date" => Kind::Time,
        text if text.starts_with("timestamp") => Kind::Time,
        text if text.starts_with("numeric") => Kind::Numeric,
        _ => Kind::Plain,
    }
}

/// A row as JSON text, from which the read model's row type reads back.
pub(super) fn row_expression(columns: &[Column], alias: &str) -> String {
    let fields = as_read(columns, alias);
    format!("(select row_to_json(r)::text from (select {fields}) r)")
}

/// The columns as a row is read from them: exact numbers and kept JSON as texts.
fn as_read(columns: &[Column], alias: &str) -> String {
    join(columns, ", ", |column| match column.kind {
        Kind::Numeric | Kind::Json => format!("{alias}.{0}::text as {0}", column.name),
        Kind::Plain | Kind::Time | Kind::Jsonb => format!("{alias}.{}", column.name),
    })
}

fn names(columns: &[Column]) -> String {
    join(columns, ", ", |column| column.name.clone())
}

fn unnest(columns: &[Column]) -> String {
    let arrays: Vec<String> = (1..=columns.len())
        .map(|number| format!("${number}::text[]"))
        .collect();
    format!("unnest({})", arrays.join(", "))
}

fn join<'c>(
    columns: impl IntoIterator<Item = &'c Column>,
    between: &str,
    text: impl Fn(&Column) -> String,
) -> String {
    let texts: Vec<String> = columns.into_iter().map(text).collect();
    texts.join(between)
}
