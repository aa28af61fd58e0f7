//! The past as a subscription plays it: with its own timing, up to an end.

use std::collections::VecDeque;
use std::time::Duration;

use domain::{RecordedEvent, TenantId};
use futures::{Stream, stream};
use jiff::Timestamp;
use projections::Timing;
use store::{Filter, Log, ReadError};
use tokio::time::{Instant, Interval, sleep_until};

use super::admission::Admitted;
use super::course::{Course, Kind, Sign};
use super::source::beat;

/// How many events are held at most.
const PAGE: u32 = 100;

/// What is played, and how.
pub(crate) struct Played<W> {
    pub(crate) tenant: TenantId,
    /// After this position.
    pub(crate) after: u64,
    /// Up to this position.
    pub(crate) upto: u64,
    /// What the clock of the past shows at first; what the first event's does, when nothing is given.
    pub(crate) clock: Option<Timestamp>,
    pub(crate) timing: Timing,
    /// After so many events it pauses.
    pub(crate) steps: Option<u32>,
    pub(crate) filter: Filter,
    /// What the filter can't say.
    pub(crate) wants: W,
}

/// A word of a playback, with its position.
#[derive(Debug)]
pub(crate) struct Said {
    /// Everything up to here was told.
    pub(crate) position: u64,
    pub(crate) word: PlaybackWord,
}

/// What a playback says.
#[derive(Debug)]
pub(crate) enum PlaybackWord {
    /// What happened; how long it was waited for, and how much was skipped before.
    Event(Box<RecordedEvent>, Duration, Duration),
    /// As many events as were asked for were told; there is more.
    Paused,
    /// The range is over.
    Ended,
    /// Nothing was due for a while.
    Heartbeat,
}

struct Playback<W> {
    course: Course,
    log: Log,
    played: Played<W>,
    /// Up to here the log was read.
    read: u64,
    events: VecDeque<RecordedEvent>,
    /// When the first of the events is due, how long that is waited for, and how much was skipped.
    due: Option<(Instant, Duration, Duration)>,
    position: u64,
    is_over: bool,
    beat: Interval,
    _admitted: Admitted,
}

/// The words of a playback, each noted in the course as it is handed out.
pub(crate) fn playback<W>(
    course: Course,
    log: Log,
    played: Played<W>,
    admitted: Admitted,
) -> impl Stream<Item = Result<Said, ReadError>>
where
    W: Fn(&RecordedEvent) -> bool,
{
    let playback = Playback {
        beat: beat(&course),
        read: played.after,
        position: played.after,
        course,
        log,
        played,
        events: VecDeque::new(),
        due: None,
        is_over: false,
        _admitted: admitted,
    };
    stream::try_unfold(playback, |mut playback| async move {
        let Some(word) = playback.next().await? else {
            return Ok(None);
        };
        let kind = match word {
            PlaybackWord::Event(..) => Kind::Event,
            PlaybackWord::Paused | PlaybackWord::Ended => Kind::State,
            PlaybackWord::Heartbeat => Kind::Sign(Sign::Heartbeat),
        };
        let position = playback.position;
        playback.course.note(position, kind);
        Ok(Some((Said { position, word }, playback)))
    })
}

impl<W: Fn(&RecordedEvent) -> bool> Playback<W> {
    async fn next(&mut self) -> Result<Option<PlaybackWord>, ReadError> {
        loop {
            if self.is_over {
                return Ok(None);
            }
            let Some(next) = self.events.front() else {
                if self.read >= self.played.upto {
                    self.is_over = true;
                    self.position = self.played.upto;
                    return Ok(Some(PlaybackWord::Ended));
                }
                if let Some(sign) = self.read_on().await? {
                    return Ok(Some(sign));
                }
                continue;
            };
            if self.played.steps == Some(0) {
                self.is_over = true;
                return Ok(Some(PlaybackWord::Paused));
            }
            let clock = self.played.clock.unwrap_or(next.recorded_at);
            let (due, wait, skipped) = *self.due.get_or_insert_with(|| {
                let wait = self.played.timing.between(clock, next.recorded_at);
                (Instant::now() + wait.wait, wait.wait, wait.skipped)
            });
            tokio::select! {
                biased;
                () = self.course.drain.begun() => return Ok(Some(self.drained())),
                () = sleep_until(due) => {}
                _ = self.beat.tick() => return Ok(Some(PlaybackWord::Heartbeat)),
            }
            self.due = None;
            let Some(event) = self.events.pop_front() else {
                continue;
            };
            self.beat.reset();
            self.played.clock = Some(event.recorded_at);
            self.position = event.position;
            if let Some(steps) = &mut self.played.steps {
                *steps = steps.saturating_sub(1);
            }
            return Ok(Some(PlaybackWord::Event(Box::new(event), wait, skipped)));
        }
    }

    /// The client goes on elsewhere, behind what it was told.
    fn drained(&mut self) -> PlaybackWord {
        self.is_over = true;
        PlaybackWord::Heartbeat
    }

    /// Reads a page, in turn with others who read the table.
    async fn read_on(&mut self) -> Result<Option<PlaybackWord>, ReadError> {
        let right = tokio::select! {
            biased;
            () = self.course.drain.begun() => return Ok(Some(self.drained())),
            right = self.course.admission.backfill(self.played.tenant) => right,
        };
        let page = self.log.page(self.read, &self.played.filter, PAGE).await?;
        drop(right);
        self.read = match page.last() {
            Some(last) if page.len() == PAGE as usize => last.position,
            _ => self.played.upto,
        };
        let upto = self.played.upto;
        let wanted = page
            .into_iter()
            .filter(|event| event.position <= upto && (self.played.wants)(event));
        self.events.extend(wanted);
        Ok(None)
    }
}
