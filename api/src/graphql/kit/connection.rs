//! Relay connections: a window over a list, and the types of its answer.

use async_graphql::{Enum, Result, SimpleObject};
use domain::TenantId;
use projections::{Direction, Page, Total};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Code, Context, Cursor, fault};

const ROWS_AT_MOST: i32 = 100;

/// Where a page lies in its list.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether there is more after the page; false when the page was asked for from the end.
    has_next_page: bool,
    /// Whether there is more before the page; false when the page was asked for from the beginning.
    has_previous_page: bool,
    /// The cursor of the page's first edge.
    start_cursor: Option<Cursor>,
    /// The cursor of the page's last edge.
    end_cursor: Option<Cursor>,
}

impl PageInfo {
    /// Of a page from `start` to `end`, with more rows in the direction `more`.
    pub(crate) fn of(more: Option<Direction>, start: Option<&Cursor>, end: Option<&Cursor>) -> Self {
        Self {
            has_next_page: more == Some(Direction::Forward),
            has_previous_page: more == Some(Direction::Backward),
            start_cursor: start.cloned(),
            end_cursor: end.cloned(),
        }
    }
}

/// The part of a list that is asked for.
pub(crate) struct Window {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<Cursor>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<Cursor>,
}

impl Window {
    /// The page, its cursors read as places of the tenant's list.
    pub(crate) fn page<C: DeserializeOwned>(self, tenant: TenantId) -> Result<Page<C>> {
        let wrong = |message: String| fault(Code::BadUserInput, message);
        let (name, rows, direction) = match (self.first, self.last) {
            (Some(rows), None) => ("first", rows, Direction::Forward),
            (None, Some(rows)) => ("last", rows, Direction::Backward),
            (None, None) => return Err(wrong(format!("give `first` or `last`, from 1 to {ROWS_AT_MOST}"))),
            (Some(_), Some(_)) => return Err(wrong("give `first` or `last`, not both".to_owned())),
        };
        let (from, other) = match direction {
            Direction::Forward => (
                self.after.map(|cursor| ("after", cursor)),
                self.before.map(|_| "before"),
            ),
            Direction::Backward => (
                self.before.map(|cursor| ("before", cursor)),
                self.after.map(|_| "after"),
            ),
        };
        if let Some(other) = other {
            return Err(wrong(format!("`{name}` and `{other}` do not go together")));
        }
        let limit = rows_of(name, rows)?;
        let from = from.map(|(name, cursor)| {
            cursor
                .row(name, tenant)
                .and_then(|row| place_of(name, &row))
                .map_err(|error| wrong(error.to_string()))
        });
        Ok(Page {
            from: from.transpose()?,
            limit,
            direction,
        })
    }
}

/// How many rows a page may have.
pub(crate) fn rows_of(name: &str, rows: i32) -> Result<u32> {
    let limit = u32::try_from(rows)
        .ok()
        .filter(|_| (1..=ROWS_AT_MOST).contains(&rows));
    let wrong = || format!("{name}: {rows} is not between 1 and {ROWS_AT_MOST}");
    limit.ok_or_else(|| fault(Code::BadUserInput, wrong()))
}

fn place_of<C: DeserializeOwned>(name: &'static str, row: &str) -> Result<C, super::cursor::InvalidCursor> {
    serde_json::from_str(row).map_err(|_| super::cursor::InvalidCursor::OtherList(name))
}

/// The cursor of a row at this place of a tenant's list.
pub(crate) fn row_cursor(tenant: TenantId, place: &impl Serialize) -> Cursor {
    // Places are timestamps, numbers and texts, which always have a JSON form.
    Cursor::of_row(tenant, serde_json::to_string(place).unwrap_or_default())
}

/// Whether the connection that is being made is to be counted: only if somebody asked for it.
pub(crate) fn total(ctx: &Context<'_>) -> Total {
    if ctx.look_ahead().field("totalCount").exists() {
        Total::Counted
    } else {
        Total::Unknown
    }
}

/// Which way a list is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "projections::Way")]
pub(crate) enum OrderDirection {
    /// The smallest and the oldest first.
    Ascending,
    /// The greatest and the newest first.
    #[default]
    Descending,
}

