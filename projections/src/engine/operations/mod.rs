//! What an administrator does with read models: rebuild, compare, switch, go back, resume what was parked.

mod align;
mod diff;
mod error;
mod rebuild;
mod resume;
mod status;
mod subject;
mod switch;
mod tenants;

pub use diff::{Diff, Listing, RowChange, RowDifference};
pub use error::OperationError;
pub use rebuild::{Estimate, Order};
pub use status::Status;
pub use subject::{About, RowAbout};
pub use tenants::{Behind, Look, TenantStatus};

use std::sync::Arc;

use sqlx::PgPool;
use store::Log;

use super::builds::{self, Build, BuildState, Scope};
use super::folding::AnyReadModel;
use super::parked::{self, Parked};

/// The operations on the read models of one database. Cheap to clone.
#[derive(Clone)]
pub struct Operations {
    pool: PgPool,
    log: Log,
    models: Vec<Arc<dyn AnyReadModel>>,
    memory_bytes: usize,
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operations").finish_non_exhaustive()
    }
}

impl Operations {
    /// Operates through `pool`, whose role is the projector's; six connections are enough.
    #[must_use]
    pub fn new(pool: PgPool, log: Log, models: Vec<Arc<dyn AnyReadModel>>) -> Self {
        Self {
            pool,
            log,
            models,
            memory_bytes: super::filling::MEMORY_BYTES,
        }
    }

    /// Lets a rebuild hold so many bytes in memory.
    #[must_use]
    pub const fn with_memory(mut self, bytes: usize) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// All builds of all read models, by name and number.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn builds(&self) -> Result<Vec<Build>, OperationError> {
        Ok(builds::all(&self.pool).await?)
    }

    /// All parked streams of the live builds and of those that are being filled.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn parked(&self) -> Result<Vec<Parked>, OperationError> {
        Ok(parked::all(&self.pool).await?)
    }

    /// Whether this program has the fold that writes a build.
    pub(super) fn has_fold_of(&self, build: &Build) -> bool {
        self.models
            .iter()
            .any(|model| model.name() == build.name && model.version() == build.version)
    }

    /// The read model of a name.
    fn model(&self, name: &str) -> Result<&Arc<dyn AnyReadModel>, OperationError> {
        let found = self.models.iter().find(|model| model.name() == name);
        found.ok_or_else(|| OperationError::UnknownReadModel {
            name: name.to_owned(),
            known: self
                .models
                .iter()
                .map(|model| model.name())
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// The newest build of a read model in this state.
    async fn newest(&self, name: &str, state: BuildState) -> Result<Option<Build>, OperationError> {
        self.model(name)?;
        let all = builds::all(&self.pool).await?;
        let mut all = all.into_iter().rev();
        Ok(all.find(|build| build.name == name && build.state == state))
    }

    async fn live(&self, name: &str) -> Result<Build, OperationError> {
        let live = self.newest(name, BuildState::Live).await?;
        live.ok_or_else(|| OperationError::NeverRan {
            name: name.to_owned(),
        })
    }
}
