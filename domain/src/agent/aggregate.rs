//! An agent's rules.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AgentId, Command, Event};
use crate::kernel::{Blank, Vertical, aggregate, not_blank};
use crate::tenant::NotOpen;

/// An agent's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    configured: Option<Configured>,
    retired: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Configured {
    vertical: Vertical,
    works: Works,
    revision: u32,
}

/// How it works: what a revision may change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Works {
    prompt: String,
    model: String,
    tools: BTreeSet<String>,
}

/// Why an agent's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this agent was configured before")]
    AlreadyConfigured,
    /// Nobody configured it.
    #[error("there is no such agent")]
    NotFound,
    /// It works no more.
    #[error("the agent was retired")]
    Retired,
    /// A revision to what is in force.
    #[error("prompt, model and tools: there is nothing new in them")]
    NothingNew,
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Agent, "agent", AgentId);

impl Agent {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Configure {
                name,
                vertical,
                prompt,
                model,
                tools,
            } => {
                if self.configured.is_some() {
                    return Err(Refusal::AlreadyConfigured);
                }
                not_blank("name", &name)?;
                let Works { prompt, model, tools } = complete(Works { prompt, model, tools })?;
                Event::Configured {
                    name,
                    vertical,
                    prompt,
                    model,
                    tools,
                    revision: 1,
                }
            }
            Command::Revise { prompt, model, tools } => {
                let Configured {
                    vertical,
                    works,
                    revision,
                } = self.working()?;
                let revised = complete(Works {
                    prompt: prompt.unwrap_or_else(|| works.prompt.clone()),
                    model: model.unwrap_or_else(|| works.model.clone()),
                    tools: tools.unwrap_or_else(|| works.tools.clone()),
                })?;
                if revised == works {
                    return Err(Refusal::NothingNew);
                }
                Event::Revised {
                    vertical,
                    prompt: revised.prompt,
                    model: revised.model,
                    tools: revised.tools,
                    revision: revision + 1,
                }
            }
            Command::Retire { reason } => {
                let Configured {
                    vertical, revision, ..
                } = self.working()?;
                not_blank("reason", &reason)?;
                Event::Retired {
                    vertical,
                    reason,
                    revision,
                }
            }
        };
        Ok(vec![event])
    }

    fn working(&self) -> Result<Configured, Refusal> {
        let configured = self.configured.clone().ok_or(Refusal::NotFound)?;
        if self.retired {
            return Err(Refusal::Retired);
        }
        Ok(configured)
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Configured {
                vertical,
                prompt,
                model,
                tools,
                revision,
                ..
            }
            | Event::Revised {
                vertical,
                prompt,
                model,
                tools,
                revision,
            } => {
                self.configured = Some(Configured {
                    vertical,
                    works: Works { prompt, model, tools },
                    revision,
                });
            }
            Event::Retired { .. } => self.retired = true,
        }
    }
}

/// Refuses a prompt, a model or a tool without a visible character.
fn complete(works: Works) -> Result<Works, Blank> {
    not_blank("prompt", &works.prompt)?;
    not_blank("model", &works.model)?;
    for tool in &works.tools {
        not_blank("tools", tool)?;
    }
    Ok(works)
}
