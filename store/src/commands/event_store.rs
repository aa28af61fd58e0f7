//! cqrs-es's event store over the log: postgres-es loads streams, the appender commits.
//!
//! `Store::execute` works through it; so can a `CqrsFramework` (with no queries: its dispatch after the
//! commit loses updates, and read models follow the log instead).

use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::persist::{PersistedEventRepository, PersistenceError, SerializedEvent};
use cqrs_es::{AggregateContext, AggregateError, EventEnvelope, EventStore};
use domain::kernel::decode_value_as;
use domain::personal_fields::personal_fields;
use domain::{Caller, Entity, StreamId};

use super::cache::Loaded;
use super::prepare::new_event;
use crate::Store;
use crate::archive::whole_stream;
use crate::error::ReadError;
use crate::log::{AppendError, Outcome, Write};
use crate::vault::{Opened, Spot, VaultError};

/// The log as the event store of one caller's aggregates of type `A`.
#[derive(Clone, Debug)]
pub struct LogEventStore {
    store: Store,
    caller: Caller,
}

impl LogEventStore {
    /// The log, seen by `caller`: ids are inside the caller's tenant.
    #[must_use]
    pub const fn new(store: Store, caller: Caller) -> Self {
        Self { store, caller }
    }
}

/// An aggregate's state, as loaded or as it becomes.
#[derive(Debug)]
pub struct LoadedAggregate<A> {
    id: String,
    state: A,
    version: u64,
}

impl<A: Entity> AggregateContext<A> for LoadedAggregate<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.state
    }
}

impl<A: Entity> EventStore<A> for LogEventStore {
    type AC = LoadedAggregate<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let stream = stream_of::<A>(&self.caller, aggregate_id);
        let stored = load_stream::<A>(&self.store, &stream).await?;
        stored
            .into_iter()
            .map(|row| {
                Ok(EventEnvelope {
                    aggregate_id: aggregate_id.to_owned(),
                    sequence: row.sequence,
                    payload: decode::<A>(row)?,
                    metadata: HashMap::new(),
                })
            })
            .collect()
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<Self::AC, AggregateError<A::Error>> {
        let stream = stream_of::<A>(&self.caller, aggregate_id);
        let loaded = load_state::<A>(&self.store, &stream).await?;
        Ok(LoadedAggregate {
            id: aggregate_id.to_owned(),
            state: Arc::unwrap_or_clone(loaded.state),
            version: loaded.version,
        })
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Self::AC,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let stream = stream_of::<A>(&self.caller, &context.id);
        let now = self.store.ambient().now();
        let rows = events
            .iter()
            .map(|event| new_event(self.store.ambient(), &self.caller, now, None, event))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| AggregateError::UnexpectedError(Box::new(error)))?;
        let mut write = Write {
            aggregate_type: A::TYPE,
            stored_id: stream.stored_id(),
            expected: Some(context.version),
            receipt: None,
            events: rows,
        };
        let sealed = self.store.seal(std::slice::from_mut(&mut write)).await;
        sealed.map_err(|error| AggregateError::UnexpectedError(Box::new(error)))?;
        match self.store.appender().append(write).await {
            Ok(Outcome::Appended { .. }) => Ok(events
                .into_iter()
                .zip(1..)
                .map(|(payload, number)| EventEnvelope {
                    aggregate_id: context.id.clone(),
                    sequence: usize::try_from(context.version)
                        .unwrap_or(usize::MAX)
                        .saturating_add(number),
                    payload,
                    metadata: metadata.clone(),
                })
                .collect()),
            Ok(_) => Err(AggregateError::AggregateConflict),
            Err(AppendError::Rejected(error)) => Err(AggregateError::UnexpectedError(Box::new(error))),
            Err(AppendError::Unavailable(error)) => {
                Err(AggregateError::DatabaseConnectionError(Box::new(error)))
            }
        }
    }
}

