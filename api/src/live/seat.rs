//! A reader's seat at a shared execution.

use std::sync::Arc;

use tokio::sync::watch;

use super::frame::Frame;
use super::topic::{Found, Topic};

/// As many bytes as a reader takes at once: what a slow one holds at most.
const BYTES_AT_ONCE: usize = 8 << 10;

/// One reader at a topic.
pub(super) struct Seat {
    topic: Arc<Topic>,
    pulses: watch::Receiver<u64>,
    /// The number of the frame that comes next.
    number: u64,
}

/// What a reader gets.
pub(super) enum Taken {
    Frames(Vec<Arc<Frame>>),
    /// It was too slow: it has to go back to the table.
    Behind,
    /// The execution is over.
    Over,
}

impl Seat {
    /// A seat for somebody who was told everything up to a position, if what follows is there.
    pub(super) fn take(topic: &Arc<Topic>, position: u64) -> Option<Self> {
        let number = topic.sit_down(position)?;
        Some(Self {
            pulses: topic.pulses(),
            topic: Arc::clone(topic),
            number,
        })
    }

    pub(super) fn topic(&self) -> &Topic {
        &self.topic
    }

    /// The next frames behind a position. Safe to cancel.
    pub(super) async fn next(&mut self, position: u64) -> Taken {
        loop {
            self.pulses.borrow_and_update();
            match self.topic.take(self.number, position, BYTES_AT_ONCE) {
                Found::Forgotten => return Taken::Behind,
                Found::Over => return Taken::Over,
                Found::Frames(frames, number) => {
                    self.number = number;
                    if !frames.is_empty() {
                        return Taken::Frames(frames);
                    }
                }
            }
            let waiting = self.topic.wait();
            // The sender is in the topic, which this seat holds: waiting can't fail.
            drop(self.pulses.changed().await);
            drop(waiting);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.topic.stand_up();
    }
}
