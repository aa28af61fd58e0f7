//! A strict scanner of CSV records (RFC 4180): it accepts no broken quote, and bounds a record's size.
//!
//! The csv crate takes `12" pipe` and `"a"b` without a word and reads an unclosed quote to the end of the
//! file. Here each is one broken record, and reading goes on in the line after the one that broke: a stray
//! quote costs its own line, not the lines up to the next quote.

mod scanner;
mod step;

pub(super) use scanner::{Broken, RECORD_LIMIT_BYTES, Scanner};
pub(super) use step::{Fault, Record};
