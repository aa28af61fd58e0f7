//! Where the pages come from: the tail's ring near the log's end, the table far from it, one page ahead.

use std::sync::Arc;

use domain::RecordedEvent;
use store::{Filter, Log, ReadError, Tail};
use tokio::task::JoinHandle;

/// The events of a page when there is a backlog.
pub(super) const PAGE: u64 = 5_000;
/// Up to here from the log's end, the recent events in memory are read first.
const NEAR: u64 = 1_000;

type Events = Vec<Arc<RecordedEvent>>;

/// A page that is being read.
type Reading = JoinHandle<Result<Vec<RecordedEvent>, ReadError>>;

/// Reads the log page by page.
pub(super) struct Backlog {
    log: Log,
    tail: Tail,
    ahead: Option<(u64, Reading)>,
}

impl Backlog {
    pub(super) const fn new(log: Log, tail: Tail) -> Self {
        Self {
            log,
            tail,
            ahead: None,
        }
    }

    /// The log that it reads.
    pub(super) const fn log(&self) -> &Log {
        &self.log
    }

    /// The last position that is known to be in the log.
    pub(super) fn head(&self) -> u64 {
        self.tail.position()
    }

    /// Waits until the log is longer than `position`.
    pub(super) async fn grown(&self, position: u64) -> Result<(), ReadError> {
        let mut follower = self.tail.follow(position, Filter::default());
        follower.next().await.map(drop)
    }

    /// The events after a position, up to another at most, and the position up to which that is all.
    pub(super) async fn page(&mut self, after: u64, upto: u64) -> Result<(Events, u64), ReadError> {
        let (mut events, seen) = if self.tail.is_fed() || self.head().saturating_sub(after) <= NEAR {
            let mut follower = self.tail.follow(after, Filter::default());
            let source = if follower.reads_the_table() {
                "table"
            } else {
                "recent"
            };
            let step = follower.next().await?;
            count(source, step.events.len());
            (step.events, step.position)
        } else {
            let events: Events = self.far_page(after).await?.into_iter().map(Arc::new).collect();
            let last = events.last().map_or(after, |event| event.position);
            count("table", events.len());
            (events, last)
        };
        events.retain(|event| event.position <= upto);
        Ok((events, seen.min(upto)))
    }

    async fn far_page(&mut self, after: u64) -> Result<Vec<RecordedEvent>, ReadError> {
        let read = match self.ahead.take() {
            Some((begin, reading)) if begin == after => reading.await.unwrap_or_else(|_| Ok(Vec::new())),
            _ => Ok(Vec::new()),
        };
        let events = match read {
            Ok(events) if !events.is_empty() => events,
            _ => self.readable_page(after).await?,
        };
        if let Some(last) = events.last().map(|event| event.position)
            && self.head().saturating_sub(last) > NEAR
        {
            let log = self.log.clone();
            let reading = tokio::spawn(async move { read_page(&log, last, PAGE).await });
            self.ahead = Some((last, reading));
        }
        Ok(events)
    }

    /// A page; when an event in it can't be read, the events before that one.
    async fn readable_page(&self, after: u64) -> Result<Vec<RecordedEvent>, ReadError> {
        match read_page(&self.log, after, PAGE).await {
            Err(ReadError::Undecodable { position, .. } | ReadError::Corrupt { position, .. })
                if position > after + 1 =>
            {
                read_page(&self.log, after, position - after - 1).await
            }
            other => other,
        }
    }
}

/// Counts where events came from: those in memory, or the log's table.
fn count(source: &'static str, events: usize) {
    metrics::counter!("annals_projector_read_events_total", "source" => source).increment(events as u64);
}

async fn read_page(log: &Log, after: u64, limit: u64) -> Result<Vec<RecordedEvent>, ReadError> {
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    log.page(after, &Filter::default(), limit).await
}
