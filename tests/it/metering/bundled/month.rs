//! March 2025 of a tenant: leads, deals, claims, runs, syncs, and the gateway's and the nightly facts.

use domain::usage::{Event, Fact, Usage};
use domain::{Actor, ActorKind, Caller};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use store::FactRecord;

use crate::gateway::house::{House, Tenant};

/// Does a mutation at a time of March.
async fn at(house: &House, acme: &Tenant, time: &str, mutation: &str, mut input: Value) {
    input["occurredAt"] = json!(format!("2025-03-{time}Z"));
    house.done(&acme.token, mutation, input).await;
}

fn money(amount: &str, currency: &str) -> Value {
    json!({ "amount": amount, "currency": currency })
}

pub(super) async fn told(house: &House, acme: &Tenant) {
    leads(house, acme).await;
    deals(house, acme).await;
    claims(house, acme).await;
    runs(house, acme).await;
    syncs(house, acme).await;
    facts(house, acme).await;
}

async fn leads(house: &House, acme: &Tenant) {
    for (id, source) in [
        ("l1", "web"),
        ("l2", "web"),
        ("l3", "fair"),
        ("l4", "fair"),
        ("l5", "web"),
    ] {
        let lead = json!({ "id": id, "vertical": "sales", "source": source });
        at(house, acme, "03T08:00:00", "captureLead", lead).await;
    }
    for (id, time) in [
        ("l1", "03T08:30:00"),
        ("l1", "03T18:30:00"),
        ("l2", "03T08:10:01"),
        ("l4", "03T08:16:40"),
    ] {
        let contact = json!({ "id": id, "channel": "phone" });
        at(house, acme, time, "contactLead", contact).await;
    }
    for id in ["l1", "l2", "l4", "l5"] {
        let qualify = json!({ "id": id, "score": 80 });
        at(house, acme, "04T08:00:00", "qualifyLead", qualify).await;
    }
    let disqualify = json!({ "id": "l3", "reason": "no budget" });
    at(house, acme, "04T09:00:00", "disqualifyLead", disqualify).await;
    at(house, acme, "05T08:00:00", "convertLead", json!({ "id": "l1" })).await;
}

async fn deals(house: &House, acme: &Tenant) {
    let expected = [
        ("o1", money("7000", "EUR")),
        ("o2", money("1000.25", "EUR")),
        ("o3", Value::Null),
        ("o4", money("300", "USD")),
        ("o5", money("10", "EUR")),
        ("o6", Value::Null),
    ];
    for (id, expected) in expected {
        let deal =
            json!({ "id": id, "title": "Deal", "stage": "first", "vertical": "sales", "expected": expected });
        at(house, acme, "06T08:00:00", "openOpportunity", deal).await;
    }
    for (id, value) in [
        ("o1", money("6500.50", "EUR")),
        ("o2", money("1500", "EUR")),
        ("o6", money("99.50", "USD")),
    ] {
        let win = json!({ "id": id, "value": value });
        at(house, acme, "20T08:00:00", "winOpportunity", win).await;
    }
    let lose = json!({ "id": "o3", "reason": "price" });
    at(house, acme, "20T08:00:00", "loseOpportunity", lose).await;
}

async fn claims(house: &House, acme: &Tenant) {
    for (id, payer) in [
        ("c1", "P"),
        ("c2", "Q"),
        ("c3", "Q"),
        ("c4", "P"),
        ("c5", "P"),
        ("c6", "P"),
    ] {
        let currency = if id == "c3" { "USD" } else { "EUR" };
        let claim =
            json!({ "id": id, "vertical": "claims", "payer": payer, "billed": money("100", currency) });
        at(house, acme, "03T10:00:00", "submitClaim", claim).await;
    }
    for (id, currency) in [("c2", "EUR"), ("c3", "USD")] {
        let deny = json!({ "id": id, "reasonCodes": ["CO-97"], "reason": "bundled" });
        at(house, acme, "06T10:00:00", "denyClaim", deny).await;
        let recover = json!({ "id": id, "amount": if id == "c2" { money("12.50", currency) } else { money("3.25", currency) } });
        if id == "c2" {
            let appeal = json!({ "id": id, "reason": "separate service" });
            at(house, acme, "07T10:00:00", "appealClaim", appeal).await;
            let pay = json!({ "id": id, "allowed": money("60", currency), "paid": money("50", currency) });
            at(house, acme, "13T10:00:00", "adjudicateClaim", pay).await;
        }
        at(house, acme, "20T10:00:00", "recoverClaim", recover).await;
    }
    for (id, paid, time) in [("c1", "80", "08T22:00:00"), ("c4", "0", "12T10:00:00")] {
        let pay = json!({ "id": id, "allowed": money("80", "EUR"), "paid": money(paid, "EUR") });
        at(house, acme, time, "adjudicateClaim", pay).await;
    }
}

