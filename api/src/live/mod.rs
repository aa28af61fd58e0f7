//! Live: one execution and one serialisation for all who follow the same, and the log's table for who is behind.

mod admission;
mod blueprint;
mod course;
mod drain;
mod frame;
mod hub;
mod playback;
mod ring;
mod seat;
mod source;
mod states;
mod subscriber;
mod topic;

pub(crate) use admission::{Admission, Admitted};
pub(crate) use blueprint::{Blueprint, Key};
#[cfg(test)]
pub(crate) use course::Kind;
pub(crate) use course::{Begin, Course, Sign, Word};
pub use drain::Drain;
pub(crate) use drain::Open;
pub(crate) use frame::Frame;
pub(crate) use hub::Hub;
pub(crate) use playback::{PlaybackWord, Played, playback};
pub(crate) use source::{Wanted, words};
pub(crate) use states::{Broken, States, states};
pub(crate) use subscriber::{Ended, Subscriber, Turn};
