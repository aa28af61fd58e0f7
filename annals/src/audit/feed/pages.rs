//! The entries of a filter, a page at a time, up to where the log ended when they were asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use domain::TenantId;
use projections::audit_feed::{By, Entry, EntryMeans, EntryPlace, Feed, Filter, Order};
use projections::{Change, Direction, Page, Past, PastError, QueryError, Reader, Total, Way, stream_named};

/// How many entries are in memory at once.
pub(super) const PAGE: u32 = 500;

/// An entry with all that is told of it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) entry: Entry,
    /// By what means its actor came.
    pub(super) means: EntryMeans,
    /// What it changed, if that was asked for; `None` for what has no entity with a state of its own.
    pub(super) changes: Option<Vec<Change>>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) tenant: TenantId,
    pub(super) filter: Filter,
    /// The last position that is told: what is recorded later is not.
    pub(super) upto: u64,
}

/// Why there are no entries.
#[derive(Debug, thiserror::Error)]
pub(super) enum FeedError {
    #[error(transparent)]
    Query(#[from] QueryError),
    /// What an entry changed can't be folded.
    #[error("changes: {0}")]
    Past(#[from] PastError),
    /// They can't be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<serde_json::Error> for FeedError {
    fn from(error: serde_json::Error) -> Self {
        Self::Io(error.into())
    }
}

/// Entries on their way.
pub(super) struct Pages {
    reader: Reader,
    /// Where the values before and after come from, if they are asked for.
    past: Option<Past>,
    tenant: TenantId,
    feed: Feed,
    upto: u64,
    from: Option<EntryPlace>,
    is_over: bool,
}

impl Pages {
    /// Waits until the read model has what is asked for.
    ///
    /// # Errors
    /// [`QueryError::NotThere`] when that takes longer than `patience`.
    pub(super) async fn begin(
        reader: Reader,
        past: Option<Past>,
        wish: Wish,
        patience: Duration,
    ) -> Result<Self, FeedError> {
        reader
            .wait_for_those(&["audit_feed"], wish.upto, patience)
            .await?;
        // As `auditFeed` does: an index has what happened in a time in this order.
        let by = match wish.filter.from.is_some() || wish.filter.before.is_some() {
            true => By::Occurred,
            false => By::Recorded,
        };
        let way = Way::Ascending;
        Ok(Self {
            reader,
            past,
            tenant: wish.tenant,
            feed: Feed {
                filter: wish.filter,
                order: Order { by, way },
                total: Total::Unknown,
            },
            upto: wish.upto,
            from: None,
            is_over: false,
        })
    }

    /// The next entries, perhaps none of a page; `None`: that was all.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Told>>, FeedError> {
        if self.is_over {
            return Ok(None);
        }
        let page = Page {
            from: self.from,
            limit: PAGE,
            direction: Direction::Forward,
        };
        let listed = self.reader.audit_feed(self.tenant, &self.feed, &page).await?;
        let later = listed.rows.iter().any(|(_, entry)| entry.position > self.upto);
        self.is_over = !listed.more || (later && self.feed.order.by == By::Recorded);
        self.from = listed.rows.last().map(|(place, _)| *place).or(self.from);
        let entries: Vec<Entry> = listed
            .rows
            .into_iter()
            .map(|(_, entry)| entry)
            .filter(|entry| entry.position <= self.upto)
            .collect();
        let mut means = self.reader.entry_means(self.tenant, &entries).await?;
        let mut changes = match &self.past {
            Some(past) => changes(past, self.tenant, &entries).await?,
            None => HashMap::new(),
        };
        let told = entries.into_iter().map(|entry| Told {
            means: means.remove(&entry.position).unwrap_or_default(),
            changes: changes.remove(&entry.position),
            entry,
        });
        Ok(Some(told.collect()))
    }
}

/// What entries changed of their entities, by their positions: each stream is folded once a page.
async fn changes(
    past: &Past,
    tenant: TenantId,
    entries: &[Entry],
) -> Result<HashMap<u64, Vec<Change>>, FeedError> {
    let mut streams: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for entry in entries {
        // A fact is a stream of its own, without a state.
        if !matches!(entry.entity_type.as_str(), "access" | "usage") {
            let stream = format!("{}/{}", entry.entity_type, entry.entity_id);
            streams.entry(stream).or_default().insert(entry.position);
        }
    }
    let mut changes = HashMap::new();
    for (stream, wanted) in streams {
        let last = wanted.last().copied().unwrap_or_default();
        let mut replay = past.replay(&stream_named(tenant, &stream)?, last).await?;
        while let Some(steps) = replay.next().await? {
            let steps = steps.into_iter().map(|step| (step.event.position, step.changes));
            changes.extend(steps.filter(|(position, _)| wanted.contains(position)));
        }
    }
    Ok(changes)
}