async fn runs(house: &House, acme: &Tenant) {
    let runs = [
        ("r1", "ann", "sales"),
        ("r2", "ann", "sales"),
        ("r3", "ann", "claims"),
        ("r4", "bob", "claims"),
        ("r5", "bob", "claims"),
    ];
    for (id, agent, vertical) in runs {
        let start = json!({ "id": id, "agent": agent, "vertical": vertical });
        at(house, acme, "10T08:00:00", "startAgentRun", start).await;
    }
    for (id, model, [input, cached, output]) in [
        ("r1", "small", [1200, 200, 300]),
        ("r1", "small", [100, 0, 50]),
        ("r3", "large", [5000, 1000, 700]),
    ] {
        let call = json!({
            "id": id, "provider": "house", "model": model,
            "inputTokens": input, "cachedTokens": cached, "outputTokens": output,
        });
        at(house, acme, "10T08:01:00", "recordModelCall", call).await;
    }
    for (id, tool, outcome) in [("r1", "crm", "OK"), ("r3", "crm", "FAILED"), ("r3", "mail", "OK")] {
        let call = json!({ "id": id, "tool": tool, "outcome": outcome, "durationMs": 30 });
        at(house, acme, "10T08:02:00", "recordToolCall", call).await;
    }
    for (id, result) in [
        ("r1", "RESOLVED"),
        ("r2", "RESOLVED"),
        ("r3", "RESOLVED"),
        ("r4", "ASSUMED"),
    ] {
        let end = json!({ "id": id, "outcome": "done", "result": result });
        at(house, acme, "10T09:00:00", "completeAgentRun", end).await;
    }
    let fail = json!({ "id": "r5", "reason": "the model was away" });
    at(house, acme, "10T09:00:00", "failAgentRun", fail).await;
}

async fn syncs(house: &House, acme: &Tenant) {
    for id in ["crm", "erp"] {
        let connector = json!({ "id": id, "name": id, "kind": "csv_file", "settings": [] });
        at(house, acme, "11T08:00:00", "registerConnector", connector).await;
    }
    for (id, connector, recorded) in [
        ("y1", "crm", Some(9)),
        ("y2", "crm", Some(4)),
        ("y3", "erp", Some(0)),
        ("y4", "erp", None),
    ] {
        let start = json!({ "id": id, "connector": connector, "source": "leads.csv" });
        at(house, acme, "11T09:00:00", "startConnectorSync", start).await;
        let (mutation, end) = recorded.map_or_else(
            || {
                (
                    "failConnectorSync",
                    json!({ "id": id, "reason": "the file ended early" }),
                )
            },
            |recorded| {
                let end = json!({ "id": id, "recorded": recorded, "known": 1, "rejected": 2 });
                ("completeConnectorSync", end)
            },
        );
        at(house, acme, "11T09:01:00", mutation, end).await;
    }
}

/// What the gateway and the night write down; and what a tenant says of its own calls, which counts for nothing.
async fn facts(house: &House, acme: &Tenant) {
    let fact = |kind: &str, quantity: &str, unit: &str, dimensions: &[(&str, &str)]| {
        let dimensions = dimensions
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let quantity: Decimal = quantity.parse().unwrap();
        let fact = Fact::try_new(
            kind.parse().unwrap(),
            quantity,
            Some(unit.to_owned()),
            dimensions.collect(),
        );
        FactRecord {
            key: None,
            at: Some("2025-03-12T10:00:00Z".parse().unwrap()),
            facts: vec![Event::Recorded(fact.unwrap())],
        }
    };
    let calls = |quantity: &str, kind: &str, actor: &str| {
        let dimensions = [("actor_kind", kind), ("actor", actor)];
        fact("usage.api_calls", quantity, "request", &dimensions)
    };
    let by = |id: &str| Caller::new(acme.id.parse().unwrap(), Actor::new(ActorKind::System, id));
    let counted = vec![
        calls("3", "user", "ada"),
        calls("4", "user", "bob"),
        calls("5", "user", "ada"),
        calls("9", "api_key", "first"),
    ];
    house
        .store
        .append_facts::<Usage>(&by("gateway"), counted)
        .await
        .unwrap();
    let stored = ["1.5", "0.25"].map(|quantity| fact("usage.storage", quantity, "gigabyte_day", &[]));
    house
        .store
        .append_facts::<Usage>(&by("storage"), stored.into())
        .await
        .unwrap();
    let forged = json!({ "records": [{
        "id": "1", "type": "usage.api_calls", "quantity": "1000", "unit": "request",
        "occurredAt": "2025-03-12T10:00:00Z",
        "dimensions": [{ "name": "actor_kind", "value": "user" }, { "name": "actor", "value": "eve" }],
    }] });
    house.done(&acme.token, "recordUsage", forged).await;
}
