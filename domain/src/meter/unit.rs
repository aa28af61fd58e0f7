//! The units that a meter may count in.

use crate::kernel::Currency;

/// What can be counted or measured, beside the currencies of ISO 4217; an `amount` is one of the currency that its group
/// names.
const UNITS: &[&str] = &[
    "amount",
    "call",
    "claim",
    "conversation",
    "day",
    "deal",
    "document",
    "email",
    "event",
    "gigabyte",
    "gigabyte_day",
    "hour",
    "image",
    "job",
    "lead",
    "member",
    "message",
    "millisecond",
    "minute",
    "page",
    "payment",
    "percent",
    "point",
    "ratio",
    "record",
    "request",
    "row",
    "run",
    "seat",
    "second",
    "sync",
    "token",
    "user",
    "workspace",
];

/// The units that a meter may count in, beside the currencies of ISO 4217.
#[must_use]
pub const fn known_units() -> &'static [&'static str] {
    UNITS
}

/// Whether a meter may count in this unit.
pub(super) fn is_known(unit: &str) -> bool {
    UNITS.contains(&unit) || unit.parse::<Currency>().is_ok()
}
