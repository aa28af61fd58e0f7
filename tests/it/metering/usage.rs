//! What a meter counts: the past and the present, late and out of order, in every version, as of any position.

use serde_json::{Value, json};

use crate::gateway::house::{ADMIN, House, Tenant};

const USAGE: &str = "query($meter: String!, $version: Int, $granularity: UsageGranularity!, $groupBy: [String!], $asOf: AsOf) {
    meterUsage(meter: $meter, version: $version, from: \"2025-03-29\", to: \"2025-03-31\",
        granularity: $granularity, groupBy: $groupBy, asOf: $asOf) {
        version unit aggregation
        buckets { from group { name value } quantity events evidence(first: 100) { nodes { type } } } } }";

/// Records facts of pages, in this order: an id, when, how many and the language.
pub(super) async fn record(house: &House, tenant: &Tenant, facts: &[(&str, &str, &str, &str)]) -> Value {
    let record = |(id, at, quantity, language): &(&str, &str, &str, &str)| {
        let dimensions = match *language {
            "" => json!([]),
            language => json!([{ "name": "language", "value": language }]),
        };
        json!({
            "id": id, "type": "usage.pages", "quantity": quantity, "unit": "page", "occurredAt": at,
            "dimensions": dimensions,
        })
    };
    let records: Vec<Value> = facts.iter().map(record).collect();
    let recorded = house
        .done(&tenant.token, "recordUsage", json!({ "records": records }))
        .await;
    let results = recorded["results"].as_array().unwrap();
    let is_taken = |result: &Value| result["userErrors"] == json!([]);
    assert!(results.iter().all(is_taken), "{recorded:#}");
    let mut cursors = results.iter().rev().map(|result| &result["cursor"]);
    cursors.find(|cursor| !cursor.is_null()).unwrap().clone()
}

pub(super) fn meter(id: &str, aggregation: &str, value: Value) -> Value {
    json!({
        "id": id, "label": "Pages", "eventType": "usage.pages", "value": value, "aggregation": aggregation,
        "groupBy": [{ "name": "language", "value": "data.dimensions.language" }], "unit": "page",
    })
}

