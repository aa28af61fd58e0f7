//! One execution that many share: its responses in a ring, and the pulses by which its readers wake.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use store::Erasures;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::frame::Frame;
use super::hub::{Hub, Topics};
use super::ring::Ring;
use super::{Begin, Blueprint};

/// How long a pulse takes for each reader at least: a system call or two. What comes meanwhile goes together.
const PACE: Duration = Duration::from_micros(25);
/// How long a pulse may take at most.
const PACE_AT_MOST: Duration = Duration::from_millis(50);
/// How long the execution waits for readers that were woken and have not come.
const GRACE: Duration = Duration::from_millis(250);

/// One shared execution. It ends with its last reader.
pub(super) struct Topic {
    pub(super) blueprint: Arc<Blueprint>,
    state: Mutex<State>,
    /// The number of the pulse; closed at the end.
    pulses: watch::Sender<u64>,
    /// All readers that the last pulse woke have come.
    all_read: Notify,
    task: Mutex<Option<AbortHandle>>,
    topics: Weak<Topics>,
    erasures: Erasures,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    /// The last erasure that was heeded.
    erased: u64,
    pulse: u64,
    /// How many readers have a seat.
    seats: u32,
    /// How many wait for the next pulse.
    waiting: u32,
    /// How many of those that the last pulse woke have not come yet.
    unread: u32,
    is_over: bool,
}

/// What a reader finds in the ring.
pub(super) enum Found {
    Frames(Vec<Arc<Frame>>, u64),
    /// Not all that follows is here.
    Forgotten,
    /// Nothing will come any more.
    Over,
}

impl Topic {
    /// Begins the execution behind a position.
    pub(super) fn begin(hub: &Hub, blueprint: Arc<Blueprint>, position: u64) -> Arc<Self> {
        let topic = Arc::new(Self {
            state: Mutex::new(State {
                ring: Ring::new(position, hub.responses()),
                erased: hub.erasures().last(),
                pulse: 0,
                seats: 0,
                waiting: 0,
                unread: 0,
                is_over: false,
            }),
            pulses: watch::Sender::new(0),
            all_read: Notify::new(),
            task: Mutex::new(None),
            topics: hub.topics(),
            erasures: hub.erasures(),
            blueprint: Arc::clone(&blueprint),
        });
        let frames = hub.execute(&blueprint, Begin::Live(position), "shared");
        let room = (hub.responses() / 2).max(1);
        let task = tokio::spawn(produce(Arc::downgrade(&topic), frames, room));
        *topic.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
        metrics::gauge!("annals_live_topics").increment(1);
        topic
    }

    /// Whatever comes to the ring, what may tell what was erased is not in it any more.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let erased = self.erasures.last();
        if erased > state.erased {
            state.erased = erased;
            state.ring.erase_before(erased);
        }
        state
    }

    /// Whether the execution goes on.
    pub(super) fn is_running(&self) -> bool {
        !self.state().is_over
    }

    /// Gives a seat to somebody who was told everything up to a position: the number at which it goes on.
    pub(super) fn sit_down(&self, position: u64) -> Option<u64> {
        let mut state = self.state();
        if state.is_over {
            return None;
        }
        let number = state.ring.number_after(position)?;
        state.seats += 1;
        Some(number)
    }

    pub(super) fn stand_up(&self) {
        self.state().seats -= 1;
    }

    pub(super) fn pulses(&self) -> watch::Receiver<u64> {
        self.pulses.subscribe()
    }

    /// The frames from a number on that are news, up to so many bytes, and the number behind them.
    pub(super) fn take(&self, number: u64, position: u64, bytes: usize) -> Found {
        let state = self.state();
        let Some(frames) = state.ring.from(number) else {
            return Found::Forgotten;
        };
        let (mut taken, mut size, mut position, mut next) = (Vec::new(), 0, position, number);
        for frame in frames {
            if !taken.is_empty() && size + frame.payload.len() > bytes {
                break;
            }
            next += 1;
            if frame.is_news_after(position) {
                size += frame.payload.len();
                position = frame.position;
                taken.push(Arc::clone(frame));
            }
        }
        if taken.is_empty() && state.is_over && next == state.ring.end() {
            return Found::Over;
        }
        Found::Frames(taken, next)
    }

    /// Counts a reader as waiting until this is dropped.
    pub(super) fn wait(&self) -> Waiting<'_> {
        let mut state = self.state();
        state.waiting += 1;
        Waiting {
            topic: self,
            pulse: state.pulse,
        }
    }

    fn pulse(&self) -> u32 {
        let mut state = self.state();
        state.pulse += 1;
        state.unread = state.waiting;
        let (pulse, seats) = (state.pulse, state.seats);
        drop(state);
        self.pulses.send_replace(pulse);
        seats
    }

    /// Waits until the time has come and the readers have.
    async fn is_ready(&self, from: Instant, at_last: Instant) {
        if from > Instant::now() {
            sleep_until(from).await;
        }
        let all_read = async {
            while self.state().unread > 0 {
                self.all_read.notified().await;
            }
        };
        drop(timeout_at(at_last, all_read).await);
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        if let Some(topics) = self.topics.upgrade() {
            topics.forget(self.blueprint.key);
        }
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
        metrics::gauge!("annals_live_topics").decrement(1);
    }
}

/// A reader that waits for the next pulse.
pub(super) struct Waiting<'a> {
    topic: &'a Topic,
    pulse: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.topic.state();
        state.waiting -= 1;
        if state.pulse > self.pulse {
            state.unread = state.unread.saturating_sub(1);
            if state.unread == 0 {
                self.topic.all_read.notify_one();
            }
        }
    }
}

/// Executes, and wakes the readers: at once after a pause, otherwise when they have come and a pulse's time has
/// passed. `room` frames may wait for a pulse; then the execution does.
async fn produce(topic: Weak<Topic>, mut frames: BoxStream<'static, Frame>, room: usize) {
    let (mut fresh, mut next, mut at_last) = (0, Instant::now(), Instant::now());
    loop {
        let ready = async {
            match topic.upgrade() {
                Some(topic) => topic.is_ready(next, at_last).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            frame = frames.next(), if fresh < room => {
                let Some(topic) = topic.upgrade() else { return };
                let mut state = topic.state();
                match frame {
                    Some(frame) => {
                        state.is_over |= frame.failed.is_some();
                        let was_under_way = frame.position < state.erased;
                        state.ring.push(Arc::new(frame));
                        if was_under_way {
                            let erased = state.erased;
                            state.ring.erase_before(erased);
                        }
                        fresh += 1;
                    }
                    None => state.is_over = true,
                }
                if state.is_over {
                    drop(state);
                    topic.pulse();
                    return;
                }
            }
            () = ready, if fresh > 0 => {
                let Some(topic) = topic.upgrade() else { return };
                let seats = topic.pulse();
                let pace = PACE.saturating_mul(seats).min(PACE_AT_MOST);
                let now = Instant::now();
                (fresh, next, at_last) = (0, now + pace, now + pace.max(GRACE));
            }
        }
    }
}
