//! A line of business in which results are counted.

use super::{is_code, text_type};

text_type!(
    /// A vertical's code: `sales`, `claims`, or another of 1 to 40 characters (a-z, 0-9, `_`).
    Vertical,
    |text| is_code(text, 40, b"_"),
    "a vertical's code of 1 to 40 characters (a-z, 0-9, '_')"
);
