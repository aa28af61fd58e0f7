//! Agents over GraphQL.

use domain::agent::{Agent as Aggregate, Command};

use super::kit::{mutations, parsed, payload};

payload!(AgentPayload, "an agent's command");

mutations! {
    /// What may be asked of agents.
    AgentMutation: Aggregate, Write => AgentPayload;

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
