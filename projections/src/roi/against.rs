//! What would have come in without agents, by the baseline that holds.

use domain::Money;
use domain::pricing::TooLarge;
use domain::roi::{Basis, Total, expectation};
use domain::roi_baseline::Registered;
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::denials::{ClaimsMeant, initial_denials, judged_at};
use super::journeys::Runs;
use super::outcomes::outcomes;
use super::told::{Positions, money};
use super::{Materials, RoiError, RoiWish};
use crate::metered_usage::Span;
use crate::roi_journey::{Fact, JourneyRow, What};
use domain::claim::Determination;

/// A baseline and what it says of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Against {
    /// The baseline's id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// When it was registered, by the log's clock.
    pub registered_at: Timestamp,
    /// What would have come in without agents: beside the gain of assumed and confirmed outcomes, and beside that of
    /// confirmed ones alone, which differ for a control group only.
    pub expected: Option<Money>,
    /// What confirmed outcomes brought beyond it.
    pub low: Option<Money>,
    /// What confirmed and assumed outcomes brought beyond it.
    pub high: Option<Money>,
    /// The initial denial rate without agents, in per cent.
    pub denial_percent: Option<Decimal>,
    /// Which claims of the report it is to be held against.
    pub denials_of: ClaimsMeant,
    /// Where its registration and the claims' events are that the rate is made of.
    pub denial_positions: Vec<u64>,
    /// Where its registration and the events that it is made of are.
    pub positions: Vec<u64>,
}

/// A baseline that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its id.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// What is to be held against a baseline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gained {
    /// By confirmed outcomes.
    pub(super) low: Decimal,
    /// By confirmed and assumed ones.
    pub(super) high: Decimal,
    /// By all, whether agents had a part in them or not.
    pub(super) all: Decimal,
}

/// The baseline that holds for the report, and those that do not since they were registered too late.
pub(super) fn choose<'m>(
    materials: &'m Materials,
    wish: &RoiWish,
) -> Result<(Option<&'m Registered>, Vec<SetAside>), RoiError> {
    let (report, begin) = (&wish.report, materials.span.from);
    let late = |one: &Registered| {
        let (id, at) = (&one.id, one.at);
        if one.at > begin {
            format!(
                "{id} was registered at {at}, after the report's days began at {begin}: it holds for later ones"
            )
        } else {
            format!("{id} was withdrawn before the report's days began at {begin}")
        }
    };
    if let Some(id) = &report.baseline {
        let known = materials.baselines.iter().find(|one| one.id == *id);
        let known =
            known.ok_or_else(|| RoiError::Unknown(format!("baseline: there is no baseline {id:?}")))?;
        if known.vertical != report.vertical {
            let of = known.vertical.as_ref().map_or_else(
                || "all lines of business together".to_owned(),
                ToString::to_string,
            );
            return Err(RoiError::Baseline(format!(
                "{id} is of {of}: name one of what the report is of"
            )));
        }
        if !known.holds_for(begin) {
            return Err(RoiError::Baseline(late(known)));
        }
        return Ok((Some(known), Vec::new()));
    }
    let mine = || {
        materials
            .baselines
            .iter()
            .filter(|one| one.vertical == report.vertical)
    };
    let aside = mine().filter(|one| one.at > begin).map(|one| SetAside {
        id: one.id.clone(),
        reason: late(one),
    });
    let holding = mine().rfind(|one| one.holds_for(begin));
    Ok((holding, aside.collect()))
}

