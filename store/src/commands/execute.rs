//! The command path: gate, load, decide, append; again when others were quicker.

use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::PersistenceError;
use domain::{At, Caller, Entity, EntityId, StreamId, TenantId};
use jiff::Timestamp;

use super::cache::Loaded;
use super::event_store::{load_state, stream_of};
use super::prepare::new_event;
use super::{Key, Reach};
use crate::Store;
use crate::error::{ReadError, StoreError, Unavailable};
use crate::log::{AppendError, Known, NewEvent, Outcome, Write, find_receipt};

/// What is asked of one aggregate: one or more commands that take effect together or not at all.
#[derive(Clone, Debug)]
pub struct Orders<O> {
    /// The commands, each with its business time (`None`: now).
    pub commands: Vec<(Option<Timestamp>, O)>,
    /// Under which key they take effect once.
    pub key: Option<Key>,
    /// The version that the caller saw; `None` decides on whatever is there.
    pub expected_version: Option<u64>,
}

impl<O> Orders<O> {
    /// One command, now.
    pub fn one(command: O) -> Self {
        Self {
            commands: vec![(None, command)],
            key: None,
            expected_version: None,
        }
    }

    /// The same, at most once under `key`.
    #[must_use]
    pub fn under(mut self, key: Option<Key>) -> Self {
        self.key = key;
        self
    }

    /// The same, every command without a time taking effect at `at`.
    #[must_use]
    pub fn at(mut self, at: Option<Timestamp>) -> Self {
        for (time, _) in &mut self.commands {
            *time = time.or(at);
        }
        self
    }
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The position of its last event: whoever has read up to here sees its effect.
    pub position: u64,
    /// The stream's version after it.
    pub version: u64,
    /// How many events it made.
    pub events: u64,
    /// Whether it had taken effect before, under the same key.
    pub known: bool,
    /// The aggregate's id inside the tenant: under a known key, the one of the first time.
    pub id: String,
}

impl Store {
    /// Asks an aggregate of the caller's tenant; returns when its events are durable.
    ///
    /// # Errors
    /// [`StoreError::Refused`] by the rules, [`StoreError::Rejected`] by the log's limits,
    /// [`StoreError::Conflict`] when others changed the stream on every try, [`StoreError::Unavailable`].
    pub async fn execute<A>(
        &self,
        caller: &Caller,
        id: &A::Id,
        orders: Orders<A::Order>,
    ) -> Result<Committed, StoreError<A::Error>>
    where
        A: Entity,
        A::Order: Clone,
    {
        self.execute_within::<A>(caller, id, orders, Reach::Tenant).await
    }

    /// The same under a key that is known as far as `reach` says.
    ///
    /// # Errors
    /// As [`Store::execute`].
    pub async fn execute_within<A>(
        &self,
        caller: &Caller,
        id: &A::Id,
        orders: Orders<A::Order>,
        reach: Reach,
    ) -> Result<Committed, StoreError<A::Error>>
    where
        A: Entity,
        A::Order: Clone,
    {
        let introduced = self.introduced::<A>(caller).await;
        let outcome = self.execute_as::<A>(&introduced.caller, id, orders, reach).await;
        if let (Ok(committed), Some(context)) = (&outcome, introduced.later)
            && !committed.known
        {
            self.tell(caller, context).await;
        }
        outcome
    }

