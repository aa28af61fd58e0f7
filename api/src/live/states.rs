//! A read model as a subscription reads it: how it is, then what has changed each time that it did.

use domain::TenantId;
use futures::future::BoxFuture;
use futures::{Stream, stream};
use projections::{QueryError, Reader};
use store::{Filter, Follower, ReadError, Tail};
use tokio::time::Interval;

use super::course::{Begin, Course, Kind, Sign, Word};
use super::source::beat;

/// Rows that are not as they were told before.
#[derive(Clone, Debug)]
pub(crate) struct Changed<R> {
    /// They have seen at least everything up to here.
    pub(crate) position: u64,
    /// Whether these are all rows: what was told before is to be forgotten.
    pub(crate) is_whole: bool,
    pub(crate) rows: Vec<R>,
}

/// Which rows are wanted, and from where.
pub(crate) struct States<R> {
    pub(crate) tenant: TenantId,
    /// Behind what the document says to begin.
    pub(crate) after: Option<u64>,
    /// The rows must have seen this at least.
    pub(crate) head: u64,
    pub(crate) reader: Reader,
    /// The read model's name.
    pub(crate) name: &'static str,
    pub(crate) read: Box<dyn Fn() -> BoxFuture<'static, Result<Vec<R>, QueryError>> + Send + Sync>,
    /// Whether two rows are the same one, earlier and later.
    pub(crate) same: fn(&R, &R) -> bool,
}

/// Why a read model can't be followed any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error(transparent)]
    Log(#[from] ReadError),
    #[error(transparent)]
    Rows(#[from] QueryError),
}

enum Stage {
    Lagged,
    Present,
    CaughtUp,
    Live,
    Over,
}

struct Watching<R> {
    course: Course,
    follower: Follower,
    wanted: States<R>,
    told: Option<Vec<R>>,
    /// What was told has seen everything up to here.
    position: u64,
    /// Rows that have not seen this are not looked at.
    target: u64,
    is_stale: bool,
    stage: Stage,
    beat: Interval,
}

/// The words of a subscription to a read model, each noted in the course as it is handed out. Changes that come
/// faster than they are looked at are told together; the last one is always told.
pub(crate) fn states<R>(
    course: Course,
    tail: &Tail,
    wanted: States<R>,
) -> impl Stream<Item = Result<Word<Changed<R>>, Broken>>
where
    R: Clone + PartialEq + Send + 'static,
{
    let now = tail.position().max(wanted.head);
    let (target, stage) = match course.begin {
        Begin::AsAsked => (wanted.after.unwrap_or(now).max(now), Stage::Present),
        Begin::At(position) => (position.max(now), Stage::Present),
        Begin::Lagged(position) => (position.max(now), Stage::Lagged),
        Begin::Live(position) => (position, Stage::Live),
    };
    let watching = Watching {
        beat: beat(&course),
        follower: tail.follow(target, Filter::tenant(wanted.tenant)),
        told: None,
        position: target,
        target,
        is_stale: true,
        stage,
        wanted,
        course,
    };
    stream::try_unfold(watching, |mut watching| async move {
        let Some(word) = watching.next().await? else {
            return Ok(None);
        };
        let kind = match word {
            Word::Item(_) => Kind::State,
            Word::Sign(sign) => Kind::Sign(sign),
        };
        watching.course.note(watching.position, kind);
        Ok(Some((word, watching)))
    })
}

impl<R: Clone + PartialEq> Watching<R> {
    async fn next(&mut self) -> Result<Option<Word<Changed<R>>>, Broken> {
        loop {
            match self.stage {
                Stage::Lagged => {
                    self.stage = Stage::Present;
                    return Ok(Some(Word::Sign(Sign::Lagged)));
                }
                Stage::Present if !self.is_stale => self.stage = Stage::CaughtUp,
                Stage::Present | Stage::Live => {
                    if let Some(word) = self.watch().await? {
                        return Ok(Some(word));
                    }
                }
                Stage::CaughtUp => {
                    self.stage = Stage::Over;
                    return Ok(Some(Word::Sign(Sign::CaughtUp)));
                }
                Stage::Over => return Ok(None),
            }
        }
    }

    async fn watch(&mut self) -> Result<Option<Word<Changed<R>>>, Broken> {
        let course = self.course.clone();
        tokio::select! {
            biased;
            () = course.drain.begun() => {
                self.stage = Stage::Over;
                return Ok(Some(Word::Sign(Sign::Heartbeat)));
            }
            seen = seen(&self.wanted.reader, self.wanted.name, self.target), if self.is_stale => {
                let position = seen?;
                return self.look(position).await;
            }
            step = self.follower.next(), if !self.is_stale => {
                let step = step?;
                match step.events.last() {
                    Some(last) => (self.target, self.is_stale) = (last.position, true),
                    // The events of others change nothing here.
                    None => self.position = self.position.max(step.position),
                }
            }
            _ = self.beat.tick() => {
                // A read model that was filled again has changed without an event.
                self.is_stale = true;
                return Ok(Some(Word::Sign(Sign::Heartbeat)));
            }
        }
        Ok(None)
    }

    /// Looks at the rows, and tells what is not as it was told.
    async fn look(&mut self, position: u64) -> Result<Option<Word<Changed<R>>>, Broken> {
        let rows = (self.wanted.read)().await?;
        self.is_stale = false;
        self.position = self.position.max(position);
        let same = self.wanted.same;
        let is_whole = match &self.told {
            None => true,
            Some(told) => told.iter().any(|old| !rows.iter().any(|row| same(old, row))),
        };
        let changed: Vec<R> = match &self.told {
            Some(told) if !is_whole => rows.iter().filter(|row| !told.contains(row)).cloned().collect(),
            _ => rows.clone(),
        };
        if changed.is_empty() && !is_whole {
            return Ok(None);
        }
        // If the read model moved on while the rows were read, they may be newer than the position says. Somebody
        // who knows of that position may pass over them: so they are told once more, at the later one.
        let now = seen(&self.wanted.reader, self.wanted.name, 0).await?;
        if now > self.position && matches!(self.stage, Stage::Live) {
            (self.target, self.is_stale) = (now, true);
        } else {
            self.told = Some(rows);
        }
        self.beat.reset();
        Ok(Some(Word::Item(Changed {
            position: self.position,
            is_whole,
            rows: changed,
        })))
    }
}

/// Waits until the read model has seen a position; tells how far it has come.
async fn seen(reader: &Reader, name: &str, target: u64) -> Result<u64, QueryError> {
    /// How often the checkpoint is looked at.
    const LOOK: std::time::Duration = std::time::Duration::from_millis(10);
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        let checkpoints = reader.checkpoints().await?;
        let known = checkpoints.iter().find(|checkpoint| checkpoint.name == name);
        if let Some(checkpoint) = known.filter(|checkpoint| checkpoint.position >= target) {
            return Ok(checkpoint.position);
        }
    }
}
