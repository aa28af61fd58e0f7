//! Filling a build beside the live one: the order, the estimate, and the work itself.

use std::sync::Arc;
use std::time::Instant;

use store::Filter;
use tokio::sync::watch;

use super::{Build, BuildState, OperationError, Operations, Scope};
use crate::engine::builds::{self, Plan, Policy};
use crate::engine::catch_up::{filter, read};
use crate::engine::checkpoint;
use crate::engine::context::{Noted, Timeline};
use crate::engine::filling::{Care, Filling, Progress};
use crate::engine::folding::AnyReadModel;
use crate::engine::lease::Exclusive;
use crate::engine::page::Traveller;
use crate::engine::settle::claim;
use crate::engine::shard::Shard;
use crate::engine::table::Table;

/// A rebuild that somebody asks for.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Which rows.
    pub scope: Scope,
    /// What a switch demands.
    pub policy: Policy,
    /// Whether to switch as soon as it is filled.
    pub switch_when_ready: bool,
}

/// What a rebuild would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Estimate {
    /// How many events would be read.
    pub events: u64,
    /// How many rows there are now.
    pub rows: u64,
    /// How long it would take, in milliseconds, from a sample of the log.
    pub expected_ms: u64,
}

impl Operations {
    /// Says what a rebuild would take, and changes nothing: a sample of the log is read and folded.
    ///
    /// # Errors
    /// [`OperationError`] when the read model or the tenant is unknown.
    pub async fn estimate(&self, name: &str, scope: &Scope) -> Result<Estimate, OperationError> {
        let model = self.checked(name, scope).await?;
        let live = self.live(name).await?;
        let filter = filter(scope, model.as_ref());
        let events = self.log.count(0, &filter).await?;
        let rows = self.count_rows(&live.table(), &model, scope).await?;
        let started = Instant::now();
        let head = self.log.head().await?;
        let (sample, _) = read(&self.log, &filter, (0, head), 20_000).await?;
        let sampled = sample.len() as u64;
        let mut timeline = Timeline::default();
        timeline.fill(&self.pool, head).await?;
        let noted = timeline.annotate(sample.into_iter().map(Arc::new).collect());
        let wanted: Vec<&Noted> = noted.iter().filter(|noted| model.wants(&noted.event)).collect();
        let mut folding = model.folding();
        folding.declare(&wanted);
        // What is refused is parked later; here only the time counts.
        drop(folding.fold(&wanted));
        let mut connection = self.pool.acquire().await?;
        if let Some(table) = Table::describe(&mut connection, &live.table(), model.key()).await? {
            drop(folding.lines(&table));
        }
        // Writing and indexing take about as long as reading and folding.
        let expected_us = 2 * started.elapsed().as_micros() * u128::from(events) / u128::from(sampled.max(1));
        Ok(Estimate {
            events,
            rows,
            expected_ms: u64::try_from(expected_us / 1_000).unwrap_or(u64::MAX),
        })
    }

    /// Begins a rebuild: adds an empty build, to be filled by [`Operations::fill`], or by any projector.
    /// One that was begun before and not finished is taken up again.
    ///
    /// # Errors
    /// [`OperationError`] when the read model or the tenant is unknown, or a build waits for its switch.
    pub async fn rebuild(&self, name: &str, order: Order) -> Result<Build, OperationError> {
        let model = self.checked(name, &order.scope).await?;
        self.live(name).await?;
        let mut transaction = self.pool.begin().await?;
        claim(&mut transaction, name).await?;
        let known = builds::all(&mut *transaction).await?;
        let pending = known.into_iter().find(|build| {
            build.name == name && matches!(build.state, BuildState::Building | BuildState::Ready)
        });
        if let Some(pending) = pending {
            let resumes = pending.state == BuildState::Building
                && pending.scope == order.scope
                && pending.version == model.version();
            return if resumes {
                Ok(pending)
            } else {
                Err(OperationError::AlreadyThere {
                    name: name.to_owned(),
                    build: pending.build,
                    state: pending.state.name(),
                })
            };
        }
        let of = checkpoint::shards(&mut *transaction).await?;
        let shards = match order.scope.tenant {
            Some(tenant) => vec![Shard::of_tenant(tenant, of).number],
            None => (0..of).collect(),
        };
        let plan = Plan {
            scope: order.scope,
            policy: order.policy,
            switch_when_ready: order.switch_when_ready,
        };
        let number = builds::add(&mut transaction, (name, model.version()), &shards, &plan).await?;
        let added = builds::all(&mut *transaction).await?;
        transaction.commit().await?;
        let added = added
            .into_iter()
            .find(|build| build.name == name && build.build == number);
        added.ok_or(OperationError::Moved)
    }

    /// Fills a build up to where the live one is, telling how far it has come. It may be interrupted at any
    /// moment; whoever calls it again goes on.
    ///
    /// # Errors
    /// [`OperationError::Busy`] while another process fills it.
    pub async fn fill(&self, build: &Build, progress: watch::Sender<Progress>) -> Result<(), OperationError> {
        let busy = || OperationError::Busy {
            name: build.name.clone(),
            build: build.build,
        };
        let alone = Exclusive::take(&self.pool, &build.work())
            .await?
            .ok_or_else(busy)?;
        let filled = self.fill_alone(build, progress).await;
        alone.give_back().await;
        filled
    }

