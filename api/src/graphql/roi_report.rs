//! A report of a return as GraphQL tells it: each figure can be opened down to its events.

use std::sync::Arc;

use async_graphql::{Enum, Result, SimpleObject};
use domain::TenantId;
use domain::roi::{Figure, Value};
use projections::FigureEvents;
use projections::roi::{Against, AgentPart, Behind, Fee, FeeState, RoiReport, SentencePart, Told};

use super::kit::{Cursor, Date, DateTime, Decimal, Long, Money};
use super::roi::{RoiAttribution, RoiState};
use super::roi_figure::RoiFigure;

/// What agents brought in, what they cost, and the return of it.
#[derive(Clone, SimpleObject)]
pub(crate) struct Roi {
    /// The line of business; null: all together.
    vertical: Option<String>,
    /// The first day.
    #[graphql(name = "from")]
    first_day: Date,
    /// The last day.
    #[graphql(name = "to")]
    last_day: Date,
    /// The currency of its amounts.
    currency: String,
    /// How outcomes are shared out.
    model: RoiAttribution,
    /// How many days before an outcome a run may have begun.
    window_days: u32,
    /// The half-life of time decay, in days.
    half_life_days: u32,
    /// After how many days an outcome is settled.
    settling_days: u32,
    /// How sure the outcomes are.
    state: RoiState,
    /// Up to where events were counted.
    cursor: Cursor,
    /// What came in.
    gain: RoiGain,
    /// What open opportunities that agents worked on may bring. It is no part of the gain.
    pipeline: RoiFigure,
    /// What it cost.
    cost: RoiCost,
    /// `(gain - cost) / cost`: of what is beyond the baseline, if one holds, else of the gain.
    #[graphql(name = "return")]
    ratio: RoiRange,
    /// The same without a baseline.
    return_before_baseline: RoiRange,
    /// The baseline that it is held against; null when none was registered before the days began.
    baseline: Option<RoiAgainst>,
    /// Baselines that were registered after the days began, and so do not count.
    baselines_set_aside: Vec<RoiSetAside>,
    /// By agent, in the order of their names.
    agents: Vec<RoiAgent>,
    /// Amounts in other currencies.
    not_converted: Vec<RoiNotConverted>,
    /// Why there is no return: costs that nobody can tell. Empty when all is known.
    missing: Vec<String>,
    /// The same in words.
    sentences: Vec<RoiSentence>,
    /// All figures by their names, as snapshots freeze them.
    figures: Vec<RoiFigure>,
}

/// What came in through runs of agents.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiGain {
    /// The parts of runs whose results were confirmed: the low end.
    confirmed: RoiFigure,
    /// The parts of runs of which nobody said otherwise.
    assumed: RoiFigure,
    /// Both together: the high end.
    high: RoiFigure,
    /// What of both is settled.
    settled: RoiFigure,
    /// What of both may be taken back still.
    preliminary: RoiFigure,
    /// What came in and was taken back, whether agents had a part in it or not. It is in no other figure.
    reversed: RoiFigure,
    /// What came in without a run in the window. It is no part of the gain.
    unattributed: RoiFigure,
}

/// What it cost.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiCost {
    /// What models cost: as recorded with their calls, else by the price book.
    ai: RoiFigure,
    /// What the platform costs, without taxes.
    fee: RoiFigure,
    /// Both together.
    total: RoiFigure,
    /// Calls of models that nobody priced. While there are any, there is no return.
    unpriced_calls: RoiFigure,
    /// The same by model.
    unpriced_models: Vec<RoiUnpriced>,
    /// The fee by subscription and billing period.
    fees: Vec<RoiFee>,
}

/// Calls of a model that nobody priced.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiUnpriced {
    /// Who runs the model.
    provider: String,
    /// The model.
    model: String,
    /// How many calls.
    calls: Long,
}

/// How sure a fee is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum RoiFeeState {
    /// It was issued: what the invoices come to without taxes, less credit notes.
    Issued,
    /// It is not issued yet: the running total without taxes.
    Preview,
    /// It can't be rated.
    Unknown,
}

