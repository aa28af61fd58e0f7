//! Agents' runs over GraphQL.

use async_graphql::{Enum, ID, SimpleObject};
use domain::agent_run::{AgentRun as Aggregate, Command};
use projections::agent_run::{AgentRunList, AgentRunRow};

use super::agent::Agent;
use super::claim::Claim;
use super::kit::{DateTime, Long, Money, MoneyInput, NodeId, evidence, mutations, parsed, queries, related};
use super::lead::Lead;
use super::opportunity::Opportunity;

/// How a call of a tool went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::agent_run::ToolOutcome")]
pub(crate) enum ToolOutcome {
    /// It did what was asked.
    Ok,
    /// It did not.
    Failed,
}

/// What a completed run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::agent_run::RunResult")]
pub(crate) enum RunResult {
    /// The goal was reached, and somebody or something confirmed it.
    Resolved,
    /// Nobody said otherwise.
    Assumed,
    /// A person took over.
    Escalated,
    /// The other side left.
    Abandoned,
}

mutations! {
    /// What may be asked of agents' runs.
    AgentRunMutation: Aggregate, Write;

    /// Begins a run of an agent.
    start_agent_run(Creating, StartAgentRunInput {
        /// The agent that runs: its `id`, or its name in another system.
        agent: ID,
        /// The line of business it works in, for instance "sales".
        vertical: String,
        /// What it is to reach.
        goal: Option<String>,
        /// The lead it works on.
        lead: Option<ID>,
        /// The opportunity it works on.
        opportunity: Option<ID>,
        /// The claim it works on.
        claim: Option<ID>,
    })
    |input, ids| Command::Start {
        agent: ids.input("agent", &["agent"], input.agent)?,
        vertical: parsed("vertical", &input.vertical)?,
        goal: input.goal,
        lead: ids.optional("lead", &["lead"], input.lead)?,
        opportunity: ids.optional("opportunity", &["opportunity"], input.opportunity)?,
        claim: ids.optional("claim", &["claim"], input.claim)?,
    };

    /// Takes down that a run called a model.
    record_model_call(Changing, RecordModelCallInput {
        /// Who runs the model.
        provider: String,
        /// The model.
        model: String,
        /// Tokens sent to it, cached ones included.
        input_tokens: u64,
        /// Those of the tokens sent that came from a cache.
        #[graphql(default)]
        cached_tokens: u64,
        /// Tokens that it wrote.
        output_tokens: u64,
        /// What the call cost.
        cost: Option<MoneyInput>,
    })
    |input| Command::RecordModelCall {
        provider: input.provider,
        model: input.model,
        input_tokens: input.input_tokens,
        cached_tokens: input.cached_tokens,
        output_tokens: input.output_tokens,
        cost: input.cost.map(|money| money.read("cost")).transpose()?,
    };

    /// Takes down that a run called a tool.
    record_tool_call(Changing, RecordToolCallInput {
        /// The tool.
        tool: String,
        /// How it went.
        outcome: ToolOutcome,
        /// How long it took.
        duration_ms: Option<u64>,
    })
    |input| Command::RecordToolCall {
        tool: input.tool,
        outcome: input.outcome.into(),
        duration_ms: input.duration_ms,
    };

    /// Ends a run with an outcome.
    complete_agent_run(Changing, CompleteAgentRunInput {
        /// What came of it, in words.
        outcome: String,
        /// What came of it, to count by.
        result: RunResult,
    })
    |input| Command::Complete { outcome: input.outcome, result: input.result.into() };

    /// Ends a run because something broke.
    fail_agent_run(Changing, FailAgentRunInput {
        /// What broke.
        reason: String,
    })
    |input| Command::Fail { reason: input.reason };

    /// Ends a run because somebody wants it to end.
    cancel_agent_run(Changing, CancelAgentRunInput {
        /// Why.
        reason: String,
    })
    |input| Command::Cancel { reason: input.reason };
}

/// An agent's run as it is now.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct AgentRun {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// The id of the agent that ran: inside the tenant, or in another system.
    agent_id: String,
    /// The line of business it works in.
    vertical: String,
    /// `running`, `completed`, `failed` or `canceled`.
    status: String,
    /// What it was to reach.
    goal: Option<String>,
    /// The id of the lead it worked on.
    lead_id: Option<String>,
    /// The id of the opportunity it worked on.
    opportunity_id: Option<String>,
    /// The id of the claim it worked on.
    claim_id: Option<String>,
    /// What came of it, to count by; null unless it is completed.
    result: Option<RunResult>,
    /// What came of it, in words.
    outcome: Option<String>,
    /// Why it failed or was canceled.
    reason: Option<String>,
    /// How many calls of models it made.
    model_calls: i64,
    /// How many calls of tools it made.
    tool_calls: i64,
    /// Tokens sent to models, cached ones included.
    input_tokens: Long,
    /// Those of the tokens sent that came from a cache.
    cached_tokens: Long,
    /// Tokens that models wrote.
    output_tokens: Long,
    /// What the models' calls cost, each currency for itself.
    costs: Vec<Money>,
    /// When it began.
    started_at: DateTime,
    /// When it ended.
    ended_at: Option<DateTime>,
}

impl From<AgentRunRow> for AgentRun {
    fn from(row: AgentRunRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<AgentRunList>(row.tenant_id, &row.id),
            local_id: row.id,
            agent_id: row.agent,
            vertical: row.vertical.into(),
            status: row.status,
            goal: row.goal,
            lead_id: row.lead,
            opportunity_id: row.opportunity,
            claim_id: row.claim,
            result: row.result.map(Into::into),
            outcome: row.outcome,
            reason: row.reason,
            model_calls: row.model_calls,
            tool_calls: row.tool_calls,
            input_tokens: row.input_tokens.into(),
            cached_tokens: row.cached_tokens.into(),
            output_tokens: row.output_tokens.into(),
            costs: row.costs.sums().map(Into::into).collect(),
            started_at: row.created_at.into(),
            ended_at: row.ended_at.map(Into::into),
        }
    }
}

evidence!(AgentRun of AgentRunList, |row| vec![("id", row.local_id.clone())], ctx {
    /// The agent that ran, if the tenant has it.
    agent: Agent => related(ctx, Some(&row.agent_id), row.as_of),
    /// The lead it worked on, if the tenant has it.
    lead: Lead => related(ctx, row.lead_id.as_deref(), row.as_of),
    /// The opportunity it worked on, if the tenant has it.
    opportunity: Opportunity => related(ctx, row.opportunity_id.as_deref(), row.as_of),
    /// The claim it worked on, if the tenant has it.
    claim: Claim => related(ctx, row.claim_id.as_deref(), row.as_of),
});

queries! {
    AgentRunQuery: AgentRunList, Read => AgentRun, AgentRunConnection, AgentRunEdge;
    agent_run("A run of the tenant's agents; null when there is none of this id."),
    agent_runs("The runs of the tenant's agents, newest first.", "the runs of the tenant's agents"),
    AgentRunFilter {
        /// Of this agent.
        agent ["agent"],
        /// In this line of business.
        vertical,
        /// In this status: `running`, `completed`, `failed` or `canceled`.
        status,
    },
    AgentRunOrder, AgentRunOrderField {
        /// When it began.
        StartedAt => Moments created_at,
        /// How many tokens it sent to models.
        InputTokens => Numbers input_tokens,
    }
}
