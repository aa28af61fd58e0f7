//! The initial denial rate: claims denied by the payer's first decision, by claims submitted, both in the same days (HFMA, Claim
//! Integrity Task Force, KPI 1), as the bundled ratio `claims.initial_denial_rate` tells it.

use domain::claim::Determination;
use domain::pricing::{Exact, TooLarge, share_of};
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::against::within;
use super::journeys::Runs;
use super::told::Tally;
use crate::metered_usage::Span;
use crate::roi_journey::{JourneyRow, What};

/// The rate is told in per cent, with so many places.
const PLACES: u32 = 2;

/// Which claims of a report are held against a baseline: as many as the baseline's rate is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClaimsMeant {
    /// All: a past period and a stated figure are of all, too.
    #[default]
    All,
    /// Those on which agents worked: a control group is of those on which none did.
    WorkedOn,
}

/// Claims that were submitted, and those that the payer's first decision denied.
#[derive(Debug, Default)]
pub(super) struct InitialDenials {
    pub(super) submitted: Tally,
    pub(super) denied: Tally,
}

impl InitialDenials {
    /// The initial denial rate, in per cent; none when no claim was submitted.
    pub(super) fn percent(&self) -> Result<Option<Decimal>, TooLarge> {
        let exact = |tally: &Tally| Exact::from(Decimal::from(tally.count));
        let share = share_of(exact(&self.denied), exact(&self.submitted))?;
        let percent = |share: Exact| share.times(Exact::whole(100))?.rounded(PLACES);
        Ok(share.map(percent).transpose()?.map(|percent| percent.normalize()))
    }

    /// Where all events are that it is made of.
    pub(super) fn positions(&self) -> impl Iterator<Item = u64> {
        self.submitted.positions.union(&self.denied.positions).copied()
    }
}

/// What was submitted and what was denied first in a span, of the claims that are meant.
pub(super) fn initial_denials(
    journeys: &[JourneyRow],
    span: Span,
    is_meant: impl Fn(&JourneyRow) -> bool,
) -> InitialDenials {
    let mut found = InitialDenials::default();
    for row in journeys.iter().filter(|row| row.kind == "claim" && is_meant(row)) {
        for fact in row.facts.iter().filter(|fact| within(fact.at, span)) {
            match fact.what {
                What::Submitted => found.submitted.add([fact.position]),
                What::Denied {
                    determination: Determination::Initial,
                } => found.denied.add([fact.position]),
                _ => {}
            }
        }
    }
    found
}

/// By when an agent had worked on a claim or had not: its first decision, or the span's end while there is none.
pub(super) fn judged_at(row: &JourneyRow, span: Span) -> Timestamp {
    let first = row.facts.iter().find(|fact| {
        matches!(
            fact.what,
            What::Paid {
                determination: Determination::Initial,
                ..
            } | What::Denied {
                determination: Determination::Initial
            }
        )
    });
    first.map_or(span.until, |fact| fact.at.min(span.until))
}

/// Whether an agent worked on a claim before it was decided first, or before the span's end.
pub(super) fn is_worked_on(row: &JourneyRow, span: Span, runs: &Runs<'_>) -> bool {
    !runs.before(row, judged_at(row, span)).is_empty()
}
