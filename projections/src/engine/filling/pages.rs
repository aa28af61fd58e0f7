//! The log's pages, read ahead of whoever folds them.

use domain::RecordedEvent;
use store::{Filter, Log, ReadError};
use tokio::sync::mpsc;

use crate::engine::catch_up::read;

const PAGE: u32 = 10_000;
const AHEAD: usize = 2;

/// The events of a page, and the position up to which all were looked at.
type Read = Result<(Vec<RecordedEvent>, u64), ReadError>;

/// Pages in order, up to a position; ends there.
pub(super) struct Pages(mpsc::Receiver<Read>);

impl Pages {
    /// Begins to read after a position.
    pub(super) fn read(log: Log, filter: Filter, after: u64, upto: u64) -> Self {
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(async move {
            let mut after = after;
            while after < upto {
                let page = read(&log, &filter, (after, upto), PAGE).await;
                let end = page.as_ref().map_or(upto, |(_, looked_at)| *looked_at);
                // Nobody waits any more: the filling was dropped.
                if sender.send(page).await.is_err() {
                    return;
                }
                after = end;
            }
        });
        Self(receiver)
    }

    pub(super) async fn next(&mut self) -> Option<Read> {
        self.0.recv().await
    }
}
