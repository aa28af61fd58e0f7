//! Requests in, answers and events out.

mod forms;
mod http;
mod meaning;
