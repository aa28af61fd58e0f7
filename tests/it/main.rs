//! Journeys through the whole house, and the architecture test: one binary, a module a line.

mod architecture;
mod chaos;
mod log;
mod read_models;
mod support;
mod tidy;
