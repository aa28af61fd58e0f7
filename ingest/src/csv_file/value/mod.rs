//! From a field's text to a value: whole and decimal numbers, dates, instants, true and false.

mod kind;
mod number;
mod time;

pub(super) use kind::{Kind, is_currency_code, not_a_number};
pub(super) use number::NumberFormat;
pub(super) use time::TimeFormat;
