//! The senders' own vectors, and what their messages mean.

mod door;
mod orders;
mod vectors;
