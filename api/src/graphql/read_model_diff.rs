//! What a rebuild differs in, row by row, each with the events behind it. For the platform's administrator.

use async_graphql::{ComplexObject, Enum, Json, Result, SimpleObject};
use domain::TenantId;
use projections::{Diff, Direction, Listing, Operations, RowChange, RowDifference};
use serde_json::Value;

use super::kit::{
    Code, Context, Cursor, Cursors, EvidenceConnection, IntoFault, Long, PageInfo, fault, rows_of,
};
use super::read_model::long;
use crate::options::Options;

/// The cursors of lists that are no tenant's.
pub(super) const PLATFORM: TenantId = TenantId::new(ulid::Ulid::nil());

/// How a row differs between two builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "RowChange")]
pub(crate) enum ReadModelRowChange {
    /// Only the build has it.
    Added,
    /// Both have it, with different values.
    Changed,
    /// Only the live build has it.
    Gone,
}

/// A column in which two builds of a row differ.
#[derive(Clone, SimpleObject)]
pub(crate) struct ReadModelDiffColumn {
    /// The column.
    column: String,
    /// What the live build has; null when it has no such row.
    live: Option<Json<Value>>,
    /// What the other build has; null when it has no such row.
    build: Option<Json<Value>>,
}

/// A row that is not the same in two builds.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct ReadModelDiffRow {
    #[graphql(skip)]
    read_model: String,
    #[graphql(skip)]
    compared_at: u64,
    #[graphql(skip)]
    row: RowDifference,
    /// The values of the key's columns, the tenant first.
    key: Vec<String>,
    /// How it differs.
    change: ReadModelRowChange,
    /// Where they differ; all columns when only one build has the row.
    columns: Vec<ReadModelDiffColumn>,
}

#[ComplexObject]
impl ReadModelDiffRow {
    /// The events behind it, oldest first, up to the position at which the builds were compared: those that this
    /// program's fold makes the row of; if it makes none of it, those that changed the stored rows last.
    async fn evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Only those after this event's cursor.")] after: Option<Cursor>,
    ) -> Result<EvidenceConnection> {
        let limit = rows_of("first", first)?;
        let tenant = self.key.first().and_then(|tenant| tenant.parse().ok());
        let tenant = tenant.unwrap_or(PLATFORM);
        let after = after.map(|cursor| cursor.position("after", tenant)).transpose();
        let after = after.map_err(|error| fault(Code::BadUserInput, error.to_string()))?;
        let past = &ctx.data::<Options>()?.past;
        let of = (self.read_model.as_str(), self.compared_at);
        let explained = past
            .behind(of, &self.row, after.unwrap_or_default(), limit as usize)
            .await;
        EvidenceConnection::of(explained.map_err(IntoFault::into_fault)?)
    }
}

/// What differs between a build and the live one, at one position.
#[derive(SimpleObject)]
pub(crate) struct ReadModelDiff {
    /// The read model.
    name: String,
    /// The build that is compared with the live one.
    build: i32,
    /// The live build.
    live: i32,
    /// The position at which both are compared.
    position: Long,
    /// How many rows only the build has.
    added: Long,
    /// How many rows both have with different values.
    changed: Long,
    /// How many rows only the live build has.
    gone: Long,
}

impl From<&Diff> for ReadModelDiff {
    fn from(diff: &Diff) -> Self {
        Self {
            name: diff.name.clone(),
            build: diff.build,
            live: diff.live,
            position: long(diff.position),
            added: long(diff.added),
            changed: long(diff.changed),
            gone: long(diff.gone),
        }
    }
}

/// A page of the rows that differ between a build and the live one.
#[derive(SimpleObject)]
pub(crate) struct ReadModelDiffConnection {
    /// What differs in all, counted.
    diff: ReadModelDiff,
    /// The rows with their cursors.
    edges: Vec<ReadModelDiffEdge>,
    /// The rows alone.
    nodes: Vec<ReadModelDiffRow>,
    /// Where the page lies in the list.
    page_info: PageInfo,
}

/// A row that differs, with its place in the list.
#[derive(SimpleObject)]
pub(crate) struct ReadModelDiffEdge {
    /// The row's place: give it as `after`.
    cursor: Cursor,
    /// The row.
    node: ReadModelDiffRow,
}

/// The place of a row: its read model, and its key.
type Place = (String, Vec<String>);

/// A page of the rows that differ.
pub(super) async fn rows_that_differ(
    operations: &Operations,
    name: String,
    first: i32,
    after: Option<Cursor>,
) -> Result<ReadModelDiffConnection> {
    let limit = rows_of("first", first)?;
    let after = after.map(|cursor| place(&name, cursor)).transpose()?;
    let listing = Listing {
        after,
        limit: limit + 1,
    };
    let diff = operations.diff(&name, &listing).await;
    let diff = diff.map_err(IntoFault::into_fault)?;
    let more = diff.differences.len() > limit as usize;
    let edge = |row: &RowDifference| ReadModelDiffEdge {
        cursor: Cursors::of(PLATFORM).of_row(&(&name, &row.key)),
        node: node(&diff, row.clone()),
    };
    let rows = diff.differences.iter().take(limit as usize);
    let edges: Vec<ReadModelDiffEdge> = rows.map(edge).collect();
    let page_info = PageInfo::of(
        more.then_some(Direction::Forward),
        edges.first().map(|edge| &edge.cursor),
        edges.last().map(|edge| &edge.cursor),
    );
    Ok(ReadModelDiffConnection {
        diff: (&diff).into(),
        nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
        edges,
        page_info,
    })
}

/// The key of the row that a cursor of this read model's list means.
fn place(name: &str, cursor: Cursor) -> Result<Vec<String>> {
    let wrong = |message: String| fault(Code::BadUserInput, message);
    let row = cursor.row("after", PLATFORM);
    let row = row.map_err(|error| wrong(error.to_string()))?;
    match serde_json::from_str::<Place>(&row) {
        Ok((of, key)) if of == name => Ok(key),
        _ => Err(wrong(format!(
            "after: this is the cursor of another list's row; give one of the rows in which {name} differs"
        ))),
    }
}

fn node(diff: &Diff, row: RowDifference) -> ReadModelDiffRow {
    let columns = row.columns.iter().map(|one| ReadModelDiffColumn {
        column: one.column.clone(),
        live: one.left.clone().map(Json),
        build: one.right.clone().map(Json),
    });
    ReadModelDiffRow {
        read_model: diff.name.clone(),
        compared_at: diff.position,
        key: row.key.clone(),
        change: row.change.into(),
        columns: columns.collect(),
        row,
    }
}
