//! Ratios of meters: both sides in the same spans and groups, nothing over nothing, and each with its events.

use serde_json::{Value, json};

use crate::gateway::house::{House, Tenant};

const RATIO: &str = "query($of: MeterRatioOf!, $granularity: UsageGranularity!, $groupBy: [String!]!, $asOf: AsOf) {
    meterRatio(of: $of, from: \"2025-03-29\", to: \"2025-03-31\", granularity: $granularity, groupBy: $groupBy, asOf: $asOf) {
        code numerator denominator buckets { from group { value } numerator denominator ratio
            above: evidence(side: NUMERATOR, first: 10) { nodes { type } }
            below: evidence(side: DENOMINATOR, first: 10) { nodes { type } } } } }";

async fn captured(house: &House, tenant: &Tenant, id: &str, at: &str, converted: Option<&str>) {
    let lead = json!({ "id": id, "vertical": "sales", "source": "web", "occurredAt": at });
    house.done(&tenant.token, "captureLead", lead).await;
    if let Some(at) = converted {
        let qualified = json!({ "id": id, "score": 80, "occurredAt": at });
        house.done(&tenant.token, "qualifyLead", qualified).await;
        let converted = json!({ "id": id, "opportunity": format!("o-{id}"), "occurredAt": at });
        house.done(&tenant.token, "convertLead", converted).await;
    }
}

