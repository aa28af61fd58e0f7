//! What models cost is told to the platform's administrator as to the tenant: to the cent, and call by call.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::gateway::house::{ADMIN, House, Tenant};

const OVERVIEW: &str = "query($month: Date!, $asOf: AsOf) { platformOverview(month: $month, asOf: $asOf) {
    cursor aiCost { amount currency } callsWithoutCost margin { amount currency } } }";
const TENANTS: &str = "query($month: Date!) { platformTenants(first: 5, month: $month) { nodes {
    tenantLocalId aiCost { amount currency } callsWithoutCost margin { amount currency } } } }";
const ROI: &str = "query($currency: String!) { roi(from: \"2026-01-01\", to: \"2026-01-31\", currency: $currency) {
    cost { ai { amount { amount } } unpricedCalls { count } } notConverted { figure amount { amount currency } } } }";

/// A model's call: who runs it, the model, the day of January, its tokens, and what it was recorded to cost.
type Call<'a> = (&'a str, &'a str, &'a str, [u64; 3], Option<&'a str>);

async fn called(house: &House, tenant: &Tenant, (run, vertical): (&str, &str), calls: &[Call<'_>]) {
    let start =
        json!({ "id": run, "agent": "scout", "vertical": vertical, "occurredAt": "2026-01-02T10:00:00Z" });
    house.done(&tenant.token, "startAgentRun", start).await;
    for (provider, model, at, [input, cached, output], cost) in calls {
        let cost = cost.map(|amount| json!({ "amount": amount, "currency": "EUR" }));
        let call = json!({ "id": run, "provider": provider, "model": model, "inputTokens": input, "cachedTokens": cached,
            "outputTokens": output, "cost": cost, "occurredAt": format!("2026-01-{at}Z") });
        house.done(&tenant.token, "recordModelCall", call).await;
    }
}

async fn price(house: &House, tenant: &Tenant, from: &str, (input, output): (&str, &str)) {
    let price = json!({ "id": "own", "provider": "house", "model": "small", "currency": "EUR", "effectiveFrom": from,
        "inputPerMillion": input, "outputPerMillion": output });
    house.done(&tenant.token, "setModelPrice", price).await;
}

/// Two tenants: one with prices of its own that change within an hour, the other with the bundled ones alone.
async fn january(house: &House) -> [Tenant; 2] {
    let acme = house.tenant("acme").await;
    let bolt = house.tenant("bolt").await;
    price(house, &acme, "2025-06-01T00:00:00Z", ("2.333", "8.1")).await;
    price(house, &acme, "2026-01-15T12:15:00Z", ("0.777", "3")).await;
    let calls = [
        ("house", "small", "15T12:14:59", [10_001, 1_000, 333], None),
        ("house", "small", "15T12:15:00", [20_003, 0, 777], None),
        ("house", "small", "15T12:16:00", [7, 7, 7], Some("0.0149")),
        (
            "OpenAI",
            "gpt-4o-2025-11-20",
            "20T08:00:00",
            [123_457, 45, 6_789],
            None,
        ),
        ("house", "secret", "21T08:00:00", [5, 0, 5], None),
    ];
    called(house, &acme, ("r1", "sales"), &calls).await;
    called(house, &acme, ("r2", "claims"), &calls[..3]).await;
    // Nobody told bolt what the house's models cost; and a call of February is not of January.
    called(house, &bolt, ("r1", "sales"), &calls[..4]).await;
    let later = json!({ "id": "r1", "provider": "openai", "model": "gpt-4o", "inputTokens": 1_000_000, "cachedTokens": 0,
        "outputTokens": 0, "occurredAt": "2026-02-01T00:00:00Z" });
    house.done(&bolt.token, "recordModelCall", later).await;
    house.settle().await;
    [acme, bolt]
}

/// Costs by currency, as a list of amounts has them.
fn sums(amounts: &Value) -> BTreeMap<String, String> {
    let of = |money: &Value| {
        let text = |name: &str| money[name].as_str().unwrap().to_owned();
        (text("currency"), text("amount"))
    };
    amounts.as_array().unwrap().iter().map(of).collect()
}

/// What the tenant's own report says: costs by currency, and how many calls have no price.
async fn told_to(house: &House, tenant: &Tenant) -> (BTreeMap<String, String>, i64) {
    let report = house.ask(&tenant.token, ROI, json!({ "currency": "EUR" })).await;
    let report = &report["roi"];
    let own = report["cost"]["ai"]["amount"]["amount"].as_str().unwrap();
    let mut costs = BTreeMap::from([("EUR".to_owned(), own.to_owned())]);
    for other in report["notConverted"].as_array().unwrap() {
        if other["figure"] == "cost.ai" {
            costs.extend(sums(&json!([other["amount"]])));
        }
    }
    let calls = report["cost"]["unpricedCalls"]["count"].as_i64().unwrap();
    (costs, calls)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_and_the_tenant_are_told_the_same_cost_to_the_cent() {
    let house = House::open_wide().await;
    let tenants = january(&house).await;
    let month = json!({ "month": "2026-01-01" });
    let rows = house.ask(ADMIN, TENANTS, month.clone()).await["platformTenants"]["nodes"].clone();
    let mut costs = Vec::new();
    for tenant in &tenants {
        let rows = rows.as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["tenantLocalId"] == json!(tenant.id))
            .unwrap();
        let seen = (sums(&row["aiCost"]), row["callsWithoutCost"].as_i64().unwrap());
        assert_eq!(seen, told_to(&house, tenant).await);
        costs.push(seen);
    }
    // acme, twice: (9001 + 1000) x 2.333 + 333 x 8.1, then 20003 x 0.777 + 777 x 3, a millionth each, and 0.0149: 0.1176...;
    // once in dollars: (123412 x 2.5 + 45 x 1.25 + 6789 x 10) / 1000000 = 0.37647625.
    let of = |eur: &str, usd: &str| {
        BTreeMap::from([
            ("EUR".to_owned(), eur.to_owned()),
            ("USD".to_owned(), usd.to_owned()),
        ])
    };
    assert_eq!(costs[0], (of("0.12", "0.38"), 1));
    assert_eq!(costs[1], (of("0.01", "0.38"), 2));
    let platform = house.ask(ADMIN, OVERVIEW, month).await["platformOverview"].clone();
    assert_eq!(sums(&platform["aiCost"]), of("0.13", "0.76"));
    assert_eq!(platform["callsWithoutCost"], 3);
    assert_eq!(sums(&platform["margin"]), of("-0.13", "-0.76"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_is_set_later_counts_from_then_on_and_not_in_what_was_told_before() {
    let house = House::open_wide().await;
    let [_, bolt] = january(&house).await;
    let month = json!({ "month": "2026-01-01" });
    let before = house.ask(ADMIN, OVERVIEW, month.clone()).await["platformOverview"].clone();
    price(&house, &bolt, "2026-01-01T00:00:00Z", ("1000", "0")).await;
    house.settle().await;
    let after = house.ask(ADMIN, OVERVIEW, month).await["platformOverview"].clone();
    // 30004 tokens at a tenth of a cent each, and what was recorded: 30.0189.
    assert_eq!(sums(&after["aiCost"])["EUR"], "30.14");
    assert_eq!(after["callsWithoutCost"], 1);
    let asked = json!({ "month": "2026-01-01", "asOf": { "cursor": before["cursor"] } });
    let then = house.ask(ADMIN, OVERVIEW, asked).await["platformOverview"].clone();
    assert_eq!(then, before);
}
