//! A member's rules.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Event, MemberId, Role};
use crate::kernel::{Blank, aggregate, not_blank};
use crate::tenant::NotOpen;

/// A member's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Member {
    role: Option<Role>,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Invited,
    Joined,
    Removed,
}

/// Why a member's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this member was invited before")]
    AlreadyInvited,
    /// Nobody invited the person.
    #[error("there is no such member")]
    NotFound,
    /// The invitation was accepted before.
    #[error("the member joined already")]
    AlreadyJoined,
    /// The same role again.
    #[error("role: the member is {0} already")]
    SameRole(Role),
    /// The person is out.
    #[error("the member was removed")]
    Removed,
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(Member, "member", MemberId);

impl Member {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Invite { email, role, name } => {
                if self.role.is_some() {
                    return Err(Refusal::AlreadyInvited);
                }
                Event::Invited { email, role, name }
            }
            Command::Join { user } => {
                let role = self.role()?;
                not_blank("user", &user)?;
                if self.standing == Standing::Joined {
                    return Err(Refusal::AlreadyJoined);
                }
                Event::Joined { user, role }
            }
            Command::ChangeRole { role } => {
                let previous = self.role()?;
                if previous == role {
                    return Err(Refusal::SameRole(role));
                }
                Event::RoleChanged { role, previous }
            }
            Command::Remove { reason } => {
                let previous = self.role()?;
                not_blank("reason", &reason)?;
                Event::Removed { reason, previous }
            }
        };
        Ok(vec![event])
    }

    fn role(&self) -> Result<Role, Refusal> {
        let role = self.role.ok_or(Refusal::NotFound)?;
        match self.standing {
            Standing::Invited | Standing::Joined => Ok(role),
            Standing::Removed => Err(Refusal::Removed),
        }
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Invited { role, .. } | Event::RoleChanged { role, .. } => self.role = Some(role),
            Event::Joined { .. } => self.standing = Standing::Joined,
            Event::Removed { .. } => self.standing = Standing::Removed,
        }
    }
}
