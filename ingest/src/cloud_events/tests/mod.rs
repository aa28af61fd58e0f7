//! Requests in, answers and events out.

mod conformance;
mod forms;
mod http;
mod meaning;
