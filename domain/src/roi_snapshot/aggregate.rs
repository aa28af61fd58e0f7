//! The rules of a report's snapshots.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, Event, Report, RoiSnapshotId, State};
use crate::kernel::aggregate;
use crate::roi::{Figure, changes};
use crate::tenant::NotOpen;

/// A report's snapshots, as far as their rules need them: the last one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoiSnapshot {
    last: Option<Last>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Last {
    report: Report,
    number: u32,
    figures: Vec<Figure>,
    state: State,
    counted_up_to: u64,
}

/// Why a snapshot was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// The id is another report's.
    #[error("this id has the snapshots of another report: give this one an id of its own")]
    OtherReport,
    /// The last one says the same.
    #[error("nothing has changed since the last snapshot")]
    NothingChanged,
    /// A later one is there.
    #[error("a snapshot that counts up to {last} is there already, and this one counts up to {asked}")]
    Behind {
        /// Up to where the last one counts.
        last: u64,
        /// Up to where this one does.
        asked: u64,
    },
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(RoiSnapshot, "roi_snapshot", RoiSnapshotId);

impl RoiSnapshot {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, _at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let Command::Freeze {
            report,
            figures,
            state,
            counted_up_to,
            told_at,
        } = command;
        let (number, supersedes, changed) = match &self.last {
            None => (1, None, Vec::new()),
            Some(last) => {
                if last.report != report {
                    return Err(Refusal::OtherReport);
                }
                if counted_up_to < last.counted_up_to {
                    return Err(Refusal::Behind {
                        last: last.counted_up_to,
                        asked: counted_up_to,
                    });
                }
                let changed = changes(&last.figures, &figures);
                if changed.is_empty() && state == last.state {
                    return Err(Refusal::NothingChanged);
                }
                (last.number + 1, Some(last.counted_up_to), changed)
            }
        };
        Ok(vec![Event::Frozen {
            report,
            number,
            figures,
            state,
            counted_up_to,
            told_at,
            supersedes,
            changes: changed,
        }])
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Frozen {
                report,
                number,
                figures,
                state,
                counted_up_to,
                ..
            } => {
                self.last = Some(Last {
                    report,
                    number,
                    figures,
                    state,
                    counted_up_to,
                });
            }
        }
    }
}
