//! Where each read model is, and how far behind the log.

use domain::TenantId;
use store::Filter;

use super::{OperationError, Operations};
use crate::engine::builds::{Build, BuildState};
use crate::engine::position;

/// Where a read model is.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Status {
    /// The read model.
    pub name: String,
    /// Its live build.
    pub build: i32,
    /// The version of the fold that writes it.
    pub version: i32,
    /// The version of this program's fold.
    pub program_version: i32,
    /// The last position that it has folded, in all its shards.
    pub position: u64,
    /// How many events it is behind the log's end.
    pub lag_events: u64,
    /// For how long the first event that it has not folded is in the log, in milliseconds.
    pub lag_ms: u64,
    /// How many positions a second it moved on lately.
    pub rate: f64,
    /// How many streams wait, because an event of theirs can't be folded.
    pub parked: u64,
    /// Whether a process carries it now.
    pub carried: bool,
    /// The other builds.
    pub builds: Vec<Build>,
}

/// Where a read model is for one tenant.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TenantStatus {
    /// The read model.
    pub name: String,
    /// How many of the tenant's events it has not folded.
    pub lag_events: u64,
    /// How many of the tenant's streams wait.
    pub parked: u64,
}

impl Operations {
    /// Where each read model is, by name. One that never ran is at position 0.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn status(&self) -> Result<Vec<Status>, OperationError> {
        let head = self.log.head().await?;
        let builds = self.builds().await?;
        let parked = self.parked().await?;
        let mut statuses = Vec::new();
        for model in &self.models {
            let name = model.name();
            let (live, others): (Vec<Build>, Vec<Build>) = builds
                .iter()
                .filter(|build| build.name == name)
                .cloned()
                .partition(|build| build.state == BuildState::Live);
            let live = live.into_iter().next();
            let reached = live.as_ref().map_or(0, |live| live.position);
            let number = live.as_ref().map_or(0, |live| live.build);
            let (carried, rate) = self.pace(name).await?;
            statuses.push(Status {
                name: name.to_owned(),
                build: number,
                version: live.as_ref().map_or(0, |live| live.version),
                program_version: model.version(),
                position: reached,
                lag_events: head.saturating_sub(reached),
                lag_ms: self.age_after(reached).await?,
                rate,
                parked: parked
                    .iter()
                    .filter(|parked| parked.name == name && parked.build == number)
                    .count() as u64,
                carried,
                builds: others,
            });
        }
        statuses.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(statuses)
    }

    /// Where each read model is for one tenant, by name.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn status_of(&self, tenant: TenantId) -> Result<Vec<TenantStatus>, OperationError> {
        let parked = self.parked().await?;
        let mut statuses = Vec::new();
        for status in self.status().await? {
            let lag_events = self.log.count(status.position, &Filter::tenant(tenant)).await?;
            let waits = parked.iter().filter(|parked| {
                parked.name == status.name && parked.build == status.build && parked.stream.tenant == tenant
            });
            statuses.push(TenantStatus {
                lag_events,
                parked: waits.count() as u64,
                name: status.name,
            });
        }
        Ok(statuses)
    }

    /// For how long the event after a position is in the log, in milliseconds; 0 when there is none.
    async fn age_after(&self, after: u64) -> Result<u64, OperationError> {
        let age = sqlx::query_scalar!(
            r#"
            select (extract(epoch from clock_timestamp() - recorded_at) * 1000)::bigint as "age!"
            from events
            where position > $1
            order by position
            limit 1
            "#,
            crate::engine::count(after)
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(age.map_or(0, position))
    }

    /// Whether somebody carries all shards of a read model, and how fast they go together.
    async fn pace(&self, name: &str) -> Result<(bool, f64), OperationError> {
        let row = sqlx::query!(
            r#"
            select coalesce(bool_and(holder is not null and until > clock_timestamp()), false) as "carried!",
                   coalesce(max(rate), 0) as "rate!"
            from read_model_leases
            where starts_with(work, $1)
            "#,
            format!("{name}/")
        )
        .fetch_one(&self.pool)
        .await?;
        Ok((row.carried, row.rate))
    }
}
