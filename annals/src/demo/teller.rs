//! Tells a tenant's story: one command after the other, each under a key of its own.

use domain::usage::{self, Usage};
use domain::{Actor, ActorKind, Caller, Entity, TenantId};
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sha2::{Digest, Sha256};
use store::{FactOutcome, FactRecord, Key, Orders, Store, StoreError};
use ulid::Ulid;

use super::platform::Plot;
use super::quarter::Quarter;

const SOURCE: &str = "annals-demo";
const IN_FLIGHT: usize = 64;

/// The life of one aggregate: its id and what it is asked, in order.
pub(super) struct Life<A: Entity> {
    pub(super) id: A::Id,
    pub(super) commands: Vec<(Timestamp, A::Order)>,
}

/// Tells one tenant's story.
pub(super) struct Teller<'a> {
    store: &'a Store,
    caller: Caller,
    added: u64,
    pub(super) rng: StdRng,
    pub(super) quarter: Quarter,
}

impl<'a> Teller<'a> {
    pub(super) fn new(store: &'a Store, plot: &Plot, number: u64) -> Self {
        // A fixed id, so that a second start finds the same tenant.
        let tenant = TenantId::new(Ulid::from_parts(1_767_225_600_000 + number, 0xA11A15));
        Self {
            store,
            caller: Caller::new(tenant, Actor::new(ActorKind::System, "demo"))
                .correlated(format!("demo-{}", plot.slug)),
            added: 0,
            rng: StdRng::seed_from_u64(2026 + number),
            quarter: Quarter::before(store.ambient().now()),
        }
    }

    pub(super) const fn tenant(&self) -> TenantId {
        self.caller.tenant
    }

    pub(super) const fn added(&self) -> u64 {
        self.added
    }

    /// Tells the lives of many aggregates of one kind, several at once.
    pub(super) async fn tell<A>(&mut self, actor: Actor, lives: Vec<Life<A>>) -> anyhow::Result<()>
    where
        A: Entity,
        A::Order: Clone + Sync,
        A::Error: 'static,
    {
        let caller = Caller {
            actor,
            ..self.caller.clone()
        };
        let store = self.store;
        let added = stream::iter(lives)
            .map(|life| {
                let caller = &caller;
                async move {
                    let orders = Orders {
                        commands: life
                            .commands
                            .into_iter()
                            .map(|(at, command)| (Some(at), command))
                            .collect(),
                        key: Some(key(&format!("{}/{}", A::TYPE, life.id))),
                        expected_version: None,
                    };
                    let committed = store.execute::<A>(caller, &life.id, orders).await?;
                    Ok::<u64, StoreError<A::Error>>(if committed.known { 0 } else { committed.events })
                }
            })
            .buffer_unordered(IN_FLIGHT)
            .try_fold(0, |sum, events| async move { Ok(sum + events) })
            .await?;
        self.added += added;
        Ok(())
    }

    /// Records facts, each under its id.
    pub(super) async fn record(
        &mut self,
        facts: Vec<(String, Timestamp, usage::Fact)>,
    ) -> anyhow::Result<()> {
        let records = facts.into_iter().map(|(id, at, fact)| FactRecord {
            key: Some(key(&format!("fact/{id}"))),
            at: Some(at),
            facts: vec![usage::Event::Recorded(fact)],
        });
        let outcomes = self
            .store
            .append_facts::<Usage>(&self.caller, records.collect())
            .await?;
        self.added += outcomes
            .iter()
            .filter(|outcome| matches!(outcome, FactOutcome::Recorded { .. }))
            .count() as u64;
        Ok(())
    }
}

/// The demo's keys stand for what they name, whatever day it is told on.
fn key(id: &str) -> Key {
    Key {
        source: SOURCE.to_owned(),
        id: id.to_owned(),
        hash: Sha256::digest(id).into(),
    }
}
