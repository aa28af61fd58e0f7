//! Pages of the audit feed and its live tail say the same for each filter.

use std::collections::BTreeSet;

use domain::access::{self, Access};
use domain::lead::{Command, Lead};
use domain::usage::{self, Fact, Usage};
use domain::workspace::{self, Workspace};
use domain::{Actor, ActorKind, Caller, EventId, Personal};
use jiff::{SignedDuration, Timestamp};
use projections::audit_feed::{By, Entry, Feed, Filter, Order, Outcome};
use projections::{Direction, Page, Projector, Reader, Total, Way};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use store::{FactRecord, Orders, Role};

use crate::support::{capture, house, lead_id, tenant};

const SEED: u64 = 20_260_417;
const ENTRIES: usize = 160;
const FILTERS: usize = 400;

/// Picks one of these, or none.
fn maybe<T: Clone>(random: &mut StdRng, all: &[T], often: f64) -> Option<T> {
    random
        .random_bool(often)
        .then(|| all.choose(random).cloned())
        .flatten()
}

/// One thing that somebody does at some time, in some workspace, because of something.
fn somebody(random: &mut StdRng, like: &Caller, causes: &[EventId]) -> Caller {
    let actors = [
        Actor::new(ActorKind::User, "ada"),
        Actor::new(ActorKind::User, "first"),
        Actor::new(ActorKind::ApiKey, "first"),
        Actor::new(ActorKind::Agent, "closer"),
        Actor::new(ActorKind::System, "gateway"),
    ];
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Caller {
        correlation_id: maybe(random, &texts(&["request-1", "request-2", "run-7"]), 0.7),
        causation_id: maybe(random, causes, 0.4),
        workspace: maybe(random, &texts(&["w1", "w2", "w3"]), 0.5),
        ..Caller::new(like.tenant, actors.choose(random).cloned().unwrap())
    }
}

/// A fact of the door.
fn at_the_door(random: &mut StdRng, at: Timestamp) -> access::Event {
    let message = Personal::new("Not for you, Köln".to_owned());
    match random.random_range(0..3) {
        0 => access::Event::Denied {
            reason: "not_for_role".to_owned(),
            message,
            asked: Some("leads".to_owned()),
            address: None,
            user_agent: None,
            attempts: 1,
            first_at: at,
        },
        1 => access::Event::Refused {
            command: "qualifyLead".to_owned(),
            code: "NOT_FOUND".to_owned(),
            message,
            target: Some("lead/l1".to_owned()),
            address: None,
            user_agent: None,
            attempts: 1,
            first_at: at,
        },
        _ => access::Event::Read {
            what: "audit_log".to_owned(),
            targets: vec!["auditFeed".to_owned()],
            address: None,
            user_agent: None,
            reads: 1,
            first_at: at,
        },
    }
}

