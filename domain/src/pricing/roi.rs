//! The arithmetic of return: gain by cost, and parts of a whole.

use super::exact::{Exact, TooLarge};

/// `(gain - cost) / cost`; nothing at zero cost, where there is no return to tell.
///
/// # Errors
/// [`TooLarge`].
pub fn roi(gain: Exact, cost: Exact) -> Result<Option<Exact>, TooLarge> {
    share_of(gain.minus(cost)?, cost)
}

/// A part by its whole, for instance initial denials by submitted claims (HFMA, Claim Integrity Task Force);
/// nothing if the whole is zero.
///
/// # Errors
/// [`TooLarge`].
pub fn share_of(part: Exact, whole: Exact) -> Result<Option<Exact>, TooLarge> {
    if whole.is_zero() {
        return Ok(None);
    }
    part.over(whole).map(Some)
}
