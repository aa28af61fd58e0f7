//! A year of the log as a file: taken out, read there, brought back, and never half.

mod asked_again;
mod audited;
mod edge;
mod killed;
mod mounted;
mod proven;
mod tampered;
mod walked;
mod years;
