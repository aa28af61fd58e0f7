//! Agents over GraphQL.

use async_graphql::SimpleObject;
use domain::agent::{Agent as Aggregate, Command};
use projections::agent::{AgentList, AgentRow};

use super::kit::{DateTime, NodeId, evidence, mutations, parsed, queries};

mutations! {
    /// What may be asked of agents.
    AgentMutation: Aggregate, Write;

    /// Sets an agent up.
    configure_agent(Creating, ConfigureAgentInput {
        /// The name to show.
        name: String,
        /// The line of business it works in, for instance "sales".
        vertical: String,
        /// What it is told before anything else.
        prompt: String,
        /// The model that it runs on.
        model: String,
        /// The tools that it may call.
        #[graphql(default)]
        tools: Vec<String>,
    })
    |input| Command::Configure {
        name: input.name,
        vertical: parsed("vertical", &input.vertical)?,
        prompt: input.prompt,
        model: input.model,
        tools: input.tools.into_iter().collect(),
    };

    /// Changes how an agent works; what is left out stays.
    revise_agent(Changing, ReviseAgentInput {
        /// What it is told before anything else.
        prompt: Option<String>,
        /// The model that it runs on.
        model: Option<String>,
        /// The tools that it may call.
        tools: Option<Vec<String>>,
    })
    |input| Command::Revise {
        prompt: input.prompt,
        model: input.model,
        tools: input.tools.map(|tools| tools.into_iter().collect()),
    };

    /// Lets an agent work no more.
    retire_agent(Changing, RetireAgentInput {
        /// Why.
        reason: String,
    })
    |input| Command::Retire { reason: input.reason };
}

/// An agent as it is now.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Agent {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// The name to show.
    name: String,
    /// The line of business it works in.
    vertical: String,
    /// What it is told before anything else.
    prompt: String,
    /// The model that it runs on.
    model: String,
    /// The tools that it may call.
    tools: Vec<String>,
    /// Which state of it this is; 1 is the first.
    revision: u32,
    /// `active` or `retired`.
    status: String,
    /// Why it was retired.
    reason: Option<String>,
    /// When it was configured.
    configured_at: DateTime,
    /// When it changed last.
    changed_at: DateTime,
}

impl From<AgentRow> for Agent {
    fn from(row: AgentRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<AgentList>(row.tenant_id, &row.id),
            local_id: row.id,
            name: row.name,
            vertical: row.vertical.into(),
            prompt: row.prompt,
            model: row.model,
            tools: row.tools.into_iter().collect(),
            revision: row.revision,
            status: row.status,
            reason: row.reason,
            configured_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}

evidence!(Agent of AgentList, |row| vec![("id", row.local_id.clone())]);

queries! {
    AgentQuery: AgentList, Read => Agent, AgentConnection, AgentEdge;
    agent("An agent of the tenant; null when there is none of this id."),
    agents("The tenant's agents, newest first.", "the tenant's agents"),
    AgentFilter {
        /// In this line of business.
        vertical,
        /// On this model.
        model,
        /// In this status: `active` or `retired`.
        status,
    },
    AgentOrder, AgentOrderField {
        /// When it was configured.
        ConfiguredAt => Moments created_at,
        /// When it changed last.
        ChangedAt => Moments changed_at,
        /// Its name.
        Name => Texts name,
    }
}
