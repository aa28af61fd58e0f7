//! Leases: who carries which shard of which read model. A process that is gone is noticed at once by its
//! connection, one that hangs when its leases end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::rounds::work;
use super::shard::Shard;

/// How often leases are renewed; a lease lasts three times as long.
const TICK: Duration = Duration::from_secs(1);

/// What a process has to do, and how often it was looked after.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    pub(super) works: Arc<BTreeSet<String>>,
    pub(super) tick: u64,
}

/// What a process is to carry.
pub(super) enum Wanted {
    /// Its share of all works: as much as each of the others.
    Share(Vec<Shard>),
    /// All works of the shards that are its own, as they change.
    Own(watch::Receiver<BTreeSet<u32>>),
}

impl Wanted {
    /// The shards of which it would carry works.
    fn shards(&mut self, of: u32) -> Vec<Shard> {
        match self {
            Self::Share(all) => all.clone(),
            Self::Own(own) => {
                let own = own.borrow_and_update();
                Shard::all(of)
                    .filter(|shard| own.contains(&shard.number))
                    .collect()
            }
        }
    }

    /// How many of so many works it would carry beside so many others that live.
    fn room(&self, works: usize, alive: i64) -> i64 {
        let works = i64::try_from(works).unwrap_or(i64::MAX);
        match self {
            Self::Share(_) => works.saturating_add(alive - 1) / alive.max(1),
            Self::Own(_) => works,
        }
    }

    /// Ends when it has changed; never, where it does not.
    async fn changed(&mut self) {
        match self {
            Self::Share(_) => std::future::pending().await,
            Self::Own(own) => {
                if own.changed().await.is_err() {
                    std::future::pending().await
                }
            }
        }
    }
}

/// Renews a process's leases, and takes over those that nobody holds.
pub(super) struct Keeper {
    pub(super) pool: PgPool,
    /// The process.
    pub(super) id: String,
    /// The read models by name.
    pub(super) models: Vec<&'static str>,
    /// How many shards there are.
    pub(super) of: u32,
    pub(super) wanted: Wanted,
    pub(super) held: watch::Sender<Held>,
}

impl Keeper {
    /// Goes on until it is to stop; then gives all leases back.
    pub(super) async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut connection = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.wanted.changed() => {}
                _ = stopping.wait_for(|stop| *stop) => break,
            }
            if let Err(error) = self.tick(&mut connection).await {
                tracing::warn!(%error, "projections.lease can't be renewed, and will be tried again");
                connection = None;
            }
        }
        if let Some(mut connection) = connection {
            drop(give_back(&mut connection, &self.id).await);
            drop(connection.close().await);
        }
    }

    async fn tick(&mut self, connection: &mut Option<PgConnection>) -> Result<(), sqlx::Error> {
        let connection = match connection {
            Some(connection) => connection,
            // A connection of its own: that it is there says that the process is.
            None => connection.insert(self.pool.acquire().await?.detach()),
        };
        let works = self.renew(connection).await?;
        self.held.send_modify(|held| {
            held.works = Arc::new(works);
            held.tick += 1;
        });
        Ok(())
    }

    async fn renew(&mut self, connection: &mut PgConnection) -> Result<BTreeSet<String>, sqlx::Error> {
        let shards = self.wanted.shards(self.of);
        let every = |model| shards.iter().map(move |shard| work(model, *shard));
        let works: Vec<String> = self.models.iter().copied().flat_map(every).collect();
        let id = self.id.as_str();
        let mut transaction = connection.begin().await?;
        sqlx::query!(
            r#"
            insert into projectors (id, backend, seen_at)
            values ($1, pg_backend_pid(), clock_timestamp())
            on conflict (id) do update set backend = excluded.backend, seen_at = excluded.seen_at
            "#,
            id
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "insert into read_model_leases (work) select unnest($1::text[]) on conflict do nothing",
            &works
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!(
            "update read_model_leases set holder = null where holder = $1 and work <> all ($2)",
            id,
            &works
        )
        .execute(&mut *transaction)
        .await?;
        let alive = sqlx::query_scalar!(
            r#"
            select count(*) as "count!"
            from projectors p
            where p.seen_at > clock_timestamp() - interval '3 seconds'
              and exists (select from pg_stat_activity a where a.pid = p.backend)
            "#
        )
        .fetch_one(&mut *transaction)
        .await?;
        let share = self.wanted.room(works.len(), alive);
        // Whoever holds more than its share gives the rest back.
        let mine = sqlx::query_scalar!(
            r#"
            update read_model_leases l
            set until = clock_timestamp() + interval '3 seconds', backend = pg_backend_pid(),
                holder = case when m.number <= $3 then $1 end
            from (
                select work, row_number() over (order by work) as number
                from read_model_leases
                where holder = $1 and work = any($2)
            ) m
            where l.work = m.work and l.holder = $1
            returning case when l.holder is not null then l.work end
            "#,
            id,
            &works,
            share,
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut mine: BTreeSet<String> = mine.into_iter().flatten().collect();
        let room = share - i64::try_from(mine.len()).unwrap_or(i64::MAX);
        if room > 0 {
            mine.extend(claim(&mut transaction, id, &works, room).await?);
        }
        let held: Vec<String> = mine.iter().cloned().collect();
        measure(&mut transaction, &held).await?;
        transaction.commit().await?;
        Ok(mine)
    }
}

/// Notes how fast these works go on.
async fn measure(connection: &mut PgConnection, works: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update read_model_leases l
        set rate = (c.position - coalesce(l.position, c.position))
                   / greatest(extract(epoch from clock_timestamp() - coalesce(l.measured_at, now())), 0.1)::float8,
            position = c.position,
            measured_at = clock_timestamp()
        from read_model_checkpoints c
        join read_model_builds b on b.name = c.name and b.build = c.build and b.state = 'live'
        where l.work = any($1) and l.work = c.name || '/' || c.shard
        "#,
        works
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Takes over up to so many works that nobody holds.
async fn claim(
    connection: &mut PgConnection,
    id: &str,
    works: &[String],
    room: i64,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        update read_model_leases l
        set holder = $1, backend = pg_backend_pid(), until = clock_timestamp() + interval '3 seconds'
        from (
            select work
            from read_model_leases
            where work = any($2)
              and (holder is null or until < clock_timestamp()
                   or not exists (select from pg_stat_activity a where a.pid = backend))
            order by work
            limit $3
            for update skip locked
        ) free
        where l.work = free.work
        returning l.work
        "#,
        id,
        works,
        room,
    )
    .fetch_all(connection)
    .await
}

async fn give_back(connection: &mut PgConnection, id: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("update read_model_leases set holder = null where holder = $1", id)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("delete from projectors where id = $1", id)
        .execute(connection)
        .await
        .map(drop)
}

/// Holds one work until it is dropped or the process is gone, whoever else would have it.
#[derive(Debug)]
pub(super) struct Exclusive(PgConnection);

impl Exclusive {
    /// Takes a work, unless somebody else has it.
    pub(super) async fn take(pool: &PgPool, work: &str) -> Result<Option<Self>, sqlx::Error> {
        let mut connection = pool.acquire().await?.detach();
        let key = format!("annals.work.{work}");
        let taken = sqlx::query_scalar!(
            r#"select pg_try_advisory_lock(hashtextextended($1, 0)) as "taken!""#,
            key
        )
        .fetch_one(&mut connection)
        .await?;
        Ok(taken.then_some(Self(connection)))
    }

    /// Gives the work back.
    pub(super) async fn give_back(self) {
        drop(self.0.close().await);
    }
}