fn filter(random: &mut StdRng, entries: &[Entry]) -> Filter {
    let like = entries.choose(random).unwrap().clone();
    let texts = [
        "KÖLN",
        "köln",
        "sales",
        "lead.",
        "%",
        "first",
        "_",
        "NOT_",
        "\"web\"",
        "nothing at all",
    ];
    let mut wanted = Filter::default();
    let often = 0.22;
    let mut pick = || random.random_bool(often);
    let picked: Vec<bool> = (0..11).map(|_| pick()).collect();
    if picked[0] {
        wanted.actor_kind = Some(like.actor_kind.to_string());
    }
    if picked[1] {
        wanted.actor_id = Some(like.actor_id.clone());
    }
    if picked[2] {
        let (family, _) = like.action.split_once('.').unwrap();
        wanted.action = Some(match random.random_range(0..4) {
            0 => format!("{family}.*"),
            1 => format!("{}*", &like.action[..like.action.len() - 2]),
            2 => "*".to_owned(),
            _ => like.action.clone(),
        });
    }
    if picked[3] {
        wanted.entity_type = Some(like.entity_type.clone());
    }
    if picked[4] {
        wanted.entity_id = Some(like.entity_id.clone());
    }
    if picked[5] {
        wanted.workspace_id = maybe(random, &["w1".to_owned(), "w2".to_owned(), "w9".to_owned()], 1.0);
    }
    if picked[6] {
        wanted.correlation_id = like.correlation_id.clone().or(Some("none".to_owned()));
    }
    if picked[7] {
        wanted.causation_id = like.causation_id.clone().or(Some("none".to_owned()));
    }
    if picked[8] {
        let outcomes = [Outcome::Succeeded, Outcome::Denied, Outcome::Refused];
        wanted.outcome = outcomes.choose(random).copied();
    }
    if picked[9] {
        wanted.text = Some((*texts.choose(random).unwrap()).to_owned());
    }
    if picked[10] {
        wanted.from = Some(like.occurred_at);
        wanted.before = maybe(random, entries, 0.6).map(|entry| entry.occurred_at);
    }
    wanted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_and_the_live_tail_agree_on_every_filter() {
    eprintln!("seed {SEED}");
    let mut random = StdRng::seed_from_u64(SEED);
    let house = house().await;
    let acme = tenant(&house.store, "acme").await;
    let other = tenant(&house.store, "other").await;
    let now = house.store.ambient().now();
    let mut causes: Vec<EventId> = Vec::new();
    for number in 0..ENTRIES {
        let of = if number % 9 == 8 { &other } else { &acme };
        let caller = somebody(&mut random, of, &causes);
        let at = now - SignedDuration::from_mins(random.random_range(0..600));
        let store = &house.store;
        match random.random_range(0..5) {
            0 => {
                let id = lead_id(&format!("l{}", number / 4));
                let orders = Orders::one(capture()).at(Some(at));
                drop(store.execute::<Lead>(&caller, &id, orders).await);
            }
            1 => {
                let id = lead_id(&format!("l{}", random.random_range(0..ENTRIES / 4)));
                let channel = "web, Köln".to_owned();
                let orders = Orders::one(Command::Contact { channel }).at(Some(at));
                drop(store.execute::<Lead>(&caller, &id, orders).await);
            }
            2 => {
                let id = ["w1", "w2", "w3"].choose(&mut random).unwrap().parse().unwrap();
                let name = "first".to_owned();
                let orders = Orders::one(workspace::Command::Create { name }).at(Some(at));
                drop(store.execute::<Workspace>(&caller, &id, orders).await);
            }
            3 => {
                let fact = Fact::try_new("usage.pages".parse().unwrap(), 1.into(), None, [].into()).unwrap();
                let record = FactRecord {
                    key: None,
                    at: Some(at),
                    facts: vec![usage::Event::Recorded(fact)],
                };
                store.append_facts::<Usage>(&caller, vec![record]).await.unwrap();
            }
            _ => {
                let record = FactRecord {
                    key: None,
                    at: Some(at),
                    facts: vec![at_the_door(&mut random, at)],
                };
                store.append_facts::<Access>(&caller, vec![record]).await.unwrap();
            }
        }
        let head = store.log().head().await.unwrap();
        let last = store
            .log()
            .page(head - 1, &store::Filter::default(), 1)
            .await
            .unwrap();
        causes.extend(last.iter().map(|event| event.event_id));
    }
    let pool = |role| store::pool(house.database.url(), role, 3).unwrap();
    let projector = Projector::start(&house.store, pool(Role::Projector), projections::all());
    projector
        .wait_for(house.store.log().head().await.unwrap())
        .await
        .unwrap();
    let reader = Reader::new(pool(Role::Gateway));
    let log = house.store.log();
    let own = store::Filter::tenant(acme.tenant);
    let entries: Vec<Entry> = log
        .page(0, &own, 1_000)
        .await
        .unwrap()
        .iter()
        .map(Entry::of)
        .collect();
    assert!(entries.len() > ENTRIES / 2, "{} entries", entries.len());

    let mut told = BTreeSet::new();
    for number in 0..FILTERS {
        let filter = filter(&mut random, &entries);
        // As the subscription `auditFeed` finds them.
        let wanted = store::Filter {
            types: filter.action.clone().into_iter().collect(),
            ..own.clone()
        };
        let live = log.page(0, &wanted, 1_000).await.unwrap();
        let live: Vec<Entry> = live
            .iter()
            .map(Entry::of)
            .filter(|entry| filter.accepts(entry))
            .collect();
        let feed = Feed {
            filter: filter.clone(),
            order: Order {
                by: By::Recorded,
                way: Way::Ascending,
            },
            total: Total::Counted,
        };
        let page = Page {
            from: None,
            limit: 1_000,
            direction: Direction::Forward,
        };
        let listed = reader.audit_feed(acme.tenant, &feed, &page).await.unwrap();
        let paged: Vec<Entry> = listed.rows.into_iter().map(|(_, entry)| entry).collect();
        assert_eq!(paged, live, "filter {number}: {filter:?}");
        assert_eq!(listed.total, Some(live.len() as u64), "{filter:?}");
        let facets = reader.audit_facets(acme.tenant, &filter).await.unwrap();
        assert_eq!(facets.counted, live.len() as u64, "{filter:?}");
        told.insert(live.len());
    }
    assert!(told.len() > 10, "the filters tell entries apart: {told:?}");
    projector.stop().await;
}
