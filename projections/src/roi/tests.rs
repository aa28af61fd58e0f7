//! Worked examples on rows that events made, and what holds for all of them.

mod denials;
mod examples;
mod ground;
mod properties;
