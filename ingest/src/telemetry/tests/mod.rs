//! Spans in, runs out.

mod http;
mod tokens;
