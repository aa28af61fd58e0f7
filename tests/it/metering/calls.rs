//! Requests at the gateway become facts in bulk, and those meters.

use std::time::Duration;

use domain::usage::{Event, Fact, Usage};
use domain::{Actor, ActorKind, Caller};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use store::{FactRecord, Filter};

use crate::gateway::house::{House, Tenant};

const DAY: &str = "from: \"2026-03-02\", to: \"2026-03-02\"";

async fn measured(house: &House, tenant: &Tenant, meter: &str) -> Value {
    let document =
        format!("{{ meterUsage(meter: \"{meter}\", {DAY}) {{ buckets {{ group {{ value }} quantity }} }} }}");
    house.ask(&tenant.token, &document, json!({})).await["meterUsage"]["buckets"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_each_once_and_written_down_in_bulk() {
    const REQUESTS: u64 = 40;
    let house = House::open_with(|options| {
        options.development = true;
        options.record_every.calls = Duration::from_secs(1);
    })
    .await;
    let acme = house.tenant("acme").await;
    let after = house.store.log().head().await.unwrap();
    for _ in 0..REQUESTS {
        house.ask(&acme.token, "{ me { actor } }", json!({})).await;
    }
    let filter = Filter {
        types: vec!["usage.api_calls".to_owned()],
        ..Filter::tenant(acme.id.parse().unwrap())
    };
    let mut follower = house.store.tail().follow(after, filter);
    let all = tokio::time::timeout(Duration::from_secs(30), async {
        let (mut facts, mut calls) = (0_u64, Decimal::ZERO);
        while calls < Decimal::from(REQUESTS) {
            for event in &follower.next().await.unwrap().events {
                let domain::Event::Usage(Event::Recorded(fact)) = &event.event else {
                    panic!("{event:?}");
                };
                assert_eq!(fact.dimensions()["actor_kind"], "api_key");
                assert_eq!(event.actor, Actor::new(ActorKind::System, "gateway"));
                facts += 1;
                calls += fact.quantity();
            }
        }
        (facts, calls)
    });
    let (facts, calls) = all.await.unwrap();
    assert_eq!(calls, Decimal::from(REQUESTS));
    assert!(facts < REQUESTS, "{facts} facts");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_gateway_wrote_itself_is_metered_as_calls_and_active_members() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let fact = |quantity: i64, kind: &str, actor: &str| {
        let dimensions = [("actor_kind", kind), ("actor", actor)];
        let dimensions = dimensions.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let unit = Some("request".to_owned());
        let fact = Fact::try_new(
            "usage.api_calls".parse().unwrap(),
            quantity.into(),
            unit,
            dimensions.into(),
        );
        FactRecord {
            key: None,
            at: None,
            facts: vec![Event::Recorded(fact.unwrap())],
        }
    };
    let gateway = Caller::new(acme.id.parse().unwrap(), Actor::new(ActorKind::System, "gateway"));
    let facts = vec![
        fact(3, "user", "ada"),
        fact(4, "user", "bob"),
        fact(5, "user", "ada"),
        fact(9, "api_key", "k"),
    ];
    house.store.append_facts::<Usage>(&gateway, facts).await.unwrap();
    // A tenant that writes such facts itself, to pay less or to look busy.
    let forged = json!({ "records": [{ "id": "1", "type": "usage.api_calls", "quantity": "-1000", "unit": "request",
        "dimensions": [{ "name": "actor_kind", "value": "user" }, { "name": "actor", "value": "eve" }] }] });
    house.done(&acme.token, "recordUsage", forged).await;
    house.settle().await;
    let calls = measured(&house, &acme, "platform.api_calls").await;
    let group = |kind: &str, quantity: &str| json!({ "group": [{ "value": kind }], "quantity": quantity });
    assert_eq!(calls, json!([group("api_key", "9"), group("user", "12")]));
    let members = measured(&house, &acme, "platform.active_members").await;
    assert_eq!(members, json!([{ "group": [], "quantity": "2" }]));
}
