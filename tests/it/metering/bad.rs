//! Bad input: definitions that are refused with the place, and events that are set aside with the reason.

use serde_json::json;

use super::usage::{meter, record};
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
async fn a_bad_definition_or_question_is_refused_with_the_place() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let message = async |field: &str, value: serde_json::Value| {
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
