//! A workspace's rules.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Event, WorkspaceId};
use crate::kernel::{Blank, aggregate, not_blank};
use crate::tenant::NotOpen;

/// A workspace's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Workspace {
    name: Option<String>,
    archived: bool,
}

/// Why a workspace's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this workspace was created before")]
    AlreadyCreated,
    /// Nobody created it.
    #[error("there is no such workspace")]
    NotFound,
    /// It is put away.
    #[error("the workspace was archived")]
    Archived,
    /// The same name again.
    #[error("name: the workspace is called {0} already")]
    SameName(String),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Workspace, "workspace", WorkspaceId);

impl Workspace {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Create { name } => {
                if self.name.is_some() {
                    return Err(Refusal::AlreadyCreated);
                }
                not_blank("name", &name)?;
                Event::Created { name }
            }
            Command::Rename { name } => {
                let previous = self.open()?;
                not_blank("name", &name)?;
                if previous == name {
                    return Err(Refusal::SameName(name));
                }
                Event::Renamed { name, previous }
            }
            Command::Archive => Event::Archived { name: self.open()? },
        };
        Ok(vec![event])
    }

    fn open(&self) -> Result<String, Refusal> {
        let name = self.name.clone().ok_or(Refusal::NotFound)?;
        if self.archived {
            return Err(Refusal::Archived);
        }
        Ok(name)
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Created { name } | Event::Renamed { name, .. } => self.name = Some(name),
            Event::Archived { .. } => self.archived = true,
        }
    }
}
