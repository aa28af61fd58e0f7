//! Bad input: definitions that are refused with the place, and events that are set aside with the reason.

use serde_json::{Value, json};

use super::usage::{meter, record, verified};
use crate::gateway::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_a_value_is_set_aside_with_its_reason_and_found_again_by_a_better_version() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let facts = [
        ("zero", "2025-03-30T10:00:00Z", "0", "de"),
        ("ten", "2025-03-30T10:00:01Z", "4", "de"),
        ("nameless", "2025-03-30T10:00:02Z", "5", ""),
    ];
    record(&house, &acme, &facts).await;
    let divided = meter("shares", "SUM", json!("10 / decimal(data.quantity)"));
    house.done(&acme.token, "defineMeter", divided.clone()).await;
    house.settle().await;
    let document = "{ quarantinedUsage(first: 10, meter: \"shares\") { totalCount nodes { version eventId reason } }
        meterUsage(meter: \"shares\", from: \"2025-03-30\", to: \"2025-03-30\") { buckets { quantity events } } }";
    let data = house.ask(&acme.token, document, json!({})).await;
    let reasons: Vec<&str> = data["quarantinedUsage"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["reason"].as_str().unwrap())
        .collect();
    let expected = [
        "group_by.language: there is no field data.dimensions.language",
        "value: it divides by zero",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(
        data["meterUsage"]["buckets"],
        json!([{ "quantity": "2.5", "events": 1 }])
    );
    let mut careful = divided;
    careful["groupBy"] = json!([]);
    careful["filter"] = json!("decimal(data.quantity) != 0");
    house.done(&acme.token, "changeMeter", careful).await;
    house.settle().await;
    let data = house.ask(&acme.token, document, json!({})).await;
    assert_eq!(
        data["meterUsage"]["buckets"],
        json!([{ "quantity": "4.5", "events": 2 }])
    );
    assert!(
        data["quarantinedUsage"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["version"] == 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_in_another_unit_is_set_aside_and_never_becomes_an_amount() {
    let house = House::open_with_operations().await;
    let acme = house.tenant("acme").await;
    let fact = |id: &str, quantity: &str, unit: Value| {
        json!({ "id": id, "type": "usage.pages", "quantity": quantity, "unit": unit,
            "occurredAt": "2025-03-30T10:00:00Z", "dimensions": [{ "name": "language", "value": "de" }] })
    };
    let record = async |records: Value| {
        let recorded = house
            .done(&acme.token, "recordUsage", json!({ "records": records }))
            .await;
        assert!(!recorded.to_string().contains("\"code\""), "{recorded:#}");
    };
    // Some come before the meters, some behind them.
    record(json!([
        fact("a", "4", json!("page")),
        fact("b", "1000", json!("token"))
    ]))
    .await;
    let pages = meter("pages", "SUM", json!("decimal(data.quantity)"));
    house.done(&acme.token, "defineMeter", pages.clone()).await;
    let by_ten = "decimal(data.quantity) * (data.unit == \"token\" ? 0.01 : 1)";
    house
        .done(
            &acme.token,
            "defineMeter",
            meter("converted", "SUM", json!(by_ten)),
        )
        .await;
    house
        .done(
            &acme.token,
            "defineMeter",
            meter("readings", "COUNT", Value::Null),
        )
        .await;
    let plan = json!({ "id": "results", "name": "Results", "version": {
        "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
        "charges": [{ "code": "pages", "name": "Pages", "meter": "pages", "unit": "page",
            "price": { "model": "standard", "unit_price": { "EUR": "2" } } }],
    } });
    house.done(&acme.token, "definePlan", plan).await;
    let start = json!({ "id": "s1", "plan": "results", "price": { "amount": "0", "currency": "EUR" },
        "occurredAt": "2025-03-01T00:00:00Z" });
    house.done(&acme.token, "startSubscription", start).await;
    record(json!([
        fact("c", "500", json!("furlong")),
        fact("d", "3", Value::Null)
    ]))
    .await;
    house.settle().await;

    let document = "query($meter: String!) { quarantinedUsage(first: 10, meter: $meter) { nodes { reason } }
        meterUsage(meter: $meter, from: \"2025-03-30\", to: \"2025-03-30\") { buckets { quantity events } } }";
    let told = async |meter: &str| {
        let data = house.ask(&acme.token, document, json!({ "meter": meter })).await;
        let nodes = data["quarantinedUsage"]["nodes"].as_array().unwrap();
        let mut reasons: Vec<String> = nodes
            .iter()
            .map(|node| node["reason"].as_str().unwrap().to_owned())
            .collect();
        reasons.sort_unstable();
        (reasons, data["meterUsage"]["buckets"].clone())
    };
    let refused = |unit: &str| {
        format!(
            "unit: it is given in \"{unit}\", but the meter counts in \"page\": record it in \"page\", or let the \
             meter's filter or value read data.unit"
        )
    };
    let (reasons, counted) = told("pages").await;
    assert_eq!(reasons, [refused("furlong"), refused("token")]);
    assert_eq!(
        counted,
        json!([{ "quantity": "7", "events": 2 }]),
        "pages, and those without a unit"
    );
    let (reasons, counted) = told("converted").await;
    assert_eq!(
        (reasons.len(), counted),
        (0, json!([{ "quantity": "517", "events": 4 }]))
    );
    let (reasons, counted) = told("readings").await;
    assert_eq!(
        (reasons.len(), counted),
        (0, json!([{ "quantity": "4", "events": 4 }]))
    );
    let bill = "{ invoicePreview(subscription: \"s1\", at: \"2025-03-30T12:00:00Z\") { total { amount } } }";
    let data = house.ask(&acme.token, bill, json!({})).await;
    assert_eq!(data["invoicePreview"]["total"]["amount"], "14.00");
    // A new version that says what becomes of them counts them.
    let mut other = pages;
    other["value"] = json!(by_ten);
    house.done(&acme.token, "changeMeter", other).await;
    house.settle().await;
    let (reasons, counted) = told("pages").await;
    assert_eq!(counted, json!([{ "quantity": "517", "events": 4 }]));
    assert_eq!(reasons.len(), 2, "the first version has no place for them still");
    verified(&house, &acme).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_definition_or_question_is_refused_with_the_place() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let message = async |field: &str, value: Value| {
        let mut input = meter("pages", "SUM", json!("data.quantity"));
        input[field] = value;
        let payload = house.mutate(&acme.token, "defineMeter", input).await;
        let error = &payload["userErrors"][0];
        (
            error["path"].to_string(),
            error["message"].as_str().unwrap().to_owned(),
        )
    };
    let (path, text) = message("filter", json!("data.unit = \"page\"")).await;
    assert_eq!(path, "[\"input\",\"filter\"]");
    assert!(text.starts_with("filter: column 11: "), "{text}");
    let (path, text) = message("unit", json!("parsec")).await;
    assert_eq!(path, "[\"input\",\"unit\"]");
    assert!(text.contains("there is no unit \"parsec\""), "{text}");
    let (path, _) = message("eventType", json!("lead.caught")).await;
    assert_eq!(path, "[\"input\",\"eventType\"]");
    let (path, text) = message("id", json!("sales.leads_captured")).await;
    assert_eq!(path, "[\"input\",\"id\"]", "{text}");
    let ask = async |arguments: &str| {
        let document = format!("{{ meterUsage({arguments}) {{ buckets {{ quantity }} }} }}");
        let answer = house.answer(&acme.token, &document, json!({})).await;
        answer["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    let days = "from: \"2025-03-30\", to: \"2025-03-30\"";
    let unknown = ask(&format!("meter: \"pages\", {days}")).await;
    assert_eq!(unknown, "meter: there is no meter \"pages\" of this version");
    let backwards = ask("meter: \"sales.deals_won\", from: \"2025-03-30\", to: \"2025-03-29\"").await;
    assert_eq!(backwards, "from, to: the last day lies before the first one");
    let group = ask(&format!(
        "meter: \"sales.leads_captured\", {days}, groupBy: [\"colour\"]"
    ))
    .await;
    assert_eq!(
        group,
        "group: the meter does not tell \"colour\" apart; it tells apart: source"
    );
}
