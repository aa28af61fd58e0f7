//! One batch under way: committed as expected, else judged, else each write alone.

use jiff::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};

use super::appender::{AppendError, Pending};
use super::write::{Outcome, Sealed};
use super::{batch, expected};
use crate::error::{Rejection, Unavailable};

/// How a batch enters the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// All at once, or not at all.
    AsExpected,
    /// Each write by itself. So goes a batch that was not as expected, and those after it until all is well.
    Judged,
}

/// A batch and what it needs.
pub(super) struct Flight {
    pub(super) pool: PgPool,
    /// A connection that is whole; without one, the pool gives one.
    pub(super) connection: Option<PoolConnection<Postgres>>,
    pub(super) batch: Vec<Pending>,
    pub(super) way: Way,
    pub(super) now: Timestamp,
}

/// A batch that is over; its waiters are answered.
pub(super) struct Landed {
    pub(super) connection: Option<PoolConnection<Postgres>>,
    /// The way for the next batch.
    pub(super) way: Way,
}

impl Flight {
    /// Commits the batch and answers its waiters.
    pub(super) async fn run(mut self) -> Landed {
        let batch = std::mem::take(&mut self.batch);
        let writes: Vec<&Sealed> = batch.iter().map(|pending| &pending.sealed).collect();
        let way = match self.commit(&writes).await {
            Ok(outcomes) => {
                let well = |outcome: &Outcome| matches!(outcome, Outcome::Appended { .. });
                let way = if outcomes.iter().all(well) {
                    Way::AsExpected
                } else {
                    Way::Judged
                };
                for (pending, outcome) in batch.into_iter().zip(outcomes) {
                    drop(pending.answer.send(Ok(outcome)));
                }
                way
            }
            Err(error) if is_about_the_data(&error) && batch.len() > 1 => {
                // Something in the batch is broken: each write alone finds out which.
                for pending in batch {
                    let outcome = self.append(Way::Judged, &[&pending.sealed]).await;
                    drop(
                        pending.answer.send(
                            outcome
                                .map(|mut one| one.remove(0))
                                .map_err(|error| turned_down(&error)),
                        ),
                    );
                }
                Way::Judged
            }
            Err(error) => {
                tracing::warn!(%error, writes = batch.len(), "store.log.append failed");
                for pending in batch {
                    drop(pending.answer.send(Err(turned_down(&error))));
                }
                self.way
            }
        };
        Landed {
            connection: self.connection,
            way,
        }
    }

    async fn commit(&mut self, writes: &[&Sealed]) -> Result<Vec<Outcome>, sqlx::Error> {
        if self.way == Way::AsExpected {
            match self.append(Way::AsExpected, writes).await {
                Err(error) if is_about_the_data(&error) => {
                    metrics::counter!("annals_log_unexpected_batches_total").increment(1);
                }
                landed => return landed,
            }
        }
        self.append(Way::Judged, writes).await
    }

    /// Appends on the flight's own connection; one that failed is dropped, and the next batch opens another.
    async fn append(&mut self, way: Way, writes: &[&Sealed]) -> Result<Vec<Outcome>, sqlx::Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.pool.acquire().await?,
        };
        let outcomes = match way {
            Way::AsExpected => expected::append(&mut connection, writes, self.now).await,
            Way::Judged => batch::append(&mut connection, writes, self.now).await,
        };
        match &outcomes {
            Err(error) if !is_about_the_data(error) => drop(connection.detach()),
            _ => self.connection = Some(connection),
        }
        outcomes
    }
}

/// SQLSTATE classes 22 (data exception) and 23 (integrity) speak of a row; all others of the database.
fn is_about_the_data(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}

fn turned_down(error: &sqlx::Error) -> AppendError {
    let reason = error.to_string();
    if is_about_the_data(error) {
        AppendError::Rejected(Rejection::Broken { reason })
    } else {
        AppendError::Unavailable(Unavailable::new(reason))
    }
}