/// Quantities with their groups, and the number of events behind each.
async fn told(house: &House, tenant: &Tenant, variables: Value) -> Vec<(String, String, u64, usize)> {
    let mut asked = json!({ "granularity": "DAY" });
    for (name, value) in variables.as_object().unwrap() {
        asked[name] = value.clone();
    }
    let data = house.ask(&tenant.token, USAGE, asked).await;
    let tell = |bucket: &Value| {
        let group = bucket["group"][0]["value"].as_str().unwrap_or("-");
        let from = bucket["from"].as_str().unwrap();
        let quantity = bucket["quantity"].as_str().unwrap().to_owned();
        let events = bucket["events"].as_u64().unwrap();
        (
            format!("{from} {group}"),
            quantity,
            events,
            bucket["evidence"]["nodes"].as_array().unwrap().len(),
        )
    };
    data["meterUsage"]["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .map(tell)
        .collect()
}

fn line(span: &str, quantity: &str, events: u64) -> (String, String, u64, usize) {
    let behind = usize::try_from(events).unwrap();
    (span.to_owned(), quantity.to_owned(), events, behind)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meter_counts_what_was_before_it_and_what_comes_late_each_event_once() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let other = house.tenant("other").await;
    record(&house, &other, &[("x", "2025-03-30T10:00:00Z", "1000", "de")]).await;
    let before = [
        ("f1", "2025-03-30T10:00:00Z", "0.1", "de"),
        ("f2", "2025-03-29T22:59:59Z", "5", "de"),
        ("f3", "2025-03-29T23:00:00Z", "0.2", "de"),
        ("f4", "2025-03-30T10:59:59Z", "7", "fr"),
    ];
    record(&house, &acme, &before).await;
    house.settle().await;
    house
        .done(
            &acme.token,
            "defineMeter",
            meter("pages", "SUM", json!("data.quantity")),
        )
        .await;
    let after = [
        ("f5", "2025-03-31T08:00:00Z", "2", "de"),
        ("f6", "2025-03-30T09:00:00Z", "1.0", "de"),
        ("f1", "2025-03-30T10:00:00Z", "0.1", "de"),
    ];
    let last = record(&house, &acme, &after).await;
    house.settle().await;
    let days = told(&house, &acme, json!({ "meter": "pages" })).await;
    let expected = vec![
        line("2025-03-28T23:00:00Z de", "5", 1),
        line("2025-03-29T23:00:00Z de", "1.3", 3),
        line("2025-03-29T23:00:00Z fr", "7", 1),
        line("2025-03-30T22:00:00Z de", "2", 1),
    ];
    assert_eq!(days, expected);
    let whole = json!({ "meter": "pages", "granularity": "WHOLE", "groupBy": [] });
    assert_eq!(
        told(&house, &acme, whole).await,
        [line("2025-03-28T23:00:00Z -", "15.3", 6)]
    );
    let hours = json!({ "meter": "pages", "granularity": "HOUR", "groupBy": ["language"] });
    assert_eq!(told(&house, &acme, hours).await.len(), 6);
    let then = json!({ "meter": "pages", "asOf": { "cursor": last } });
    assert_eq!(
        told(&house, &acme, then).await,
        expected,
        "the past, folded again, says the same"
    );
    verified(&house, &acme).await;
}

/// Every row of the tenant's is what the log makes of it.
pub(super) async fn verified(house: &House, tenant: &Tenant) {
    for read_model in ["meter", "metered_usage", "quarantined_usage"] {
        let document = "query($tenant: ULID!, $readModel: String!) {
            verifyReadModel(readModel: $readModel, tenantId: $tenant) { keys differences { key } } }";
        let asked = json!({ "tenant": tenant.id, "readModel": read_model });
        let data = house.ask(ADMIN, document, asked).await;
        assert_eq!(data["verifyReadModel"]["differences"], json!([]), "{read_model}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_count_side_by_side_and_a_retired_meter_counts_no_further() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let facts = [
        ("f1", "2025-03-30T10:00:00Z", "3", "de"),
        ("f2", "2025-03-30T11:00:00Z", "4", "de"),
    ];
    record(&house, &acme, &facts).await;
    house
        .done(
            &acme.token,
            "defineMeter",
            meter("pages", "SUM", json!("data.quantity")),
        )
        .await;
    let mut doubled = meter("pages", "MAX", json!("decimal(data.quantity) * 2"));
    doubled["groupBy"] = json!([]);
    house.done(&acme.token, "changeMeter", doubled).await;
    let third = record(&house, &acme, &[("f3", "2025-03-30T09:00:00Z", "5", "de")]).await;
    house
        .done(
            &acme.token,
            "retireMeter",
            json!({ "id": "pages", "reason": "done" }),
        )
        .await;
    record(&house, &acme, &[("f4", "2025-03-30T09:00:00Z", "100", "de")]).await;
    house.settle().await;
    let first = json!({ "meter": "pages", "version": 1 });
    assert_eq!(
        told(&house, &acme, first).await,
        [line("2025-03-29T23:00:00Z de", "12", 3)]
    );
    let newest = json!({ "meter": "pages" });
    assert_eq!(
        told(&house, &acme, newest).await,
        [line("2025-03-29T23:00:00Z -", "10", 3)]
    );
    let then = json!({ "meter": "pages", "version": 1, "asOf": { "cursor": third } });
    assert_eq!(
        told(&house, &acme, then).await,
        [line("2025-03-29T23:00:00Z de", "12", 3)]
    );
    verified(&house, &acme).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_aggregation_is_told_by_the_day() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let facts = [
        ("f1", "2025-03-30T12:00:00Z", "8", "de"),
        ("f2", "2025-03-30T06:00:00Z", "2", "de"),
        ("f3", "2025-03-30T18:00:00Z", "5", "de"),
        ("f4", "2025-03-30T18:00:00Z", "2", "de"),
    ];
    record(&house, &acme, &facts).await;
    let aggregations = [
        "COUNT",
        "SUM",
        "MAX",
        "MIN",
        "LATEST",
        "UNIQUE_COUNT",
        "AVERAGE",
        "TIME_WEIGHTED_SUM",
    ];
    for aggregation in aggregations {
        let value = if aggregation == "COUNT" {
            Value::Null
        } else {
            json!("data.quantity")
        };
        let id = aggregation.to_lowercase();
        house
            .done(&acme.token, "defineMeter", meter(&id, aggregation, value))
            .await;
    }
    house.settle().await;
    let quantity = async |aggregation: &str| {
        let asked = json!({ "meter": aggregation.to_lowercase() });
        told(&house, &acme, asked)
            .await
            .into_iter()
            .map(|(_, quantity, ..)| quantity)
            .collect::<Vec<_>>()
    };
    assert_eq!(quantity("COUNT").await, ["4"]);
    assert_eq!(quantity("SUM").await, ["17"]);
    assert_eq!(quantity("MAX").await, ["8"]);
    assert_eq!(quantity("MIN").await, ["2"]);
    assert_eq!(
        quantity("LATEST").await,
        ["2"],
        "of two at one time, the one that was written down last"
    );
    assert_eq!(quantity("UNIQUE_COUNT").await, ["3"]);
    assert_eq!(quantity("AVERAGE").await, ["4.25"]);
    // A day of 23 hours, to midnight at 22:00 UTC: 2 for 16 hours, 8 for 10, 7 for 4; then 17 for all of the next.
    let level = quantity("TIME_WEIGHTED_SUM").await;
    assert_eq!(level, ["6.086956521739", "17"]);
    verified(&house, &acme).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_makes_the_same_rows_as_they_came_live() {
    let house = House::open_with_operations().await;
    let acme = house.tenant("acme").await;
    record(
        &house,
        &acme,
        &[
            ("f1", "2025-03-30T10:00:00Z", "3", "de"),
            ("f2", "2025-03-30T11:00:00Z", "1", ""),
        ],
    )
    .await;
    house
        .done(
            &acme.token,
            "defineMeter",
            meter("pages", "SUM", json!("data.quantity")),
        )
        .await;
    record(&house, &acme, &[("f3", "2025-03-30T09:00:00Z", "5", "de")]).await;
    house
        .done(
            &acme.token,
            "changeMeter",
            meter("pages", "MAX", json!("data.quantity")),
        )
        .await;
    record(&house, &acme, &[("f4", "2025-03-30T09:00:00Z", "4", "")]).await;
    house.settle().await;
    for read_model in ["metered_usage", "quarantined_usage"] {
        let rebuild = "mutation($input: RebuildReadModelInput!) {
            rebuildReadModel(input: $input) { build { number } userErrors { message } } }";
        let data = house
            .ask(ADMIN, rebuild, json!({ "input": { "name": read_model } }))
            .await;
        assert_eq!(data["rebuildReadModel"]["userErrors"], json!([]), "{data:#}");
        let status = "{ readModels { name builds { state rows } } }";
        let mut again = tokio::time::interval(std::time::Duration::from_millis(50));
        let rows = loop {
            let data = house.ask(ADMIN, status, json!({})).await;
            let models = data["readModels"].as_array().unwrap();
            let model = models.iter().find(|model| model["name"] == read_model).unwrap();
            if model["builds"][0]["state"] == "READY" {
                break model["builds"][0]["rows"].clone();
            }
            again.tick().await;
        };
        assert_ne!(rows, json!(0), "{read_model}");
        let diff =
            "query($name: String!) { readModelDiff(name: $name, first: 1) { diff { added changed gone } } }";
        let data = house.ask(ADMIN, diff, json!({ "name": read_model })).await;
        assert_eq!(
            data["readModelDiff"]["diff"],
            json!({ "added": 0, "changed": 0, "gone": 0 }),
            "{read_model}"
        );
    }
}
