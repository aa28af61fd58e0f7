//! Journeys through the whole house, and the architecture test: one binary, a module a line.

#![expect(clippy::unwrap_used, reason = "a test that finds no value has failed")]

mod architecture;
mod archive;
mod audit_bounds;
mod audit_context;
mod audit_export;
mod audit_filters;
mod audit_pages;
mod audit_search;
mod billing;
mod chaos;
mod clients;
mod cqrs_framework;
mod export;
mod failover;
mod gateway;
mod kafka;
mod live_killed;
mod live_program;
mod log;
mod metering;
mod operated;
mod past;
mod personal;
mod platform;
mod program;
mod properties;
mod public_events;
mod read_by_operators;
mod read_model_commands;
mod read_models;
mod reading;
mod replay;
mod roi;
mod saved_filters;
mod seals;
mod slow_client;
mod support;
mod tenancy;
mod tidy;
mod versions;
mod webhooks_in;
mod webhooks_out;
