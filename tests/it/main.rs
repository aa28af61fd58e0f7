//! Journeys through the whole house, and the architecture test: one binary, a module a line.

mod architecture;
mod chaos;
mod gateway;
mod log;
mod program;
mod read_models;
mod support;
mod tenancy;
mod tidy;
