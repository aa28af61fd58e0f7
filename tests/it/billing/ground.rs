//! A tenant with a meter of its own, a plan over it and subscriptions.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::gateway::house::{House, Tenant};

pub(super) const INVOICE: &str = "query($id: ID!) { invoice(id: $id) {
    localId number subscriptionId firstDay lastDay stage status total { amount currency } paid { amount }
    credited { amount } outstanding { amount } creditNotes { number total { amount } }
    disputes { line status creditNote } difference { folded { amount } lines { line issued { amount } folded { amount } } }
    files { csv }
    lines { line code kind quantity amount { amount } corrects { invoice kind firstDay lastDay }
        evidence(first: 100) { nodes { stream { id } occurredAt } } } } }";

/// A plan of 310 euros a month in advance, and 50 cents a page, after the tenth a third of it.
pub(super) fn plan() -> Value {
    let tiers = json!({ "model": "graduated", "tiers": [
        { "up_to": "10", "unit_price": { "EUR": "0.5" } }, { "unit_price": { "EUR": "0.333" } },
    ] });
    json!({
        "id": "results", "name": "Results",
        "version": {
            "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
            "fees": [{ "code": "platform", "name": "Platform", "price": { "EUR": "310" } }],
            "charges": [{ "code": "pages", "name": "Pages", "meter": "pages", "unit": "page", "price": tiers }],
        },
    })
}

/// The tenant, with the meter and the plan.
pub(super) async fn acme(house: &House) -> Tenant {
    outfitted(house, "acme").await
}

/// A tenant of another name, with the same.
pub(super) async fn outfitted(house: &House, slug: &str) -> Tenant {
    let acme = house.tenant(slug).await;
    let meter = json!({
        "id": "pages", "label": "Pages", "eventType": "usage.pages", "value": "decimal(data.quantity)",
        "aggregation": "SUM", "unit": "page",
    });
    house.done(&acme.token, "defineMeter", meter).await;
    house.done(&acme.token, "definePlan", plan()).await;
    acme
}

pub(super) async fn subscribe(house: &House, acme: &Tenant, id: &str, from: &str) {
    let input = json!({
        "id": id, "plan": "results", "price": { "amount": "310", "currency": "EUR" }, "customer": "Acme GmbH",
        "occurredAt": from,
    });
    house.done(&acme.token, "startSubscription", input).await;
}

/// A plan that takes a share of each event of a meter; it is called as the meter.
pub(super) fn shares(meter: &str) -> Value {
    json!({ "id": meter, "name": "Shares", "version": {
        "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
        "charges": [{ "code": "share", "name": "Share", "meter": meter, "unit": "page",
            "price": { "model": "percentage", "rate_percent": "10", "fixed_fee": { "EUR": "0.25" } } }],
    } })
}

/// Subscribes to such a plan.
pub(super) async fn share(house: &House, acme: &Tenant, (id, plan): (&str, &str), from: &str) {
    let start = json!({
        "id": id, "plan": plan, "price": { "amount": "0", "currency": "EUR" }, "occurredAt": from,
    });
    house.done(&acme.token, "startSubscription", start).await;
}

/// Records that pages were too many: an id, the record that it corrects, and when it was; how many too many.
pub(super) async fn too_many(
    house: &House,
    acme: &Tenant,
    (id, corrects, at): (&str, &str, &str),
    pages: u32,
) {
    let record = json!({ "id": id, "type": "usage.pages", "quantity": format!("-{pages}"), "unit": "page",
        "corrects": corrects, "occurredAt": at });
    let recorded = house
        .done(&acme.token, "recordUsage", json!({ "records": [record] }))
        .await;
    assert_eq!(recorded["results"][0]["outcome"], "RECORDED", "{recorded:#}");
}

/// Records pages: an id, when and how many.
pub(super) async fn pages(house: &House, acme: &Tenant, facts: &[(&str, &str, &str)]) {
    let record = |(id, at, quantity): &(&str, &str, &str)| json!({ "id": id, "type": "usage.pages", "quantity": quantity, "unit": "page", "occurredAt": at });
    let records: Vec<Value> = facts.iter().map(record).collect();
    house
        .done(&acme.token, "recordUsage", json!({ "records": records }))
        .await;
}

pub(super) fn wish(subscription: &str, at: &str) -> Value {
    json!({ "subscription": subscription, "at": at })
}

pub(super) async fn issue(house: &House, acme: &Tenant, at: &str) -> Value {
    let payload = house.done(&acme.token, "issueInvoice", wish("s1", at)).await;
    house.settle().await;
    invoice(house, acme, payload["localId"].as_str().unwrap()).await
}

/// The number of an invoice that one of several gateways issues.
pub(super) async fn issued_by(gateway: Router, token: &str, input: Value) -> String {
    let document = "mutation($input: IssueInvoiceInput!) { issueInvoice(input: $input) { localId userErrors { message } } }";
    let body = json!({ "query": document, "variables": { "input": input } });
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = gateway.oneshot(request).await.unwrap();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    let payload = &answer["data"]["issueInvoice"];
    assert_eq!(payload["userErrors"], json!([]), "{answer}");
    payload["localId"].as_str().unwrap().to_owned()
}

pub(super) async fn invoice(house: &House, acme: &Tenant, id: &str) -> Value {
    let data = house.ask(&acme.token, INVOICE, json!({ "id": id })).await;
    data["invoice"].clone()
}

/// Code, kind and amount of each line.
pub(super) fn lines(invoice: &Value) -> Vec<String> {
    let told = |line: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        format!(
            "{} {} {}",
            text(&line["code"]),
            text(&line["kind"]),
            text(&line["amount"]["amount"])
        )
    };
    invoice["lines"].as_array().unwrap().iter().map(told).collect()
}

/// What all invoices of a tenant come to.
pub(super) async fn total(house: &House, acme: &Tenant) -> rust_decimal::Decimal {
    let document = "{ invoices(first: 100) { nodes { total { amount } } } }";
    let data = house.ask(&acme.token, document, json!({})).await;
    let nodes = data["invoices"]["nodes"].as_array().unwrap().clone();
    let amount = |node: &Value| -> rust_decimal::Decimal {
        node["total"]["amount"].as_str().unwrap().parse().unwrap()
    };
    nodes.iter().map(amount).sum()
}
