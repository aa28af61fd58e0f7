//! What happened in a vertical becomes the figures of its month.

use std::collections::BTreeMap;

use domain::{
    Event, MoneyByCurrency, RecordedEvent, TenantId, Vertical, agent_run, claim, lead, opportunity,
};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, ReadModel, RowKey, Rows, Unfoldable, count};

/// What it earned.
#[derive(Debug)]
pub struct RoiSummary;

/// The figures of a vertical in a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the figures")]
pub struct Month {
    pub tenant_id: TenantId,
    pub vertical: Vertical,
    /// The first day of the month, in the tenant's zone.
    pub month: Date,
    pub leads_captured: i64,
    pub leads_contacted: i64,
    pub leads_qualified: i64,
    pub leads_converted: i64,
    pub leads_disqualified: i64,
    /// The sum of the times from capture to the first contact, in milliseconds.
    pub first_response_ms: Decimal,
    pub opportunities_opened: i64,
    pub opportunities_won: i64,
    pub opportunities_lost: i64,
    pub won_value: MoneyByCurrency,
    /// Opportunities opened in this month that are still open, by stage.
    pub open_by_stage: BTreeMap<String, i64>,
    pub claims_submitted: i64,
    pub claims_adjudicated: i64,
    pub claims_denied: i64,
    pub claims_denied_initially: i64,
    pub claims_appealed: i64,
    pub claims_recovered: i64,
    pub billed: MoneyByCurrency,
    pub paid: MoneyByCurrency,
    pub recovered: MoneyByCurrency,
    pub runs_started: i64,
    pub runs_completed: i64,
    pub runs_failed: i64,
    pub runs_canceled: i64,
    pub runs_resolved: i64,
    pub runs_assumed: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub ai_cost: MoneyByCurrency,
}

/// The key of a vertical's month.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MonthKey {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The vertical.
    pub vertical: Vertical,
    /// The first day of the month, in the tenant's zone.
    pub month: Date,
}

/// The vertical of an event, and when the opportunity was opened that it changes.
fn subject(event: &Event) -> Option<(&Vertical, Option<Timestamp>)> {
    match event {
        Event::Lead(
            lead::Event::Captured { vertical, .. }
            | lead::Event::Qualified { vertical, .. }
            | lead::Event::Contacted { vertical, .. }
            | lead::Event::Converted { vertical, .. }
            | lead::Event::Disqualified { vertical, .. },
        ) => Some((vertical, None)),
        Event::Opportunity(
            opportunity::Event::Opened {
                vertical, opened_at, ..
            }
            | opportunity::Event::StageChanged {
                vertical, opened_at, ..
            }
            | opportunity::Event::Won {
                vertical, opened_at, ..
            }
            | opportunity::Event::Lost {
                vertical, opened_at, ..
            }
            | opportunity::Event::Reopened {
                vertical, opened_at, ..
            },
        ) => Some((vertical, Some(*opened_at))),
        Event::Claim(
            claim::Event::Submitted { vertical, .. }
            | claim::Event::Adjudicated { vertical, .. }
            | claim::Event::Denied { vertical, .. }
            | claim::Event::Appealed { vertical, .. }
            | claim::Event::Recovered { vertical, .. }
            | claim::Event::PaymentReversed { vertical, .. },
        ) => Some((vertical, None)),
        Event::AgentRun(
            agent_run::Event::Started { vertical, .. }
            | agent_run::Event::ModelCallRecorded { vertical, .. }
            | agent_run::Event::Completed { vertical, .. }
            | agent_run::Event::Failed { vertical, .. }
            | agent_run::Event::Canceled { vertical, .. },
        ) => Some((vertical, None)),
        _ => None,
    }
}

fn key(event: &RecordedEvent, context: &Context, vertical: &Vertical, at: Timestamp) -> MonthKey {
    MonthKey {
        tenant_id: event.tenant(),
        vertical: vertical.clone(),
        month: context.month(at),
    }
}

impl RowKey for MonthKey {
    fn tenant(&self) -> TenantId {
        self.tenant_id
    }
}

impl ReadModel for RoiSummary {
    const NAME: &'static str = "roi_summary";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "vertical", "month"];
    const READS: &'static [&'static str] = &["agent_run", "claim", "lead", "opportunity"];

    type Key = MonthKey;
    type Row = Month;

    fn touches(event: &RecordedEvent, context: &Context) -> Vec<MonthKey> {
        let Some((vertical, opened_at)) = subject(&event.event) else {
            return Vec::new();
        };
        let mut keys = vec![key(event, context, vertical, event.occurred_at)];
        keys.extend(opened_at.map(|at| key(event, context, vertical, at)));
        keys.dedup();
        keys
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, context: &Context) -> Result<(), Unfoldable> {
        let Some((vertical, opened_at)) = subject(&event.event) else {
            return Ok(());
        };
        let at = key(event, context, vertical, event.occurred_at);
        let month = rows.row(at.clone(), || at.empty());
        match &event.event {
            Event::Lead(lead) => month.count_lead(lead, event.occurred_at),
            Event::Claim(claim) => month.count_claim(claim),
            Event::AgentRun(run) => month.count_run(run),
            Event::Opportunity(change) => {
                month.count_opportunity(change);
                let opened = key(event, context, vertical, opened_at.unwrap_or(event.occurred_at));
                rows.row(opened.clone(), || opened.empty()).move_stage(change);
            }
            _ => {}
        }
        Ok(())
    }
}

