//! An alert reaches a tenant's endpoint as a webhook.

use serde_json::json;

use super::receiver::{Came, FINE, Receiver};
use super::{change, endpoint, started};
use crate::program::folder;

#[test]
fn an_alert_is_delivered_to_an_endpoint_that_asks_for_alerts() {
    let data = folder();
    let up = started(data.path(), &["--webhook-allow-private"]);
    let receiver = Receiver::start(|_, _| FINE.to_owned());
    endpoint(&up, "alerts", &receiver.url("/alerts"), "events: [\"alert.*\"]");
    endpoint(&up, "leads", &receiver.url("/leads"), "events: [\"lead.*\"]");
    let meter = "id: \"pages\", label: \"Pages\", eventType: \"usage.pages\", value: \"decimal(data.quantity)\", \
                 aggregation: SUM, unit: \"page\"";
    change(&up, "defineMeter", meter);
    let alert = "id: \"use\", name: \"Pages\", kind: USAGE, meter: \"pages\", thresholds: [\"8\"]";
    change(&up, "defineAlert", alert);
    let raised = |came: &[Came]| {
        let is_raised = |one: &&Came| one.body["type"] == "annals.alert.threshold_reached";
        came.iter().find(is_raised).cloned()
    };
    let record = |id: &str| {
        let records = format!("{{ id: \"{id}\", type: \"usage.pages\", quantity: \"10\", unit: \"page\" }}");
        let mutation = format!(
            "mutation {{ recordUsage(input: {{ records: [{records}] }}) {{ results {{ cursor }} }} }}"
        );
        up.ask(Some("acme"), &mutation);
    };
    record("first");
    let came = receiver.until(|came| raised(came).is_some());
    let one = raised(&came).unwrap();
    assert_eq!(
        (one.path.as_str(), &one.body["subject"]),
        ("/alerts", &json!("alert/use"))
    );
    assert_eq!(one.body["id"], one.id, "it is sent under the event's own id");
    let (told, seen) = (&one.body["data"], &one.body["data"]["seen"]);
    assert_eq!(told["watch"], json!({ "kind": "usage", "meter": "pages" }));
    assert_eq!(
        (&told["threshold"], &seen["figure"], &seen["unit"]),
        (&json!("8"), &json!("10"), &json!("page"))
    );
    assert!(
        came.iter().all(|one| one.path == "/alerts"),
        "leads are another endpoint's: {came:#?}"
    );
}