/// The stream of one aggregate of the caller's tenant.
pub(super) fn stream_of<A: cqrs_es::Aggregate>(caller: &Caller, id: &str) -> StreamId {
    StreamId {
        aggregate_type: A::TYPE,
        tenant: caller.tenant,
        id: id.to_owned(),
    }
}

/// The state of an aggregate, from the cache or from its stream. A stream without events is the default
/// state at version 0.
pub(super) async fn load_state<A>(store: &Store, stream: &StreamId) -> Result<Loaded<A>, PersistenceError>
where
    A: cqrs_es::Aggregate<Event: domain::StoredEvent> + Clone + 'static,
{
    let stored_id = stream.stored_id();
    if let Some(loaded) = store.cache().get::<A>(A::TYPE, &stored_id) {
        return Ok(loaded);
    }
    let (mut state, mut version) = (A::default(), 0);
    for row in load_stream::<A>(store, stream).await? {
        version = u64::try_from(row.sequence).unwrap_or(u64::MAX);
        state.apply(decode::<A>(row)?);
    }
    let state = Arc::new(state);
    if version > 0 {
        let kept = Loaded {
            state: Arc::clone(&state),
            version,
        };
        store.cache().put(A::TYPE, &stored_id, kept);
    }
    Ok(Loaded { state, version })
}

async fn load_stream<A: cqrs_es::Aggregate>(
    store: &Store,
    stream: &StreamId,
) -> Result<Vec<SerializedEvent>, PersistenceError> {
    let found = store.streams().get_events::<A>(&stream.stored_id()).await?;
    let mut rows = whole_stream::<A>((store.streams(), store.streams_pool()), stream, found).await?;
    open_stream(store, stream, &mut rows).await?;
    Ok(rows)
}

/// Opens what is sealed in a stream's events.
async fn open_stream(
    store: &Store,
    stream: &StreamId,
    rows: &mut [SerializedEvent],
) -> Result<(), PersistenceError> {
    let (tenant, stored_id) = (stream.tenant.to_string(), stream.stored_id());
    let personal = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| !personal_fields(&row.event_type).is_empty());
    let texts: Vec<(usize, String)> = personal
        .map(|(number, row)| (number, row.payload.to_string()))
        .collect();
    if texts.is_empty() {
        return Ok(());
    }
    let unreadable = |error: VaultError| match error {
        VaultError::Sql(error) => PersistenceError::ConnectionError(Box::new(error)),
        other => PersistenceError::DeserializationError(Box::new(ReadError::Vault(other))),
    };
    let opened = match store.vault() {
        Some(vault) => {
            let payloads = texts
                .iter()
                .map(|(number, text)| (tenant.as_str(), rows[*number].event_type.as_str(), text.as_str()));
            vault.prepare(payloads).await.map_err(unreadable)?
        }
        None => Opened::Refused,
    };
    for (number, text) in texts {
        let spot = Spot {
            tenant: &tenant,
            aggregate_type: stream.aggregate_type,
            stored_id: &stored_id,
            event_type: &rows[number].event_type,
            field: "",
        };
        if let Some(text) = opened.payload(spot, &text).map_err(unreadable)? {
            rows[number].payload = serde_json::from_str(&text)
                .map_err(|error| PersistenceError::DeserializationError(Box::new(error)))?;
        }
    }
    Ok(())
}

fn decode<A>(row: SerializedEvent) -> Result<A::Event, PersistenceError>
where
    A: cqrs_es::Aggregate<Event: domain::StoredEvent>,
{
    let place = format!(
        "{}/{} sequence {}",
        row.aggregate_type, row.aggregate_id, row.sequence
    );
    let unreadable =
        |reason: String| PersistenceError::DeserializationError(format!("{place}: {reason}").into());
    let version = row
        .event_version
        .parse()
        .map_err(|_| unreadable(format!("version {:?}", row.event_version)))?;
    decode_value_as(&row.event_type, version, row.payload).map_err(|error| unreadable(error.to_string()))
}
