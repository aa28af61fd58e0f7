//! The log as a subscription reads it: the past up to where it has caught up, or the present for ever.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::{RecordedEvent, TenantId};
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, stream};
use store::{Filter, Follower, ReadError, Step, Tail};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::admission::Backfill;
use super::course::{Begin, Course, Kind, Sign, Word};

/// How many events a reader holds at most.
const PAGE: usize = 100;

/// Which events are wanted, and from where.
pub(crate) struct Wanted<W> {
    pub(crate) tenant: TenantId,
    /// Behind what the document says to begin.
    pub(crate) after: Option<u64>,
    /// The past goes up to here at least.
    pub(crate) head: u64,
    pub(crate) filter: Filter,
    /// What the filter can't say.
    pub(crate) wants: W,
}

/// How far a reader has come.
enum Stage {
    Lagged,
    Past,
    CaughtUp,
    Live,
    Over,
}

struct Reading<W> {
    course: Course,
    follower: Follower,
    tenant: TenantId,
    head: u64,
    wants: W,
    events: VecDeque<Arc<RecordedEvent>>,
    stage: Stage,
    beat: Interval,
    /// Where this reader stands in the line for the table.
    line: Option<BoxFuture<'static, Backfill>>,
}

/// The words of a subscription to the log, each noted in the course as it is handed out.
pub(crate) fn words<W>(
    course: Course,
    tail: &Tail,
    wanted: Wanted<W>,
) -> impl Stream<Item = Result<Word<Arc<RecordedEvent>>, ReadError>>
where
    W: Fn(&RecordedEvent) -> bool,
{
    let (after, stage) = match course.begin {
        Begin::AsAsked => (wanted.after.unwrap_or(wanted.head), Stage::Past),
        Begin::At(position) => (position, Stage::Past),
        Begin::Lagged(position) => (position, Stage::Lagged),
        Begin::Live(position) => (position, Stage::Live),
    };
    let reading = Reading {
        beat: beat(&course),
        follower: tail.follow(after, wanted.filter).paged(PAGE),
        tenant: wanted.tenant,
        head: wanted.head,
        wants: wanted.wants,
        events: VecDeque::new(),
        stage,
        course,
        line: None,
    };
    stream::try_unfold(reading, |mut reading| async move {
        let Some((position, word)) = reading.next().await? else {
            return Ok(None);
        };
        let kind = match word {
            Word::Item(_) => Kind::Event,
            Word::Sign(sign) => Kind::Sign(sign),
        };
        reading.course.note(position, kind);
        Ok(Some((word, reading)))
    })
}

/// A beat for each time in which nothing was said.
pub(super) fn beat(course: &Course) -> Interval {
    let mut beat = interval_at(Instant::now() + course.heartbeat, course.heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

type Said = (u64, Word<Arc<RecordedEvent>>);

impl<W: Fn(&RecordedEvent) -> bool> Reading<W> {
    async fn next(&mut self) -> Result<Option<Said>, ReadError> {
        loop {
            if let Some(event) = self.events.pop_front() {
                self.beat.reset();
                return Ok(Some((event.position, Word::Item(event))));
            }
            let sign = match self.stage {
                Stage::Lagged => {
                    self.stage = Stage::Past;
                    Some(Sign::Lagged)
                }
                Stage::Past => self.read_past().await?,
                Stage::CaughtUp => {
                    self.stage = Stage::Over;
                    Some(Sign::CaughtUp)
                }
                Stage::Live => self.read_live().await?,
                Stage::Over => return Ok(None),
            };
            if let Some(sign) = sign {
                return Ok(Some((self.follower.position(), Word::Sign(sign))));
            }
        }
    }

    /// A step through the past; one that takes long tells how far it has come.
    async fn read_past(&mut self) -> Result<Option<Sign>, ReadError> {
        if self.follower.is_at_end() && self.follower.position() >= self.head {
            self.stage = Stage::CaughtUp;
            return Ok(None);
        }
        if self.course.drain.has_begun() {
            self.stage = Stage::Over;
            return Ok(Some(Sign::Heartbeat));
        }
        if self.beat.tick().now_or_never().is_some() {
            return Ok(Some(Sign::Heartbeat));
        }
        if self.follower.reads_the_table() {
            let admission = self.course.admission.clone();
            let tenant = self.tenant;
            // The place in the line is kept over the signs that are said meanwhile.
            let line = self
                .line
                .get_or_insert_with(|| async move { admission.backfill(tenant).await }.boxed());
            let right = tokio::select! {
                biased;
                () = self.course.drain.begun() => return Ok(None),
                right = line => right,
                _ = self.beat.tick() => return Ok(Some(Sign::Heartbeat)),
            };
            self.line = None;
            let step = self.follower.next().await?;
            drop(right);
            self.looked(step);
        } else {
            let step = tokio::select! {
                biased;
                () = self.course.drain.begun() => return Ok(None),
                step = self.follower.next() => step?,
                _ = self.beat.tick() => return Ok(Some(Sign::Heartbeat)),
            };
            self.looked(step);
        }
        Ok(None)
    }

    fn looked(&mut self, step: Step) {
        self.take(step.events);
        if step.caught_up && step.position >= self.head {
            self.stage = Stage::CaughtUp;
        }
    }

    async fn read_live(&mut self) -> Result<Option<Sign>, ReadError> {
        tokio::select! {
            biased;
            () = self.course.drain.begun() => {
                self.stage = Stage::Over;
                Ok(Some(Sign::Heartbeat))
            }
            step = self.follower.next() => {
                self.take(step?.events);
                Ok(None)
            }
            _ = self.beat.tick() => Ok(Some(Sign::Heartbeat)),
        }
    }

    fn take(&mut self, events: Vec<Arc<RecordedEvent>>) {
        let wanted = events.into_iter().filter(|event| (self.wants)(event));
        self.events.extend(wanted);
    }
}
