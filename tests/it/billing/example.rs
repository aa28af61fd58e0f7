//! The example plan of the documentation, through the door.

use serde_json::{Value, json};

use crate::gateway::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_example_is_a_plan_that_bills_what_agents_do() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let example: Value = serde_json::from_str(include_str!("../../../docs/examples/plan.json")).unwrap();
    let plan = json!({ "id": example["code"], "name": example["name"], "version": example["versions"][0] });
    house.done(&acme.token, "definePlan", plan).await;
    let subscription = json!({
        "id": "s1", "plan": "results", "price": { "amount": "1850", "currency": "EUR" },
        "occurredAt": "2026-02-01T00:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", subscription).await;
    let at = |day: u32| format!("2026-02-{day:02}T10:00:00Z");
    for index in 0..2 {
        let id = format!("l{index}");
        let lead = json!({ "id": id, "vertical": "sales", "source": "web", "occurredAt": at(2) });
        house.done(&acme.token, "captureLead", lead).await;
        let qualified = json!({ "id": id, "score": 80, "occurredAt": at(3) });
        house.done(&acme.token, "qualifyLead", qualified).await;
    }
    let claim = |id: &str, currency: &str| {
        json!({
            "id": id, "vertical": "claims", "payer": "Payer", "billed": { "amount": "300.00", "currency": currency },
            "serviceDate": "2026-02-01", "patient": "P-1", "occurredAt": at(4),
        })
    };
    let recover = |id: &str, currency: &str| json!({ "id": id, "amount": { "amount": "200.10", "currency": currency }, "occurredAt": at(7) });
    for (id, currency) in [("c1", "EUR")] {
        house.done(&acme.token, "submitClaim", claim(id, currency)).await;
        let denied = json!({ "id": id, "reasonCodes": ["CO-97"], "reason": "bundled", "occurredAt": at(5) });
        house.done(&acme.token, "denyClaim", denied).await;
        let appealed = json!({ "id": id, "reason": "separate service", "occurredAt": at(6) });
        house.done(&acme.token, "appealClaim", appealed).await;
        house
            .done(&acme.token, "recoverClaim", recover(id, currency))
            .await;
    }
    house.settle().await;
    let document = "{ invoicePreview(subscription: \"s1\", at: \"2026-02-20T00:00:00Z\") {
        lines { code kind amount { amount } } total { amount } } }";
    let data = house.ask(&acme.token, document, json!({})).await;
    let preview = &data["invoicePreview"];
    let told = |line: &Value| {
        format!(
            "{} {}",
            line["code"].as_str().unwrap(),
            line["amount"]["amount"].as_str().unwrap()
        )
    };
    let lines: Vec<String> = preview["lines"].as_array().unwrap().iter().map(told).collect();
    // Two leads at 23; 15 % of 200.10, rounded half away from zero; 14 of 28 days are on trial, for which neither the fee nor
    // the commitment of 920 is owed.
    let expected = [
        "input_tokens 0.00",
        "qualified_leads 46.00",
        "recovered 30.02",
        "commitment 383.98",
        "platform 925.00",
    ];
    assert_eq!(lines, expected);
    assert_eq!(preview["total"]["amount"], "1385.00");
    // Dollars are not euros: the bill says so, and adds nothing up.
    house.done(&acme.token, "submitClaim", claim("c2", "USD")).await;
    let denied = json!({ "id": "c2", "reasonCodes": ["CO-97"], "reason": "bundled", "occurredAt": at(5) });
    house.done(&acme.token, "denyClaim", denied).await;
    let appealed = json!({ "id": "c2", "reason": "separate service", "occurredAt": at(6) });
    house.done(&acme.token, "appealClaim", appealed).await;
    house
        .done(&acme.token, "recoverClaim", recover("c2", "USD"))
        .await;
    house.settle().await;
    let answer = house.answer(&acme.token, document, json!({})).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with(
            "the meter claims.recovered_amount counts amounts in USD, too, and the subscription is in EUR"
        ),
        "{message}"
    );
}
