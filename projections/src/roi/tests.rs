//! Worked examples on rows that events made, and what holds for all of them.

mod examples;
mod ground;
mod properties;
