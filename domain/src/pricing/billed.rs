//! What was billed of a period so far, and what the period as it is known now adds to it.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::exact::{Exact, TooLarge};
use super::line::{LineKind, RatedLine, rounded};
use crate::kernel::Money;

/// What makes two lines of a period the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineKey {
    /// The code of the fee or charge.
    pub code: String,
    /// What the line was for when it was billed first.
    pub kind: LineKind,
    /// The first of its days.
    pub first_day: Option<Date>,
}

/// A line as all of it was billed so far.
#[derive(Clone, Debug)]
pub struct BilledLine<B> {
    /// What makes it the same line.
    pub key: LineKey,
    /// What was billed of it, corrections included.
    pub line: RatedLine,
    /// By which bill, the last one.
    pub by: B,
}

/// A line that a bill adds to what was billed of a period.
#[derive(Clone, Debug)]
pub struct Added<'b, B> {
    /// The line: all of it, or what it is more or less than before.
    pub line: RatedLine,
    /// The line that it corrects; none when nothing was billed of it.
    pub before: Option<&'b BilledLine<B>>,
}

/// What credit notes gave back of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenBack {
    /// Which line.
    pub key: LineKey,
    /// How much of it, before coupons.
    pub amount: Decimal,
    /// The same less coupons, without taxes.
    pub net: Decimal,
}

impl GivenBack {
    /// What a credit note gives back of an invoice's lines, each with its key: of one of them, or of all that are above zero,
    /// by their shares.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn of_note(lines: &[(LineKey, Money)], amount: Money, net: Money) -> Result<Vec<Self>, TooLarge> {
        let above_zero = || lines.iter().filter(|(_, billed)| billed.amount > Decimal::ZERO);
        let all: Decimal = above_zero().map(|(_, billed)| billed.amount).sum();
        let (mut so_far, mut before) = (Decimal::ZERO, (Decimal::ZERO, Decimal::ZERO));
        let mut parts = Vec::new();
        for (key, billed) in above_zero() {
            so_far += billed.amount;
            // All up to this line less all before it: the parts add up, to the cent.
            let upto = |whole: Money| -> Result<Decimal, TooLarge> {
                let part = Exact::from(whole.amount).times(so_far.into())?.over(all.into())?;
                Ok(rounded(part, whole.currency)?.amount)
            };
            let upto = (upto(amount)?, upto(net)?);
            parts.push(Self {
                key: key.clone(),
                amount: upto.0 - before.0,
                net: upto.1 - before.1,
            });
            before = upto;
        }
        Ok(parts)
    }
}

impl LineKey {
    /// The key of a line that was billed first as one of a kind.
    #[must_use]
    pub fn of(kind: LineKind, line: &RatedLine) -> Self {
        Self {
            code: line.code.clone(),
            kind,
            first_day: line.days.map(|days| days.from),
        }
    }
}

impl<B> BilledLine<B> {
    /// Takes in a line of a bill: a line of its own, or, for a correction, a part of the one that it corrects.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn note(lines: &mut Vec<Self>, kind: LineKind, line: &RatedLine, by: B) -> Result<(), TooLarge> {
        let key = LineKey::of(kind, line);
        match lines.iter_mut().find(|known| known.key == key) {
            Some(known) => {
                known.line = known.line.with(line)?;
                known.by = by;
            }
            None => lines.push(Self {
                key,
                line: line.clone(),
                by,
            }),
        }
        Ok(())
    }
}

/// What rated lines add to what was billed of their period: all of a line that is new, the difference of one that is not as
/// it was, and the other side of one that is billed no more.
///
/// # Errors
/// [`TooLarge`].
pub fn added<B>(rated: Vec<RatedLine>, billed: &[BilledLine<B>]) -> Result<Vec<Added<'_, B>>, TooLarge> {
    let mut lines = Vec::new();
    let mut gone: Vec<&BilledLine<B>> = billed.iter().collect();
    for line in put_together(rated)? {
        let key = LineKey::of(line.kind, &line);
        let Some(index) = gone.iter().position(|known| known.key == key) else {
            lines.push(Added { line, before: None });
            continue;
        };
        let before = gone.remove(index);
        let difference = line.since(&before.line)?;
        if !difference.amount.amount.is_zero() {
            lines.push(Added {
                line: difference,
                before: Some(before),
            });
        }
    }
    for before in gone {
        if !before.line.amount.amount.is_zero() {
            lines.push(Added {
                line: before.line.nothing().since(&before.line)?,
                before: Some(before),
            });
        }
    }
    Ok(lines)
}

/// Lines of one key as one: fees of plans that follow each other while both are on trial begin on the same day.
fn put_together(rated: Vec<RatedLine>) -> Result<Vec<RatedLine>, TooLarge> {
    let mut lines: Vec<RatedLine> = Vec::new();
    for line in rated {
        let key = LineKey::of(line.kind, &line);
        match lines
            .iter_mut()
            .find(|known| LineKey::of(known.kind, known) == key)
        {
            Some(known) => {
                let days = [known.days, line.days].into_iter().flatten();
                let days = days.max_by_key(|days| days.until);
                *known = RatedLine {
                    days,
                    ..known.with(&line)?
                };
            }
            None => lines.push(line),
        }
    }
    Ok(lines)
}
