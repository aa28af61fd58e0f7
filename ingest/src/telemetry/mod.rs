//! Agents' telemetry: OTLP spans with the semantic conventions for generative AI, as agents' runs.
//!
//! `POST /v1/traces` takes what any OpenTelemetry exporter sends (OTLP/HTTP, protobuf or JSON). A trace is a run:
//! its spans of operations of models and tools are what the run did, its outermost `invoke_agent` span is its end.
//! Reading order: `attributes` (what a span says), `tokens` (each counted once, whoever counted them), `meaning`
//! (what a span stands for), `taking` (runs), `http`.

mod attributes;
mod http;
mod meaning;
mod taking;
#[cfg(test)]
mod tests;
mod tokens;

pub use http::{Options, router};
