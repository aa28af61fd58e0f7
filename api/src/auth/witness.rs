//! What the rules refused and which sensitive data were read, written into the tenant's log, with bounds: the first time
//! is written at once, all further times of a while as one event; what a tenant has of it in a while is bounded too.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use domain::access::{Access, Event};
use domain::{Actor, Caller, Personal, TenantId};
use jiff::Timestamp;
use store::{FactRecord, Store};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::{Identity, RecordEvery};

/// How many deeds wait for the log; those beyond are counted in the metrics alone.
const WAITING_AT_MOST: usize = 1_024;
/// How many a tenant's log tells apart in a while; the rest is told together.
const APART_AT_MOST: usize = 50;
/// How many are told apart in all.
const KNOWN_AT_MOST: usize = 10_000;
/// How many targets one event names.
const TARGETS_AT_MOST: usize = 20;
/// How much of a user agent is kept.
pub(super) const AGENT_CHARS: usize = 200;

/// Sensitive data of one kind that were asked for, with the fields by which they were.
pub(crate) type Sensitive = (&'static str, BTreeSet<String>);

/// Somebody did something, by these means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Deed {
    tenant: TenantId,
    actor: Actor,
    address: Option<IpAddr>,
    user_agent: Option<String>,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum What {
    /// A command, the refusal's code, and on what.
    Refused(String, String, Option<String>),
    /// Sensitive data of this kind.
    Read(&'static str),
}

#[derive(Debug)]
struct Note {
    deed: Deed,
    request: String,
    message: String,
    targets: BTreeSet<String>,
}

/// A command that the rules refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefusedCommand<'a> {
    /// The mutation.
    pub(crate) command: &'a str,
    /// The refusal's name for machines.
    pub(crate) code: &'a str,
    /// The refusal as it was told.
    pub(crate) message: &'a str,
    /// On what: kind and id.
    pub(crate) target: &'a str,
}

impl RefusedCommand<'_> {
    fn what(self) -> What {
        What::Refused(
            self.command.to_owned(),
            self.code.to_owned(),
            Some(self.target.to_owned()),
        )
    }
}

/// Takes notes, and never keeps anybody waiting.
#[derive(Clone)]
pub(super) struct Witness {
    notes: mpsc::Sender<Note>,
    every: RecordEvery,
}

impl Witness {
    /// Writes into the log until nobody takes notes any more.
    pub(super) fn start(store: Store, every: RecordEvery) -> Self {
        let (notes, receiver) = mpsc::channel(WAITING_AT_MOST);
        let book = Book {
            store,
            refused: HashMap::new(),
            read: HashMap::new(),
        };
        tokio::spawn(book.keep(receiver, every));
        Self { notes, every }
    }

    /// The rules refused somebody's command.
    pub(super) fn refused(&self, identity: &Identity, tenant: TenantId, refused: RefusedCommand<'_>) {
        if self.every.refused.is_zero() {
            return;
        }
        let message = (refused.message.to_owned(), BTreeSet::new());
        self.note(identity, tenant, refused.what(), message);
    }

    /// A connector's records were not taken; nobody asked over HTTP.
    pub(super) fn refused_connector(&self, tenant: TenantId, actor: Actor, refused: RefusedCommand<'_>) {
        if self.every.refused.is_zero() {
            return;
        }
        self.send(Note {
            deed: Deed {
                tenant,
                actor,
                address: None,
                user_agent: None,
                what: refused.what(),
            },
            request: String::new(),
            message: refused.message.to_owned(),
            targets: BTreeSet::new(),
        });
    }

    /// Somebody asked for sensitive data.
    pub(super) fn read(&self, identity: &Identity, tenant: TenantId, (what, targets): Sensitive) {
        if !self.every.read.is_zero() {
            self.note(identity, tenant, What::Read(what), (String::new(), targets));
        }
    }

    fn note(
        &self,
        identity: &Identity,
        tenant: TenantId,
        what: What,
        (message, targets): (String, BTreeSet<String>),
    ) {
        let agent = identity.user_agent.as_deref();
        let note = Note {
            deed: Deed {
                tenant,
                actor: identity.actor.clone(),
                address: identity.address,
                user_agent: agent.map(|agent| agent.chars().take(AGENT_CHARS).collect()),
                what,
            },
            request: identity.request_id.clone(),
            message,
            targets,
        };
        self.send(note);
    }

