//! What differs between a build and the live one, at one position.

use sqlx::{PgConnection, Row as _};

use super::rebuild::same_key;
use super::{Build, BuildState, OperationError, Operations};
use crate::engine::history::{ColumnDifference, Fields, differing};
use crate::engine::table::{Kind, Table, row_expression};

/// The differences between a build and the live one.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Diff {
    /// The read model.
    pub name: String,
    /// The build that is compared with the live one.
    pub build: i32,
    /// The live build.
    pub live: i32,
    /// The position at which both are compared.
    pub position: u64,
    /// How many rows only the build has.
    pub added: u64,
    /// How many rows both have with different values.
    pub changed: u64,
    /// How many rows only the live one has.
    pub gone: u64,
    /// Names this difference: which rows are added, changed and gone.
    pub digest: String,
    /// The first of them, in the order of their keys.
    pub differences: Vec<RowDifference>,
}

impl Diff {
    /// Whether both are the same.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added + self.changed + self.gone == 0
    }
}

/// How a row differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowChange {
    /// Only the build has it.
    Added,
    /// Both have it, with different values.
    Changed,
    /// Only the live build has it.
    Gone,
}

/// A row that differs.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct RowDifference {
    /// The values of the key's columns.
    pub key: Vec<String>,
    /// How it differs.
    pub change: RowChange,
    /// The last event that changed the live build's row.
    pub live_at: Option<u64>,
    /// The last event that changed the build's row.
    pub build_at: Option<u64>,
    /// The columns that differ (all, if the row is only in one): left the live build, right the other.
    pub columns: Vec<ColumnDifference>,
}

/// Which part of the differences to list.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Those after this key.
    pub after: Option<Vec<String>>,
    /// So many at most.
    pub limit: u32,
}

impl Operations {
    /// Compares the build that is ready (or else the one that was live before) with the live one.
    ///
    /// # Errors
    /// [`OperationError::NoBuild`] when there is nothing to compare.
    pub async fn diff(&self, name: &str, listing: &Listing) -> Result<Diff, OperationError> {
        let ready = self.newest(name, BuildState::Ready).await?;
        let build = match ready {
            Some(build) => Some(build),
            None => self.newest(name, BuildState::Previous).await?,
        };
        let build = build.ok_or_else(|| OperationError::NoBuild {
            name: name.to_owned(),
            wanted: "ready",
            advice: "`annals read-model rebuild` makes one",
        })?;
        self.diff_of(&build, listing).await
    }

    /// Accepts the difference as it is: a switch under the policy `accepted` may go on while it stays so.
    ///
    /// # Errors
    /// [`OperationError::NoBuild`] when no build waits for its switch.
    pub async fn accept(&self, name: &str) -> Result<Diff, OperationError> {
        let build = self.ready(name).await?;
        let diff = self.diff_of(&build, &Listing::default()).await?;
        sqlx::query!(
            "update read_model_builds set accepted = $3 where name = $1 and build = $2",
            name,
            build.build,
            diff.digest
        )
        .execute(&self.pool)
        .await?;
        Ok(diff)
    }

    /// The build that waits for its switch.
    pub(super) async fn ready(&self, name: &str) -> Result<Build, OperationError> {
        let ready = self.newest(name, BuildState::Ready).await?;
        ready.ok_or_else(|| OperationError::NoBuild {
            name: name.to_owned(),
            wanted: "ready",
            advice: "`annals read-model rebuild` makes one",
        })
    }

    pub(super) async fn diff_of(&self, build: &Build, listing: &Listing) -> Result<Diff, OperationError> {
        let mut held = self.align(build).await?;
        // A snapshot of both at one position; then the live one goes on while they are compared.
        let mut snapshot = self
            .pool
            .begin_with("begin isolation level repeatable read read only")
            .await?;
        let model = self.model(&build.name)?;
        let table = Table::describe(&mut snapshot, &held.live.table(), model.key()).await?;
        let table =
            table.ok_or_else(|| OperationError::Unfit(format!("there is no table {}", held.live.table())))?;
        let position = held
            .places
            .iter()
            .map(|place| place.position)
            .min()
            .unwrap_or_default();
        held.transaction.rollback().await?;
        let only = match (&build.scope.key, build.scope.tenant) {
            (Some(_), _) => format!("where {}", same_key(model.as_ref(), "t")),
            (None, Some(_)) => "where t.tenant_id = $2 and $1::text[] is null".to_owned(),
            (None, None) => "where $2::text is null and $1::text[] is null".to_owned(),
        };
        held.live.position = position;
        let sides = Sides {
            table: &table,
            live: &held.live,
            build,
            only,
        };
        let mut diff = sides.count(&mut snapshot).await?;
        if listing.limit > 0 && !diff.is_empty() {
            diff.differences = sides.list(&mut snapshot, listing).await?;
        }
        Ok(diff)
    }
}

