//! Calls of models are added up.

use domain::agent_run::Event as Run;
use domain::pricing::QUARTER_SECONDS;
use domain::{Event, MoneyByCurrency, RecordedEvent, TenantId, Vertical};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, ReadModel, RowKey, Rows, Unfoldable, count};

/// Which models were used how much.
#[derive(Debug)]
pub struct ModelUse;

/// The calls of a model by an agent in a quarter of an hour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelUseRow {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The line of business.
    pub vertical: Vertical,
    /// When the quarter of an hour begins (UTC).
    pub quarter: Timestamp,
    /// The agent.
    pub agent: String,
    /// Who runs the model.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Calls that were recorded without a cost.
    pub calls: i64,
    /// What these were sent, cached tokens included.
    pub input_tokens: i64,
    /// What of that came from a cache.
    pub cached_tokens: i64,
    /// What these wrote.
    pub output_tokens: i64,
    /// Calls that were recorded with their cost.
    pub recorded_calls: i64,
    /// What these cost.
    pub recorded: MoneyByCurrency,
}

/// The key of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UseKey {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The line of business.
    pub vertical: Vertical,
    /// When the quarter of an hour begins (UTC).
    pub quarter: Timestamp,
    /// The agent.
    pub agent: String,
    /// Who runs the model.
    pub provider: String,
    /// The model.
    pub model: String,
}

impl RowKey for UseKey {
    fn tenant(&self) -> TenantId {
        self.tenant_id
    }
}

fn key(event: &RecordedEvent) -> Option<UseKey> {
    let Event::AgentRun(Run::ModelCallRecorded {
        agent,
        vertical,
        provider,
        model,
        ..
    }) = &event.event
    else {
        return None;
    };
    let second = event.occurred_at.as_second();
    let begin = second - second.rem_euclid(QUARTER_SECONDS);
    Some(UseKey {
        tenant_id: event.tenant(),
        vertical: vertical.clone(),
        quarter: Timestamp::from_second(begin).unwrap_or(Timestamp::MIN),
        agent: agent.clone(),
        provider: provider.clone(),
        model: model.clone(),
    })
}

impl ReadModel for ModelUse {
    const NAME: &'static str = "model_use";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "vertical", "quarter", "agent", "provider", "model"];
    const READS: &'static [&'static str] = &["agent_run"];

    type Key = UseKey;
    type Row = ModelUseRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<UseKey> {
        key(event).into_iter().collect()
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let (
            Some(key),
            Event::AgentRun(Run::ModelCallRecorded {
                input_tokens,
                cached_tokens,
                output_tokens,
                cost,
                ..
            }),
        ) = (key(event), &event.event)
        else {
            return Ok(());
        };
        let row = rows.row(key.clone(), || key.empty());
        match cost {
            Some(cost) => {
                row.recorded_calls += 1;
                row.recorded.add(*cost);
            }
            None => {
                row.calls += 1;
                let add = |sum: &mut i64, more: u64| *sum = sum.saturating_add(count(more));
                add(&mut row.input_tokens, *input_tokens);
                add(&mut row.cached_tokens, *cached_tokens);
                add(&mut row.output_tokens, *output_tokens);
            }
        }
        Ok(())
    }
}

impl UseKey {
    fn empty(self) -> ModelUseRow {
        ModelUseRow {
            tenant_id: self.tenant_id,
            vertical: self.vertical,
            quarter: self.quarter,
            agent: self.agent,
            provider: self.provider,
            model: self.model,
            calls: 0,
            input_tokens: 0,
            cached_tokens: 0,
            output_tokens: 0,
            recorded_calls: 0,
            recorded: MoneyByCurrency::default(),
        }
    }
}
