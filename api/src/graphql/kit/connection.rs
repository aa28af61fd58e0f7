//! Relay connections: a window over a list, and the types of its answer.

use async_graphql::{Enum, Result, SimpleObject};
use domain::TenantId;
use projections::{Direction, Listed, Page, Total};
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

/// The page of a list that is read whole: a short one, in the order of its rows' places.
pub(crate) fn part<R, C: Ord>(rows: Vec<R>, page: &Page<C>, place: impl Fn(&R) -> C) -> Listed<R, C> {
    let total = rows.len();
    let rows = rows.into_iter().map(|row| (place(&row), row));
    let mut rows: Vec<(C, R)> = match page.direction {
        Direction::Forward => rows
            .filter(|(at, _)| page.from.as_ref().is_none_or(|from| at > from))
            .collect(),
        Direction::Backward => rows
            .filter(|(at, _)| page.from.as_ref().is_none_or(|from| at < from))
            .collect(),
    };
    let limit = page.limit as usize;
    let more = rows.len() > limit;
    if more {
        match page.direction {
            Direction::Forward => rows.truncate(limit),
            Direction::Backward => drop(rows.drain(..rows.len() - limit)),
        }
    }
    Listed {
        rows,
        more,
        total: u64::try_from(total).ok(),
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
        pub(crate) struct $connection {
            edges: Vec<$edge>,
            page_info: $crate::graphql::kit::PageInfo,
            total_count: u64,
        }

        #[doc = concat!("A page of ", $what, ".")]
        #[async_graphql::Object]
        impl $connection {
            /// The rows with their cursors.
            async fn edges(&self) -> $crate::graphql::kit::Objects<'_, $edge> {
                $crate::graphql::kit::Objects(self.edges.iter().collect())
            }

            /// The rows alone.
            async fn nodes(&self) -> $crate::graphql::kit::Objects<'_, $node> {
                $crate::graphql::kit::Objects(self.edges.iter().map(|edge| &edge.node).collect())
            }

            /// Where the page lies in its list.
            async fn page_info(&self) -> &$crate::graphql::kit::PageInfo {
                &self.page_info
            }

            /// How many there are in all that the filter wants; counted when it is asked for.
            async fn total_count(&self) -> u64 {
                self.total_count
            }
        }

        #[doc = concat!("One of ", $what, ", with its place in the list.")]
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $edge {
            /// The row's place: give it as `after` or `before`.
            cursor: $crate::graphql::kit::Cursor,
            /// The row.
            node: $node,
        }

        impl $crate::graphql::kit::Listed for $node {}

        impl $crate::graphql::kit::Listed for $edge {
            fn at_once(
                &self,
                ctx: &async_graphql::ContextSelectionSet<'_>,
                field: &async_graphql::Positioned<async_graphql::parser::types::Field>,
            ) -> Option<async_graphql::Value> {
                // Its one field with a selection.
                $crate::graphql::kit::whole(ctx, field, &self.node)
            }
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
                let cursors = $crate::graphql::kit::Cursors::of(tenant);
                let edges: Vec<$edge> = listed
                    .rows
                    .into_iter()
                    .map(|(place, row)| $edge {
                        cursor: cursors.of_row(&place),
                        node: row.into(),
                    })
                    .collect();
                let (start, end) = (edges.first(), edges.last());
                let page_info = $crate::graphql::kit::PageInfo::of(
                    listed.more.then_some(direction),
                    start.map(|edge| &edge.cursor),
                    end.map(|edge| &edge.cursor),
                );
                Self {
                    edges,
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

    use super::{Window, part};
    use crate::graphql::kit::{Cursor, Cursors};

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
        let after = Some(Cursors::of(OWN).of_row(&7_u64));
        let page: Page<u64> = Window { after, ..ALL }.page(OWN).unwrap();
        assert_eq!(
            page,
            Page {
                from: Some(7),
                limit: 10,
                direction: Direction::Forward
            }
        );
        let before = Some(Cursors::of(OWN).of_row(&7_u64));
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
    fn a_list_that_is_read_whole_has_the_same_pages() {
        let rows = || vec![1_u64, 2, 3, 4, 5];
        let page = |from, limit, direction| {
            let listed = part(
                rows(),
                &Page {
                    from,
                    limit,
                    direction,
                },
                |row| *row,
            );
            let rows: Vec<u64> = listed.rows.iter().map(|(_, row)| *row).collect();
            assert_eq!(listed.total, Some(5));
            (rows, listed.more)
        };
        use Direction::{Backward, Forward};
        assert_eq!(page(None, 2, Forward), (vec![1, 2], true));
        assert_eq!(page(Some(2), 3, Forward), (vec![3, 4, 5], false));
        assert_eq!(page(Some(2), 2, Forward), (vec![3, 4], true));
        assert_eq!(page(Some(9), 2, Forward), (vec![], false));
        assert_eq!(page(None, 2, Backward), (vec![4, 5], true));
        assert_eq!(page(Some(4), 3, Backward), (vec![1, 2, 3], false));
        assert_eq!(page(Some(4), 2, Backward), (vec![2, 3], true));
    }

    #[test]
    fn a_window_that_makes_no_sense_is_refused() {
        let row = || Some(Cursors::of(OWN).of_row(&7_u64));
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
                after: Some(Cursors::of(OTHER).of_row(&7_u64)),
                ..ALL
            },
            Window {
                after: Some(Cursor::at(OWN, 1)),
                ..ALL
            },
            Window {
                after: Some(Cursors::of(OWN).of_row(&"x")),
                ..ALL
            },
        ];
        for window in wrong {
            assert!(window.page::<u64>(OWN).is_err());
        }
    }
}
