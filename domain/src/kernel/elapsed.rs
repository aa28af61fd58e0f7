//! Business times in their order, and the time between them.

use jiff::Timestamp;

/// Something would end, or follow, before it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time {at} lies before {began_at}, when it began")]
pub struct BeforeBegin {
    /// The business time that was given.
    pub at: Timestamp,
    /// The business time of the beginning.
    pub began_at: Timestamp,
}

/// How long it took from the beginning until `at`, in whole milliseconds; refuses what ends before it began.
pub(crate) fn elapsed_ms(began_at: Timestamp, at: Timestamp) -> Result<u64, BeforeBegin> {
    let nanoseconds = at.as_nanosecond() - began_at.as_nanosecond();
    if nanoseconds < 0 {
        return Err(BeforeBegin { at, began_at });
    }
    // All of jiff's range is 6.3e14 ms, so the conversion cannot fail.
    Ok(u64::try_from(nanoseconds / 1_000_000).unwrap_or(u64::MAX))
}

/// Refuses what would happen before its beginning.
pub(crate) fn not_before(began_at: Timestamp, at: Timestamp) -> Result<(), BeforeBegin> {
    elapsed_ms(began_at, at).map(drop)
}
