//! Every charge model and every bound through the door, against amounts that were worked out by hand.

mod table;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::table::{Case, cases};
use super::credits::verify;
use super::ground::{invoice, lines, wish};
use crate::gateway::house::{House, Tenant};

/// A day of the month that is billed: March 2025, with 31 days, one of them of 23 hours.
const MARCH: &str = "2025-03-20T00:00:00Z";
const PREVIEW: &str = "query($id: String!, $at: DateTime!) { invoicePreview(subscription: $id, at: $at) {
    lines { code kind amount { amount } } total { amount } } }";

/// A meter, a plan and a subscription of the case's name, and what was used, one record an hour from the 15th on.
async fn told(house: &House, acme: &Tenant, case: &Case) {
    let meter = json!({
        "id": case.name, "label": "Pages", "eventType": format!("usage.{}", case.name),
        "value": "decimal(data.quantity)", "aggregation": "SUM", "unit": "page",
    });
    house.done(&acme.token, "defineMeter", meter).await;
    let mut charge = json!({ "code": "pages", "name": "Pages", "meter": case.name, "unit": "page" });
    let mut version = json!({
        "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
    });
    for (object, more) in [(&mut charge, &case.charge), (&mut version, &case.version)] {
        let more = more.as_object().unwrap().clone();
        object.as_object_mut().unwrap().extend(more);
    }
    version["charges"] = json!([charge]);
    let plan = json!({ "id": case.name, "name": case.name, "version": version });
    house.done(&acme.token, "definePlan", plan).await;
    let fee = &case.version["fees"][0]["price"]["EUR"];
    let amount = fee.as_str().unwrap_or("0");
    let start = json!({
        "id": case.name, "plan": case.name, "price": { "amount": amount, "currency": "EUR" },
        "occurredAt": format!("2025-03-{:02}T09:00:00+01:00", case.from_day),
    });
    house.done(&acme.token, "startSubscription", start).await;
    if case.used.is_empty() {
        return;
    }
    let record = |(index, quantity): (usize, &&str)| {
        // What is below zero corrects the first record.
        let corrects = quantity.starts_with('-').then(|| format!("{}-0", case.name));
        json!({
            "id": format!("{}-{index}", case.name), "type": format!("usage.{}", case.name), "unit": "page",
            "quantity": quantity, "occurredAt": format!("2025-03-15T{:02}:00:00Z", index + 8),
            "corrects": corrects,
        })
    };
    let records: Vec<Value> = case.used.iter().enumerate().map(record).collect();
    // One after the other: what is corrected must be there.
    for record in records {
        let input = json!({ "records": [record] });
        let recorded = house.done(&acme.token, "recordUsage", input).await;
        let errors = &recorded["results"][0]["userErrors"];
        assert_eq!(*errors, json!([]), "{}: {recorded}", case.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_charge_model_bills_what_was_worked_out_by_hand() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let cases = cases();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "each case has a name of its own");
    for case in &cases {
        told(&house, &acme, case).await;
    }
    house.settle().await;
    let mut wrong = Vec::new();
    for case in &cases {
        let asked = json!({ "id": case.name, "at": MARCH });
        let data = house.ask(&acme.token, PREVIEW, asked).await;
        let running = lines(&data["invoicePreview"]);
        if running != case.lines {
            wrong.push(format!("{}: {running:?} instead of {:?}", case.name, case.lines));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    // The frozen bills are the same, and fold to the same.
    for case in &cases {
        let payload = house
            .done(&acme.token, "issueInvoice", wish(case.name, MARCH))
            .await;
        house.settle().await;
        let frozen = invoice(&house, &acme, payload["localId"].as_str().unwrap()).await;
        assert_eq!(lines(&frozen), case.lines, "{}", case.name);
    }
    let folded = format!(
        "{} the same, 0 different, 0 could not be folded again\n",
        cases.len()
    );
    assert_eq!(verify(&house).await, folded);
}

#[test]
fn all_charge_models_are_in_the_table() {
    let priced: BTreeSet<String> = cases()
        .iter()
        .map(|case| case.charge["price"]["model"].as_str().unwrap().to_owned())
        .collect();
    // The published schema of plans names each model as a constant.
    let schema: Value =
        serde_json::from_str(include_str!("../../../docs/events/plan.defined.v1.json")).unwrap();
    let mut known = BTreeSet::new();
    models(&schema, &mut known);
    assert_eq!(priced, known);
}

/// The constants of all properties called `model`.
fn models(schema: &Value, known: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            let model = schema["properties"]["model"]["const"].as_str();
            known.extend(model.map(str::to_owned));
            fields.values().for_each(|field| models(field, known));
        }
        Value::Array(items) => items.iter().for_each(|item| models(item, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
