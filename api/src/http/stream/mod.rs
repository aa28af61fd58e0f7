//! Answers that go on: graphql-sse and multipart subscriptions. The client's pace is the stream's.

mod beat;
mod multipart;
mod sse;

pub(super) use beat::{Reader, beats};
pub(super) use multipart::multipart;
pub(super) use sse::{event, events};