    async fn execute_as<A>(
        &self,
        caller: &Caller,
        id: &A::Id,
        orders: Orders<A::Order>,
        reach: Reach,
    ) -> Result<Committed, StoreError<A::Error>>
    where
        A: Entity,
        A::Order: Clone,
    {
        let stream = stream_of::<A>(caller, id.as_str());
        // A stream that is not in the cache is taken for a new one at first, which needs no reading. What
        // the rules refuse on that ground or on a cached state is decided again on what is read; what they
        // accept is held against the stream's version by the appender.
        let mut footing = match orders.expected_version {
            None => Footing::TakenForNew,
            Some(_) => Footing::Read,
        };
        for _ in 0..=self.limits().conflict_retries {
            match self
                .attempt::<A>(caller, &stream, &orders, (footing, reach))
                .await
            {
                Err(Setback::Moved | Setback::Final(StoreError::Refused(_)))
                    if footing == Footing::TakenForNew =>
                {
                    self.cache().forget(A::TYPE, &stream.stored_id());
                    footing = Footing::Read;
                }
                Err(Setback::Moved) if orders.expected_version.is_none() => {
                    self.cache().forget(A::TYPE, &stream.stored_id());
                }
                Err(Setback::Moved) => break,
                Err(Setback::Final(StoreError::Refused(refusal))) => {
                    // The rules may refuse a repetition only because the first time took effect.
                    return self
                        .known(caller, orders.key.as_ref(), reach)
                        .await?
                        .ok_or(StoreError::Refused(refusal));
                }
                Err(Setback::Final(error @ StoreError::Unreadable(_))) => {
                    // What was done under the key is known, also when the stream is archived.
                    return self.known(caller, orders.key.as_ref(), reach).await?.ok_or(error);
                }
                Err(Setback::Final(error)) => return Err(error),
                Ok(committed) => return Ok(committed),
            }
        }
        metrics::counter!("annals_log_conflicts_total").increment(1);
        Err(StoreError::Conflict { stream })
    }

    async fn attempt<A>(
        &self,
        caller: &Caller,
        stream: &StreamId,
        orders: &Orders<A::Order>,
        (footing, reach): (Footing, Reach),
    ) -> Result<Committed, Setback<A::Error>>
    where
        A: Entity,
        A::Order: Clone,
    {
        self.pass_gate::<A>(caller).await?;
        let stored_id = stream.stored_id();
        let cached = self.cache().get::<A>(A::TYPE, &stored_id);
        let mut loaded = match cached {
            Some(cached) => cached,
            None if footing == Footing::TakenForNew => Loaded {
                state: Arc::default(),
                version: 0,
            },
            None => load_state::<A>(self, stream).await.map_err(unreadable)?,
        };
        if let Some(expected) = orders.expected_version {
            if expected > loaded.version {
                self.cache().forget(A::TYPE, &stored_id);
                loaded = load_state::<A>(self, stream).await.map_err(unreadable)?;
            }
            if expected > loaded.version {
                let actual = loaded.version;
                let stream = stream.clone();
                return Err(final_error(crate::Rejection::VersionAhead {
                    stream,
                    expected,
                    actual,
                }));
            }
            if expected < loaded.version {
                return Err(Setback::Moved);
            }
        }
        let (state, events) = self
            .decide::<A>(caller, Arc::unwrap_or_clone(loaded.state), orders)
            .await?;
        let count = events.len() as u64;
        let mut write = Write {
            aggregate_type: A::TYPE,
            stored_id: stored_id.clone(),
            expected: Some(loaded.version),
            receipt: orders.key.as_ref().map(|key| key.mark_in(caller.tenant, reach)),
            events,
        };
        let sealed = self.seal(std::slice::from_mut(&mut write)).await;
        sealed.map_err(|error| Setback::Final(error.into()))?;
        match self.appender().append(write).await {
            Ok(Outcome::Appended {
                first_position,
                version,
            }) => {
                let state = Arc::new(state);
                self.cache().put(A::TYPE, &stored_id, Loaded { state, version });
                Ok(Committed {
                    position: (first_position + count).saturating_sub(1),
                    version,
                    events: count,
                    known: false,
                    id: stream.id.clone(),
                })
            }
            Ok(Outcome::Known(known)) => {
                orders
                    .key
                    .as_ref()
                    .map_or(Ok(()), |key| key.check(known.hash))
                    .map_err(final_error)?;
                Ok(known.into())
            }
            Ok(Outcome::Conflict { .. }) => Err(Setback::Moved),
            Err(AppendError::Rejected(rejection)) => Err(final_error(rejection)),
            Err(AppendError::Unavailable(unavailable)) => Err(Setback::Final(unavailable.into())),
        }
    }

