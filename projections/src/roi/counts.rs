//! Leads, pipeline and claims on which agents worked.

use std::collections::BTreeMap;

use domain::roi::{AttributionModel, portions, weights};
use domain::{ActorKind, MoneyByCurrency};
use rust_decimal::Decimal;

use super::against::{first_decisions_of, within};
use super::denials::{InitialDenials, initial_denials, is_worked_on};
use super::journeys::Runs;
use super::told::{Sum, Tally};
use super::{Materials, RoiError, RoiWish};
use crate::roi_journey::{Fact, JourneyRow, What};

/// Shares of leads are told with so many places.
const PLACES: u32 = 6;

/// How many, beside money that came in.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Leads that were captured.
    pub(super) captured: Tally,
    /// Those of them that an agent captured or worked on.
    pub(super) found: Tally,
    /// Those of these that became business by the end of the days.
    pub(super) converted: Tally,
    /// Expected of open opportunities that agents worked on.
    pub(super) pipeline: Sum,
    /// The same in other currencies.
    pub(super) other_pipeline: MoneyByCurrency,
    /// Claims that agents worked on and that had their first decision, as the meter `claims.processed` counts them.
    pub(super) processed: Tally,
    /// Initial denials of all claims.
    pub(super) denials: InitialDenials,
    /// Initial denials of those on which agents worked.
    pub(super) worked_denials: InitialDenials,
    /// Shares of leads that were qualified and converted in the days, by agent.
    pub(super) leads: BTreeMap<String, LeadShares>,
}

/// An agent's shares of leads.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LeadShares {
    pub(super) qualified: Decimal,
    pub(super) converted: Decimal,
}

/// Counts what agents worked on.
pub(super) fn counts(materials: &Materials, wish: &RoiWish, runs: &Runs<'_>) -> Result<Counts, RoiError> {
    let mut counts = Counts::default();
    for row in &materials.journeys {
        match row.kind.as_str() {
            "lead" => {
                counts.lead(row, materials, runs);
                counts.lead_shares(row, materials, (wish, runs))?;
            }
            "opportunity" => counts.opportunity(row, materials, (wish, runs)),
            _ => {}
        }
    }
    let (journeys, span) = (&materials.journeys, materials.span);
    counts.denials = initial_denials(journeys, span, |_| true);
    counts.worked_denials = initial_denials(journeys, span, |row| is_worked_on(row, span, runs));
    counts.process(materials, runs);
    Ok(counts)
}

impl Counts {
    fn lead(&mut self, row: &JourneyRow, materials: &Materials, runs: &Runs<'_>) {
        let captured = row.facts.iter().find_map(|fact| match fact.what {
            What::Captured { by } if within(fact.at, materials.span) => Some((fact, by)),
            _ => None,
        });
        let Some((fact, by)) = captured else { return };
        self.captured.add([fact.position]);
        let begin = fact.at.checked_sub(runs.window()).unwrap_or(fact.at);
        let worked = runs.between(row, begin, materials.span.until);
        if by != ActorKind::Agent && worked.is_empty() {
            return;
        }
        let behind = worked.iter().flat_map(|run| run.positions.iter().copied());
        self.found.add(behind.chain([fact.position]));
        let is_converted = |fact: &&Fact| fact.what == What::Converted && fact.at < materials.span.until;
        if let Some(conversion) = row.facts.iter().find(is_converted) {
            self.converted.add([fact.position, conversion.position]);
        }
    }

    fn lead_shares(
        &mut self,
        row: &JourneyRow,
        materials: &Materials,
        (wish, runs): (&RoiWish, &Runs<'_>),
    ) -> Result<(), RoiError> {
        let is_given_up = row.facts.iter().any(|fact| fact.what == What::Disqualified);
        for fact in row.facts.iter().filter(|fact| within(fact.at, materials.span)) {
            let is_qualified = fact.what == What::Qualified && !is_given_up;
            if !is_qualified && fact.what != What::Converted {
                continue;
            }
            let worked = runs.before(row, fact.at);
            let touches: Vec<_> = worked.iter().map(|run| run.touch.clone()).collect();
            let model: AttributionModel = wish.report.model;
            let weights = weights(model, &touches, wish.report.half_life_days);
            let parts = portions(Decimal::ONE, &weights, PLACES)?;
            for (run, part) in worked.iter().zip(parts) {
                let own = self.leads.entry(run.agent.to_owned()).or_default();
                if is_qualified {
                    own.qualified += part;
                } else {
                    own.converted += part;
                }
            }
        }
        Ok(())
    }

    fn opportunity(&mut self, row: &JourneyRow, materials: &Materials, (wish, runs): (&RoiWish, &Runs<'_>)) {
        let mut is_open = false;
        let mut opened = None;
        let mut behind = Vec::new();
        for fact in &row.facts {
            match fact.what {
                What::Opened { expected } => {
                    is_open = true;
                    opened = Some((fact.at, expected));
                }
                What::Won { .. } | What::Lost => is_open = false,
                What::Reopened => is_open = true,
                _ => continue,
            }
            behind.push(fact.position);
        }
        let Some((at, Some(expected))) = opened.filter(|(at, _)| is_open && within(*at, materials.span))
        else {
            return;
        };
        let begin = at.checked_sub(runs.window()).unwrap_or(at);
        let worked = runs.between(row, begin, materials.span.until);
        if worked.is_empty() {
            return;
        }
        if expected.currency != wish.report.currency {
            self.other_pipeline.add(expected);
            return;
        }
        behind.extend(worked.iter().flat_map(|run| run.positions.iter().copied()));
        self.pipeline.add(expected.amount, &behind.into_iter().collect());
    }

    /// A claim is processed with its first decision: paid or denied.
    fn process(&mut self, materials: &Materials, runs: &Runs<'_>) {
        for row in materials.journeys.iter().filter(|row| row.kind == "claim") {
            for fact in first_decisions_of(row, materials.span) {
                let worked = runs.before(row, fact.at);
                if !worked.is_empty() {
                    let behind = worked.iter().flat_map(|run| run.positions.iter().copied());
                    self.processed.add(behind.chain([fact.position]));
                }
            }
        }
    }
}
