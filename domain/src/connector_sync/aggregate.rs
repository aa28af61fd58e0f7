//! The rules of a connector's sync.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, ConnectorSyncId, Event};
use crate::kernel::{BeforeBegin, Blank, aggregate, elapsed_ms, not_blank};
use crate::tenant::NotOpen;

/// A sync's state, as far as its rules need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectorSync {
    started: Option<Started>,
    standing: Standing,
    records: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Started {
    connector: String,
    at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Standing {
    #[default]
    Running,
    Completed,
    Failed,
}

/// Why a sync's command was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Its id is taken.
    #[error("this sync was started before")]
    AlreadyStarted,
    /// Nobody started it.
    #[error("there is no such sync")]
    NotFound,
    /// It has ended.
    #[error("the sync is over: it was {0}")]
    Over(&'static str),
    /// Fewer records than before.
    #[error("records: {records} are fewer than the {before} of before")]
    Backwards {
        /// As given.
        records: u64,
        /// As last said.
        before: u64,
    },
    /// It would end before it began.
    #[error(transparent)]
    BeforeBegin(#[from] BeforeBegin),
    /// A text that must say something.
    #[error(transparent)]
    Blank(#[from] Blank),
    /// The tenant does not admit commands.
    #[error(transparent)]
    #[strum(serialize = "TENANT_NOT_OPEN")]
    Tenant(#[from] NotOpen),
}

aggregate!(ConnectorSync, "connector_sync", ConnectorSyncId);

impl ConnectorSync {
    /// Refuses the command, or lists what happens.
    fn decide(&self, command: Command, at: Timestamp) -> Result<Vec<Event>, Refusal> {
        let event = match command {
            Command::Start { connector, source } => {
                if self.started.is_some() {
                    return Err(Refusal::AlreadyStarted);
                }
                not_blank("connector", &connector)?;
                not_blank("source", &source)?;
                Event::Started {
                    connector,
                    source,
                    started_at: at,
                }
            }
            Command::Progress { records, cursor } => {
                let Started { connector, .. } = self.running()?;
                if records < self.records {
                    return Err(Refusal::Backwards {
                        records,
                        before: self.records,
                    });
                }
                Event::Progressed {
                    connector,
                    records,
                    cursor,
                }
            }
            Command::RejectRecord {
                row,
                column,
                value,
                reason,
            } => {
                let Started { connector, .. } = self.running()?;
                not_blank("reason", &reason)?;
                Event::RecordRejected {
                    connector,
                    row,
                    column,
                    value,
                    reason,
                }
            }
            Command::Complete {
                recorded,
                known,
                rejected,
                cursor,
            } => {
                let started = self.running()?;
                Event::Completed {
                    connector: started.connector,
                    recorded,
                    known,
                    rejected,
                    cursor,
                    started_at: started.at,
                    duration_ms: elapsed_ms(started.at, at)?,
                }
            }
            Command::Fail { reason } => {
                let started = self.running()?;
                not_blank("reason", &reason)?;
                Event::Failed {
                    connector: started.connector,
                    reason,
                    started_at: started.at,
                    duration_ms: elapsed_ms(started.at, at)?,
                }
            }
        };
        Ok(vec![event])
    }

    fn running(&self) -> Result<Started, Refusal> {
        let started = self.started.clone().ok_or(Refusal::NotFound)?;
        match self.standing {
            Standing::Running => Ok(started),
            Standing::Completed => Err(Refusal::Over("completed")),
            Standing::Failed => Err(Refusal::Over("failed")),
        }
    }

    /// Takes in what happened.
    fn evolve(&mut self, event: Event) {
        match event {
            Event::Started {
                connector,
                started_at,
                ..
            } => {
                self.started = Some(Started {
                    connector,
                    at: started_at,
                });
            }
            Event::Progressed { records, .. } => self.records = records,
            Event::RecordRejected { .. } => {}
            Event::Completed { .. } => self.standing = Standing::Completed,
            Event::Failed { .. } => self.standing = Standing::Failed,
        }
    }
}
