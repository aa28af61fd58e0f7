//! The rules of an agent's run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AgentRunId, Command, Event, Totals};
use crate::kernel::{BeforeBegin, Blank, Negative, Vertical, aggregate, elapsed_ms, not_blank, not_negative};
use crate::tenant::NotOpen;

/// A run's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentRun {
    started: Option<Started>,
    standing: Standing,
    totals: Totals,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Started {
    agent: String,
    vertical: Vertical,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Running,
    Completed,
    Failed,
    Canceled,
}

/// Why a run's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this run was started before")]
    AlreadyStarted,
    /// Nobody started it.
    #[error("there is no such run")]
    NotFound,
    /// It has ended.
    #[error("the run is over: it was {0}")]
    Over(&'static str),
    /// More tokens from a cache than were sent.
    #[error("cached_tokens: {cached_tokens} are more than the {input_tokens} input tokens they are part of")]
    CachedOverInput {
        /// As given.
        cached_tokens: u64,
        /// As given.
        input_tokens: u64,
    },
    /// It would end before it began.
    #[error(transparent)]
    BeforeBegin(#[from] BeforeBegin),
    /// An amount below zero.
    #[error(transparent)]
    Negative(#[from] Negative),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(AgentRun, "agent_run", AgentRunId);

impl AgentRun {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Start {
                agent,
                vertical,
                goal,
                lead,
                opportunity,
                claim,
            } => {
                if self.started.is_some() {
                    return Err(Refusal::AlreadyStarted);
                }
                not_blank("agent", &agent)?;
                Event::Started {
                    agent,
                    vertical,
                    goal,
                    lead,
                    opportunity,
                    claim,
                    started_at: at,
                }
            }
            Command::RecordModelCall {
                provider,
                model,
                input_tokens,
                cached_tokens,
                output_tokens,
                cost,
            } => {
                let Started { agent, vertical, .. } = self.begun()?;
                not_blank("provider", &provider)?;
                not_blank("model", &model)?;
                if cached_tokens > input_tokens {
                    return Err(Refusal::CachedOverInput {
                        cached_tokens,
                        input_tokens,
                    });
                }
                if let Some(cost) = cost {
                    not_negative("cost", cost)?;
                }
                Event::ModelCallRecorded {
                    agent,
                    vertical,
                    provider,
                    model,
                    input_tokens,
                    cached_tokens,
                    output_tokens,
                    cost,
                }
            }
            Command::RecordToolCall {
                tool,
                outcome,
                duration_ms,
            } => {
                let Started { agent, vertical, .. } = self.begun()?;
                not_blank("tool", &tool)?;
                Event::ToolCallRecorded {
                    agent,
                    vertical,
                    tool,
                    outcome,
                    duration_ms,
                }
            }
            Command::Complete { outcome, result } => {
                let started = self.running()?;
                not_blank("outcome", &outcome)?;
                Event::Completed {
                    agent: started.agent,
                    vertical: started.vertical,
                    outcome,
                    result,
                    started_at: started.at,
                    duration_ms: elapsed_ms(started.at, at)?,
                    totals: self.totals.clone(),
                }
            }
            Command::Fail { reason } => {
                let started = self.running()?;
                not_blank("reason", &reason)?;
                Event::Failed {
                    agent: started.agent,
                    vertical: started.vertical,
                    reason,
                    started_at: started.at,
                    duration_ms: elapsed_ms(started.at, at)?,
                    totals: self.totals.clone(),
                }
            }
            Command::Cancel { reason } => {
                let started = self.running()?;
                not_blank("reason", &reason)?;
                Event::Canceled {
                    agent: started.agent,
                    vertical: started.vertical,
                    reason,
                    started_at: started.at,
                    duration_ms: elapsed_ms(started.at, at)?,
                    totals: self.totals.clone(),
                }
            }
        };
        Ok(vec![event])
    }

    /// What a run used is taken down whenever it is told: telemetry may come after the run's own end.
    fn begun(&self) -> Result<Started, Refusal> {
        self.started.clone().ok_or(Refusal::NotFound)
    }

    fn running(&self) -> Result<Started, Refusal> {
        let started = self.begun()?;
        match self.standing {
            Standing::Running => Ok(started),
            Standing::Completed => Err(Refusal::Over("completed")),
            Standing::Failed => Err(Refusal::Over("failed")),
            Standing::Canceled => Err(Refusal::Over("canceled")),
        }
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Started {
                agent,
                vertical,
                started_at,
                ..
            } => {
                self.started = Some(Started {
                    agent,
                    vertical,
                    at: started_at,
                });
            }
            Event::ModelCallRecorded {
                input_tokens,
                cached_tokens,
                output_tokens,
                cost,
                ..
            } => {
                let totals = &mut self.totals;
                totals.model_calls += 1;
                totals.input_tokens = totals.input_tokens.saturating_add(input_tokens);
                totals.cached_tokens = totals.cached_tokens.saturating_add(cached_tokens);
                totals.output_tokens = totals.output_tokens.saturating_add(output_tokens);
                if let Some(cost) = cost {
                    totals.costs.add(cost);
                }
            }
            Event::ToolCallRecorded { .. } => self.totals.tool_calls += 1,
            Event::Completed { .. } => self.standing = Standing::Completed,
            Event::Failed { .. } => self.standing = Standing::Failed,
            Event::Canceled { .. } => self.standing = Standing::Canceled,
        }
    }
}
