//! Where read models are, and which tenants they keep waiting.

use async_graphql::{Result, SimpleObject};
use domain::TenantId;
use projections::{Look, Operations, Status, TenantStatus};

use super::kit::{Context, IntoFault, Long, Ulid};
use super::read_model::{ReadModelBuild, long};

/// A tenant that has events which a read model has not folded, or streams that wait.
#[derive(SimpleObject)]
pub(crate) struct ReadModelTenant {
    /// The tenant.
    tenant_id: Ulid,
    /// How many of its events are not folded, among the next 10000 events of the log.
    lag_events: Long,
    /// For how long the first of them is in the log, in milliseconds.
    lag_ms: Long,
    /// How many of its streams wait.
    parked_streams: Long,
}

impl From<TenantStatus> for ReadModelTenant {
    fn from(status: TenantStatus) -> Self {
        Self {
            tenant_id: status.tenant.into(),
            lag_events: long(status.lag_events),
            lag_ms: long(status.lag_ms),
            parked_streams: long(status.parked),
        }
    }
}

/// Where a read model is, and how far behind the log.
#[derive(SimpleObject)]
pub(crate) struct ReadModelStatus {
    /// The read model.
    name: String,
    /// The number of its live build; 0 before the first.
    build: i32,
    /// The version of the fold that writes it.
    version: i32,
    /// The version of this program's fold.
    program_version: i32,
    /// The last position that it has folded.
    position: Long,
    /// How many events it is behind: of the tenant, when one was named.
    lag_events: Long,
    /// For how long the first event that it has not folded is in the log, in milliseconds; 0 when there is none.
    /// Of the tenant, when one was named.
    lag_ms: Long,
    /// How many positions a second it moved on lately.
    rate: f64,
    /// How many streams wait because an event of theirs can't be folded: of the tenant, when one was named.
    parked_streams: Long,
    /// Whether a process carries it now.
    carried: bool,
    /// The other builds: filled anew, or kept to go back to.
    builds: Vec<ReadModelBuild>,
    /// The tenants that have events which it has not folded, or streams that wait: those that wait longest, and at
    /// most 20.
    tenants_behind: Vec<ReadModelTenant>,
}

impl From<Status> for ReadModelStatus {
    fn from(status: Status) -> Self {
        Self {
            name: status.name,
            build: status.build,
            version: status.version,
            program_version: status.program_version,
            position: long(status.position),
            lag_events: long(status.lag_events),
            lag_ms: long(status.lag_ms),
            rate: status.rate,
            parked_streams: long(status.parked),
            carried: status.carried,
            builds: status.builds.into_iter().map(Into::into).collect(),
            tenants_behind: Vec::new(),
        }
    }
}

/// Where each read model is; with a tenant, how far it is behind for that one.
pub(super) async fn statuses(
    ctx: &Context<'_>,
    operations: &Operations,
    tenant: Option<Ulid>,
) -> Result<Vec<ReadModelStatus>> {
    let statuses = operations.status().await.map_err(IntoFault::into_fault)?;
    let mut statuses: Vec<ReadModelStatus> = statuses.into_iter().map(Into::into).collect();
    if let Some(tenant) = tenant {
        let own = operations.status_of(TenantId::new(tenant.0)).await;
        for own in own.map_err(IntoFault::into_fault)? {
            for status in statuses.iter_mut().filter(|status| status.name == own.name) {
                status.lag_events = long(own.lag_events);
                status.lag_ms = long(own.lag_ms);
                status.parked_streams = long(own.parked);
            }
        }
    }
    if ctx.look_ahead().field("tenantsBehind").exists() {
        let behind = operations.behind(Look::default()).await;
        for behind in behind.map_err(IntoFault::into_fault)? {
            for status in statuses.iter_mut().filter(|status| status.name == behind.name) {
                let of_other = |of: &TenantStatus| tenant.is_some_and(|only| only != of.tenant.into());
                let worst = behind.worst.iter().filter(|of| !of_other(of)).cloned();
                status.tenants_behind = worst.map(Into::into).collect();
            }
        }
    }
    Ok(statuses)
}
