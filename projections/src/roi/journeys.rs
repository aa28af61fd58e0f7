//! Which runs worked on what.

use std::collections::BTreeMap;

use domain::agent_run::RunResult;
use domain::roi::Touch;
use jiff::{SignedDuration, Timestamp};

use crate::roi_journey::{JourneyRow, What};

/// How sure it is that a run brought something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It reached its goal, and that was confirmed.
    Confirmed,
    /// Nobody said otherwise: assumed, handed to a person, or not over yet.
    Assumed,
}

/// A run that may have brought something about.
#[derive(Clone, Debug)]
pub(super) struct Run<'a> {
    pub(super) touch: Touch,
    pub(super) agent: &'a str,
    pub(super) standing: Standing,
    /// Where its begin and its end are.
    pub(super) positions: Vec<u64>,
}

/// The runs on each lead, opportunity and claim.
#[derive(Debug, Default)]
pub(super) struct Runs<'a> {
    on: BTreeMap<&'static str, BTreeMap<&'a str, Vec<Run<'a>>>>,
    window: SignedDuration,
}

/// A run; `None` when it broke or was abandoned, so that nothing is credited to it.
fn run_of(row: &JourneyRow) -> Option<Run<'_>> {
    let mut at = None;
    let mut standing = Some(Standing::Assumed);
    for fact in &row.facts {
        match &fact.what {
            What::Started => at = Some(fact.at),
            What::Completed { result } => {
                standing = match result {
                    RunResult::Resolved => Some(Standing::Confirmed),
                    RunResult::Assumed | RunResult::Escalated => Some(Standing::Assumed),
                    RunResult::Abandoned => None,
                }
            }
            What::Broken => standing = None,
            _ => {}
        }
    }
    Some(Run {
        touch: Touch {
            at: at?,
            run: row.id.clone(),
        },
        agent: row.agent.as_deref()?,
        standing: standing?,
        positions: row.facts.iter().map(|fact| fact.position).collect(),
    })
}

impl<'a> Runs<'a> {
    pub(super) fn of(journeys: &'a [JourneyRow], window_days: u32) -> Self {
        let mut on: BTreeMap<&'static str, BTreeMap<&'a str, Vec<Run<'a>>>> = BTreeMap::new();
        for row in journeys.iter().filter(|row| row.kind == "agent_run") {
            let Some(run) = run_of(row) else { continue };
            let subjects = [
                ("lead", &row.lead),
                ("opportunity", &row.opportunity),
                ("claim", &row.claim),
            ];
            for (kind, id) in subjects {
                if let Some(id) = id {
                    let of_kind = on.entry(kind).or_default();
                    of_kind.entry(id.as_str()).or_default().push(run.clone());
                }
            }
        }
        Self {
            on,
            window: SignedDuration::from_hours(24 * i64::from(window_days)),
        }
    }

    /// The runs on a lead, an opportunity (or its lead) or a claim that began in the window before a moment, that one
    /// included; each once, in their order.
    pub(super) fn before(&self, row: &JourneyRow, moment: Timestamp) -> Vec<&Run<'a>> {
        let begin = moment.checked_sub(self.window).unwrap_or(Timestamp::MIN);
        self.between(row, begin, moment)
    }

    /// The same of runs that began between two moments, both included.
    pub(super) fn between(&self, row: &JourneyRow, begin: Timestamp, end: Timestamp) -> Vec<&Run<'a>> {
        let own = match row.kind.as_str() {
            "lead" => "lead",
            "opportunity" => "opportunity",
            _ => "claim",
        };
        let lead = row.lead.as_deref().filter(|_| own == "opportunity");
        let keys = [Some((own, row.id.as_str())), lead.map(|lead| ("lead", lead))];
        let mut found: Vec<&Run<'a>> = keys
            .iter()
            .flatten()
            .filter_map(|(kind, id)| self.on.get(kind)?.get::<str>(id))
            .flatten()
            .filter(|run| run.touch.at >= begin && run.touch.at <= end)
            .collect();
        found.sort_by(|a, b| a.touch.cmp(&b.touch));
        found.dedup_by(|a, b| a.touch == b.touch);
        found
    }

    /// How far back runs are looked for.
    pub(super) const fn window(&self) -> SignedDuration {
        self.window
    }
}