/// What a baseline says of a report.
pub(super) fn against(
    materials: &Materials,
    wish: &RoiWish,
    (baseline, runs): (&Registered, &Runs<'_>),
    gained: Gained,
) -> Result<Against, RoiError> {
    let currency = wish.report.currency;
    let days = days_of(wish);
    let mut positions = Positions::from([baseline.position]);
    // What would have come in, for the gain of all outcomes, that of confirmed and assumed ones, and that of confirmed ones.
    let denial_percent;
    let mut denials_of = ClaimsMeant::All;
    let mut denial_positions = positions.clone();
    let (low, high, expected) = match &baseline.basis {
        Basis::PastPeriod { first_day, last_day } => {
            let span = materials.past.iter().find(|(id, _)| *id == baseline.id);
            let span = span.map_or(materials.span, |(_, span)| *span);
            let amount = came_in(materials, wish, span, &mut positions);
            let denials = initial_denials(&materials.journeys, span, |_| true);
            denial_percent = denials.percent()?;
            denial_positions.extend(denials.positions());
            let of = i64::from((*last_day - *first_day).get_days()) + 1;
            beyond_all(Total { amount, of }, (gained, days), currency.exponent())?
        }
        Basis::Stated {
            amount,
            days: of,
            denial_percent: percent,
        } => {
            denial_percent = *percent;
            if amount.currency == currency {
                let total = Total {
                    amount: amount.amount,
                    of: i64::from(*of),
                };
                beyond_all(total, (gained, days), currency.exponent())?
            } else {
                (None, None, None)
            }
        }
        Basis::ControlGroup { owners } => {
            let mut control = Total {
                amount: Decimal::ZERO,
                of: 0,
            };
            let mut treated = 0;
            let is_control = |row: &JourneyRow, at: Timestamp| {
                let is_owned = || row.owner.as_ref().is_some_and(|owner| owners.contains(owner));
                runs.before(row, at).is_empty() && (owners.is_empty() || is_owned())
            };
            for row in &materials.journeys {
                let Some((at, position)) = decided(row, materials.span) else {
                    continue;
                };
                if !runs.before(row, at).is_empty() {
                    treated += 1;
                } else if is_control(row, at) {
                    control.of += 1;
                    positions.insert(position);
                    for outcome in outcomes(row) {
                        if within(outcome.at, materials.span) && outcome.value.currency == currency {
                            control.amount = control.amount.saturating_add(outcome.left());
                            positions.extend(&outcome.positions);
                        }
                    }
                }
            }
            denials_of = ClaimsMeant::WorkedOn;
            let span = materials.span;
            let denials = initial_denials(&materials.journeys, span, |row| {
                is_control(row, judged_at(row, span))
            });
            denial_percent = denials.percent()?;
            denial_positions.extend(denials.positions());
            let beyond = |amount| {
                let actual = Total { amount, of: treated };
                expectation(control, actual, currency.exponent())
            };
            let (low, high) = (beyond(gained.low)?, beyond(gained.high)?);
            (
                low.map(|one| one.beyond),
                high.map(|one| one.beyond),
                high.map(|one| one.expected),
            )
        }
    };
    let shown = |amount: Option<Decimal>| amount.map(|amount| money(amount, currency));
    Ok(Against {
        id: baseline.id.clone(),
        name: baseline.name.clone(),
        registered_at: baseline.at,
        expected: shown(expected),
        low: shown(low),
        high: shown(high),
        denial_percent,
        denials_of,
        denial_positions: denial_positions.into_iter().collect(),
        positions: positions.into_iter().collect(),
    })
}

/// What is beyond what was expected, at least and at most, and what was expected.
type Beyond = (Option<Decimal>, Option<Decimal>, Option<Decimal>);

/// What is beyond what all outcomes were expected to bring: never more than what agents had a part in.
fn beyond_all(baseline: Total, (gained, days): (Gained, i64), places: u32) -> Result<Beyond, TooLarge> {
    let actual = Total {
        amount: gained.all,
        of: days,
    };
    let found = expectation(baseline, actual, places)?;
    Ok((
        found.map(|one| one.beyond.min(gained.low)),
        found.map(|one| one.beyond.min(gained.high)),
        found.map(|one| one.expected),
    ))
}

/// How many days a report has.
fn days_of(wish: &RoiWish) -> i64 {
    let days = wish.report.last_day.duration_since(wish.report.first_day);
    days.as_hours() / 24 + 1
}

/// What came in during a span, whether agents had a part in it or not.
fn came_in(materials: &Materials, wish: &RoiWish, span: Span, positions: &mut Positions) -> Decimal {
    let mut amount = Decimal::ZERO;
    for outcome in materials.journeys.iter().flat_map(outcomes) {
        if within(outcome.at, span) && outcome.value.currency == wish.report.currency {
            amount = amount.saturating_add(outcome.left());
            positions.extend(&outcome.positions);
        }
    }
    amount
}

pub(super) fn within(at: Timestamp, span: Span) -> bool {
    at >= span.from && at < span.until
}

/// When an opportunity was closed for good, or a claim decided first, in a span; and where.
fn decided(row: &JourneyRow, span: Span) -> Option<(Timestamp, u64)> {
    let mut found = None;
    for fact in &row.facts {
        match &fact.what {
            What::Won { .. } | What::Lost => found = Some((fact.at, fact.position)),
            What::Reopened => found = None,
            What::Paid { determination, .. } | What::Denied { determination }
                if *determination == Determination::Initial =>
            {
                found = Some((fact.at, fact.position));
            }
            _ => {}
        }
    }
    found.filter(|(at, _)| within(*at, span))
}

/// The payer's first decision on a claim, if it lies in a span.
pub(super) fn first_decisions_of(row: &JourneyRow, span: Span) -> impl Iterator<Item = &Fact> {
    row.facts.iter().filter(move |fact| {
        let (What::Paid { determination, .. } | What::Denied { determination }) = &fact.what else {
            return false;
        };
        *determination == Determination::Initial && within(fact.at, span)
    })
}
