//! Numbers as people and programs write them, read exactly or not at all.

use std::borrow::Cow;

use rust_decimal::Decimal;

/// The marks inside a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::csv_file) struct NumberFormat {
    /// Before the fraction: `.` or `,`.
    pub(in crate::csv_file) decimal_mark: char,
    /// Between groups of three digits, if there is one.
    pub(in crate::csv_file) thousands_mark: Option<char>,
}

impl Default for NumberFormat {
    fn default() -> Self {
        Self {
            decimal_mark: '.',
            thousands_mark: None,
        }
    }
}

impl NumberFormat {
    /// A decimal with all its digits; none if it has an exponent, more than 28 digits, or anything else in it.
    pub(in crate::csv_file) fn decimal(self, text: &str) -> Option<Decimal> {
        let (sign, digits) = split_sign(text);
        let (whole, fraction) = match digits.split_once(self.decimal_mark) {
            Some((whole, fraction)) => (self.ungroup(whole)?, fraction),
            None => (self.ungroup(digits)?, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(&whole) || !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        if sign.is_empty() && self.decimal_mark == '.' && self.thousands_mark.is_none() && !whole.is_empty() {
            return Decimal::from_str_exact(digits.trim_end_matches('.')).ok();
        }
        let whole = if whole.is_empty() { "0" } else { &whole };
        let plain = if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        };
        Decimal::from_str_exact(&plain).ok()
    }

    /// A whole number of 64 bits.
    pub(in crate::csv_file) fn integer(self, text: &str) -> Option<i64> {
        let (sign, digits) = split_sign(text);
        let digits = self.ungroup(digits)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        if sign.is_empty() {
            digits.parse().ok()
        } else {
            format!("{sign}{digits}").parse().ok()
        }
    }

    /// Takes the thousands marks out; none if a group between two of them hasn't three digits.
    fn ungroup(self, whole: &str) -> Option<Cow<'_, str>> {
        let Some(mark) = self.thousands_mark.filter(|mark| whole.contains(*mark)) else {
            return Some(Cow::Borrowed(whole));
        };
        let mut groups = whole.split(mark);
        let first = groups.next().filter(|first| (1..=3).contains(&first.len()))?;
        let mut digits = first.to_owned();
        for group in groups {
            if group.len() != 3 {
                return None;
            }
            digits.push_str(group);
        }
        Some(Cow::Owned(digits))
    }
}

/// The sign as Rust writes it (`-` or nothing), and the rest.
fn split_sign(text: &str) -> (&'static str, &str) {
    match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    }
}
