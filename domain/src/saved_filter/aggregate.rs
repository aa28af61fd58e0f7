//! A saved filter's rules.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, EntryFilter, Event, SavedFilterId, Sharing};
use crate::kernel::{Blank, aggregate, not_blank};
use crate::tenant::NotOpen;

/// How long a name may be.
const NAME_CHARS: usize = 100;

/// A saved filter's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedFilter {
    kept: Option<(String, Sharing, EntryFilter)>,
    is_removed: bool,
}

/// Why a saved filter's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this filter was saved before")]
    AlreadySaved,
    /// Nobody saved it.
    #[error("there is no such filter")]
    NotFound,
    /// It is kept no more.
    #[error("the filter was removed")]
    Removed,
    /// A filter that lets everything pass.
    #[error("filter: it is empty; say which entries it is for")]
    Empty,
    /// A name that nobody types.
    #[error("name: it has more than {NAME_CHARS} characters")]
    TooLong,
    /// The same again.
    #[error("this is what it is already")]
    Same,
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(SavedFilter, "saved_filter", SavedFilterId);

impl SavedFilter {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Save {
                name,
                sharing,
                filter,
            } => {
                if self.kept.is_some() {
                    return Err(Refusal::AlreadySaved);
                }
                fits(&name, &filter)?;
                Event::Saved {
                    name,
                    sharing,
                    filter,
                }
            }
            Command::Change {
                name,
                sharing,
                filter,
            } => {
                let (previous, ..) = self.there()?;
                fits(&name, &filter)?;
                if self.kept.as_ref() == Some(&(name.clone(), sharing, filter.clone())) {
                    return Err(Refusal::Same);
                }
                Event::Changed {
                    previous: previous.clone(),
                    name,
                    sharing,
                    filter,
                }
            }
            Command::Remove => Event::Removed {
                name: self.there()?.0.clone(),
            },
        };
        Ok(vec![event])
    }

    fn there(&self) -> Result<&(String, Sharing, EntryFilter), Refusal> {
        let kept = self.kept.as_ref().ok_or(Refusal::NotFound)?;
        if self.is_removed {
            return Err(Refusal::Removed);
        }
        Ok(kept)
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Saved {
                name,
                sharing,
                filter,
            }
            | Event::Changed {
                name,
                sharing,
                filter,
                ..
            } => self.kept = Some((name, sharing, filter)),
            Event::Removed { .. } => self.is_removed = true,
        }
    }
}

fn fits(name: &str, filter: &EntryFilter) -> Result<(), Refusal> {
    not_blank("name", name)?;
    if name.chars().count() > NAME_CHARS {
        return Err(Refusal::TooLong);
    }
    if *filter == EntryFilter::default() {
        return Err(Refusal::Empty);
    }
    Ok(())
}
