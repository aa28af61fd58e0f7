//! What requests cost, and what happens when a tenant has spent what it may.

use serde_json::{Value, json};

use super::house::{ADMIN, House};
use super::socket::Socket;

const LEADS: &str = "{ leads(first: 10) { nodes { id vertical } } }";

#[tokio::test]
async fn every_answer_tells_what_it_cost() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let capture = |id: &str| json!({ "id": id, "vertical": "sales", "source": "web" });
    let first = house.done(&acme.token, "captureLead", capture("l1")).await;
    house.settle().await;
    let answer = house.answer(&acme.token, LEADS, json!({})).await;
    let cost = &answer["extensions"]["cost"];
    assert_eq!(
        (&cost["requested"], &cost["actual"]),
        (&json!(22), &json!(4)),
        "{answer}"
    );
    let bucket = &cost["bucket"];
    assert_eq!(
        (&bucket["size"], &bucket["ratePerSecond"]),
        (&json!(50_000), &json!(5_000))
    );
    assert!(
        bucket["left"].as_u64().unwrap() > 49_000,
        "what was not used came back: {bucket}"
    );

    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.begin("1", LEADS).await;
    assert_eq!(socket.result().await["extensions"]["cost"]["requested"], 22);
    assert_eq!(socket.next().await["type"], "complete");
    house.done(&acme.token, "captureLead", capture("l2")).await;
    let document = "subscription($after: Cursor) { events(after: $after) { ... on Event { type } } }";
    socket
        .subscribe(document, json!({ "after": first["cursor"] }))
        .await;
    assert_eq!(socket.result().await["extensions"]["cost"]["actual"], 2);
    let admin = house
        .answer(ADMIN, "{ tenants(first: 5) { nodes { id } } }", json!({}))
        .await;
    assert_eq!(
        admin["extensions"]["cost"],
        json!({ "requested": 7, "actual": 3 }),
        "nobody pays for the administrator"
    );
}

#[tokio::test]
async fn an_operation_over_the_limit_of_costs_is_refused() {
    let house = House::open_with(|options| options.limits.cost = 22).await;
    let acme = house.tenant("acme").await;
    assert!(house.ask(&acme.token, LEADS, json!({})).await.is_object());
    let over = "{ leads(first: 10) { nodes { id vertical } } me { actor } }";
    let (status, _, answer) = house
        .post(&acme.token, &[], json!({ "query": over }).to_string())
        .await;
    assert_eq!(status, 400);
    assert_eq!(
        answer["errors"][0]["extensions"],
        json!({ "code": "LIMIT_EXCEEDED", "limit": "cost" })
    );
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.begin("1", over).await;
    assert_eq!(socket.next().await["payload"][0]["extensions"]["limit"], "cost");
}

#[tokio::test]
async fn a_dry_run_tells_the_cost_and_does_nothing() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let mutation = "mutation { createWorkspace(input: { name: \"x\" }) { cursor } }";
    let head = house.store.log().head().await.unwrap();
    let by_header = house
        .post(
            &acme.token,
            &[("x-annals-dry-run", "true")],
            json!({ "query": mutation }).to_string(),
        )
        .await;
    let extension = json!({ "query": mutation, "extensions": { "dryRun": true } });
    let by_extension = house.post(&acme.token, &[], extension.to_string()).await;
    for (status, _, answer) in [by_header, by_extension] {
        assert_eq!(status, 200);
        assert_eq!(answer["data"], Value::Null);
        assert_eq!(answer["extensions"]["cost"]["requested"], 11, "{answer}");
        assert!(answer.get("errors").is_none(), "{answer}");
    }
    assert_eq!(house.store.log().head().await.unwrap(), head);
}

#[tokio::test]
async fn who_has_spent_all_waits_as_the_plan_says() {
    let house = House::open_with(|options| {
        options.plan_buckets.set("default=50:1").unwrap();
        options.plan_buckets.set("gold=100000:1000").unwrap();
    })
    .await;
    let acme = house.tenant("acme").await;
    let other = house.tenant("other").await;
    let document = json!({ "query": "{ me { actor tenantId scopes } }" }).to_string();
    let refused = loop {
        let (status, headers, answer) = house.post(&acme.token, &[], document.clone()).await;
        if status != 200 {
            break (status, headers, answer);
        }
    };
    let (status, headers, answer) = refused;
    assert_eq!(status, 429);
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "RATE_LIMITED", "{answer}");
    let wait_ms = error["extensions"]["retryAfterMs"].as_u64().unwrap();
    assert!((1..=4_000).contains(&wait_ms), "{answer}");
    assert_eq!(headers["retry-after"], wait_ms.div_ceil(1_000).to_string());
    let cost = &answer["extensions"]["cost"];
    assert_eq!(cost["bucket"]["size"], 50, "{answer}");
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.begin("1", LEADS).await;
    assert_eq!(
        socket.next().await["payload"][0]["extensions"]["code"],
        "RATE_LIMITED"
    );

    let (status, _, answer) = house.post(&other.token, &[], document).await;
    assert_eq!(status, 200, "another tenant has a bucket of its own: {answer}");
}

#[tokio::test]
async fn a_plan_brings_its_bucket() {
    let house = House::open_with(|options| options.plan_buckets.set("gold=777:7").unwrap()).await;
    let acme = house.tenant("acme").await;
    // The tenant's own subscription names no customer.
    let price = json!({ "amount": "1.00", "currency": "EUR" });
    let start = json!({ "id": "own", "plan": "gold", "price": price });
    let asked = json!({ "query": "mutation($i: StartSubscriptionInput!) { startSubscription(input: $i) { cursor userErrors { message } } }",
        "variables": { "i": start } });
    let request = axum::http::Request::post("/graphql")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {ADMIN}"))
        .header("x-annals-tenant", &acme.id)
        .body(axum::body::Body::from(asked.to_string()))
        .unwrap();
    let (_, _, text) = house.send(request).await;
    assert!(text.contains("\"userErrors\":[]"), "{text}");
    house.settle().await;
    let answer = house.answer(&acme.token, "{ me { actor } }", json!({})).await;
    assert_eq!(answer["extensions"]["cost"]["bucket"]["size"], 777, "{answer}");
}

#[tokio::test]
async fn who_pays_late_keeps_the_plans_bucket() {
    let house = House::open_with(|options| options.plan_buckets.set("gold=777:7").unwrap()).await;
    let acme = house.tenant("acme").await;
    let tenant = acme.id.parse().unwrap();
    let caller = domain::Caller::new(tenant, domain::Actor::new(domain::ActorKind::System, "test"));
    let id: domain::subscription::SubscriptionId = "own".parse().unwrap();
    let start = domain::subscription::Command::Start {
        plan: "gold".parse().unwrap(),
        price: domain::Money::new(rust_decimal::Decimal::ONE, "EUR".parse().unwrap()),
        customer: None,
    };
    for command in [start, domain::subscription::Command::MarkPastDue] {
        let orders = store::Orders::one(command);
        let executed = house
            .store
            .execute::<domain::subscription::Subscription>(&caller, &id, orders)
            .await;
        executed.unwrap();
    }
    house.settle().await;
    let answer = house.answer(&acme.token, "{ me { actor } }", json!({})).await;
    assert_eq!(answer["extensions"]["cost"]["bucket"]["size"], 777, "{answer}");
}
