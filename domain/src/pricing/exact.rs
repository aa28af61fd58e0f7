//! An exact number: the fraction that quantities, prices and shares of days are rated with, rounded only once.
//!
//! A decimal can hold neither a third nor 17/31 of a month, and a decimal of 28 digits rounds silently when two
//! long figures are multiplied. A fraction of two 128-bit integers does neither: each step is exact, or it is
//! refused as [`TooLarge`].

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::kernel::InvalidValue;

/// A fraction in lowest terms with a positive denominator. As text it is a decimal where one tells it in full
/// (`12.5`), else the fraction (`50/31`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Exact {
    numerator: i128,
    denominator: i128,
}

/// A figure beyond what can be rated exactly: 38 digits on the way, 28 in a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the figures are too large to be rated exactly: use smaller quantities or fewer decimal places")]
pub struct TooLarge;

const fn greatest_common_divisor(a: u128, b: u128) -> u128 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Exact {
    /// Nothing.
    pub const ZERO: Self = Self::whole(0);
    /// The whole.
    pub const ONE: Self = Self::whole(1);

    /// A whole number.
    #[must_use]
    pub const fn whole(number: i64) -> Self {
        Self {
            numerator: number as i128,
            denominator: 1,
        }
    }

    /// So many parts of so many.
    ///
    /// # Errors
    /// [`TooLarge`] if there are no parts at all.
    pub fn ratio(parts: i64, of: i64) -> Result<Self, TooLarge> {
        Self::reduced(i128::from(parts), i128::from(of))
    }

    fn reduced(numerator: i128, denominator: i128) -> Result<Self, TooLarge> {
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).map_err(|_| TooLarge)?;
        let sign = denominator.signum();
        let reduce = |number: i128| number.checked_div(divisor).and_then(|it| it.checked_mul(sign));
        if denominator == 0 || numerator == i128::MIN {
            return Err(TooLarge);
        }
        Ok(Self {
            numerator: reduce(numerator).ok_or(TooLarge)?,
            denominator: reduce(denominator).ok_or(TooLarge)?,
        })
    }

    /// The sum.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn plus(self, other: Self) -> Result<Self, TooLarge> {
        let common =
            greatest_common_divisor(self.denominator.unsigned_abs(), other.denominator.unsigned_abs());
        let common = i128::try_from(common).map_err(|_| TooLarge)?;
        let factor = other.denominator / common;
        let left = self.numerator.checked_mul(factor).ok_or(TooLarge)?;
        let right = other.numerator.checked_mul(self.denominator / common);
        let numerator = right.and_then(|right| left.checked_add(right)).ok_or(TooLarge)?;
        Self::reduced(numerator, self.denominator.checked_mul(factor).ok_or(TooLarge)?)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn minus(self, other: Self) -> Result<Self, TooLarge> {
        self.plus(other.negated())
    }

    /// The product.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn times(self, other: Self) -> Result<Self, TooLarge> {
        let left = Self::reduced(self.numerator, other.denominator)?;
        let right = Self::reduced(other.numerator, self.denominator)?;
        let numerator = left.numerator.checked_mul(right.numerator).ok_or(TooLarge)?;
        let denominator = left.denominator.checked_mul(right.denominator).ok_or(TooLarge)?;
        Self::reduced(numerator, denominator)
    }

    /// The quotient.
    ///
    /// # Errors
    /// [`TooLarge`], also for a division by zero.
    pub fn over(self, other: Self) -> Result<Self, TooLarge> {
        self.times(Self::reduced(other.denominator, other.numerator)?)
    }

    /// This many per cent of a number: `percent.percent_of(net)`.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn percent_of(self, number: Self) -> Result<Self, TooLarge> {
        self.over(Self::whole(100))?.times(number)
    }

    /// The same with the other sign.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self {
            numerator: -self.numerator,
            ..self
        }
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// The smallest whole number that is not below it.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn ceiling(self) -> Result<Self, TooLarge> {
        let floor = self.numerator.div_euclid(self.denominator);
        let more = i128::from(self.numerator.rem_euclid(self.denominator) != 0);
        Self::reduced(floor.checked_add(more).ok_or(TooLarge)?, 1)
    }

    /// The largest whole number that is not above it.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn floor(self) -> Result<Self, TooLarge> {
        Self::reduced(self.numerator.div_euclid(self.denominator), 1)
    }

    /// Rounded to so many decimal places, half away from zero, with all of them written.
    ///
    /// # Errors
    /// [`TooLarge`] if the result has more than 28 digits.
    pub fn rounded(self, places: u32) -> Result<Decimal, TooLarge> {
        let scale = 10_i128.checked_pow(places).ok_or(TooLarge)?;
        let quotient = self.numerator / self.denominator;
        let scaled = (self.numerator % self.denominator)
            .checked_mul(scale)
            .ok_or(TooLarge)?;
        let rest = (scaled % self.denominator).unsigned_abs();
        let half = rest >= self.denominator.unsigned_abs() - rest;
        let away = if half { self.numerator.signum() } else { 0 };
        quotient
            .checked_mul(scale)
            .and_then(|whole| whole.checked_add(scaled / self.denominator))
            .and_then(|truncated| truncated.checked_add(away))
            .and_then(|mantissa| Decimal::try_from_i128_with_scale(mantissa, places).ok())
            .ok_or(TooLarge)
    }

    /// The decimal that tells it in full, if there is one of at most 28 digits.
    #[must_use]
    pub fn to_decimal(self) -> Option<Decimal> {
        (0..=28)
            .find(|places| 10_i128.pow(*places) % self.denominator == 0)
            .and_then(|places| self.rounded(places).ok())
    }
}

impl From<Decimal> for Exact {
    fn from(decimal: Decimal) -> Self {
        let exact = Self::reduced(decimal.mantissa(), 10_i128.pow(decimal.scale()));
        exact.expect("a decimal's 96 bits and 28 places fit into 128 bits")
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    /// Compares whole parts, then the rests turned upside down: Euclid's way, which cannot overflow.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b, mut turned) = (*self, *other, false);
        loop {
            let whole = |it: &Self| it.numerator.div_euclid(it.denominator);
            let rest = |it: &Self| it.numerator.rem_euclid(it.denominator);
            let upside_down = |it: &Self| Self {
                numerator: it.denominator,
                denominator: rest(it),
            };
            let order = match whole(&a).cmp(&whole(&b)) {
                Ordering::Equal => match (rest(&a) == 0, rest(&b) == 0) {
                    (false, false) => {
                        (a, b, turned) = (upside_down(&a), upside_down(&b), !turned);
                        continue;
                    }
                    (a_is_whole, b_is_whole) => b_is_whole.cmp(&a_is_whole),
                },
                order => order,
            };
            return if turned { order.reverse() } else { order };
        }
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_decimal() {
            Some(decimal) => decimal.normalize().fmt(f),
            None => write!(f, "{}/{}", self.numerator, self.denominator),
        }
    }
}

impl fmt::Debug for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Exact {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || InvalidValue::new(text, "a decimal (12.5) or a fraction (50/31)");
        match text.split_once('/') {
            None => Decimal::from_str_exact(text)
                .map(Self::from)
                .map_err(|_| invalid()),
            Some((above, below)) => {
                let whole = |part: &str| part.parse().map_err(|_| invalid());
                Self::reduced(whole(above)?, whole(below)?).map_err(|_| invalid())
            }
        }
    }
}

impl TryFrom<String> for Exact {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Exact> for String {
    fn from(exact: Exact) -> Self {
        exact.to_string()
    }
}
