//! A run's events become its row.

use domain::agent_run::{Event as Change, RunResult};
use domain::{Event, MoneyByCurrency, RecordedEvent, TenantId, Vertical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable, count};

/// What the agents did.
#[derive(Debug)]
pub struct AgentRunList;

/// A run as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRunRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// The agent that ran.
    pub agent: String,
    /// The line of business it belongs to.
    pub vertical: Vertical,
    /// `running`, `completed`, `failed` or `canceled`.
    pub status: String,
    /// What it was to do.
    pub goal: Option<String>,
    /// The lead that it was about.
    pub lead: Option<String>,
    /// The opportunity that it was about.
    pub opportunity: Option<String>,
    /// The claim that it was about.
    pub claim: Option<String>,
    /// How it counts, when it is completed.
    pub result: Option<RunResult>,
    /// What came of it, in words.
    pub outcome: Option<String>,
    /// Why it failed or was canceled.
    pub reason: Option<String>,
    /// How many model calls it made.
    pub model_calls: i64,
    /// How many tools it called.
    pub tool_calls: i64,
    /// Tokens in, cached ones included.
    pub input_tokens: i64,
    /// Tokens that were cached.
    pub cached_tokens: i64,
    /// Tokens out.
    pub output_tokens: i64,
    /// What the model calls cost.
    pub costs: MoneyByCurrency,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl AgentRunRow {
    fn end(&mut self, status: &str, at: Timestamp) {
        status.clone_into(&mut self.status);
        self.ended_at = Some(at);
    }
}

impl ReadModel for AgentRunList {
    const NAME: &'static str = "agent_run";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["agent_run"];

    type Key = EntityKey;
    type Row = AgentRunRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::AgentRun(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        if let Change::Started {
            agent,
            vertical,
            goal,
            lead,
            opportunity,
            claim,
            started_at,
        } = change
        {
            let row = AgentRunRow {
                tenant_id: event.tenant(),
                id: event.stream.id.clone(),
                agent: agent.clone(),
                vertical: vertical.clone(),
                status: "running".to_owned(),
                goal: goal.clone(),
                lead: lead.clone(),
                opportunity: opportunity.clone(),
                claim: claim.clone(),
                result: None,
                outcome: None,
                reason: None,
                model_calls: 0,
                tool_calls: 0,
                input_tokens: 0,
                cached_tokens: 0,
                output_tokens: 0,
                costs: MoneyByCurrency::default(),
                created_at: *started_at,
                ended_at: None,
            };
            rows.put(key, row);
            return Ok(());
        }
        let row = rows.known(&key)?;
        match change {
            Change::Started { .. } => {}
            Change::ModelCallRecorded {
                input_tokens,
                cached_tokens,
                output_tokens,
                cost,
                ..
            } => {
                row.model_calls += 1;
                row.input_tokens = row.input_tokens.saturating_add(count(*input_tokens));
                row.cached_tokens = row.cached_tokens.saturating_add(count(*cached_tokens));
                row.output_tokens = row.output_tokens.saturating_add(count(*output_tokens));
                if let Some(cost) = cost {
                    row.costs.add(*cost);
                }
            }
            Change::ToolCallRecorded { .. } => row.tool_calls += 1,
            Change::Completed { outcome, result, .. } => {
                row.outcome = Some(outcome.clone());
                row.result = Some(*result);
                row.end("completed", event.occurred_at);
            }
            Change::Failed { reason, .. } => {
                row.reason = Some(reason.clone());
                row.end("failed", event.occurred_at);
            }
            Change::Canceled { reason, .. } => {
                row.reason = Some(reason.clone());
                row.end("canceled", event.occurred_at);
            }
        }
        Ok(())
    }
}