/// Refuses a cursor that was given out under another order.
pub(crate) fn in_order<C>(page: &Page<C>, fits: impl Fn(&C) -> bool) -> Result<()> {
    if page.from.as_ref().is_none_or(fits) {
        return Ok(());
    }
    let name = match page.direction {
        Direction::Forward => "after",
        Direction::Backward => "before",
    };
    let message =
        format!("{name}: this is a cursor of this list in another order: keep `orderBy` from page to page");
    Err(fault(Code::BadUserInput, message))
}

/// Makes the connection and the edge of a node: `connection!(Lead: LeadConnection, LeadEdge, "leads")`.
macro_rules! connection {
    ($node:ident: $connection:ident, $edge:ident, $what:literal) => {
        #[doc = concat!("A page of ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $connection {
            /// The rows with their cursors.
            edges: Vec<$edge>,
            /// The rows alone.
            nodes: Vec<$node>,
            /// Where the page lies in its list.
            page_info: $crate::graphql::kit::PageInfo,
            /// How many there are in all that the filter wants; counted when it is asked for.
            total_count: u64,
        }

        #[doc = concat!("One of ", $what, ", with its place in the list.")]
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $edge {
            /// The row's place: give it as `after` or `before`.
            cursor: $crate::graphql::kit::Cursor,
            /// The row.
            node: $node,
        }

        impl $connection {
            /// The answer to a page that was read in this direction.
            fn new<R, C>(
                tenant: domain::TenantId,
                listed: projections::Listed<R, C>,
                direction: projections::Direction,
            ) -> Self
            where
                $node: From<R>,
                C: serde::Serialize,
            {
                let edges: Vec<$edge> = listed
                    .rows
                    .into_iter()
                    .map(|(place, row)| $edge {
                        cursor: $crate::graphql::kit::row_cursor(tenant, &place),
                        node: row.into(),
                    })
                    .collect();
                let (start, end) = (edges.first(), edges.last());
                let page_info = $crate::graphql::kit::PageInfo::of(
                    listed.more.then_some(direction),
                    start.map(|edge| &edge.cursor),
                    end.map(|edge| &edge.cursor),
                );
                let nodes = edges.iter().map(|edge| edge.node.clone()).collect();
                Self {
                    edges,
                    nodes,
                    page_info,
                    // What was not asked for is not shown.
                    total_count: listed.total.unwrap_or_default(),
                }
            }
        }
    };
}
pub(crate) use connection;

#[cfg(test)]
mod tests {
    use domain::TenantId;
    use projections::{Direction, Page};
    use ulid::Ulid;

    use super::{Window, row_cursor};
    use crate::graphql::kit::Cursor;

    const OWN: TenantId = TenantId::new(Ulid(1));
    const OTHER: TenantId = TenantId::new(Ulid(2));

    const ALL: Window = Window {
        first: Some(10),
        after: None,
        last: None,
        before: None,
    };

    #[test]
    fn a_page_goes_on_from_its_cursor() {
        let after = Some(row_cursor(OWN, &7_u64));
        let page: Page<u64> = Window { after, ..ALL }.page(OWN).unwrap();
        assert_eq!(
            page,
            Page {
                from: Some(7),
                limit: 10,
                direction: Direction::Forward
            }
        );
        let before = Some(row_cursor(OWN, &7_u64));
        let page: Page<u64> = Window {
            first: None,
            last: Some(1),
            before,
            ..ALL
        }
        .page(OWN)
        .unwrap();
        assert_eq!(
            page,
            Page {
                from: Some(7),
                limit: 1,
                direction: Direction::Backward
            }
        );
    }

    #[test]
    fn a_window_that_makes_no_sense_is_refused() {
        let row = || Some(row_cursor(OWN, &7_u64));
        let wrong = [
            Window { first: None, ..ALL },
            Window {
                first: Some(0),
                ..ALL
            },
            Window {
                first: Some(101),
                ..ALL
            },
            Window { last: Some(1), ..ALL },
            Window { before: row(), ..ALL },
            Window {
                after: Some(row_cursor(OTHER, &7_u64)),
                ..ALL
            },
            Window {
                after: Some(Cursor::at(OWN, 1)),
                ..ALL
            },
            Window {
                after: Some(Cursor::of_row(OWN, "\"x\"".into())),
                ..ALL
            },
        ];
        for window in wrong {
            assert!(window.page::<u64>(OWN).is_err());
        }
    }
}
