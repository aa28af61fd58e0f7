//! What is subscribed to.

use crate::kernel::{is_code, text_type};

text_type!(
    /// A plan's code: `starter`, `professional`, `enterprise`, or another of 1 to 40 characters (a-z, 0-9,
    /// `_`, `-`).
    PlanCode,
    |text| is_code(text, 40, b"_-"),
    "a plan's code of 1 to 40 characters (a-z, 0-9, '_', '-')"
);