/// What the platform costs in a billing period of a subscription.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiFee {
    /// The subscription's id inside the tenant.
    subscription: String,
    /// The billing period's first day.
    first_day: Date,
    /// The billing period's last day.
    last_day: Date,
    /// How sure it is.
    state: RoiFeeState,
    /// The numbers of the invoices that were issued for it.
    invoices: Vec<String>,
    /// What the billing period comes to; null when it can't be rated.
    net: Option<Money>,
    /// What of it counts: all of it, or the share of its days that are among the report's.
    counted: Option<Money>,
    /// Why it can't be rated.
    problem: Option<String>,
}

/// The low and the high end.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiRange {
    /// Of confirmed outcomes alone; null at zero cost.
    low: RoiFigure,
    /// Of confirmed and assumed outcomes; null at zero cost.
    high: RoiFigure,
}

/// What a baseline says.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiAgainst {
    /// The baseline's id inside the tenant.
    local_id: String,
    /// What it is called.
    name: String,
    /// When it was registered, by the log's clock.
    registered_at: DateTime,
    /// What would have come in without agents.
    expected: RoiFigure,
    /// What came in beyond it.
    incremental: RoiRange,
    /// The initial denial rate without agents, in per cent: claims denied first, by claims submitted.
    denial_percent: Option<Decimal>,
}

/// A baseline that does not count.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiSetAside {
    /// The baseline's id inside the tenant.
    local_id: String,
    /// Why it does not count.
    reason: String,
}

/// An agent's part.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiAgent {
    /// The agent's id inside the tenant, as runs name it.
    agent: String,
    /// Its parts by runs that were confirmed.
    confirmed: Money,
    /// Its parts by runs of which nobody said otherwise.
    assumed: Money,
    /// In how many outcomes that brought money it has a part.
    outcomes: Long,
    /// Its parts of leads that were qualified: each lead is one.
    leads_qualified: Decimal,
    /// Its parts of leads that were converted: each lead is one.
    leads_converted: Decimal,
    /// What its calls of models cost, rounded for itself.
    ai_cost: Money,
}

/// An amount in another currency.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiNotConverted {
    /// Of which figure it would be a part.
    figure: String,
    /// The amount.
    amount: Money,
}

/// A sentence for people.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiSentence {
    /// What it is about: "leads" or "claims".
    about: String,
    /// All of it.
    text: String,
    /// Its parts, which make the sentence one after the other.
    parts: Vec<RoiSentencePart>,
}

/// A part of a sentence.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiSentencePart {
    /// What is read.
    text: String,
    /// The number that it says; null for words.
    number: Option<RoiFigure>,
}

/// How figures of a report become answers.
struct Telling<'r>(&'r RoiReport);

impl Telling<'_> {
    fn proof(&self, behind: Behind) -> Arc<FigureEvents> {
        Arc::new(proof_of(self.0, behind))
    }

    fn told(&self, told: &Told) -> RoiFigure {
        let (name, value) = (told.figure.name.clone(), told.figure.value);
        RoiFigure::new(name, value, self.proof(told.behind.clone()))
    }

    fn figure(&self, name: &str) -> RoiFigure {
        let nothing = || Told {
            figure: Figure {
                name: name.to_owned(),
                value: Value::None,
            },
            behind: Behind::Events(Vec::new()),
        };
        self.told(&self.0.figure(name).cloned().unwrap_or_else(nothing))
    }

    fn range(&self, name: &str) -> RoiRange {
        RoiRange {
            low: self.figure(&format!("{name}.low")),
            high: self.figure(&format!("{name}.high")),
        }
    }

    fn against(&self, against: &Against) -> RoiAgainst {
        RoiAgainst {
            local_id: against.id.clone(),
            name: against.name.clone(),
            registered_at: against.registered_at.into(),
            expected: self.figure("baseline.expected"),
            incremental: self.range("incremental"),
            denial_percent: against.denial_percent.map(Into::into),
        }
    }

    fn part(&self, part: &SentencePart) -> RoiSentencePart {
        RoiSentencePart {
            text: part.text.clone(),
            number: part.told.as_ref().map(|told| self.told(told)),
        }
    }
}

