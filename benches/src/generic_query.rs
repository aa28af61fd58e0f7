//! The rollup by cqrs-es: `GenericQuery` beside commands on postgres-es, and `QueryReplay` over the same events.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{GenericQuery, PersistedEventStore, QueryReplay};
use cqrs_es::{Aggregate, CqrsFramework, DomainEvent, EventEnvelope, Query, View};
use futures::future::join_all;
use postgres_es::{PostgresEventRepository, PostgresViewRepository};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::cpu::{Measured, Watch};
use crate::peers::database;
use crate::server::Server;
use crate::usage_log::{DAYS, METERS};

/// Something was used; each event is the first of a new aggregate, as elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Used {
    meter: String,
    day: u64,
    quantity: u64,
    model: String,
    customer: String,
}

impl Used {
    fn new(number: u64) -> Self {
        Self {
            meter: METERS[usize::try_from(number % 4).unwrap_or_default()].to_owned(),
            day: number / 4 % DAYS,
            quantity: number,
            model: "x".repeat(60),
            customer: (number % 1_000).to_string(),
        }
    }

    fn row(&self) -> String {
        format!("{}/{}", self.meter, self.day)
    }
}

impl DomainEvent for Used {
    fn event_type(&self) -> String {
        "used".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Usage {}

impl Aggregate for Usage {
    const TYPE: &'static str = "usage";
    type Command = Used;
    type Event = Used;
    type Error = Infallible;
    type Services = ();

    async fn handle(&mut self, used: Used, (): &(), sink: &EventSink<Self>) -> Result<(), Infallible> {
        sink.write(used, self).await;
        Ok(())
    }

    fn apply(&mut self, _: Used) {}
}

/// A meter's day.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Day {
    records: u64,
    quantity: u64,
}

impl View<Usage> for Day {
    fn update(&mut self, event: &EventEnvelope<Usage>) {
        self.records += 1;
        self.quantity += event.payload.quantity;
    }
}

type Dispatched<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Sends an event to the view of its meter's day.
struct Stored(GenericQuery<PostgresViewRepository<Day, Usage>, Day, Usage>);

impl Stored {
    fn new(pool: &PgPool) -> Self {
        let views = Arc::new(PostgresViewRepository::new("peer_rollup", pool.clone()));
        // What fails is missing in the count.
        Self(GenericQuery::new(views))
    }
}

impl Query<Usage> for Stored {
    fn dispatch<'a, 'b, 'c, 'd>(&'a self, _: &'b str, events: &'c [EventEnvelope<Usage>]) -> Dispatched<'d>
    where
        'a: 'd,
        'b: 'd,
        'c: 'd,
    {
        Box::pin(async move {
            for event in events {
                self.0
                    .dispatch(&event.payload.row(), std::slice::from_ref(event))
                    .await;
            }
        })
    }
}

/// The same rows, only in memory: replay's best case.
#[derive(Clone, Default)]
struct InMemory(Arc<Mutex<HashMap<String, Day>>>);

impl Query<Usage> for InMemory {
    fn dispatch<'a, 'b, 'c, 'd>(&'a self, _: &'b str, events: &'c [EventEnvelope<Usage>]) -> Dispatched<'d>
    where
        'a: 'd,
        'b: 'd,
        'c: 'd,
    {
        Box::pin(async move {
            let mut days = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for event in events {
                days.entry(event.payload.row()).or_default().update(event);
            }
        })
    }
}

/// A rate, and how many events were counted.
pub(crate) type Counted = (Measured, u64);

/// What [`measure`] gives: live, replay into the views, and replay in memory.
pub(crate) struct CqrsEs {
    pub(crate) live: Counted,
    pub(crate) replay: Counted,
    pub(crate) in_memory: Counted,
}

pub(crate) async fn measure(server: &Server, writers: usize, events: u64) -> anyhow::Result<CqrsEs> {
    let (_, pool) = database(server).await?;
    sqlx::query(
        "create table peer_rollup (view_id text not null primary key, version bigint check (version >= 0) not null, \
         payload json not null)",
    )
    .execute(&pool)
    .await?;
    let repository =
        || PostgresEventRepository::new(pool.clone()).with_tables("peer_events", "peer_snapshots");
    let store = PersistedEventStore::new_event_store(repository());
    let framework = Arc::new(CqrsFramework::<Usage, _>::new(
        store,
        vec![Box::new(Stored::new(&pool))],
        (),
    ));
    let next = Arc::new(AtomicU64::new(0));
    let watch = Watch::start(server);
    let tasks = (0..writers).map(|_| {
        let (framework, next) = (Arc::clone(&framework), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= events {
                    return anyhow::Ok(());
                }
                framework
                    .execute(&format!("usage-{number}"), Used::new(number))
                    .await?;
            }
        })
    });
    for task in join_all(tasks).await {
        task??;
    }
    let live = (watch.stop(events), counted(&pool).await?);

    sqlx::query("truncate peer_rollup").execute(&pool).await?;
    let watch = Watch::start(server);
    QueryReplay::<_, _, Usage>::new(repository(), Stored::new(&pool))
        .replay_all()
        .await?;
    let replay = (watch.stop(events), counted(&pool).await?);

    let query = InMemory::default();
    let watch = Watch::start(server);
    QueryReplay::<_, _, Usage>::new(repository(), query.clone())
        .replay_all()
        .await?;
    let measured = watch.stop(events);
    let days = query.0.lock().unwrap_or_else(PoisonError::into_inner);
    let in_memory = (measured, days.values().map(|day| day.records).sum());
    Ok(CqrsEs {
        live,
        replay,
        in_memory,
    })
}

async fn counted(pool: &PgPool) -> anyhow::Result<u64> {
    let sum: i64 = sqlx::query_scalar(
        "select coalesce(sum((payload ->> 'records')::bigint), 0)::bigint from peer_rollup",
    )
    .fetch_one(pool)
    .await?;
    Ok(u64::try_from(sum)?)
}