/// Both tables, and the part of them that is compared.
struct Sides<'b> {
    table: &'b Table,
    live: &'b Build,
    build: &'b Build,
    only: String,
}

impl Sides<'_> {
    /// The rows that differ, as a subquery of their keys and both sides' rows as JSON.
    fn differing(&self) -> String {
        let key = |alias: &str| {
            let columns: Vec<String> = self
                .table
                .key
                .iter()
                .map(|column| format!("{alias}.{}", column.name))
                .collect();
            columns
        };
        let on: Vec<String> = key("l")
            .into_iter()
            .zip(key("b"))
            .map(|(l, b)| format!("{l} = {b}"))
            .collect();
        let keys: Vec<String> = key("l")
            .into_iter()
            .zip(key("b"))
            .map(|(l, b)| format!("coalesce({l}, {b})::text"))
            .collect();
        let values = |alias: &str| {
            let columns = self
                .table
                .columns
                .iter()
                .filter(|column| column.name != "position");
            let texts: Vec<String> = columns
                .map(|column| match column.kind {
                    Kind::Json => format!("{alias}.{}::text", column.name),
                    _ => format!("{alias}.{}", column.name),
                })
                .collect();
            format!("row({})", texts.join(", "))
        };
        let (first_l, first_b) = (&key("l")[0], &key("b")[0]);
        let row = |alias: &str| row_expression(&self.table.columns, alias);
        format!(
            "select array[{keys}] as key, {first_l} is null as added, {first_b} is null as gone, \
                    case when {first_l} is not null then {live_row} end as live, \
                    case when {first_b} is not null then {build_row} end as build \
             from (select * from {live} t {only}) l \
             full join (select * from {build} t {only}) b on {on} \
             where {first_l} is null or {first_b} is null or {live_values} is distinct from {build_values}",
            keys = keys.join(", "),
            live_row = row("l"),
            build_row = row("b"),
            live = self.live.table(),
            build = self.build.table(),
            only = self.only,
            on = on.join(" and "),
            live_values = values("l"),
            build_values = values("b"),
        )
    }

    async fn count(&self, connection: &mut PgConnection) -> Result<Diff, OperationError> {
        let sql = format!(
            "select count(*) filter (where d.added), count(*) filter (where d.gone), count(*), \
                    md5(coalesce(string_agg(d.added::text || d.gone::text || d.key::text, ',' order by d.key), '')) \
             from ({}) d",
            self.differing()
        );
        let row = sqlx::query(&sql)
            .bind(&self.build.scope.key)
            .bind(self.build.scope.tenant.map(|tenant| tenant.to_string()))
            .fetch_one(connection)
            .await?;
        let number = |index: usize| row.try_get::<i64, _>(index).map(crate::engine::position);
        let (added, gone, all) = (number(0)?, number(1)?, number(2)?);
        Ok(Diff {
            name: self.build.name.clone(),
            build: self.build.build,
            live: self.live.build,
            position: self.live.position,
            added,
            gone,
            changed: all - added - gone,
            digest: row.try_get(3)?,
            differences: Vec::new(),
        })
    }

    async fn list(
        &self,
        connection: &mut PgConnection,
        listing: &Listing,
    ) -> Result<Vec<RowDifference>, OperationError> {
        let sql = format!(
            "select d.key, d.live, d.build from ({}) d where $3::text[] is null or d.key > $3 order by d.key limit $4",
            self.differing()
        );
        let rows = sqlx::query(&sql)
            .bind(&self.build.scope.key)
            .bind(self.build.scope.tenant.map(|tenant| tenant.to_string()))
            .bind(&listing.after)
            .bind(i64::from(listing.limit))
            .fetch_all(connection)
            .await?;
        let mut differences = Vec::new();
        for row in rows {
            let (live, live_at) = side(row.try_get(1)?);
            let (build, build_at) = side(row.try_get(2)?);
            differences.push(RowDifference {
                key: row.try_get(0)?,
                change: match (&live, &build) {
                    (None, _) => RowChange::Added,
                    (_, None) => RowChange::Gone,
                    _ => RowChange::Changed,
                },
                live_at,
                build_at,
                columns: differing(live.as_ref(), build.as_ref()),
            });
        }
        Ok(differences)
    }
}

/// A row of one side, and the last event that changed it, which is no part of its value.
fn side(text: Option<String>) -> (Option<Fields>, Option<u64>) {
    let row: Option<Fields> = text.and_then(|text| serde_json::from_str(&text).ok());
    let Some(mut row) = row else {
        return (None, None);
    };
    let position = row.remove("position");
    (Some(row), position.and_then(|position| position.as_u64()))
}
