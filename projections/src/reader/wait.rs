//! Waiting until the read models have seen a position.

use std::time::Duration;

use super::{QueryError, Reader};
use crate::engine::{AnyReadModel, Checkpoint, checkpoints};

/// How often the checkpoints are looked at.
const LOOK: Duration = Duration::from_millis(5);

impl Reader {
    /// How far each read model of this program has come; one that never ran is at 0.
    ///
    /// # Errors
    /// [`QueryError`] when the database is away.
    pub async fn checkpoints(&self) -> Result<Vec<Checkpoint>, QueryError> {
        let stored = checkpoints(self.pool()).await?;
        let checkpoint = |model: Box<dyn AnyReadModel>| {
            let known = stored.iter().find(|checkpoint| checkpoint.name == model.name());
            known.cloned().unwrap_or_else(|| Checkpoint {
                name: model.name().to_owned(),
                version: model.version(),
                position: 0,
            })
        };
        Ok(crate::all().into_iter().map(checkpoint).collect())
    }

    /// Waits until every read model has folded up to a position.
    ///
    /// # Errors
    /// [`QueryError::NotThere`] when that takes longer than `limit`.
    pub async fn wait_for(&self, position: u64, limit: Duration) -> Result<(), QueryError> {
        self.wait(None, position, limit).await
    }

    /// Waits until the live builds of these read models have folded up to a position; where the others are, does
    /// not matter.
    ///
    /// # Errors
    /// [`QueryError::NotThere`] when that takes longer than `limit`.
    pub async fn wait_for_those(
        &self,
        read_models: &[&str],
        position: u64,
        limit: Duration,
    ) -> Result<(), QueryError> {
        self.wait(Some(read_models), position, limit).await
    }

    async fn wait(&self, only: Option<&[&str]>, position: u64, limit: Duration) -> Result<(), QueryError> {
        let is_awaited = |name: &str| only.is_none_or(|names| names.contains(&name));
        let mut reached = 0;
        let looking = async {
            let mut look = tokio::time::interval(LOOK);
            loop {
                look.tick().await;
                let slowest = self
                    .checkpoints()
                    .await?
                    .iter()
                    .filter(|checkpoint| is_awaited(&checkpoint.name))
                    .map(|checkpoint| checkpoint.position)
                    .min();
                reached = slowest.unwrap_or_default();
                if reached >= position {
                    return Ok(());
                }
            }
        };
        match tokio::time::timeout(limit, looking).await {
            Ok(done) => done,
            Err(_) => Err(QueryError::NotThere {
                wanted: position,
                reached,
            }),
        }
    }
}
