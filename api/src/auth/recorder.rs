//! What happens at the door, written into the tenant's log, with bounds: of everybody who is turned away for one
//! reason, the first time is written at once and all further times of a while as one event; a key's use is
//! written once in a while. What a tenant has of it in a while is bounded too.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use domain::access::{Access, Event};
use domain::{Actor, ActorKind, Caller, Personal, TenantId};
use jiff::Timestamp;
use lru::LruCache;
use store::{FactRecord, Store};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

/// How many notes wait for the log; those beyond are counted in the metrics alone.
const WAITING_AT_MOST: usize = 1_024;
/// How many who were turned away a tenant's log tells apart in a while; the rest is told together.
const APART_AT_MOST: usize = 50;
/// How many are told apart in all.
const KNOWN_AT_MOST: usize = 10_000;
const KEYS_AT_MOST: NonZeroUsize = NonZeroUsize::new(10_000).expect("10,000 is not zero");

/// How often things are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordEvery {
    /// The while in which whoever is turned away again is counted, not told.
    pub denied: Duration,
    /// After which time the use of a key is told again; zero: it is never told.
    pub key_use: Duration,
    /// The while in which a command that is refused again is counted, not told; zero: it is never told.
    pub refused: Duration,
    /// The while in which whoever reads the same kind of sensitive data again is counted, not told; zero: it is never
    /// told.
    pub read: Duration,
    /// How often requests are written down that were counted by tenant and actor; zero: they are not counted.
    pub calls: Duration,
}

impl Default for RecordEvery {
    /// A minute, an hour for the use of keys, five minutes for counted requests.
    fn default() -> Self {
        Self {
            denied: Duration::from_secs(60),
            key_use: Duration::from_secs(60 * 60),
            refused: Duration::from_secs(60),
            read: Duration::from_secs(60),
            calls: Duration::from_secs(5 * 60),
        }
    }
}

/// Something to write down.
#[derive(Debug)]
pub(super) enum Note {
    /// Somebody was turned away.
    Denied(Knock, String),
    /// A key was used.
    KeyUsed(TenantId, Actor, Option<IpAddr>),
}

/// Who was turned away, from what and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Knock {
    pub(super) tenant: TenantId,
    pub(super) actor: Actor,
    pub(super) address: Option<IpAddr>,
    pub(super) user_agent: Option<String>,
    pub(super) reason: &'static str,
    pub(super) asked: Option<String>,
}

/// Takes notes, and never keeps anybody waiting.
#[derive(Clone)]
pub(super) struct Recorder(mpsc::Sender<Note>);

impl Recorder {
    /// Writes into the log until nobody takes notes any more.
    pub(super) fn start(store: Store, every: RecordEvery) -> Self {
        let (sender, notes) = mpsc::channel(WAITING_AT_MOST);
        let book = Book {
            store,
            every,
            knocks: HashMap::new(),
            keys: LruCache::new(KEYS_AT_MOST),
        };
        tokio::spawn(book.keep(notes));
        Self(sender)
    }

    pub(super) fn note(&self, note: Note) {
        if self.0.try_send(note).is_err() {
            metrics::counter!("annals_access_notes_dropped_total").increment(1);
        }
    }
}

/// The further times of a while.
struct Tally {
    message: String,
    attempts: u64,
    first_at: Timestamp,
}

struct Book {
    store: Store,
    every: RecordEvery,
    knocks: HashMap<Knock, Tally>,
    keys: LruCache<(TenantId, String), Instant>,
}

impl Book {
    async fn keep(mut self, mut notes: mpsc::Receiver<Note>) {
        let mut whiles = tokio::time::interval(self.every.denied.max(Duration::from_millis(1)));
        whiles.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                note = notes.recv() => match note {
                    Some(Note::Denied(knock, message)) => self.denied(knock, message).await,
                    Some(Note::KeyUsed(tenant, actor, address)) => self.used(tenant, actor, address).await,
                    None => return self.end_of_a_while().await,
                },
                _ = whiles.tick() => self.end_of_a_while().await,
            }
        }
    }

    async fn denied(&mut self, mut knock: Knock, mut message: String) {
        let now = self.store.ambient().now();
        if !self.knocks.contains_key(&knock) {
            let of_tenant = self
                .knocks
                .keys()
                .filter(|other| other.tenant == knock.tenant)
                .count();
            if of_tenant >= APART_AT_MOST || self.knocks.len() >= KNOWN_AT_MOST {
                knock = Knock {
                    actor: nobody(),
                    address: None,
                    user_agent: None,
                    reason: "various",
                    asked: None,
                    ..knock
                };
                "many were turned away in a short time; they are not told apart".clone_into(&mut message);
            }
        }
        if let Some(tally) = self.knocks.get_mut(&knock) {
            if tally.attempts == 0 {
                tally.first_at = now;
            }
            tally.attempts += 1;
            return;
        }
        let tally = Tally {
            message,
            attempts: 1,
            first_at: now,
        };
        self.write(&knock, &tally).await;
        self.knocks.insert(knock, Tally { attempts: 0, ..tally });
    }

    async fn end_of_a_while(&mut self) {
        for (knock, tally) in std::mem::take(&mut self.knocks) {
            if tally.attempts > 0 {
                self.write(&knock, &tally).await;
            }
        }
    }

    async fn write(&self, knock: &Knock, tally: &Tally) {
        let event = Event::Denied {
            reason: knock.reason.to_owned(),
            message: Personal::new(tally.message.clone()),
            asked: knock.asked.clone(),
            address: personal(knock.address),
            user_agent: knock.user_agent.clone().map(Personal::new),
            attempts: tally.attempts,
            first_at: tally.first_at,
        };
        self.append(knock.tenant, knock.actor.clone(), event).await;
    }

    async fn used(&mut self, tenant: TenantId, actor: Actor, address: Option<IpAddr>) {
        if self.every.key_use.is_zero() {
            return;
        }
        let key = (tenant, actor.id.clone());
        if self
            .keys
            .get(&key)
            .is_some_and(|told| told.elapsed() < self.every.key_use)
        {
            return;
        }
        let event = Event::KeyUsed {
            key: actor.id.clone(),
            address: personal(address),
        };
        self.keys.put(key, Instant::now());
        self.append(tenant, actor, event).await;
    }

    async fn append(&self, tenant: TenantId, actor: Actor, event: Event) {
        let record = FactRecord {
            key: None,
            at: None,
            facts: vec![event],
        };
        let caller = Caller::new(tenant, actor);
        if let Err(error) = self.store.append_facts::<Access>(&caller, vec![record]).await {
            tracing::warn!(%error, "api.auth.recorder can't write into the log");
        }
    }
}

/// The actor of what nobody is known to have done.
pub(super) fn nobody() -> Actor {
    Actor::new(ActorKind::System, "gateway")
}

fn personal(address: Option<IpAddr>) -> Option<Personal<String>> {
    address.map(|address| Personal::new(address.to_string()))
}
