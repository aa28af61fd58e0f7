//! Requests at the gateway, counted in memory by tenant, actor and hour, and written into the tenant's log once in a while:
//! as many facts as there are actors, never one a request. A process that is killed takes the last while with it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::usage::{Event, Fact, Usage};
use domain::{Actor, ActorKind, Caller, TenantId};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use store::{FactRecord, Key, Store, StoreError};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::recorder::nobody;

/// The type of the facts; the bundled meters count those that the gateway itself wrote.
const TYPE: &str = "usage.api_calls";
/// The source of the facts' keys.
const SOURCE: &str = "gateway-calls";
/// How many actors are told apart in a while; requests of further ones are counted as those of nobody.
const APART_AT_MOST: usize = 10_000;
/// How many facts wait while the log is away; those beyond are counted in the metrics alone.
const WAITING_AT_MOST: usize = 100_000;
const HOUR_SECONDS: i64 = 3_600;

/// Whose requests, and in which hour (of UTC, counted from 1970).
type Whose = (TenantId, &'static str, String, i64);

/// Counts requests, and never keeps anybody waiting.
#[derive(Clone)]
pub(super) struct Calls {
    tallies: Arc<Mutex<Tallies>>,
    is_on: Duration,
    /// When the last of these is gone, what was counted is written.
    _open: Arc<watch::Sender<()>>,
}

#[derive(Debug, Default)]
struct Tallies(BTreeMap<Whose, (u64, Timestamp)>);

impl Calls {
    /// Writes every so often until nobody counts any more; zero: nothing is counted.
    pub(super) fn start(store: Store, every: Duration) -> Self {
        let (open, closed) = watch::channel(());
        let tallies = Arc::new(Mutex::new(Tallies::default()));
        if !every.is_zero() {
            let book = Book {
                store,
                tallies: Arc::clone(&tallies),
                waiting: Vec::new(),
            };
            tokio::spawn(book.keep(closed, every));
        }
        Self {
            tallies,
            is_on: every,
            _open: Arc::new(open),
        }
    }

    /// A request of an actor in a tenant.
    pub(super) fn count(&self, tenant: TenantId, actor: &Actor, now: Timestamp) {
        if self.is_on.is_zero() {
            return;
        }
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.count(tenant, actor, now);
    }
}

impl Tallies {
    fn count(&mut self, tenant: TenantId, actor: &Actor, now: Timestamp) {
        let hour = now.as_second().div_euclid(HOUR_SECONDS);
        let mut key = (tenant, named(actor.kind), actor.id.clone(), hour);
        if self.0.len() >= APART_AT_MOST && !self.0.contains_key(&key) {
            let nobody = nobody();
            key = (tenant, named(nobody.kind), nobody.id, hour);
        }
        self.0.entry(key).or_insert((0, now)).0 += 1;
    }
}

const fn named(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::User => "user",
        ActorKind::Agent => "agent",
        ActorKind::Connector => "connector",
        ActorKind::ApiKey => "api_key",
        ActorKind::System => "system",
    }
}

struct Book {
    store: Store,
    tallies: Arc<Mutex<Tallies>>,
    /// Records that the log did not take yet, each under its key.
    waiting: Vec<(TenantId, FactRecord<Event>)>,
}

impl Book {
    async fn keep(mut self, mut closed: watch::Receiver<()>, every: Duration) {
        let mut whiles = tokio::time::interval(every);
        whiles.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = whiles.tick() => self.write().await,
                _ = closed.changed() => return self.write().await,
            }
        }
    }

    async fn write(&mut self) {
        let tallies = std::mem::take(&mut *self.tallies.lock().unwrap_or_else(PoisonError::into_inner));
        for ((tenant, kind, actor, _), (calls, at)) in tallies.0 {
            match self.record(kind, actor, calls, at) {
                Ok(record) => self.waiting.push((tenant, record)),
                Err(error) => tracing::warn!(%error, "api.auth.calls has an actor that can't be told"),
            }
        }
        let mut by_tenant: BTreeMap<TenantId, Vec<FactRecord<Event>>> = BTreeMap::new();
        for (tenant, record) in std::mem::take(&mut self.waiting) {
            by_tenant.entry(tenant).or_default().push(record);
        }
        for (tenant, records) in by_tenant {
            let caller = Caller::new(tenant, nobody());
            for part in records.chunks(self.store.limits().batch_records.max(1)) {
                match self.store.append_facts::<Usage>(&caller, part.to_vec()).await {
                    Ok(_) => {}
                    // Their keys let the same records be sent again.
                    Err(StoreError::Unavailable(_)) if self.waiting.len() < WAITING_AT_MOST => {
                        self.waiting
                            .extend(part.iter().map(|record| (tenant, record.clone())));
                    }
                    Err(error) => {
                        metrics::counter!("annals_api_calls_dropped_total").increment(part.len() as u64);
                        tracing::warn!(%error, "api.auth.calls can't write into the log");
                    }
                }
            }
        }
    }

    fn record(
        &self,
        kind: &'static str,
        actor: String,
        calls: u64,
        at: Timestamp,
    ) -> Result<FactRecord<Event>, domain::usage::InvalidFact> {
        let id = self.store.ambient().fresh_id().to_string();
        let dimensions = [
            ("actor".to_owned(), actor),
            ("actor_kind".to_owned(), kind.to_owned()),
        ];
        let unit = Some("request".to_owned());
        let fact = Fact::try_new(TYPE.parse()?, calls.into(), unit, dimensions.into())?;
        Ok(FactRecord {
            key: Some(Key {
                source: SOURCE.to_owned(),
                hash: Sha256::digest(&id).into(),
                id,
            }),
            at: Some(at),
            facts: vec![Event::Recorded(fact)],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_added_up_by_actor_and_hour_and_further_actors_are_nobodys() {
        let tenant = TenantId::new(ulid::Ulid::nil());
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let ada = Actor::new(ActorKind::User, "ada");
        let mut tallies = Tallies::default();
        for now in [
            "2026-03-02T10:59:59Z",
            "2026-03-02T10:00:00Z",
            "2026-03-02T11:00:00Z",
        ] {
            tallies.count(tenant, &ada, at(now));
        }
        let counted: Vec<u64> = tallies.0.values().map(|(calls, _)| *calls).collect();
        assert_eq!(counted, [2, 1]);
        for number in 0..2 * APART_AT_MOST {
            let other = Actor::new(ActorKind::ApiKey, format!("key-{number}"));
            tallies.count(tenant, &other, at("2026-03-02T11:00:00Z"));
        }
        tallies.count(tenant, &ada, at("2026-03-02T11:30:00Z"));
        assert_eq!(tallies.0.len(), APART_AT_MOST + 1);
        let of_all: u64 = tallies.0.values().map(|(calls, _)| *calls).sum();
        assert_eq!(of_all, 2 * APART_AT_MOST as u64 + 4);
        assert_eq!(
            tallies
                .0
                .values()
                .map(|(calls, _)| *calls)
                .filter(|calls| *calls == 2)
                .count(),
            2
        );
    }
}