async fn told(house: &House, tenant: &Tenant, asked: Value) -> Vec<String> {
    let mut variables = json!({ "granularity": "DAY", "groupBy": [] });
    for (name, value) in asked.as_object().unwrap() {
        variables[name] = value.clone();
    }
    let data = house.ask(&tenant.token, RATIO, variables).await;
    let tell = |bucket: &Value| {
        let side = |name: &str| bucket[name]["nodes"].as_array().unwrap().len();
        let texts = [
            &bucket["from"],
            &bucket["numerator"],
            &bucket["denominator"],
            &bucket["ratio"],
        ];
        let texts = texts.map(|text| text.as_str().unwrap_or("null")).join(" ");
        format!("{texts} by {} of {}", side("above"), side("below"))
    };
    let buckets = data["meterRatio"]["buckets"].as_array().unwrap();
    buckets.iter().map(tell).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_rate_is_told_by_day_with_the_events_of_both_sides() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    captured(
        &house,
        &acme,
        "l1",
        "2025-03-29T10:00:00Z",
        Some("2025-03-29T12:00:00Z"),
    )
    .await;
    captured(&house, &acme, "l2", "2025-03-29T11:00:00Z", None).await;
    captured(
        &house,
        &acme,
        "l3",
        "2025-03-29T11:00:00Z",
        Some("2025-03-31T11:00:00Z"),
    )
    .await;
    captured(&house, &acme, "l4", "2025-03-30T11:00:00Z", None).await;
    house.settle().await;
    let rate = json!({ "of": { "code": "sales.conversion_rate" } });
    // Berlin's 30 March has 23 hours. On the 31st one was converted and none captured: that is no rate.
    assert_eq!(
        told(&house, &acme, rate.clone()).await,
        [
            "2025-03-28T23:00:00Z 1 3 0.333333333333 by 1 of 3",
            "2025-03-29T23:00:00Z 0 1 0 by 0 of 1",
            "2025-03-30T22:00:00Z 1 0 null by 1 of 0",
        ]
    );
    let mut whole = rate.clone();
    whole["granularity"] = json!("WHOLE");
    assert_eq!(
        told(&house, &acme, whole).await,
        ["2025-03-28T23:00:00Z 2 4 0.5 by 2 of 4"]
    );
    let cursor = house
        .ask(
            &acme.token,
            "{ lead(id: \"l3\") { evidence(first: 1) { edges { cursor } } } }",
            json!({}),
        )
        .await;
    let mut then = rate;
    then["asOf"] = json!({ "cursor": cursor["lead"]["evidence"]["edges"][0]["cursor"] });
    assert_eq!(
        told(&house, &acme, then).await,
        ["2025-03-28T23:00:00Z 1 3 0.333333333333 by 1 of 3"]
    );
    let own = json!({ "of": { "meters": {
        "numerator": ["sales.leads_qualified", "sales.leads_converted"], "denominator": ["sales.leads_captured"],
    } }, "granularity": "WHOLE" });
    assert_eq!(
        told(&house, &acme, own).await,
        ["2025-03-28T23:00:00Z 4 4 1 by 2 of 4"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_initial_denial_rate_is_of_all_claims_submitted() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    for (index, denied) in [true, false, false, false].into_iter().enumerate() {
        let id = format!("c{index}");
        let billed = json!({ "amount": "100", "currency": "USD" });
        let at = format!("2025-03-29T1{index}:00:00Z");
        let claim =
            json!({ "id": id, "vertical": "claims", "payer": "p", "billed": billed, "occurredAt": at });
        house.done(&acme.token, "submitClaim", claim).await;
        if denied {
            let denial = json!({ "id": id, "reasonCodes": ["CO-16"], "reason": "no code", "occurredAt": "2025-03-30T10:00:00Z" });
            house.done(&acme.token, "denyClaim", denial).await;
        }
    }
    house.settle().await;
    let rate = json!({ "of": { "code": "claims.initial_denial_rate" }, "granularity": "WHOLE" });
    assert_eq!(
        told(&house, &acme, rate).await,
        ["2025-03-28T23:00:00Z 1 4 0.25 by 1 of 4"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_standards_denial_rate_is_by_the_mean_month_of_the_three_before() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    // Berlin's December begins an hour before that of Greenwich; five claims in it, three in January, one in March.
    let sent = [
        ("2024-11-30T22:59:59Z", "before"),
        ("2024-11-30T23:00:00Z", "c1"),
        ("2024-12-05T10:00:00Z", "c2"),
        ("2024-12-05T10:00:00Z", "c3"),
        ("2024-12-05T10:00:00Z", "c4"),
        ("2024-12-31T22:59:59Z", "c5"),
        ("2024-12-31T23:00:00Z", "c6"),
        ("2025-01-10T10:00:00Z", "c7"),
        ("2025-01-10T10:00:00Z", "c8"),
        ("2025-02-28T23:00:00Z", "c9"),
    ];
    for (at, id) in sent {
        let billed = json!({ "amount": "100", "currency": "USD" });
        let claim =
            json!({ "id": id, "vertical": "claims", "payer": "p", "billed": billed, "occurredAt": at });
        house.done(&acme.token, "submitClaim", claim).await;
    }
    for (id, at) in [
        ("c2", "2025-03-05T10:00:00Z"),
        ("c9", "2025-03-06T10:00:00Z"),
        ("c3", "2025-04-02T10:00:00Z"),
    ] {
        let denial = json!({ "id": id, "reasonCodes": ["CO-16"], "reason": "no code", "occurredAt": at });
        house.done(&acme.token, "denyClaim", denial).await;
    }
    house.settle().await;
    let document = "query($from: Date!, $to: Date!, $granularity: UsageGranularity!) {
        meterRatio(of: { code: \"claims.initial_denial_rate_hfma\" }, from: $from, to: $to, granularity: $granularity) {
            buckets { from until numerator denominator ratio
                above: evidence(side: NUMERATOR, first: 20) { nodes { stream { id } } }
                below: evidence(side: DENOMINATOR, first: 20) { nodes { stream { id } } } } } }";
    let asked = json!({ "from": "2025-03-01", "to": "2025-04-30", "granularity": "MONTH" });
    let data = house.ask(&acme.token, document, asked).await;
    let buckets = data["meterRatio"]["buckets"].as_array().unwrap();
    let told: Vec<String> = buckets
        .iter()
        .map(|bucket| {
            let ids = |side: &str| {
                let nodes = bucket[side]["nodes"].as_array().unwrap().iter();
                let ids: Vec<&str> = nodes.map(|node| node["stream"]["id"].as_str().unwrap()).collect();
                ids.join(" ")
            };
            let text = |name: &str| bucket[name].as_str().unwrap_or("null").to_owned();
            format!(
                "{} {}/{}={} [{}] [{}]",
                text("from"),
                text("numerator"),
                text("denominator"),
                text("ratio"),
                ids("above"),
                ids("below")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            // Eight claims in December, January and February.
            "2025-02-28T23:00:00Z 2/2.666666666667=0.75 [c2 c9] [c1 c2 c3 c4 c5 c6 c7 c8]",
            // Four in January, February and March.
            "2025-03-31T22:00:00Z 1/1.333333333333=0.75 [c3] [c6 c7 c8 c9]",
        ]
    );
    for (from, to, granularity) in [
        ("2025-03-01", "2025-03-31", "DAY"),
        ("2025-03-02", "2025-03-31", "MONTH"),
        ("2025-03-01", "2025-03-30", "MONTH"),
        ("2025-03-01", "2025-03-31", "WHOLE"),
    ] {
        let asked = json!({ "from": from, "to": to, "granularity": granularity });
        let answer = house.answer(&acme.token, document, asked).await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{answer:#}");
        let said = error["message"].as_str().unwrap();
        assert!(said.contains("whole months") && said.contains("MONTH"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ratio_that_can_not_be_told_is_refused_with_the_place() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let refused = async |of: Value, group: Value| {
        let asked = json!({ "of": of, "granularity": "DAY", "groupBy": group });
        let answer = house.answer(&acme.token, RATIO, asked).await;
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
            "{answer:#}"
        );
        answer["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    let of = |above: &str, below: Value| json!({ "meters": { "numerator": [above], "denominator": below } });
    let unknown = refused(json!({ "code": "sales.luck" }), json!([])).await;
    assert!(
        unknown.starts_with("of: there is no ratio \"sales.luck\": take one of sales."),
        "{unknown}"
    );
    assert_eq!(
        refused(of("sales.deals_won", json!([])), json!([])).await,
        "denominator: give 1 to 5 meters"
    );
    assert_eq!(
        refused(of("pages", json!(["sales.deals_won"])), json!([])).await,
        "meter: there is no meter \"pages\" of this version"
    );
    assert_eq!(
        refused(
            of(
                "sales.deals_won",
                json!(["sales.response_time", "sales.deals_won"])
            ),
            json!([])
        )
        .await,
        "denominator: sales.response_time is of the kind average: only counts and sums can be added to others"
    );
    // Captured leads are told apart by their source, converted ones are not.
    let group = refused(json!({ "code": "sales.conversion_rate" }), json!(["source"])).await;
    assert!(
        group.starts_with("group: the meter does not tell \"source\" apart"),
        "{group}"
    );
}