/// How the events behind a figure of a report are found.
pub(super) fn proof_of(report: &RoiReport, behind: Behind) -> FigureEvents {
    FigureEvents {
        behind,
        vertical: report.report.vertical.clone(),
        span: report.span,
        upto: report.position,
    }
}

impl From<&Fee> for RoiFee {
    fn from(fee: &Fee) -> Self {
        let (state, invoices, problem) = match &fee.state {
            FeeState::Issued(invoices) => (RoiFeeState::Issued, invoices.clone(), None),
            FeeState::Preview => (RoiFeeState::Preview, Vec::new(), None),
            FeeState::Unknown(reason) => (RoiFeeState::Unknown, Vec::new(), Some(reason.clone())),
        };
        let amount = |amount| fee.currency.map(|currency| Money::of(amount, currency.code()));
        Self {
            subscription: fee.subscription.clone(),
            first_day: fee.first_day.into(),
            last_day: fee.last_day.into(),
            state,
            invoices,
            net: amount(fee.net),
            counted: amount(fee.counted),
            problem,
        }
    }
}

impl From<&AgentPart> for RoiAgent {
    fn from(part: &AgentPart) -> Self {
        Self {
            agent: part.agent.clone(),
            confirmed: part.confirmed.into(),
            assumed: part.assumed.into(),
            outcomes: i64::try_from(part.outcomes).unwrap_or(i64::MAX).into(),
            leads_qualified: part.leads_qualified.into(),
            leads_converted: part.leads_converted.into(),
            ai_cost: part.ai_cost.into(),
        }
    }
}

impl Roi {
    /// The report of a tenant.
    pub(super) fn of(tenant: TenantId, told: RoiReport) -> Result<Self> {
        let telling = Telling(&told);
        let report = &told.report;
        let unpriced = told.unpriced.iter().map(|one| RoiUnpriced {
            provider: one.provider.clone(),
            model: one.model.clone(),
            calls: i64::try_from(one.calls).unwrap_or(i64::MAX).into(),
        });
        let aside = told.set_aside.iter().map(|one| RoiSetAside {
            local_id: one.id.clone(),
            reason: one.reason.clone(),
        });
        let not_converted = told.not_converted.iter().map(|(figure, amount)| RoiNotConverted {
            figure: figure.clone(),
            amount: (*amount).into(),
        });
        let sentences = told.sentences.iter().map(|sentence| RoiSentence {
            about: sentence.about.clone(),
            text: sentence.text(),
            parts: sentence.parts.iter().map(|part| telling.part(part)).collect(),
        });
        Ok(Self {
            vertical: report.vertical.as_ref().map(ToString::to_string),
            first_day: report.first_day.into(),
            last_day: report.last_day.into(),
            currency: report.currency.to_string(),
            model: report.model.into(),
            window_days: report.window_days,
            half_life_days: report.half_life_days,
            settling_days: report.settling_days,
            state: told.state.into(),
            cursor: Cursor::at(tenant, told.position),
            gain: RoiGain {
                confirmed: telling.figure("gain.confirmed"),
                assumed: telling.figure("gain.assumed"),
                high: telling.figure("gain.high"),
                settled: telling.figure("gain.settled"),
                preliminary: telling.figure("gain.preliminary"),
                reversed: telling.figure("gain.reversed"),
                unattributed: telling.figure("gain.unattributed"),
            },
            pipeline: telling.figure("pipeline"),
            cost: RoiCost {
                ai: telling.figure("cost.ai"),
                fee: telling.figure("cost.fee"),
                total: telling.figure("cost.total"),
                unpriced_calls: telling.figure("cost.unpriced_calls"),
                unpriced_models: unpriced.collect(),
                fees: told.fees.iter().map(Into::into).collect(),
            },
            ratio: telling.range("return"),
            return_before_baseline: telling.range("return.before_baseline"),
            baseline: told.against.as_ref().map(|against| telling.against(against)),
            baselines_set_aside: aside.collect(),
            agents: told.agents.iter().map(Into::into).collect(),
            not_converted: not_converted.collect(),
            missing: told.missing.clone(),
            sentences: sentences.collect(),
            figures: told.told.iter().map(|one| telling.told(one)).collect(),
        })
    }
}
