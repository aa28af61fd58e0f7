//! The audit feed, results and usage, live.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::house::House;
use super::socket::Socket;

#[tokio::test]
async fn the_audit_feed_tells_each_entry_once_as_the_query_has_it() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let capture = |id: &str| json!({ "id": id, "vertical": "sales", "source": "web" });
    let first = house.done(&acme.token, "captureLead", capture("l1")).await;
    house.done(&acme.token, "captureLead", capture("l2")).await;
    house.capture(&acme, ["l3".to_owned()].into_iter()).await;
    let fields = "eventId actorKind actorId action entityType entityId occurredAt recordedAt correlationId \
                  causationId payload";
    let document = format!(
        "subscription($after: Cursor!, $filter: AuditFeedFilter) {{ auditFeed(after: $after, filter: $filter) \
         {{ __typename ... on AuditEntryAdded {{ cursor entry {{ {fields} }} }} }} }}"
    );
    let filter = json!({ "actorKind": "API_KEY", "action": "lead.*" });
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    let variables = json!({ "after": first["cursor"], "filter": filter });
    socket.subscribe(&document, variables).await;
    let mut told = vec![socket.item("auditFeed").await];
    assert_eq!(
        socket.result().await["data"]["auditFeed"]["__typename"],
        "CaughtUp"
    );
    for id in ["l4", "l5"] {
        house.done(&acme.token, "captureLead", capture(id)).await;
        told.push(socket.item("auditFeed").await);
    }
    let query = format!(
        "query($filter: AuditFeedFilter, $seen: Cursor) {{ auditFeed(last: 3, filter: $filter, atLeast: $seen) \
         {{ nodes {{ {fields} }} }} }}"
    );
    let variables = json!({ "filter": filter, "seen": told[2]["cursor"] });
    let listed = house.ask(&acme.token, &query, variables).await;
    let entries: Vec<Value> = told.iter().map(|item| item["entry"].clone()).collect();
    assert_eq!(json!(entries), listed["auditFeed"]["nodes"]);
    assert_eq!(entries[0]["entityId"], "l2");
}

/// What a client knows who takes every item as it is meant.
fn take(known: &mut BTreeMap<String, Value>, item: &Value, list: &str, key: &[&str]) {
    if item["isWhole"] == true {
        known.clear();
    }
    for row in item[list].as_array().unwrap() {
        let key: Vec<String> = key.iter().map(|column| row[column].to_string()).collect();
        known.insert(key.join(" "), row.clone());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_and_usage_end_as_the_queries_have_them() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let month = "vertical month leadsCaptured leadsDisqualified";
    let day = "meter unit day quantity records";
    let roi = format!(
        "subscription {{ roi(filter: {{ vertical: \"sales\" }}) {{ __typename ... on RoiChanged {{ cursor isWhole \
         months {{ {month} }} }} ... on CaughtUp {{ cursor }} }} }}"
    );
    let usage = format!(
        "subscription {{ usage {{ __typename ... on UsageChanged {{ cursor isWhole days {{ {day} }} }} ... on \
         CaughtUp {{ cursor }} }} }}"
    );
    let (mut results, mut used) = (BTreeMap::new(), BTreeMap::new());
    let mut on_roi = Socket::open(house.router.clone(), &acme.token).await;
    on_roi.subscribe(&roi, json!({})).await;
    let first = on_roi.result().await["data"]["roi"].clone();
    assert_eq!(
        (&first["isWhole"], &first["months"]),
        (&json!(true), &json!([])),
        "{first}"
    );
    assert_eq!(on_roi.result().await["data"]["roi"]["__typename"], "CaughtUp");
    let mut on_usage = Socket::open(house.router.clone(), &acme.token).await;
    on_usage.subscribe(&usage, json!({})).await;
    assert_eq!(on_usage.item("usage").await["days"], json!([]));

    for round in 0..5 {
        house
            .capture(&acme, (0..40).map(|index| format!("r{round}-{index}")))
            .await;
        let records = json!({ "records": [
            { "id": format!("u{round}"), "type": "usage.pages", "quantity": "3", "unit": "page" }
        ] });
        house.done(&acme.token, "recordUsage", records).await;
    }
    let captured = |known: &BTreeMap<String, Value>| -> i64 {
        known
            .values()
            .map(|row| row["leadsCaptured"].as_i64().unwrap())
            .sum()
    };
    while captured(&results) < 200 {
        let item = on_roi.item("roi").await;
        take(&mut results, &item, "months", &["vertical", "month"]);
    }
    let records = |known: &BTreeMap<String, Value>| -> i64 {
        let pages = known.values().filter(|row| row["meter"] == "pages");
        pages
            .map(|row| {
                row["records"]
                    .to_string()
                    .trim_matches('"')
                    .parse::<i64>()
                    .unwrap()
            })
            .sum()
    };
    while records(&used) < 5 {
        let item = on_usage.item("usage").await;
        take(&mut used, &item, "days", &["meter", "unit", "day"]);
    }
    house.settle().await;
    let asked = format!(
        "{{ roiSummary(first: 100, vertical: \"sales\") {{ nodes {{ {month} }} }}
        usage {{ days(first: 100) {{ nodes {{ {day} }} }} }} }}"
    );
    let listed = house.ask(&acme.token, &asked, json!({})).await;
    assert_eq!(
        json!(results.into_values().collect::<Vec<_>>()),
        listed["roiSummary"]["nodes"]
    );
    assert_eq!(
        json!(used.into_values().collect::<Vec<_>>()),
        listed["usage"]["days"]["nodes"]
    );
}

#[tokio::test]
async fn one_who_comes_back_is_told_figures_that_have_seen_its_cursor() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let document = "subscription($after: Cursor) { roi(after: $after) { __typename ... on RoiChanged { isWhole \
                    months { leadsCaptured } } } }";
    for index in 0..10 {
        let capture = json!({ "id": format!("l{index}"), "vertical": "sales", "source": "web" });
        let cursor = house.done(&acme.token, "captureLead", capture).await["cursor"].clone();
        let mut socket = Socket::open(house.router.clone(), &acme.token).await;
        socket.subscribe(document, json!({ "after": cursor })).await;
        let item = socket.item("roi").await;
        assert_eq!(item["isWhole"], true);
        assert_eq!(item["months"][0]["leadsCaptured"], json!(index + 1), "{item}");
    }
}
