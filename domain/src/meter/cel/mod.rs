//! CEL over exact decimals: the `cel` crate reads an expression, this module checks it and works it out.
//!
//! Reading order: [`Program`] (an expression, ready to run), `lower` (from the parser's tree), `evaluate`, and
//! [`Fields`] (what several programs need of one event, taken out of its payload in one pass). Why the crate's own
//! interpreter is not used: `docs/decisions/0011-cel-over-decimals.md`.

mod evaluate;
mod fields;
mod lower;
mod program;
mod value;

pub(super) use evaluate::{Scope, decimal};
pub(super) use fields::{Fields, Found};
pub(super) use program::{BadExpression, Kind, Program};
pub(super) use value::{Trouble, Value};
