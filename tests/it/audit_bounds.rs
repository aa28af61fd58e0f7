//! A filter that would scan everything is bounded by cost and by time, and whoever asks is told how to narrow it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::gateway::house::House;

/// Entries that the tests put into the feed: more than a text may be looked for in.
const ENTRIES: u32 = 100_001;

/// A tenant with a long feed: what one agent did to leads, and what one user did to claims.
async fn long_feed(house: &House) -> String {
    let acme = house.tenant("acme").await;
    house
        .behind_the_engines_back(&format!(
            "insert into audit_feed (tenant_id, position, event_id, actor_kind, actor_id, action, entity_type, entity_id, \
             occurred_at, recorded_at, payload) \
             select '{}', 1000 + n, 'e' || n, case n % 2 when 0 then 'agent' else 'user' end, \
             case n % 2 when 0 then 'closer' else 'ada' end, \
             case n % 2 when 0 then 'lead.contacted' else 'claim.paid' end, case n % 2 when 0 then 'lead' else 'claim' end, \
             'x' || n, timestamptz '2026-01-01' + n * interval '1 second', timestamptz '2026-01-01', \
             json_build_object('contacted', json_build_object('channel', 'phone', 'n', n)) \
             from generate_series(1, {ENTRIES}) n",
            acme.id
        ))
        .await;
    house.behind_the_engines_back("analyze audit_feed").await;
    acme.token
}

/// The code and the text of the only error.
fn refusal(answer: &Value) -> (&str, &str) {
    let error = &answer["errors"][0];
    let code = error["extensions"]["code"].as_str();
    (
        code.unwrap_or_else(|| panic!("{answer:#}")),
        error["message"].as_str().unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_in_a_long_feed_is_looked_for_where_something_narrows_it() {
    let house = House::open_wide().await;
    let token = long_feed(&house).await;
    for document in [
        "{ auditFeed(first: 1, filter: { text: \"phone\" }) { nodes { action } } }",
        "{ auditFacets(filter: { text: \"phone\" }) { counted } }",
        "{ auditFeed(first: 1, filter: { text: \"phone\", outcome: SUCCEEDED }) { nodes { action } } }",
    ] {
        let answer = house.answer(&token, document, json!({})).await;
        let (code, message) = refusal(&answer);
        assert_eq!(code, "LIMIT_EXCEEDED", "{answer:#}");
        assert!(
            message.starts_with(
                "filter.text: more than 100000 entries would be read: narrow it by time (`from`, `before`)"
            ),
            "{message}"
        );
    }
    let narrowed = "{ auditFeed(first: 2, filter: { text: \"PHONE\", from: \"2026-01-02T03:46:00Z\" }) { nodes { entityId } } \
                    auditFacets(filter: { text: \"phone\", action: \"lead.contacted\" }) { counted } }";
    let told = house.ask(&token, narrowed, json!({})).await;
    assert_eq!(told["auditFacets"]["counted"], ENTRIES / 2);
    assert_eq!(
        told["auditFeed"]["nodes"],
        json!([{ "entityId": "x99960" }, { "entityId": "x99961" }])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_index_has_together_is_given_up_after_a_time_with_advice() {
    let mut house = House::open_wide().await;
    let token = long_feed(&house).await;
    // Each of them is half of the feed, and together they are nothing: all of it is read.
    let together = [
        "{ auditFeed(first: 1, filter: { actorKind: AGENT, actorId: \"closer\", action: \"claim.paid\" }) \
         { nodes { action } totalCount } }",
        "{ auditFeed(first: 1, filter: { actorKind: AGENT, entityType: \"claim\", from: \"2026-01-01T00:00:00Z\" }) \
         { nodes { action } totalCount } }",
        "{ auditFacets(filter: { actorId: \"closer\", action: \"claim.paid\", text: \"phone\" }) { counted } }",
    ];
    let patient = [
        json!({ "auditFeed": { "nodes": [], "totalCount": 0 } }),
        json!({ "auditFeed": { "nodes": [], "totalCount": 0 } }),
        json!({ "auditFacets": { "counted": 0 } }),
    ];
    for (document, wanted) in together.iter().zip(patient) {
        assert_eq!(house.ask(&token, document, json!({})).await, wanted, "{document}");
    }
    let reader = house
        .options
        .reader
        .clone()
        .with_patience(Duration::from_millis(1));
    house.router = house.router_with(|options| options.reader = reader);
    for document in together {
        let answer = house.answer(&token, document, json!({})).await;
        let (code, message) = refusal(&answer);
        assert_eq!(code, "LIMIT_EXCEEDED", "{answer:#}");
        assert!(
            message.starts_with(
                "filter: after 1ms its entries were not found: no index has what it asks for together; narrow it by time"
            ) && message.contains("ask by one of actor, action, entity"),
            "{message}"
        );
    }
    // What an index has is there in that time: the newest of an actor.
    let served =
        "{ auditFeed(last: 1, filter: { actorKind: AGENT, actorId: \"closer\" }) { nodes { entityId } } }";
    let mut tries = 0;
    loop {
        let answer = house.answer(&token, served, json!({})).await;
        if answer.get("errors").is_none() {
            assert_eq!(answer["data"]["auditFeed"]["nodes"][0]["entityId"], "x100000");
            break;
        }
        // A machine that is busy may take a millisecond for anything.
        tries += 1;
        assert!(tries < 200, "{answer:#}");
    }
}
