//! By what means callers come: told once in a while as an event of the tenant's, which all that they do by them names.
//! An event is a few bytes longer for it, and what is personal of it is sealed in one place.

use std::borrow::Cow;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cqrs_es::Aggregate;
use domain::access::{Access, Event};
use domain::{Actor, Caller, Entity, EventId, Means, Personal, TenantId};
use jiff::{SignedDuration, Timestamp};
use lru::LruCache;

use super::FactRecord;
use super::event_store::{load_state, stream_of};
use crate::Store;
use crate::log::Outcome;

/// So many means are remembered.
const KNOWN_AT_MOST: NonZeroUsize = NonZeroUsize::new(20_000).expect("20,000 is not zero");
/// So many are told of a tenant in a while with the program's name; of so many more the address alone is told.
const TOLD_AT_MOST: u32 = 50;
/// The while.
const WHILE: SignedDuration = SignedDuration::from_mins(1);

type Who = (TenantId, Actor, Means);

/// The means that were told, and by which event.
pub(crate) struct ToldMeans {
    every: SignedDuration,
    known: Mutex<Known>,
    /// One is told at a time, so that what comes at once is told once.
    telling: tokio::sync::Mutex<()>,
}

struct Known {
    told: LruCache<Who, (EventId, Timestamp)>,
    /// How many a tenant had in the while that began then.
    lately: HashMap<TenantId, u32>,
    since: Timestamp,
}

impl ToldMeans {
    /// Tells the same means again after this time; zero: they are never told.
    pub(crate) fn new(every: SignedDuration) -> Self {
        Self {
            every,
            known: Mutex::new(Known {
                told: LruCache::new(KNOWN_AT_MOST),
                lately: HashMap::new(),
                since: Timestamp::MIN,
            }),
            telling: tokio::sync::Mutex::new(()),
        }
    }

    fn book(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets them: who is forgotten is told anew when he comes again.
    pub(crate) fn forget_all(&self) {
        self.book().told.clear();
    }

    fn known(&self, who: &Who, now: Timestamp) -> Option<EventId> {
        let mut known = self.book();
        let (id, told_at) = known.told.get(who)?;
        (now.duration_since(*told_at) < self.every).then_some(*id)
    }

    /// How much of means that are new may be told, so that nobody floods a tenant's log by them.
    fn allowed(&self, tenant: TenantId, means: &Means, now: Timestamp) -> Option<Means> {
        let mut known = self.book();
        if now.duration_since(known.since) >= WHILE {
            known.lately.clear();
            known.since = now;
        }
        let lately = known.lately.entry(tenant).or_default();
        *lately += 1;
        match *lately {
            ..=TOLD_AT_MOST => Some(means.clone()),
            _ if *lately <= 2 * TOLD_AT_MOST => Means::known(means.address.clone(), None),
            _ => None,
        }
    }
}

/// A caller with its context.
pub(super) struct Introduced<'a> {
    pub(super) caller: Cow<'a, Caller>,
    /// Whether the context is told once the tenant is there: nothing is told of one that may never be.
    pub(super) later: Option<EventId>,
}

impl<'a> Introduced<'a> {
    fn by(caller: &'a Caller, context: EventId) -> Self {
        let caller = Caller {
            context: Some(context),
            ..caller.clone()
        };
        Self {
            caller: Cow::Owned(caller),
            later: None,
        }
    }
}

impl Store {
    /// The caller with the event that tells by what means it came, which is in the log before what it does.
    pub(super) async fn introduced<'a, A: Entity>(&self, caller: &'a Caller) -> Introduced<'a> {
        let told = self.told_means();
        let stranger = Introduced {
            caller: Cow::Borrowed(caller),
            later: None,
        };
        let Some(means) = caller.means.as_ref().filter(|_| !told.every.is_zero()) else {
            return stranger;
        };
        let now = self.ambient().now();
        let who = (caller.tenant, caller.actor.clone(), means.clone());
        if let Some(context) = told.known(&who, now) {
            return Introduced::by(caller, context);
        }
        if A::TYPE == <Access as Aggregate>::TYPE {
            return stranger;
        }
        let fresh = EventId::new(self.ambient().fresh_id());
        let gate = stream_of::<A::Gate>(caller, &caller.tenant.to_string());
        let is_there = match load_state::<A::Gate>(self, &gate).await {
            Ok(tenant) => tenant.version > 0,
            Err(_) => return stranger,
        };
        if !is_there {
            return Introduced {
                later: Some(fresh),
                ..Introduced::by(caller, fresh)
            };
        }
        let _telling = told.telling.lock().await;
        if let Some(context) = told.known(&who, now) {
            return Introduced::by(caller, context);
        }
        match self.tell(caller, fresh).await {
            Told::Yes => Introduced::by(caller, fresh),
            Told::No => stranger,
        }
    }

    /// Tells by what means a caller comes.
    pub(super) async fn tell(&self, caller: &Caller, id: EventId) -> Told {
        let (told, now) = (self.told_means(), self.ambient().now());
        let Some(means) = &caller.means else {
            return Told::No;
        };
        let Some(allowed) = told.allowed(caller.tenant, means, now) else {
            metrics::counter!("annals_means_untold_total").increment(1);
            return Told::No;
        };
        let teller = Caller {
            causation_id: None,
            workspace: None,
            context: None,
            ..caller.clone()
        };
        match self.append_seen(&teller, allowed, id).await {
            Ok(()) => {
                let who = (caller.tenant, caller.actor.clone(), means.clone());
                told.book().told.put(who, (id, now));
                Told::Yes
            }
            Err(reason) => {
                // What comes next finds the log in the same state, and says so.
                tracing::warn!(reason, "store.means can't be told");
                Told::No
            }
        }
    }

    async fn append_seen(&self, caller: &Caller, means: Means, id: EventId) -> Result<(), String> {
        let record = FactRecord {
            key: None,
            at: None,
            facts: vec![Event::Seen {
                address: means.address.map(Personal::new),
                user_agent: means.user_agent.map(Personal::new),
            }],
        };
        let mut write = self
            .fact_write::<Access>(caller, &record)
            .map_err(|rejection| rejection.to_string())?;
        write.stored_id = format!("{}:{id}", caller.tenant);
        for event in &mut write.events {
            event.event_id = id.to_string();
        }
        let sealed = self.seal(std::slice::from_mut(&mut write)).await;
        sealed.map_err(|error| error.to_string())?;
        match self.appender().append(write).await {
            Ok(Outcome::Appended { .. }) => Ok(()),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(format!("{error:?}")),
        }
    }
}

/// Whether means are in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Yes,
    No,
}
