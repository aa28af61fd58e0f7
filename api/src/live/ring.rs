//! The last responses of a shared execution, bounded in number and bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::frame::Frame;

/// Bytes of payload that are kept at most.
const BYTES_AT_MOST: usize = 4 << 20;

/// The last frames, each with its number.
#[derive(Debug)]
pub(super) struct Ring {
    frames: VecDeque<Arc<Frame>>,
    /// The number of the first frame that is kept.
    first: u64,
    /// Who was told everything up to here misses nothing that is not kept.
    floor: u64,
    bytes: usize,
    frames_at_most: usize,
}

impl Ring {
    /// An empty ring of an execution that begins behind a position.
    pub(super) const fn new(floor: u64, frames_at_most: usize) -> Self {
        Self {
            frames: VecDeque::new(),
            first: 0,
            floor,
            bytes: 0,
            frames_at_most,
        }
    }

    pub(super) fn push(&mut self, frame: Arc<Frame>) {
        self.bytes += frame.payload.len();
        self.frames.push_back(frame);
        while self.frames.len() > self.frames_at_most || self.bytes > BYTES_AT_MOST {
            let Some(oldest) = self.frames.pop_front() else {
                return;
            };
            self.bytes -= oldest.payload.len();
            self.first += 1;
            self.floor = self.floor.max(oldest.position);
        }
    }

    /// Forgets all frames from before a position: who wants them goes back to the log.
    pub(super) fn erase_before(&mut self, position: u64) {
        while let Some(oldest) = self.frames.pop_front_if(|frame| frame.position < position) {
            self.bytes -= oldest.payload.len();
            self.first += 1;
            self.floor = self.floor.max(oldest.position);
        }
    }

    /// The number of the next frame that will come.
    pub(super) fn end(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    /// The number at which somebody goes on who was told everything up to a position; `None` when what follows
    /// it is not all here.
    pub(super) fn number_after(&self, position: u64) -> Option<u64> {
        if position < self.floor {
            return None;
        }
        let known = self
            .frames
            .iter()
            .take_while(|frame| !frame.is_news_after(position));
        Some(self.first + known.count() as u64)
    }

    /// The frames from a number on; `None` when some of them are forgotten.
    pub(super) fn from(&self, number: u64) -> Option<impl Iterator<Item = &Arc<Frame>>> {
        let skip = usize::try_from(number.checked_sub(self.first)?).ok()?;
        Some(self.frames.iter().skip(skip))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::course::Kind;
    use super::{Frame, Ring};

    fn frame(position: u64, kind: Kind) -> Arc<Frame> {
        Arc::new(Frame {
            position,
            kind,
            cursor: String::new(),
            payload: "x".repeat(10),
            failed: None,
        })
    }

    #[test]
    fn who_knows_too_little_is_told_so() {
        let mut ring = Ring::new(10, 3);
        assert_eq!((ring.number_after(9), ring.number_after(10)), (None, Some(0)));
        for position in [11, 13, 14, 20] {
            ring.push(frame(position, Kind::Event));
        }
        assert_eq!(ring.number_after(10), None, "11 is forgotten");
        assert_eq!(ring.number_after(11), Some(1));
        assert_eq!(ring.number_after(13), Some(2));
        assert_eq!(ring.number_after(19), Some(3));
        assert_eq!(ring.number_after(25), Some(4), "ahead of all");
        assert!(ring.from(0).is_none());
        let positions: Vec<u64> = ring.from(2).unwrap().map(|frame| frame.position).collect();
        assert_eq!(positions, [14, 20]);
        assert_eq!(ring.end(), 4);
    }

    #[test]
    fn what_is_from_before_an_erasure_is_forgotten() {
        let mut ring = Ring::new(0, 5);
        for position in [3, 5, 8] {
            ring.push(frame(position, Kind::Event));
        }
        ring.erase_before(6);
        assert_eq!(ring.number_after(2), None);
        assert_eq!(ring.number_after(4), None);
        assert!(
            ring.from(1).is_none(),
            "a reader that had a seat there goes back to the log"
        );
        assert_eq!(ring.number_after(5), Some(2));
        assert_eq!((ring.end(), ring.from(2).unwrap().count()), (3, 1));
        // What was under way when it was erased is not kept.
        ring.push(frame(5, Kind::Event));
        ring.erase_before(9);
        assert_eq!(ring.from(ring.end()).unwrap().count(), 0);
    }

    #[test]
    fn a_state_at_a_known_position_is_told() {
        let mut ring = Ring::new(0, 2);
        ring.push(frame(5, Kind::State));
        assert_eq!(ring.number_after(5), Some(0));
        ring.push(frame(6, Kind::State));
        ring.push(frame(7, Kind::State));
        assert_eq!((ring.number_after(5), ring.number_after(6)), (Some(1), Some(1)));
        assert_eq!(ring.number_after(4), None);
    }
}
