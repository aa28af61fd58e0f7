//! What was refused and what was read, as entries of the feed: with their context, bounded, and found live.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::gateway::house::{House, Tenant};
use crate::gateway::socket::Socket;

/// A house that tells of refusals and reads, again after so long.
async fn house(every: Duration) -> (House, Tenant) {
    let house = House::open_with(|options| {
        options.record_every.refused = every;
        options.record_every.read = every;
    })
    .await;
    let acme = house.tenant("acme").await;
    (house, acme)
}

/// Asks with a user agent; the answer.
async fn ask(house: &House, token: &str, document: &str) -> Value {
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .header("user-agent", "probe/1")
        .header("x-request-id", "request-7")
        .body(Body::from(json!({ "query": document }).to_string()))
        .unwrap();
    serde_json::from_str(&house.send(request).await.2).unwrap()
}

/// The tenant's events of a type, when there are so many.
async fn events(house: &House, acme: &Tenant, event_type: &str, count: usize) -> Vec<domain::RecordedEvent> {
    let filter = store::Filter {
        types: vec![event_type.to_owned()],
        ..store::Filter::tenant(acme.id.parse().unwrap())
    };
    let begun = Instant::now();
    loop {
        let found = house.store.log().page(0, &filter, 1_000).await.unwrap();
        if found.len() >= count {
            return found;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{} of {count} {event_type}",
            found.len()
        );
        tokio::task::yield_now().await;
    }
}

const REFUSED: &str = "mutation { qualifyLead(input: { id: \"nobody\", score: 5 }) { userErrors { code } } }";

#[tokio::test]
async fn a_refused_command_and_a_read_of_sensitive_data_are_entries_with_their_context() {
    let (house, acme) = house(Duration::from_secs(3_600)).await;
    let mut live = Socket::open(house.router.clone(), &acme.token).await;
    let document = "subscription { auditFeed(filter: { outcome: REFUSED, entityType: \"access\", text: \"NOT_found\" }) \
                    { __typename ... on AuditEntryAdded { entry { action outcome actorId correlationId payload } } } }";
    live.subscribe(document, json!({})).await;
    while live.result().await["data"]["auditFeed"]["__typename"] != "CaughtUp" {}
    let refused = ask(&house, &acme.token, REFUSED).await;
    assert_eq!(
        refused["data"]["qualifyLead"]["userErrors"][0]["code"], "NOT_FOUND",
        "{refused}"
    );
    let entry = live.item("auditFeed").await["entry"].clone();
    let told = &entry["payload"]["refused"];
    assert_eq!(
        (&entry["outcome"], &entry["actorId"], &entry["correlationId"]),
        (&json!("REFUSED"), &json!("first"), &json!("request-7")),
        "{entry}"
    );
    assert_eq!(
        (
            &told["command"],
            &told["code"],
            &told["target"],
            &told["user_agent"],
            &told["attempts"]
        ),
        (
            &json!("qualifyLead"),
            &json!("NOT_FOUND"),
            &json!("lead/nobody"),
            &json!("probe/1"),
            &json!(1)
        )
    );
    // What is not sensitive is not told; what is, by whatever field, is.
    ask(
        &house,
        &acme.token,
        "{ leads(first: 1) { nodes { status } } me { actor } }",
    )
    .await;
    ask(
        &house,
        &acme.token,
        "{ lead(id: \"l1\") { email } members(first: 1) { nodes { name } } }",
    )
    .await;
    ask(
        &house,
        &acme.token,
        "{ auditFeed(first: 1) { nodes { action } } }",
    )
    .await;
    let read = events(&house, &acme, "access.read", 3).await;
    let told: Vec<Value> = read
        .iter()
        .map(|event| event.event.encode()["read"].clone())
        .collect();
    // The live feed was the first to read the log.
    assert_eq!(
        (&told[0]["what"], &told[0]["targets"]),
        (&json!("audit_log"), &json!(["auditFeed"]))
    );
    let contacts = (&told[1]["what"], &told[1]["targets"], &told[1]["user_agent"]);
    assert_eq!(
        contacts,
        (
            &json!("contact_data"),
            &json!(["lead/l1", "members"]),
            &json!("probe/1")
        )
    );
    assert_eq!(told[2]["user_agent"], "probe/1", "another program is told apart");
    // Facets and pages have them too.
    house.settle().await;
    let document = "{ auditFacets(filter: { action: \"access.*\" }) { outcomes { outcome count } } \
                    auditFeed(first: 9, filter: { outcome: REFUSED }) { nodes { action } } }";
    let told = house.ask(&acme.token, document, json!({})).await;
    assert_eq!(
        told["auditFacets"]["outcomes"][2],
        json!({ "outcome": "REFUSED", "count": 1 })
    );
    assert_eq!(
        told["auditFeed"]["nodes"],
        json!([{ "action": "access.refused" }])
    );
}

#[tokio::test]
async fn a_storm_of_reads_and_refusals_is_a_few_entries_with_their_numbers() {
    let (house, acme) = house(Duration::from_secs(1)).await;
    for number in 0..200 {
        let read = format!("{{ lead(id: \"l{number}\") {{ phone }} }}");
        ask(&house, &acme.token, &read).await;
        let refused = REFUSED.replace("nobody", &format!("l{number}"));
        ask(&house, &acme.token, &refused).await;
    }
    // All of them are counted in the end.
    let begun = Instant::now();
    let (mut reads, mut attempts, mut entries) = (0, 0, 0);
    while reads < 200 || attempts < 200 {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{reads} reads, {attempts} attempts"
        );
        let sum = |events: &[domain::RecordedEvent], kind: &str, field: &str| -> u64 {
            events
                .iter()
                .map(|event| event.event.encode()[kind][field].as_u64().unwrap())
                .sum()
        };
        let read = events(&house, &acme, "access.read", 1).await;
        let refused = events(&house, &acme, "access.refused", 1).await;
        (reads, attempts) = (sum(&read, "read", "reads"), sum(&refused, "refused", "attempts"));
        entries = read.len() + refused.len();
        for event in &read {
            assert!(event.event.encode()["read"]["targets"].as_array().unwrap().len() <= 20);
        }
    }
    assert_eq!((reads, attempts), (200, 200));
    // At most 51 refusals a second, and two reads.
    assert!(entries < 400, "{entries} entries for 400 deeds");
}
