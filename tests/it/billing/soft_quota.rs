//! A soft quota refuses nothing; an alert at its figure says when it is reached.

use serde_json::{Value, json};

use super::alerts::{RAISED, raised, watching};
use crate::gateway::house::{House, Tenant};
use crate::gateway::socket::Socket;

/// A plan of two runs of agents a month, softly, and of two leads, hard.
async fn limited(house: &House) -> Tenant {
    let acme = house.tenant("acme").await;
    let quotas = json!([
        { "meter": "platform.agent_runs", "quantity": "2", "enforcement": "soft" },
        { "meter": "sales.leads_captured", "quantity": "2", "enforcement": "hard" },
    ]);
    let plan = json!({ "id": "small", "name": "Small", "version": {
        "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
        "fees": [{ "code": "platform", "name": "Platform", "price": { "EUR": "10" } }],
        "limits": { "quotas": quotas },
    } });
    house.done(&acme.token, "definePlan", plan).await;
    let start = json!({
        "id": "s1", "plan": "small", "price": { "amount": "10", "currency": "EUR" },
        "occurredAt": "2026-01-01T00:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", start).await;
    house.settle().await;
    acme
}

/// The limit of a subject once so much of it is used.
async fn limit(house: &House, acme: &Tenant, subject: &str, used: &str) -> Value {
    let document = "{ entitlements { limits { subject limit used left enforcement } } }";
    // This process learns of its own events from the log.
    loop {
        let told = house.ask(&acme.token, document, json!({})).await;
        let limits = told["entitlements"]["limits"].as_array().unwrap();
        let found = limits
            .iter()
            .find(|limit| limit["subject"] == subject && limit["used"] == used);
        if let Some(limit) = found {
            return limit.clone();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soft_quota_lets_more_begin_and_an_alert_says_so_once_where_a_hard_one_refuses() {
    let house = House::open_wide().await;
    let acme = limited(&house).await;
    let (_clock, watchers) = watching(&house).await;
    let alert = json!({
        "id": "runs", "name": "Runs", "kind": "USAGE", "meter": "platform.agent_runs", "thresholds": ["2"],
    });
    house.done(&acme.token, "defineAlert", alert).await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.subscribe(RAISED, json!({})).await;
    let begin = async |index: usize| {
        let run = json!({ "id": format!("r{index}"), "agent": "ada", "vertical": "sales" });
        house.done(&acme.token, "startAgentRun", run).await;
    };
    begin(1).await;
    begin(2).await;
    let told = raised(&mut socket).await;
    assert!(told.contains("\"figure\":\"2\""), "{told}");
    // All that is open is used, and three more begin.
    for index in 3..6 {
        begin(index).await;
    }
    let soft = json!({
        "subject": "platform.agent_runs", "limit": "2", "used": "5", "left": "0", "enforcement": "SOFT",
    });
    assert_eq!(limit(&house, &acme, "platform.agent_runs", "5").await, soft);
    // Beside it, what is hard is refused.
    let lead = |id: &str| json!({ "id": id, "vertical": "sales", "source": "web" });
    for id in ["l1", "l2"] {
        house.done(&acme.token, "captureLead", lead(id)).await;
    }
    let refused = house.mutate(&acme.token, "captureLead", lead("l3")).await;
    assert_eq!(refused["userErrors"][0]["code"], "LIMIT_REACHED", "{refused}");
    for watcher in watchers {
        watcher.stop().await;
    }
    house.settle().await;
    let document = "{ alerts(first: 1) { nodes { raised last { threshold figure } } } }";
    let data = house.ask(&acme.token, document, json!({})).await;
    let alert = &data["alerts"]["nodes"][0];
    assert_eq!(
        (&alert["raised"], &alert["last"][0]["figure"]),
        (&json!(1), &json!("2"))
    );
}
