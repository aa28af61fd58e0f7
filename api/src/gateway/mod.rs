//! The way of a request from a transport to the executor: who asks, which document, within which limits.

mod asked;
mod desk;
mod ready;
mod refusal;

pub(crate) use asked::Asked;
pub(crate) use desk::{Followed, Gateway};
pub(crate) use ready::{Door, Ready, Run};
pub(crate) use refusal::{Refusal, Standing, told};
