//! What can't be told is refused with what is wrong and where.

use serde_json::{Value, json};

use super::ground::{ROI, acme, november, roi};
use crate::gateway::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_makes_no_sense_is_refused_with_the_field() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let with = |name: &str, value: Value| {
        let mut wish = november();
        wish[name] = value;
        wish
    };
    for (wish, says) in [
        (
            with("to", json!("2025-10-31")),
            "from, to: 2025-10-31 lies before 2025-11-01",
        ),
        (with("to", json!("2035-10-31")), "from, to: these are"),
        (with("currency", json!("EURO")), "currency: "),
        (with("vertical", json!("No Such")), "vertical: "),
        (
            with("windowDays", json!(0)),
            "windowDays: 0 is not between 1 and 1100",
        ),
        (
            with("baseline", json!("unheard-of")),
            "baseline: there is no baseline \"unheard-of\"",
        ),
        (
            with("subscription", json!("unheard-of")),
            "subscription: there is no subscription \"unheard-of\"",
        ),
    ] {
        let answer = house.answer(&acme.token, ROI, wish).await;
        let message = answer["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(says), "{message}");
        let code = if says.contains("there is no") {
            "NOT_FOUND"
        } else {
            "BAD_USER_INPUT"
        };
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_baseline_is_registered_beforehand_or_does_not_count() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let basis = json!({ "kind": "PAST_PERIOD", "firstDay": "2025-10-01", "lastDay": "2025-10-31" });
    let register = json!({ "id": "october", "name": "October", "vertical": "sales", "basis": basis });
    house.done(&acme.token, "registerRoiBaseline", register).await;
    let told = roi(&house, &acme, november()).await;
    assert!(told["baseline"].is_null());
    assert_eq!(told["baselinesSetAside"][0]["localId"], "october");
    let mut named = november();
    named["baseline"] = json!("october");
    assert_eq!(house.code(&acme.token, ROI, named).await, "BAD_USER_INPUT");
    let later = json!({ "vertical": "sales", "from": "2035-01-01", "to": "2035-01-31", "currency": "EUR" });
    let told = roi(&house, &acme, later).await;
    assert_eq!(told["baseline"]["localId"], "october");
    assert_eq!(told["baseline"]["expected"]["amount"]["amount"], "0.00");

    for (basis, path) in [
        (
            json!({ "kind": "PAST_PERIOD", "firstDay": "2025-10-01" }),
            json!(["input", "basis", "lastDay"]),
        ),
        (
            json!({ "kind": "CONTROL_GROUP", "days": 3 }),
            json!(["input", "basis", "days"]),
        ),
    ] {
        let wrong = json!({ "name": "Wrong", "basis": basis });
        let refused = house.mutate(&acme.token, "registerRoiBaseline", wrong).await;
        assert_eq!(refused["userErrors"][0]["path"], path, "{refused:#}");
    }
    let price = json!({
        "provider": "house", "model": "x", "currency": "EUR", "effectiveFrom": "2025-01-01T00:07:00Z",
        "inputPerMillion": "2", "outputPerMillion": "8",
    });
    let refused = house.mutate(&acme.token, "setModelPrice", price).await;
    assert_eq!(refused["userErrors"][0]["code"], "WITHIN_QUARTER");
}
