//! A tenant that sells, with runs, deals, a claim and a bill.

use serde_json::{Value, json};

use crate::gateway::house::{House, Tenant};

pub(super) const ROI: &str =
    "query($vertical: String, $from: Date!, $to: Date!, $currency: String!, $asOf: AsOf,
    $model: RoiAttribution, $baseline: ID, $subscription: ID, $windowDays: Int) {
  roi(vertical: $vertical, from: $from, to: $to, currency: $currency, asOf: $asOf, model: $model,
      baseline: $baseline, subscription: $subscription, windowDays: $windowDays) {
    state cursor missing windowDays settlingDays
    gain { confirmed { ...figure } assumed { ...figure } high { ...figure } reversed { ...figure }
           unattributed { ...figure } }
    pipeline { ...figure }
    cost { ai { ...figure } fee { ...figure } total { ...figure } unpricedCalls { ...figure }
           unpricedModels { provider model calls }
           fees { subscription state invoices net { amount } counted { amount } } }
    return { low { ratio } high { ratio } }
    baseline { localId expected { amount { amount } } incremental { high { amount { amount } } } }
    baselinesSetAside { localId reason }
    agents { agent confirmed { amount } assumed { amount } outcomes }
    notConverted { figure amount { amount currency } }
    sentences { text parts { text number { name evidence(first: 100) { nodes { type } } } } }
  } }
  fragment figure on RoiFigure { name count amount { amount currency } ratio
    evidence(first: 100) { nodes { type stream { id } } pageInfo { hasNextPage } } }";

pub(super) fn eur(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

/// The opportunity of November is open again in December.
pub(super) async fn reopened(house: &House, acme: &Tenant) {
    let reopen = json!({ "id": "d1", "reason": "the customer withdrew" });
    at(house, acme, "2025-12-01T08:00:00Z", ("reopenOpportunity", reopen)).await;
}

/// Does a mutation at a time.
pub(super) async fn at(
    house: &House,
    acme: &Tenant,
    time: &str,
    (mutation, mut input): (&str, Value),
) -> Value {
    input["occurredAt"] = json!(time);
    house.done(&acme.token, mutation, input).await
}

pub(super) async fn run(
    house: &House,
    acme: &Tenant,
    (id, agent, time): (&str, &str, &str),
    on: (&str, &str),
) {
    let mut start = json!({ "id": id, "agent": agent, "vertical": "sales" });
    start[on.0] = json!(on.1);
    at(house, acme, time, ("startAgentRun", start)).await;
}

pub(super) async fn ended(house: &House, acme: &Tenant, (id, time): (&str, &str), result: &str) {
    let end = json!({ "id": id, "outcome": "done", "result": result });
    at(house, acme, time, ("completeAgentRun", end)).await;
}

pub(super) async fn called(
    house: &House,
    acme: &Tenant,
    (id, time): (&str, &str),
    (model, cost): (&str, Option<Value>),
) {
    let call = json!({
        "id": id, "provider": "house", "model": model, "inputTokens": 1_000_000, "cachedTokens": 400_000,
        "outputTokens": 100_000, "cost": cost,
    });
    at(house, acme, time, ("recordModelCall", call)).await;
}

/// A tenant with a lead, two deals and a bill of November 2025.
pub(super) async fn acme(house: &House) -> Tenant {
    let acme = house.tenant("acme").await;
    let price = json!({
        "id": "small", "provider": "house", "model": "small-1", "currency": "EUR",
        "effectiveFrom": "2025-01-01T00:00:00Z", "inputPerMillion": "2", "cachedInputPerMillion": "1",
        "outputPerMillion": "8",
    });
    house.done(&acme.token, "setModelPrice", price).await;
    let plan = json!({ "id": "results", "name": "Results", "version": {
        "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
        "fees": [{ "code": "platform", "name": "Platform", "price": { "EUR": "310.40" } }],
    } });
    house.done(&acme.token, "definePlan", plan).await;
    let start = json!({ "id": "s1", "plan": "results", "price": eur("310.40") });
    at(
        house,
        &acme,
        "2025-11-01T09:00:00+01:00",
        ("startSubscription", start),
    )
    .await;

    let captured = json!({ "id": "l1", "vertical": "sales", "source": "web" });
    at(house, &acme, "2025-11-02T08:00:00Z", ("captureLead", captured)).await;
    run(
        house,
        &acme,
        ("r1", "ann", "2025-11-03T08:00:00Z"),
        ("lead", "l1"),
    )
    .await;
    called(house, &acme, ("r1", "2025-11-03T08:01:00Z"), ("small-1", None)).await;
    called(
        house,
        &acme,
        ("r1", "2025-11-03T08:02:00Z"),
        ("small-1", Some(eur("0.50"))),
    )
    .await;
    ended(house, &acme, ("r1", "2025-11-03T09:00:00Z"), "RESOLVED").await;
    at(
        house,
        &acme,
        "2025-11-04T08:00:00Z",
        ("convertLead", json!({ "id": "l1" })),
    )
    .await;
    let deal = |id: &str, lead: Option<&str>| json!({ "id": id, "title": "Deal", "stage": "first", "vertical": "sales", "lead": lead, "expected": eur("7000") });
    at(
        house,
        &acme,
        "2025-11-05T08:00:00Z",
        ("openOpportunity", deal("d1", Some("l1"))),
    )
    .await;
    run(
        house,
        &acme,
        ("r2", "bob", "2025-11-06T08:00:00Z"),
        ("opportunity", "d1"),
    )
    .await;
    ended(house, &acme, ("r2", "2025-11-06T09:00:00Z"), "ASSUMED").await;
    let win = json!({ "id": "d1", "value": eur("1000.01") });
    at(house, &acme, "2025-11-10T08:00:00Z", ("winOpportunity", win)).await;
    at(
        house,
        &acme,
        "2025-11-05T08:00:00Z",
        ("openOpportunity", deal("d2", Some("l1"))),
    )
    .await;
    at(
        house,
        &acme,
        "2025-11-05T08:00:00Z",
        ("openOpportunity", deal("d3", None)),
    )
    .await;
    let win = json!({ "id": "d3", "value": eur("70") });
    at(house, &acme, "2025-11-11T08:00:00Z", ("winOpportunity", win)).await;
    house.settle().await;
    acme
}

pub(super) fn november() -> Value {
    json!({ "vertical": "sales", "from": "2025-11-01", "to": "2025-11-30", "currency": "EUR" })
}

pub(super) async fn roi(house: &House, acme: &Tenant, wish: Value) -> Value {
    house.settle().await;
    house.ask(&acme.token, ROI, wish).await["roi"].clone()
}

/// The amount of a figure.
pub(super) fn amount(figure: &Value) -> &str {
    figure["amount"]["amount"].as_str().unwrap_or("-")
}

/// The types of the events behind a figure.
pub(super) fn behind(figure: &Value) -> Vec<&str> {
    let nodes = figure["evidence"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["type"].as_str().unwrap()).collect()
}