impl MonthKey {
    fn empty(self) -> Month {
        let Self {
            tenant_id,
            vertical,
            month,
        } = self;
        Month {
            tenant_id,
            vertical,
            month,
            leads_captured: 0,
            leads_contacted: 0,
            leads_qualified: 0,
            leads_converted: 0,
            leads_disqualified: 0,
            first_response_ms: Decimal::ZERO,
            opportunities_opened: 0,
            opportunities_won: 0,
            opportunities_lost: 0,
            won_value: MoneyByCurrency::default(),
            open_by_stage: BTreeMap::new(),
            claims_submitted: 0,
            claims_adjudicated: 0,
            claims_denied: 0,
            claims_denied_initially: 0,
            claims_appealed: 0,
            claims_recovered: 0,
            billed: MoneyByCurrency::default(),
            paid: MoneyByCurrency::default(),
            recovered: MoneyByCurrency::default(),
            runs_started: 0,
            runs_completed: 0,
            runs_failed: 0,
            runs_canceled: 0,
            runs_resolved: 0,
            runs_assumed: 0,
            input_tokens: 0,
            output_tokens: 0,
            ai_cost: MoneyByCurrency::default(),
        }
    }
}

impl Month {
    fn count_lead(&mut self, event: &lead::Event, at: Timestamp) {
        match event {
            lead::Event::Captured { .. } => self.leads_captured += 1,
            lead::Event::Contacted {
                number: 1,
                captured_at,
                ..
            } => {
                self.leads_contacted += 1;
                let response_ms = at.as_millisecond().saturating_sub(captured_at.as_millisecond());
                self.first_response_ms += Decimal::from(response_ms.max(0));
            }
            lead::Event::Qualified { .. } => self.leads_qualified += 1,
            lead::Event::Converted { .. } => self.leads_converted += 1,
            lead::Event::Disqualified { .. } => self.leads_disqualified += 1,
            _ => {}
        }
    }

    fn count_opportunity(&mut self, event: &opportunity::Event) {
        match event {
            opportunity::Event::Opened { .. } => self.opportunities_opened += 1,
            opportunity::Event::StageChanged { .. } => {}
            opportunity::Event::Won { value, .. } => {
                self.opportunities_won += 1;
                self.won_value.add(*value);
            }
            opportunity::Event::Lost { .. } => self.opportunities_lost += 1,
            // What happened in a month stays there; the return counts what was taken back.
            opportunity::Event::Reopened { .. } => {}
        }
    }

    /// Moves an opportunity between the stages of the month in which it was opened.
    fn move_stage(&mut self, event: &opportunity::Event) {
        let (from, to) = match event {
            opportunity::Event::Opened { stage, .. } => (None, Some(stage)),
            opportunity::Event::StageChanged { stage, previous, .. } => (Some(previous), Some(stage)),
            opportunity::Event::Won { stage, .. } | opportunity::Event::Lost { stage, .. } => {
                (Some(stage), None)
            }
            opportunity::Event::Reopened { stage, .. } => (None, Some(stage)),
        };
        if let Some(stage) = to {
            *self.open_by_stage.entry(stage.clone()).or_default() += 1;
        }
        if let Some(stage) = from {
            *self.open_by_stage.entry(stage.clone()).or_default() -= 1;
        }
        self.open_by_stage.retain(|_, open| *open != 0);
    }

    fn count_claim(&mut self, event: &claim::Event) {
        match event {
            claim::Event::Submitted { billed, .. } => {
                self.claims_submitted += 1;
                self.billed.add(*billed);
            }
            claim::Event::Adjudicated { paid, .. } => {
                self.claims_adjudicated += 1;
                self.paid.add(*paid);
            }
            claim::Event::Denied { determination, .. } => {
                self.claims_denied += 1;
                self.claims_denied_initially += i64::from(*determination == claim::Determination::Initial);
            }
            claim::Event::Appealed { .. } => self.claims_appealed += 1,
            claim::Event::Recovered { amount, .. } => {
                self.claims_recovered += 1;
                self.recovered.add(*amount);
            }
            claim::Event::PaymentReversed { .. } => {}
        }
    }

    fn count_run(&mut self, event: &agent_run::Event) {
        match event {
            agent_run::Event::Started { .. } => self.runs_started += 1,
            agent_run::Event::ModelCallRecorded {
                input_tokens,
                output_tokens,
                cost,
                ..
            } => {
                self.input_tokens = self.input_tokens.saturating_add(count(*input_tokens));
                self.output_tokens = self.output_tokens.saturating_add(count(*output_tokens));
                if let Some(cost) = cost {
                    self.ai_cost.add(*cost);
                }
            }
            agent_run::Event::ToolCallRecorded { .. } => {}
            agent_run::Event::Completed { result, .. } => {
                self.runs_completed += 1;
                self.runs_resolved += i64::from(*result == agent_run::RunResult::Resolved);
                self.runs_assumed += i64::from(*result == agent_run::RunResult::Assumed);
            }
            agent_run::Event::Failed { .. } => self.runs_failed += 1,
            agent_run::Event::Canceled { .. } => self.runs_canceled += 1,
        }
    }
}
