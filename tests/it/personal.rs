//! Personal data: sealed in the log, forgotten, held, kept for a time, told to the person.

mod bad;
mod doors;
mod forgotten;
mod ground;
mod rotated;
mod sealed;
