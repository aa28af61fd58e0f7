//! Facts: records that need no decision, appended in batches, each at most once.

use domain::{Caller, Entity};
use jiff::Timestamp;

use super::Key;
use super::execute::Setback;
use super::prepare::new_event;
use crate::Store;
use crate::error::{Rejection, StoreError, Unavailable};
use crate::log::{AppendError, Outcome, Write, known_receipts};

/// A record: its facts enter the log together, as a stream of their own.
#[derive(Clone, Debug)]
pub struct FactRecord<E> {
    /// Under which key it is known; without one it counts every time.
    pub key: Option<Key>,
    /// When it happened (`None`: now).
    pub at: Option<Timestamp>,
    /// What happened, one fact or several.
    pub facts: Vec<E>,
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactOutcome {
    /// It is in the log now.
    Recorded {
        /// The position of its last fact.
        position: u64,
    },
    /// It was there before, the same.
    Known,
    /// Another record is there under its key.
    Conflicting {
        /// The rejection that names both hashes.
        rejection: Rejection,
    },
    /// The log's rules turn it down.
    Rejected {
        /// Which rule.
        rejection: Rejection,
    },
}

impl Store {
    /// Appends records without decision; each is judged for itself.
    ///
    /// # Errors
    /// The gate's refusal, an empty or too large batch, or [`StoreError::Unavailable`]: then some records may
    /// be in the log, and the same batch can be sent again under its keys.
    pub async fn append_facts<A: Entity>(
        &self,
        caller: &Caller,
        records: Vec<FactRecord<A::Event>>,
    ) -> Result<Vec<FactOutcome>, StoreError<A::Error>> {
        if records.is_empty() {
            return Err(Rejection::EmptyBatch.into());
        }
        if records.len() > self.limits().batch_records {
            let limit = self.limits().batch_records;
            return Err(Rejection::BatchTooLarge {
                records: records.len(),
                limit,
            }
            .into());
        }
        if let Err(Setback::Final(error)) = self.pass_gate::<A>(caller).await {
            return Err(error);
        }
        let introduced = self.introduced::<A>(caller).await;
        let caller = introduced.caller.as_ref();
        let mut writes = Vec::with_capacity(records.len());
        let mut outlooks = Vec::with_capacity(records.len());
        for record in records {
            let outlook = match self.fact_write::<A>(caller, &record) {
                Ok(write) => {
                    writes.push(write);
                    None
                }
                Err(rejection) => Some(rejection),
            };
            outlooks.push((record.key, record.facts.len() as u64, outlook));
        }
        self.seal(&mut writes).await?;
        let mut writes = writes.into_iter();
        let mut waiting = Vec::with_capacity(outlooks.len());
        for (key, facts, rejection) in outlooks {
            let submitted = match rejection {
                Some(rejection) => Err(AppendError::Rejected(rejection)),
                // There is one for each that was not rejected, in their order.
                None => writes
                    .next()
                    .map_or(Err(AppendError::Rejected(Rejection::EmptyBatch)), |write| {
                        self.appender().submit(write)
                    }),
            };
            waiting.push((key, facts, submitted));
        }
        let mut outcomes = Vec::with_capacity(waiting.len());
        for (key, facts, submitted) in waiting {
            let outcome = match submitted {
                Ok(answer) => answer.await.unwrap_or_else(|_| {
                    Err(AppendError::Unavailable(Unavailable::new(
                        "the appender has stopped",
                    )))
                }),
                Err(error) => Err(error),
            };
            outcomes.push(match outcome {
                Ok(Outcome::Appended { first_position, .. }) => FactOutcome::Recorded {
                    position: (first_position + facts).saturating_sub(1),
                },
                Ok(Outcome::Known(known)) => match key.map_or(Ok(()), |key| key.check(known.hash)) {
                    Ok(()) => FactOutcome::Known,
                    Err(rejection) => FactOutcome::Conflicting { rejection },
                },
                Ok(Outcome::Conflict { .. }) => {
                    return Err(Unavailable::new("a fact's fresh stream was taken").into());
                }
                Err(AppendError::Rejected(rejection)) => FactOutcome::Rejected { rejection },
                Err(AppendError::Unavailable(unavailable)) => return Err(unavailable.into()),
            });
        }
        Ok(outcomes)
    }

    /// For each key, the hash under which it is known; `None` when it is not.
    ///
    /// # Errors
    /// [`Unavailable`] when the database is away.
    pub async fn known_keys(
        &self,
        caller: &Caller,
        keys: &[Key],
    ) -> Result<Vec<Option<[u8; 32]>>, Unavailable> {
        let marks: Vec<_> = keys.iter().map(|key| key.mark(caller.tenant).key).collect();
        let known = known_receipts(self.streams_pool(), &marks).await?;
        Ok(marks
            .iter()
            .map(|mark| known.get(mark).and_then(|hash| hash.as_slice().try_into().ok()))
            .collect())
    }

    pub(super) fn fact_write<A: Entity>(
        &self,
        caller: &Caller,
        record: &FactRecord<A::Event>,
    ) -> Result<Write, Rejection> {
        let at = record.at.unwrap_or_else(|| self.ambient().now());
        let key = record.key.as_ref();
        let events = record
            .facts
            .iter()
            .map(|fact| new_event(self.ambient(), caller, at, key, fact))
            .collect::<Result<Vec<_>, _>>()?;
        let first = events.first().ok_or(Rejection::EmptyBatch)?;
        Ok(Write {
            aggregate_type: A::TYPE,
            stored_id: format!("{}:{}", caller.tenant, first.event_id),
            expected: None,
            receipt: key.map(|key| key.mark(caller.tenant)),
            events,
        })
    }
}
