//! The senders' own vectors, and what their messages mean.

mod door;
mod lives;
mod orders;
mod vectors;
