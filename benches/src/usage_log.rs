//! A log of usage facts and some leads, and what reads it: shared by the benchmarks of read models.

use std::sync::Arc;

use domain::Caller;
use domain::lead::{Command, Lead, LeadId};
use domain::usage::{self, Fact, Usage};
use futures::stream::{self, TryStreamExt as _};
use jiff::{Timestamp, ToSpan as _};
use projections::{Operations, Projector};
use sqlx::PgPool;
use store::{FactOutcome, FactRecord, Log, Orders, Role, Store};

use crate::commands::{capture, provision};
use crate::server::Server;

pub(crate) const METERS: [&str; 4] = [
    "usage.tokens.input",
    "usage.tokens.output",
    "usage.api_calls",
    "usage.storage",
];
pub(crate) const DAYS: u64 = 30;
const BATCH: u64 = 10_000;
/// One event in ten is a lead's; each lead has so many.
const LEAD_EVENTS: u64 = 20;
const CONNECTIONS: u32 = 8;

/// A log with its caller and the pool of whoever projects it.
pub(crate) struct UsageLog {
    pub(crate) url: String,
    pub(crate) store: Store,
    pub(crate) caller: Caller,
    pub(crate) pool: PgPool,
}

impl UsageLog {
    /// A log on a fresh database, with a tenant and nothing else.
    pub(crate) async fn empty(server: &Server) -> anyhow::Result<Self> {
        let (url, store) = server.store().await?;
        let caller = provision(&store).await?;
        let pool = store::pool(&url, Role::Projector, CONNECTIONS)?;
        Ok(Self {
            url,
            store,
            caller,
            pool,
        })
    }

    /// A log of so many events, a tenth of them leads'.
    pub(crate) async fn filled(server: &Server, events: u64) -> anyhow::Result<Self> {
        let log = Self::empty(server).await?;
        log.fill(events).await?;
        Ok(log)
    }

    /// Appends up to so many events, a tenth of them leads'.
    pub(crate) async fn fill(&self, events: u64) -> anyhow::Result<()> {
        let log = self;
        let leads = events / 10 / LEAD_EVENTS;
        stream::iter((0..leads).map(anyhow::Ok))
            .try_for_each_concurrent(64, |number| log.lead(number))
            .await?;
        let mut head = log.store.log().head().await?;
        while head < events {
            let records = (head..(head + BATCH).min(events)).map(record).collect();
            head = log.append(records).await?;
        }
        Ok(())
    }

    async fn lead(&self, number: u64) -> anyhow::Result<()> {
        let id: LeadId = format!("lead-{number}").parse()?;
        let contact = || Command::Contact {
            channel: "email".to_owned(),
        };
        let mut commands = vec![(None, capture())];
        commands.extend((1..LEAD_EVENTS).map(|_| (None, contact())));
        let orders = Orders {
            commands,
            key: None,
            expected_version: None,
        };
        self.store.execute::<Lead>(&self.caller, &id, orders).await?;
        Ok(())
    }

    /// Appends facts; gives the position of the last.
    pub(crate) async fn append(&self, records: Vec<FactRecord<usage::Event>>) -> anyhow::Result<u64> {
        let outcomes = self.store.append_facts::<Usage>(&self.caller, records).await?;
        let last = outcomes.last().and_then(|outcome| match outcome {
            FactOutcome::Recorded { position } => Some(*position),
            _ => None,
        });
        last.ok_or_else(|| anyhow::anyhow!("no fact was recorded"))
    }

    /// All read models, carried by this process.
    pub(crate) fn projector(&self) -> Projector {
        Projector::start(&self.store, self.pool.clone(), projections::all())
    }

    pub(crate) fn operations(&self) -> Operations {
        let models = projections::all().into_iter().map(Arc::from).collect();
        Operations::new(self.pool.clone(), Log::new(self.pool.clone()), models)
    }

    pub(crate) async fn close(self) {
        self.pool.close().await;
    }
}

/// A fact of one of the meters on one of the days.
pub(crate) fn record(number: u64) -> FactRecord<usage::Event> {
    let meter = METERS[usize::try_from(number % 4).unwrap_or_default()];
    let kind = meter.parse().expect("it is a fact's type");
    let dimensions = [
        ("model".to_owned(), "x".repeat(60)),
        ("customer".to_owned(), (number % 1_000).to_string()),
    ];
    let fact = Fact::try_new(kind, number.into(), Some("token".to_owned()), dimensions.into())
        .expect("it is a fact");
    FactRecord {
        key: None,
        at: Some(day(number)),
        facts: vec![usage::Event::Recorded(fact)],
    }
}

fn day(number: u64) -> Timestamp {
    let newest = Timestamp::constant(1_772_452_800, 0);
    let back = i64::try_from(number / 4 % DAYS).unwrap_or_default();
    newest - (24 * back).hours()
}