    /// Runs the commands one after the other on the state, collecting their events.
    async fn decide<A>(
        &self,
        caller: &Caller,
        mut state: A,
        orders: &Orders<A::Order>,
    ) -> Result<(A, Vec<NewEvent>), Setback<A::Error>>
    where
        A: Entity,
        A::Order: Clone,
    {
        let mut rows = Vec::new();
        for (at, command) in &orders.commands {
            let at = at.unwrap_or_else(|| self.ambient().now());
            let sink = EventSink::default();
            let refused = |refusal| Setback::Final(StoreError::Refused(refusal));
            state
                .handle(At::new(at, command.clone()), &(), &sink)
                .await
                .map_err(refused)?;
            for event in sink.collect().await {
                let row = new_event(self.ambient(), caller, at, orders.key.as_ref(), &event);
                rows.push(row.map_err(final_error)?);
            }
        }
        Ok((state, rows))
    }

    /// Lets the aggregate's gate (its tenant) admit the command, or refuse it.
    pub(super) async fn pass_gate<A: Entity>(&self, caller: &Caller) -> Result<(), Setback<A::Error>> {
        let gate = stream_of::<A::Gate>(caller, &caller.tenant.to_string());
        let loaded = load_state::<A::Gate>(self, &gate).await.map_err(unreadable)?;
        A::admit(&loaded.state).map_err(|refusal| Setback::Final(StoreError::Refused(refusal)))
    }

    /// What was done under a key before; nothing, when it is a new one.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] when something else was asked under it, [`StoreError::Unavailable`].
    pub async fn recall(
        &self,
        caller: &Caller,
        key: Option<&Key>,
    ) -> Result<Option<Committed>, StoreError<std::convert::Infallible>> {
        self.known(caller, key, Reach::Tenant).await
    }

    /// Who took a key that all tenants share, and for which id inside the tenant; nobody, when it is free.
    ///
    /// # Errors
    /// [`Unavailable`] when the database is away.
    pub async fn taken_by(&self, key: &Key) -> Result<Option<(TenantId, String)>, Unavailable> {
        let known = find_receipt(self.streams_pool(), key.platform_mark().key).await?;
        Ok(known.and_then(|known| {
            let (tenant, id) = known.stored_id.split_once(':')?;
            Some((tenant.parse().ok()?, id.to_owned()))
        }))
    }

    /// The result of the first time, when the key is known.
    async fn known<R: std::error::Error>(
        &self,
        caller: &Caller,
        key: Option<&Key>,
        reach: Reach,
    ) -> Result<Option<Committed>, StoreError<R>> {
        let Some(key) = key else { return Ok(None) };
        let mark = key.mark_in(caller.tenant, reach);
        let Some(known) = find_receipt(self.streams_pool(), mark.key)
            .await
            .map_err(Unavailable::from)?
        else {
            return Ok(None);
        };
        key.check(known.hash)?;
        Ok(Some(known.into()))
    }
}

/// What an attempt knows of a stream that is not in the cache.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Footing {
    /// Nothing: it is taken for a new one.
    TakenForNew,
    /// It is read.
    Read,
}

/// Why an attempt ended.
pub(super) enum Setback<R: std::error::Error> {
    /// The stream moved on while the decision was made.
    Moved,
    /// There is no use in trying again.
    Final(StoreError<R>),
}

fn final_error<R: std::error::Error>(error: impl Into<StoreError<R>>) -> Setback<R> {
    Setback::Final(error.into())
}

fn unreadable<R: std::error::Error>(error: PersistenceError) -> Setback<R> {
    let reason = error.to_string();
    match error {
        PersistenceError::DeserializationError(source) => Setback::Final(
            source
                .downcast::<ReadError>()
                .map_or_else(|_| Unavailable::new(reason).into(), |error| (*error).into()),
        ),
        _ => Setback::Final(Unavailable::new(reason).into()),
    }
}

impl From<Known> for Committed {
    fn from(known: Known) -> Self {
        let id = known.stored_id.split_once(':').map(|(_, id)| id.to_owned());
        Self {
            position: (known.first_position + known.events).saturating_sub(1),
            version: known.version,
            events: known.events,
            known: true,
            id: id.unwrap_or(known.stored_id),
        }
    }
}
