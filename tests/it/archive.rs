//! A year of the log as a file: taken out, read there, brought back, and never half.

mod edge;
mod killed;
mod tampered;
mod years;
