//! The sync's own stream: begun with the first thing that is new, ended with the counts.

use domain::connector::ConnectorId;
use domain::connector_sync::{Command, ConnectorSync, ConnectorSyncId};
use domain::{Caller, EventId};
use store::{Committed, Key, Orders, Part, Place, Rejection, Store};

use super::error::SyncError;
use super::import::Progress;
use super::patience::Patience;
use super::rejected::Rejected;
use super::sorting::known_keys;
use crate::commands::DispatchError;

/// Writes down how a sync goes.
pub(super) struct Journal {
    pub(super) store: Store,
    /// Its events are grouped under the sync's id.
    pub(super) caller: Caller,
    pub(super) sync: ConnectorSyncId,
    pub(super) connector: ConnectorId,
    /// What the file is called.
    pub(super) source_name: String,
    /// The mapping's source, under which records are known.
    pub(super) source: String,
    pub(super) started: bool,
}

impl Journal {
    /// Begins the sync, unless it has begun.
    pub(super) async fn ensure_started(&mut self) -> Result<(), SyncError> {
        if self.started {
            return Ok(());
        }
        let start = Command::Start {
            connector: self.connector.to_string(),
            source: self.source_name.clone(),
        };
        let started = self.write(start, self.own_key("start")).await?;
        self.started = true;
        // All that follows happens because of it.
        self.caller.causation_id = self.event_at(started.position).await?;
        Ok(())
    }

    /// The id of the tenant's event of a position.
    async fn event_at(&self, position: u64) -> Result<Option<EventId>, SyncError> {
        let part = Part::Event {
            tenant: self.caller.tenant,
            position,
        };
        let found = self.store.log().part(&part, Place::default(), position, 1).await;
        let found = found.map_err(|error| SyncError::Unavailable {
            reason: error.to_string(),
        })?;
        Ok(found.first().map(|event| event.event_id))
    }

    /// Writes down a rejected row, unless it was written down before; returns its position if it is new.
    ///
    /// `before` is the hash under which the same row was rejected before.
    pub(super) async fn reject(
        &mut self,
        rejected: Rejected,
        before: Option<[u8; 32]>,
    ) -> Result<Option<u64>, SyncError> {
        let mut key = rejected.key(&self.source);
        if before.is_some_and(|hash| hash == key.hash) {
            return Ok(None);
        }
        if before.is_some() {
            key = rejected.key_by_reason(&self.source);
            let keys = std::slice::from_ref(&key);
            let known = known_keys(&self.store, &self.caller, keys).await?;
            if known.iter().any(Option::is_some) {
                return Ok(None);
            }
        }
        self.ensure_started().await?;
        let again = rejected.key_by_reason(&self.source);
        let command = rejected.into_command();
        let committed = match self.write(command.clone(), key).await {
            Err(DispatchError::Rejected(Rejection::KeyReused { .. })) => self.write(command, again).await?,
            answer => answer?,
        };
        Ok((!committed.known).then_some(committed.position))
    }

    /// Says how far the sync is.
    pub(super) async fn progress(&self, rows: u64) -> Result<(), SyncError> {
        let progress = Command::Progress {
            records: rows,
            cursor: None,
        };
        self.write(progress, self.own_key(&format!("progress-{rows}")))
            .await?;
        Ok(())
    }

    /// Ends the sync at the end of the file; returns the position.
    pub(super) async fn complete(&self, progress: &Progress) -> Result<u64, SyncError> {
        let complete = Command::Complete {
            recorded: progress.recorded,
            known: progress.known,
            rejected: progress.rejected,
            cursor: None,
        };
        Ok(self.write(complete, self.own_key("end")).await?.position)
    }

    /// Ends the sync because something broke. That this may fail too changes nothing for the caller.
    pub(super) async fn fail(&self, error: &SyncError) {
        let reason = error.to_string();
        let failed = self.write(Command::Fail { reason }, self.own_key("end")).await;
        if let Err(error) = failed {
            tracing::warn!(sync = %self.sync, %error, "ingest.csv_file.sync could not write down its end");
        }
    }

    /// A key for one step of this sync, so that a second try finds what the first may have done.
    fn own_key(&self, step: &str) -> Key {
        Key {
            source: "annals#sync".to_owned(),
            id: format!("{}/{step}", self.sync),
            hash: [0; 32],
        }
    }

    async fn write(&self, command: Command, key: Key) -> Result<Committed, DispatchError> {
        let orders = Orders::one(command).under(Some(key));
        let mut patience = Patience::default();
        loop {
            let answer = self
                .store
                .execute::<ConnectorSync>(&self.caller, &self.sync, orders.clone())
                .await;
            match answer.map_err(DispatchError::from) {
                Err(error) if patience.lasts(&error).await => {}
                answer => return answer,
            }
        }
    }
}
