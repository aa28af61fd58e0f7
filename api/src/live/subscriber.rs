//! One who follows: through the past by an execution of its own, then at the shared one, and back when it is slow.

use std::sync::Arc;

use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};

use super::course::{Kind, Sign};
use super::hub::Hub;
use super::seat::{Seat, Taken};
use super::{Admitted, Begin, Blueprint, Frame};

/// As many frames of the past as are taken at once.
const FRAMES_AT_ONCE: usize = 32;
const BYTES_AT_ONCE: usize = 8 << 10;

/// One subscription of one client.
pub(crate) struct Subscriber {
    hub: Hub,
    blueprint: Arc<Blueprint>,
    stage: Stage,
    /// Everything up to here was handed out.
    position: u64,
    _admitted: Admitted,
}

enum Stage {
    Own(BoxStream<'static, Frame>),
    Shared(Seat),
    Over(Ended),
}

/// Why nothing will come any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All was told that there is to tell.
    Completed,
    /// The last frame has the errors.
    Failed,
    /// The process is about to end: the client goes on elsewhere behind its last cursor.
    Drained,
}

/// What is to be sent next.
pub(crate) enum Turn {
    Frames(Vec<Arc<Frame>>),
    Over(Ended),
}

impl Subscriber {
    pub(super) fn new(hub: Hub, blueprint: Blueprint, admitted: Admitted) -> Self {
        let blueprint = Arc::new(blueprint);
        let stage = Stage::Own(hub.execute(&blueprint, Begin::AsAsked, "own"));
        metrics::gauge!("annals_live_subscribers").increment(1);
        Self {
            hub,
            blueprint,
            stage,
            position: 0,
            _admitted: admitted,
        }
    }

    /// What is to be sent next: at least one frame, or the end. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Turn {
        loop {
            match &mut self.stage {
                Stage::Own(frames) => {
                    let first = frames.next().await;
                    let taken = with_more(first, frames);
                    let Some(last) = taken.last() else {
                        self.stage = Stage::Over(Ended::Completed);
                        continue;
                    };
                    self.position = self.position.max(last.position);
                    self.go_on(Arc::clone(last));
                    return Turn::Frames(taken);
                }
                Stage::Shared(seat) => match seat.next(self.position).await {
                    Taken::Frames(frames) => {
                        if let Some(last) = frames.last() {
                            self.position = last.position;
                            if last.failed.is_some() {
                                self.stage = Stage::Over(Ended::Failed);
                            }
                        }
                        return Turn::Frames(frames);
                    }
                    Taken::Behind => {
                        metrics::counter!("annals_live_lagged_total").increment(1);
                        self.stage = self.own(Begin::Lagged(self.position));
                    }
                    Taken::Over if self.hub.drain().has_begun() => {
                        self.stage = Stage::Over(Ended::Drained);
                    }
                    // It ended for another reader's sake: this one goes on by itself.
                    Taken::Over => self.stage = self.own(Begin::At(self.position)),
                },
                Stage::Over(ended) => return Turn::Over(*ended),
            }
        }
    }

    fn own(&self, begin: Begin) -> Stage {
        Stage::Own(self.hub.execute(&self.blueprint, begin, "own"))
    }

    /// Where it goes on behind the last frame of its own execution.
    fn go_on(&mut self, last: Arc<Frame>) {
        if last.failed.is_some() {
            self.stage = Stage::Over(Ended::Failed);
        } else if last.kind == Kind::Sign(Sign::CaughtUp) {
            self.stage = match self.hub.seat(&self.blueprint, self.position) {
                Some(seat) => {
                    // One blueprint for all is enough.
                    self.blueprint = Arc::clone(&seat.topic().blueprint);
                    Stage::Shared(seat)
                }
                None => self.own(Begin::At(self.position)),
            };
        } else if last.kind == Kind::Sign(Sign::Heartbeat) && self.hub.drain().has_begun() {
            self.stage = Stage::Over(Ended::Drained);
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        metrics::gauge!("annals_live_subscribers").decrement(1);
    }
}

/// A frame with those behind it that are there already, up to what is taken at once.
fn with_more(first: Option<Frame>, frames: &mut BoxStream<'static, Frame>) -> Vec<Arc<Frame>> {
    let Some(first) = first else {
        return Vec::new();
    };
    let mut bytes = first.payload.len();
    let mut taken = vec![Arc::new(first)];
    while taken.len() < FRAMES_AT_ONCE && bytes < BYTES_AT_ONCE {
        let is_last = taken
            .last()
            .is_some_and(|last| last.failed.is_some() || last.kind == Kind::Sign(Sign::CaughtUp));
        if is_last {
            break;
        }
        let Some(Some(frame)) = frames.next().now_or_never() else {
            break;
        };
        bytes += frame.payload.len();
        taken.push(Arc::new(frame));
    }
    taken
}