    fn send(&self, note: Note) {
        if self.notes.try_send(note).is_err() {
            metrics::counter!("annals_access_notes_dropped_total").increment(1);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Refused,
    Read,
}

/// The further times of a while.
#[derive(Debug)]
struct Tally {
    message: String,
    targets: BTreeSet<String>,
    times: u64,
    first_at: Timestamp,
}

struct Book {
    store: Store,
    refused: HashMap<Deed, Tally>,
    read: HashMap<Deed, Tally>,
}

impl Book {
    async fn keep(mut self, mut notes: mpsc::Receiver<Note>, every: RecordEvery) {
        let whiles = |every: Duration| {
            let mut whiles = tokio::time::interval(every.max(Duration::from_millis(1)));
            whiles.set_missed_tick_behavior(MissedTickBehavior::Delay);
            whiles
        };
        // What is never told needs no while; its book stays empty.
        let hour = Duration::from_secs(60 * 60);
        let or_hour = |every: Duration| if every.is_zero() { hour } else { every };
        let (mut refused, mut read) = (whiles(or_hour(every.refused)), whiles(or_hour(every.read)));
        loop {
            tokio::select! {
                note = notes.recv() => match note {
                    Some(note) => self.take(note).await,
                    None => {
                        self.end_of_a_while(Kind::Refused).await;
                        return self.end_of_a_while(Kind::Read).await;
                    }
                },
                _ = refused.tick() => self.end_of_a_while(Kind::Refused).await,
                _ = read.tick() => self.end_of_a_while(Kind::Read).await,
            }
        }
    }

    fn book(&mut self, what: &What) -> &mut HashMap<Deed, Tally> {
        match what {
            What::Refused(..) => &mut self.refused,
            What::Read(_) => &mut self.read,
        }
    }

    async fn take(&mut self, note: Note) {
        let Note {
            mut deed,
            request,
            mut message,
            targets,
        } = note;
        let now = self.store.ambient().now();
        let book = self.book(&deed.what);
        if !book.contains_key(&deed) {
            let own = book.keys().filter(|other| other.tenant == deed.tenant).count();
            if own >= APART_AT_MOST || book.len() >= KNOWN_AT_MOST {
                deed.actor = super::recorder::nobody();
                (deed.address, deed.user_agent) = (None, None);
                if let What::Refused(..) = deed.what {
                    deed.what = What::Refused("various".to_owned(), "VARIOUS".to_owned(), None);
                    "many commands were refused in a short time; they are not told apart"
                        .clone_into(&mut message);
                }
            }
        }
        if let Some(tally) = book.get_mut(&deed) {
            if tally.times == 0 {
                tally.first_at = now;
                tally.targets.clear();
            }
            tally.times = tally.times.saturating_add(1);
            tally.targets.extend(targets);
            while tally.targets.len() > TARGETS_AT_MOST {
                tally.targets.pop_last();
            }
            return;
        }
        let mut tally = Tally {
            message,
            targets: targets.into_iter().take(TARGETS_AT_MOST).collect(),
            times: 1,
            first_at: now,
        };
        self.write(&deed, &tally, Some(request)).await;
        tally.times = 0;
        self.book(&deed.what).insert(deed, tally);
    }

    async fn end_of_a_while(&mut self, kind: Kind) {
        let book = match kind {
            Kind::Refused => std::mem::take(&mut self.refused),
            Kind::Read => std::mem::take(&mut self.read),
        };
        for (deed, tally) in book {
            if tally.times > 0 {
                self.write(&deed, &tally, None).await;
            }
        }
    }

    async fn write(&self, deed: &Deed, tally: &Tally, request: Option<String>) {
        let address = deed.address.map(|address| Personal::new(address.to_string()));
        let user_agent = deed.user_agent.clone().map(Personal::new);
        let event = match &deed.what {
            What::Refused(command, code, target) => Event::Refused {
                command: command.clone(),
                code: code.clone(),
                message: Personal::new(tally.message.clone()),
                target: target.clone(),
                address,
                user_agent,
                attempts: tally.times,
                first_at: tally.first_at,
            },
            What::Read(what) => Event::Read {
                what: (*what).to_owned(),
                targets: tally.targets.iter().cloned().collect(),
                address,
                user_agent,
                reads: tally.times,
                first_at: tally.first_at,
            },
        };
        let caller = Caller {
            correlation_id: request.filter(|request| !request.is_empty()),
            ..Caller::new(deed.tenant, deed.actor.clone())
        };
        let record = FactRecord {
            key: None,
            at: None,
            facts: vec![event],
        };
        if let Err(error) = self.store.append_facts::<Access>(&caller, vec![record]).await {
            tracing::warn!(%error, "api.auth.witness can't write into the log");
        }
    }
}