    async fn fill_alone(
        &self,
        build: &Build,
        progress: watch::Sender<Progress>,
    ) -> Result<(), OperationError> {
        // Somebody may have filled it since it was looked up.
        let now = builds::all(&self.pool).await?;
        let now = now
            .into_iter()
            .find(|b| (&b.name, b.build) == (&build.name, build.build));
        let Some(build) = now.filter(|build| build.state == BuildState::Building) else {
            return Ok(());
        };
        let target = self.live(&build.name).await?.position;
        sqlx::query!(
            "update read_model_builds set target = $3 where name = $1 and build = $2",
            build.name,
            build.build,
            crate::engine::count(target)
        )
        .execute(&self.pool)
        .await?;
        let travellers = self.travellers(&build).await?;
        let units = travellers
            .iter()
            .map(|traveller| traveller.unit.clone())
            .collect();
        let Some(mut traveller) = travellers.into_iter().next() else {
            return Err(OperationError::Moved);
        };
        // Filling goes over all shards at once.
        traveller.shard = Shard { number: 0, of: 1 };
        let filling = Filling {
            pool: self.pool.clone(),
            log: self.log.clone(),
            traveller,
            units,
            memory_bytes: self.memory_bytes,
            progress,
            care: Care::default(),
            build,
        };
        let build = filling.build.clone();
        filling.run(target).await?;
        self.prune(&build).await
    }

    /// The shards of a build, each as a traveller.
    pub(super) async fn travellers(&self, build: &Build) -> Result<Vec<Traveller>, OperationError> {
        let model = self.model(&build.name)?;
        if model.version() != build.version {
            return Err(OperationError::OtherFold {
                name: build.name.clone(),
                build: build.build,
                version: build.version,
                ours: model.version(),
                advice: "use the program that wrote it",
            });
        }
        let id = (build.name.as_str(), build.build);
        let mut connection = self.pool.acquire().await?;
        let of = checkpoint::shards(&mut *connection).await?;
        let table = Table::describe(&mut connection, &build.table(), model.key()).await?;
        let table =
            table.ok_or_else(|| OperationError::Unfit(format!("there is no table {}", build.table())))?;
        let parked = crate::engine::settle::parked_streams(&mut connection, id).await?;
        let places = checkpoint::of_build(&mut *connection, id).await?;
        let travellers = places.into_iter().map(|place| Traveller {
            model: Arc::clone(model),
            table: table.clone(),
            shard: Shard {
                number: place.unit.shard,
                of,
            },
            scope: build.scope.clone(),
            epoch: place.epoch,
            position: place.position,
            unit: place.unit,
            parked: parked.clone(),
        });
        Ok(travellers.collect())
    }

    /// Removes the rows that a build of one row has beside it: its events touched them as well.
    pub(super) async fn prune(&self, build: &Build) -> Result<(), OperationError> {
        let Some(key) = &build.scope.key else {
            return Ok(());
        };
        let model = self.model(&build.name)?;
        let same = same_key(model.as_ref(), "t");
        sqlx::query(&format!("delete from {} t where not ({same})", build.table()))
            .bind(key)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Discards a build that is not live.
    ///
    /// # Errors
    /// [`OperationError`] when there is none that is being filled, is ready or was live before.
    pub async fn discard(&self, name: &str) -> Result<Build, OperationError> {
        self.model(name)?;
        let mut transaction = self.pool.begin().await?;
        claim(&mut transaction, name).await?;
        let known = builds::all(&mut *transaction).await?;
        let mut known: Vec<Build> = known
            .into_iter()
            .filter(|build| build.name == name && build.state != BuildState::Live)
            .collect();
        // What is still to come goes first, what was before after it.
        known.sort_by_key(|build| (build.state == BuildState::Previous, -build.build));
        let Some(build) = known.into_iter().next() else {
            return Err(OperationError::NoBuild {
                name: name.to_owned(),
                wanted: "beside the live one",
                advice: "there is nothing to discard",
            });
        };
        builds::remove(&mut transaction, (name, build.build)).await?;
        transaction.commit().await?;
        Ok(build)
    }

    async fn checked(&self, name: &str, scope: &Scope) -> Result<Arc<dyn AnyReadModel>, OperationError> {
        let model = Arc::clone(self.model(name)?);
        if let Some(tenant) = scope.tenant
            && self.log.page(0, &Filter::tenant(tenant), 1).await?.is_empty()
        {
            return Err(OperationError::UnknownTenant(tenant.to_string()));
        }
        if let Some(key) = &scope.key
            && (key.len() != model.key().len()
                || scope.tenant.map(|tenant| tenant.to_string()).as_ref() != key.first())
        {
            return Err(OperationError::WrongKey {
                name: name.to_owned(),
                columns: model.key().join(", "),
                given: key.len(),
            });
        }
        Ok(model)
    }

    async fn count_rows(
        &self,
        table: &str,
        model: &Arc<dyn AnyReadModel>,
        scope: &Scope,
    ) -> Result<u64, OperationError> {
        let mut sql = format!("select count(*) from {table} t where ($2::text is null or t.tenant_id = $2)");
        if scope.key.is_some() {
            sql.push_str(&format!(" and {}", same_key(model.as_ref(), "t")));
        } else {
            sql.push_str(" and $1::text[] is null");
        }
        let rows: i64 = sqlx::query_scalar(&sql)
            .bind(&scope.key)
            .bind(scope.tenant.map(|tenant| tenant.to_string()))
            .fetch_one(&self.pool)
            .await?;
        Ok(u64::try_from(rows).unwrap_or_default())
    }
}

/// That a row's key has the values of `$1`, as SQL.
pub(super) fn same_key(model: &dyn AnyReadModel, alias: &str) -> String {
    let columns: Vec<String> = model
        .key()
        .iter()
        .map(|column| format!("{alias}.{column}::text"))
        .collect();
    format!("array[{}] = $1::text[]", columns.join(", "))
}
