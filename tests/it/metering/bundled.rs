//! One month in which everything happens, and what each bundled meter and ratio says of it: all of them, by hand.

mod month;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::gateway::house::{House, Tenant};

/// Code, and the quantity of each group; groups are named after their values.
const METERS: &[(&str, &[&str])] = &[
    // c1, c4, c5 and c6 were sent to P, c2 and c3 to Q.
    ("claims.appealed", &["1"]),
    // c1 after 5.5 days, c2 after 10 days, on appeal; c4 was paid nothing.
    ("claims.days_to_payment", &["7.75"]),
    ("claims.denied_initially", &["2"]),
    ("claims.paid_initially", &["2"]),
    // c5 and c6 wait for the payer.
    ("claims.processed", &["4"]),
    ("claims.recovered_amount", &["EUR 12.5", "USD 3.25"]),
    ("claims.submitted", &["P 4", "Q 2"]),
    ("platform.active_agents", &["2"]),
    ("platform.active_members", &["2"]),
    (
        "platform.agent_runs",
        &["ann claims 1", "ann sales 2", "bob claims 2"],
    ),
    // The gateway's facts alone.
    ("platform.api_calls", &["api_key 9", "user 12"]),
    ("platform.cached_tokens", &["large 1000", "small 200"]),
    // 9 and 4 by two syncs; nothing by one; the one that failed does not count.
    ("platform.connector_records", &["crm 13", "erp 0"]),
    ("platform.connector_syncs", &["crm 2", "erp 1"]),
    ("platform.input_tokens", &["large 5000", "small 1300"]),
    ("platform.model_calls", &["large 1", "small 2"]),
    ("platform.output_tokens", &["large 700", "small 350"]),
    ("platform.resolved_runs", &["claims 1", "sales 2"]),
    ("platform.storage", &["1.75"]),
    // Whether they did what was asked or not.
    ("platform.tool_calls", &["crm 2", "mail 1"]),
    ("sales.deals_lost", &["1"]),
    ("sales.deals_opened", &["6"]),
    ("sales.deals_won", &["3"]),
    ("sales.leads_captured", &["fair 2", "web 3"]),
    ("sales.leads_converted", &["1"]),
    ("sales.leads_disqualified", &["1"]),
    ("sales.leads_qualified", &["4"]),
    // 7,000 + 1,000.25 + 10, and 300 dollars; two were opened without a figure.
    ("sales.pipeline_value", &["EUR 8010.25", "USD 300"]),
    // 1,800, 601 and 1,000 seconds; the second contact of a lead does not count.
    ("sales.response_time", &["1133.666666666667"]),
    // 6,500.50 + 1,500, and 99.50 dollars.
    ("sales.revenue_won", &["EUR 8000.5", "USD 99.5"]),
];

/// Code, both sides and the ratio.
const RATIOS: [(&str, &str); 6] = [
    ("claims.initial_denial_rate", "2 of 6 0.333333333333"),
    // No claim was sent in the three months before.
    ("claims.initial_denial_rate_hfma", "2 of 0 null"),
    ("platform.resolution_rate", "3 of 5 0.6"),
    ("sales.conversion_rate", "1 of 5 0.2"),
    ("sales.qualification_rate", "4 of 5 0.8"),
    ("sales.win_rate", "3 of 4 0.75"),
];

async fn codes(house: &House, acme: &Tenant, list: &str) -> Vec<String> {
    let document = format!("{{ {list} {{ code }} }}");
    let data = house.ask(&acme.token, &document, json!({})).await;
    let list = data[list].as_array().unwrap();
    let mut codes: Vec<String> = list
        .iter()
        .map(|one| one["code"].as_str().unwrap().to_owned())
        .collect();
    codes.sort();
    codes
}

async fn measured(house: &House, acme: &Tenant, meter: &str) -> Vec<String> {
    let document =
        "query($meter: String!) { meterUsage(meter: $meter, from: \"2025-03-01\", to: \"2025-03-31\",
        granularity: WHOLE) { buckets { group { name value } quantity events
            evidence(first: 100) { nodes { cursor } } } } }";
    let data = house.ask(&acme.token, document, json!({ "meter": meter })).await;
    let tell = |bucket: &Value| {
        let group = bucket["group"].as_array().unwrap().iter();
        let behind = bucket["evidence"]["nodes"].as_array().unwrap().len();
        assert_eq!(bucket["events"], json!(behind), "{meter}: {bucket}");
        let values = group.map(|part| part["value"].as_str().unwrap());
        let texts: Vec<&str> = values.chain(bucket["quantity"].as_str()).collect();
        texts.join(" ")
    };
    let buckets = data["meterUsage"]["buckets"].as_array().unwrap();
    let mut told: Vec<String> = buckets.iter().map(tell).collect();
    told.sort();
    told
}

