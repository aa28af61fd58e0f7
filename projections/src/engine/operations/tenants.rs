//! Where each read model is for one tenant, and which tenants it keeps waiting.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use domain::TenantId;
use store::Filter;

use super::{OperationError, Operations};
use crate::engine::checkpoint::{self, Place};
use crate::engine::shard::Shard;
use crate::engine::{count, position};

/// Where a read model is for one tenant.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TenantStatus {
    /// The read model.
    pub name: String,
    /// The tenant.
    pub tenant: TenantId,
    /// How many of the tenant's events it has not folded.
    pub lag_events: u64,
    /// For how long the first of them is in the log, in milliseconds; 0 when there is none.
    pub lag_ms: u64,
    /// How many of the tenant's streams wait.
    pub parked: u64,
}

/// Which tenants a read model keeps waiting.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Behind {
    /// The read model.
    pub name: String,
    /// How many tenants have events that it has not folded, or streams that wait.
    pub tenants: u64,
    /// Those that wait longest, and with them those with most parked streams.
    pub worst: Vec<TenantStatus>,
}

/// How closely to look for tenants that are behind.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// So many events are looked at after the place of a read model; what lies further on is not counted.
    pub events: u32,
    /// So many tenants of each read model are told.
    pub tenants: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            events: 10_000,
            tenants: 20,
        }
    }
}

/// The events of a tenant after a position: how many, and the age of the first in milliseconds.
type Waiting = HashMap<TenantId, (u64, u64)>;

impl Operations {
    /// Where each read model is for one tenant, by name.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn status_of(&self, tenant: TenantId) -> Result<Vec<TenantStatus>, OperationError> {
        let mut statuses = Vec::new();
        let shards = checkpoint::shards(&self.pool).await?;
        let parked = self.parked_by_tenant(Some(tenant)).await?;
        let mut known: HashMap<u64, (u64, u64)> = HashMap::new();
        for (name, places) in self.places().await? {
            let own = Shard::of_tenant(tenant, shards).number;
            let place = places.iter().find(|place| place.unit.shard == own);
            let reached = place.map_or(0, |place| place.position);
            let (lag_events, lag_ms) = match known.get(&reached) {
                Some(waiting) => *waiting,
                None => {
                    let events = self.log.count(reached, &Filter::tenant(tenant)).await?;
                    let waiting = (events, self.age_of(tenant, reached).await?);
                    *known.entry(reached).or_insert(waiting)
                }
            };
            statuses.push(TenantStatus {
                parked: parked.get(&(name.clone(), tenant)).copied().unwrap_or_default(),
                name,
                tenant,
                lag_events,
                lag_ms,
            });
        }
        Ok(statuses)
    }

    /// Which tenants each read model keeps waiting, by name.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn behind(&self, look: Look) -> Result<Vec<Behind>, OperationError> {
        let head = self.log.head().await?;
        let shards = checkpoint::shards(&self.pool).await?;
        let parked = self.parked_by_tenant(None).await?;
        let mut known: HashMap<u64, Waiting> = HashMap::new();
        let mut all = Vec::new();
        for (name, places) in self.places().await? {
            let mut tenants: BTreeMap<TenantId, TenantStatus> = BTreeMap::new();
            let level = |tenant| TenantStatus {
                name: name.clone(),
                tenant,
                lag_events: 0,
                lag_ms: 0,
                parked: 0,
            };
            for place in places.iter().filter(|place| place.position < head) {
                // Most read models are at one place.
                let waiting = match known.entry(place.position) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(unknown) => {
                        unknown.insert(self.waiting_after(place.position, look.events).await?)
                    }
                };
                for (tenant, (events, age)) in &*waiting {
                    if Shard::of_tenant(*tenant, shards).number == place.unit.shard {
                        let status = tenants.entry(*tenant).or_insert_with(|| level(*tenant));
                        (status.lag_events, status.lag_ms) = (*events, *age);
                    }
                }
            }
            for ((of, tenant), streams) in &parked {
                if *of == name {
                    tenants.entry(*tenant).or_insert_with(|| level(*tenant)).parked = *streams;
                }
            }
            let count = tenants.len() as u64;
            let mut worst: Vec<TenantStatus> = tenants.into_values().collect();
            worst.sort_by_key(|status| std::cmp::Reverse((status.lag_ms, status.parked, status.lag_events)));
            worst.truncate(look.tenants);
            all.push(Behind {
                name,
                tenants: count,
                worst,
            });
        }
        Ok(all)
    }

    /// Where the live builds are, shard by shard, by name; none of those that never ran.
    async fn places(&self) -> Result<Vec<(String, Vec<Place>)>, OperationError> {
        let mut places: BTreeMap<String, Vec<Place>> = BTreeMap::new();
        for model in &self.models {
            places.entry(model.name().to_owned()).or_default();
        }
        for place in checkpoint::of_live(&self.pool).await? {
            if let Some(own) = places.get_mut(&place.unit.name) {
                own.push(place);
            }
        }
        Ok(places.into_iter().collect())
    }

    /// The tenants of the next events after a position.
    async fn waiting_after(&self, after: u64, events: u32) -> Result<Waiting, OperationError> {
        let rows = sqlx::query!(
            r#"
            select e.tenant_id as "tenant_id!", count(*) as "events!",
                   (extract(epoch from clock_timestamp() - min(e.recorded_at)) * 1000)::bigint as "age!"
            from (
                select tenant_id, recorded_at
                from events
                where position > $1
                order by position
                limit $2
            ) e
            group by e.tenant_id
            "#,
            count(after),
            i64::from(events),
        )
        .fetch_all(&self.pool)
        .await?;
        let waiting = rows.into_iter().filter_map(|row| {
            let tenant = row.tenant_id.parse().ok()?;
            Some((tenant, (position(row.events), position(row.age))))
        });
        Ok(waiting.collect())
    }

    /// For how long the tenant's first event after a position is in the log, in milliseconds.
    async fn age_of(&self, tenant: TenantId, after: u64) -> Result<u64, OperationError> {
        let age = sqlx::query_scalar!(
            r#"
            select (extract(epoch from clock_timestamp() - recorded_at) * 1000)::bigint as "age!"
            from events
            where tenant_id = $1 and position > $2
            order by position
            limit 1
            "#,
            tenant.to_string(),
            count(after),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(age.map_or(0, position))
    }

    /// How many streams of each tenant wait in the live builds: of one tenant, or of all.
    async fn parked_by_tenant(
        &self,
        only: Option<TenantId>,
    ) -> Result<HashMap<(String, TenantId), u64>, OperationError> {
        let rows = sqlx::query!(
            r#"
            select p.name, p.tenant_id, count(*) as "streams!"
            from read_model_parked p
            join read_model_builds b on b.name = p.name and b.build = p.build and b.state = 'live'
            where $1::text is null or p.tenant_id = $1
            group by p.name, p.tenant_id
            "#,
            only.map(|tenant| tenant.to_string()),
        )
        .fetch_all(&self.pool)
        .await?;
        let waiting = rows.into_iter().filter_map(|row| {
            let tenant = row.tenant_id.parse().ok()?;
            Some(((row.name, tenant), position(row.streams)))
        });
        Ok(waiting.collect())
    }
}
