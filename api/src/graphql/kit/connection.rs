//! Relay connections.

use async_graphql::SimpleObject;

use super::Cursor;

/// Where a page lies in its list.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether there is more after the page.
    pub(crate) has_next_page: bool,
    /// Whether there is more before the page.
    pub(crate) has_previous_page: bool,
    /// The cursor of the page's first edge.
    pub(crate) start_cursor: Option<Cursor>,
    /// The cursor of the page's last edge.
    pub(crate) end_cursor: Option<Cursor>,
}
