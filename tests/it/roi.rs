//! The return on investment through its door: figures worked out by hand, their events, fees, baselines, snapshots.

mod bad_input;
mod frozen;
mod ground;
mod imported;
mod nightly;
mod prices;
mod program;
mod report;