async fn ratio(house: &House, acme: &Tenant, code: &str) -> String {
    let document =
        "query($code: String!) { meterRatio(of: { code: $code }, from: \"2025-03-01\", to: \"2025-03-31\",
        granularity: MONTH, groupBy: []) { buckets { numerator denominator ratio } } }";
    let data = house.ask(&acme.token, document, json!({ "code": code })).await;
    let buckets = data["meterRatio"]["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), 1, "{code}: {buckets:?}");
    let text = |name: &str| buckets[0][name].as_str().unwrap_or("null").to_owned();
    format!(
        "{} of {} {}",
        text("numerator"),
        text("denominator"),
        text("ratio")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bundled_meter_and_ratio_says_what_was_worked_out_by_hand() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    month::told(&house, &acme).await;
    house.settle().await;
    let expected: BTreeMap<&str, &[&str]> = METERS.iter().copied().collect();
    let bundled = codes(&house, &acme, "bundledMeters").await;
    let known: Vec<&str> = expected.keys().copied().collect();
    assert_eq!(
        bundled, known,
        "each bundled meter has a value here, and nothing else has"
    );
    let mut wrong = Vec::new();
    for meter in &bundled {
        let told = measured(&house, &acme, meter).await;
        if told != expected[meter.as_str()] {
            wrong.push(format!(
                "{meter}: {told:?} instead of {:?}",
                expected[meter.as_str()]
            ));
        }
    }
    let bundled = codes(&house, &acme, "bundledRatios").await;
    assert_eq!(
        bundled,
        RATIOS.map(|(code, _)| code),
        "each bundled ratio has a value here"
    );
    for (code, expected) in RATIOS {
        let told = ratio(&house, &acme, code).await;
        if told != expected {
            wrong.push(format!("{code}: {told} instead of {expected}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_narrowed_to_groups_and_told_apart_by_fewer_names() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    month::told(&house, &acme).await;
    house.settle().await;
    let document =
        "query($group: [AttributeInput!]!, $by: [String!]) { meterUsage(meter: \"platform.agent_runs\",
        from: \"2025-03-01\", to: \"2025-03-31\", granularity: WHOLE, group: $group, groupBy: $by) {
            buckets { group { name value } quantity evidence(first: 100) { nodes { stream { id } } } } } }";
    let told = async |group: Value, by: Value| {
        let data = house
            .ask(&acme.token, document, json!({ "group": group, "by": by }))
            .await;
        let buckets = data["meterUsage"]["buckets"].as_array().unwrap().clone();
        let tell = |bucket: &Value| {
            let group = bucket["group"].as_array().unwrap().iter();
            let names = group.map(|part| format!("{}={}", text(&part["name"]), text(&part["value"])));
            let nodes = bucket["evidence"]["nodes"].as_array().unwrap().iter();
            let behind = nodes.map(|node| text(&node["stream"]["id"]));
            let all: Vec<String> = names
                .chain([text(&bucket["quantity"]), "of".to_owned()])
                .chain(behind)
                .collect();
            all.join(" ")
        };
        buckets.iter().map(tell).collect::<Vec<String>>()
    };
    let only = |name: &str, value: &str| json!([{ "name": name, "value": value }]);
    assert_eq!(
        told(only("vertical", "claims"), Value::Null).await,
        [
            "agent=ann vertical=claims 1 of r3",
            "agent=bob vertical=claims 2 of r4 r5"
        ]
    );
    assert_eq!(
        told(only("vertical", "claims"), json!([])).await,
        ["3 of r3 r4 r5"]
    );
    assert_eq!(
        told(only("vertical", "claims"), json!(["agent"])).await,
        ["agent=ann 1 of r3", "agent=bob 2 of r4 r5"]
    );
    let both = json!([{ "name": "vertical", "value": "sales" }, { "name": "agent", "value": "ann" }]);
    assert_eq!(told(both, json!([])).await, ["2 of r1 r2"]);
    assert_eq!(
        told(only("agent", "nobody"), json!([])).await,
        Vec::<String>::new()
    );
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}
