//! Plans that change: an upgrade in the middle of a period that is paid for, a downgrade from the next one on, a version
//! that comes to be, each against lines that were worked out by hand.

use serde_json::{Value, json};

use super::credits::verify;
use super::ground::{invoice, issue, lines, pages, wish};
use crate::gateway::house::{House, Tenant};

/// A version with a fee a month in advance and a price a page.
fn version(number: u32, from: &str, fee: &str, page: &str) -> Value {
    json!({
        "version": number, "effective_from": from, "currencies": ["EUR"], "interval": "monthly",
        "fees": [{ "code": "platform", "name": "Platform", "price": { "EUR": fee } }],
        "charges": [{ "code": "pages", "name": "Pages", "meter": "pages", "unit": "page",
            "price": { "model": "standard", "unit_price": { "EUR": page } } }],
    })
}

/// A tenant with a meter, a small plan (310 and 1 a page) and a large one (620 and 0.50).
async fn acme(house: &House) -> Tenant {
    let acme = house.tenant("acme").await;
    let meter = json!({
        "id": "pages", "label": "Pages", "eventType": "usage.pages", "value": "decimal(data.quantity)",
        "aggregation": "SUM", "unit": "page",
    });
    house.done(&acme.token, "defineMeter", meter).await;
    for (id, fee, page) in [("small", "310", "1"), ("large", "620", "0.5")] {
        let version = version(1, "2024-01-01T00:00:00Z", fee, page);
        let plan = json!({ "id": id, "name": id, "version": version });
        house.done(&acme.token, "definePlan", plan).await;
    }
    acme
}

async fn start(house: &House, acme: &Tenant, (id, plan, fee): (&str, &str, &str), at: &str) {
    let input = json!({
        "id": id, "plan": plan, "price": { "amount": fee, "currency": "EUR" }, "occurredAt": at,
    });
    house.done(&acme.token, "startSubscription", input).await;
}

async fn change(house: &House, acme: &Tenant, (id, plan, fee): (&str, &str, &str), at: &str) {
    let input = json!({
        "id": id, "plan": plan, "price": { "amount": fee, "currency": "EUR" }, "occurredAt": at,
    });
    house.done(&acme.token, "changeSubscriptionPlan", input).await;
}

/// Issues what is due at a period's begin: its lines.
async fn opening(house: &House, acme: &Tenant, subscription: &str, at: &str) -> Vec<String> {
    let mut input = wish(subscription, at);
    input["stage"] = json!("OPENING");
    billed(house, acme, input).await.0
}

/// Issues what a period comes to: its lines, and the total with coupons and taxes.
async fn closing(house: &House, acme: &Tenant, subscription: &str, at: &str) -> (Vec<String>, String) {
    billed(house, acme, wish(subscription, at)).await
}

async fn billed(house: &House, acme: &Tenant, input: Value) -> (Vec<String>, String) {
    let payload = house.done(&acme.token, "issueInvoice", input).await;
    house.settle().await;
    let invoice = invoice(house, acme, payload["localId"].as_str().unwrap()).await;
    let total = invoice["total"]["amount"].as_str().unwrap().to_owned();
    (lines(&invoice), total)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_is_in_force_at_once_and_gives_back_the_days_that_were_paid_for() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let begin = "2025-03-01T00:00:00+01:00";
    for id in ["s1", "s2", "s3"] {
        start(&house, &acme, (id, "small", "310"), begin).await;
    }
    let half = json!({ "code": "half", "discount": { "percent": "50" }, "lasts": "once" });
    let apply = json!({ "id": "s3", "coupon": half, "occurredAt": begin });
    house.done(&acme.token, "applyCoupon", apply).await;
    for paid_in_advance in ["s1", "s3"] {
        let lines = opening(&house, &acme, paid_in_advance, "2025-03-02T00:00:00Z").await;
        assert_eq!(lines, ["platform FEE 310.00"]);
    }
    // The last second of the eleventh in Berlin, and the first of the twelfth.
    let facts = [
        ("a", "2025-03-11T22:59:59Z", "4"),
        ("b", "2025-03-11T23:00:00Z", "6"),
    ];
    pages(&house, &acme, &facts).await;
    for id in ["s1", "s2", "s3"] {
        change(&house, &acme, (id, "large", "620"), "2025-03-12T09:00:00+01:00").await;
    }
    // Paid for: 11 of 31 days of 310 are 110, 200 come back; 20 of 31 days of 620 are 400. 4 x 1, then 6 x 0.50.
    let (lines, total) = closing(&house, &acme, "s1", "2025-03-20T00:00:00Z").await;
    let expected = [
        "pages USAGE 4.00",
        "pages USAGE 3.00",
        "platform CORRECTION -200.00",
        "platform FEE 400.00",
    ];
    assert_eq!(
        (lines.as_slice(), total.as_str()),
        (expected.map(str::to_owned).as_slice(), "207.00")
    );
    // Not paid for: the days of each.
    let (lines, total) = closing(&house, &acme, "s2", "2025-03-20T00:00:00Z").await;
    let expected = [
        "pages USAGE 4.00",
        "pages USAGE 3.00",
        "platform FEE 110.00",
        "platform FEE 400.00",
    ];
    assert_eq!(
        (lines.as_slice(), total.as_str()),
        (expected.map(str::to_owned).as_slice(), "517.00")
    );
    // Half of 310 was paid, and half of 517 is due: no more comes back of the fee than was paid of it.
    let (lines, total) = closing(&house, &acme, "s3", "2025-03-20T00:00:00Z").await;
    assert_eq!((lines.len(), total.as_str()), (4, "103.50"), "{lines:?}");
    assert_eq!(
        verify(&house).await,
        "5 the same, 0 different, 0 could not be folded again\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_downgrade_is_in_force_from_the_next_period_on() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    start(&house, &acme, ("s1", "large", "620"), "2025-03-01T00:00:00+01:00").await;
    assert_eq!(
        opening(&house, &acme, "s1", "2025-03-02T00:00:00Z").await,
        ["platform FEE 620.00"]
    );
    change(&house, &acme, ("s1", "small", "310"), "2025-03-12T09:00:00+01:00").await;
    // The last second of March in Berlin, on summer time by then, and the first of April.
    let facts = [
        ("a", "2025-03-20T10:00:00Z", "7"),
        ("b", "2025-03-31T21:59:59Z", "3"),
        ("c", "2025-03-31T22:00:00Z", "5"),
    ];
    pages(&house, &acme, &facts).await;
    let (march, _) = closing(&house, &acme, "s1", "2025-03-20T00:00:00Z").await;
    // 10 x 0.50; of the fee nothing comes back.
    assert_eq!(march, ["pages USAGE 5.00"]);
    assert_eq!(
        opening(&house, &acme, "s1", "2025-04-02T00:00:00Z").await,
        ["platform FEE 310.00"]
    );
    let (april, _) = closing(&house, &acme, "s1", "2025-04-20T00:00:00Z").await;
    // 5 x 1.
    assert_eq!(april, ["pages USAGE 5.00"]);
    // One that was asked for in May gives way to the upgrade that follows: nothing of it is ever billed.
    change(&house, &acme, ("s1", "large", "620"), "2025-05-01T09:00:00+02:00").await;
    change(&house, &acme, ("s1", "small", "310"), "2025-05-10T09:00:00+02:00").await;
    change(&house, &acme, ("s1", "large", "930"), "2025-05-22T09:00:00+02:00").await;
    let may = issue(&house, &acme, "2025-05-20T00:00:00Z").await;
    // 21 of 31 days of 620 are 420, 10 of 31 days of 930 are 300.
    assert_eq!(
        lines(&may),
        [
            "pages USAGE 0.00",
            "pages USAGE 0.00",
            "platform FEE 420.00",
            "agreed FEE 300.00"
        ]
    );
    assert_eq!(
        verify(&house).await,
        "5 the same, 0 different, 0 could not be folded again\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_billed_to_whoever_agrees_from_its_day_on_and_the_old_one_to_those_of_before() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    start(
        &house,
        &acme,
        ("before", "small", "310"),
        "2025-03-01T00:00:00+01:00",
    )
    .await;
    start(
        &house,
        &acme,
        ("moved", "small", "310"),
        "2025-03-01T00:00:00+01:00",
    )
    .await;
    let second = version(2, "2025-04-01T00:00:00+02:00", "372", "2");
    let add = json!({ "id": "small", "version": second });
    house.done(&acme.token, "addPlanVersion", add).await;
    // The last second before it is in force, in Berlin, and the first with it.
    start(&house, &acme, ("last", "small", "310"), "2025-03-31T21:59:59Z").await;
    start(&house, &acme, ("first", "small", "372"), "2025-03-31T22:00:00Z").await;
    // Who has agreed already has the new one by agreeing anew.
    change(
        &house,
        &acme,
        ("moved", "small", "372"),
        "2025-04-16T00:00:00+02:00",
    )
    .await;
    let facts = [
        ("a", "2025-03-31T21:59:59Z", "3"),
        ("b", "2025-04-10T10:00:00Z", "10"),
        ("c", "2025-04-20T10:00:00Z", "20"),
    ];
    pages(&house, &acme, &facts).await;
    let expected: [(&str, &str, &[&str]); 5] = [
        (
            "before",
            "2025-03-20",
            &["pages USAGE 3.00", "platform FEE 310.00"],
        ),
        (
            "before",
            "2025-04-20",
            &["pages USAGE 30.00", "platform FEE 310.00"],
        ),
        // One day of March is 10.
        ("last", "2025-03-31", &["pages USAGE 3.00", "platform FEE 10.00"]),
        (
            "first",
            "2025-04-20",
            &["pages USAGE 60.00", "platform FEE 372.00"],
        ),
        // 15 of 30 days of either.
        (
            "moved",
            "2025-04-20",
            &[
                "pages USAGE 10.00",
                "pages USAGE 40.00",
                "platform FEE 155.00",
                "platform FEE 186.00",
            ],
        ),
    ];
    for (subscription, day, expected) in expected {
        let (lines, _) = closing(&house, &acme, subscription, &format!("{day}T12:00:00Z")).await;
        assert_eq!(lines, expected, "{subscription} {day}");
    }
    // What is no version of it is refused, and changes nothing.
    for (wrong, reason) in [
        (
            version(2, "2025-06-01T00:00:00Z", "400", "3"),
            "versions[2].version",
        ),
        (
            version(3, "2025-03-31T22:00:00Z", "400", "3"),
            "versions[2].effective_from",
        ),
    ] {
        let input = json!({ "id": "small", "version": wrong });
        let payload = house.mutate(&acme.token, "addPlanVersion", input).await;
        let message = payload["userErrors"][0]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    assert_eq!(
        verify(&house).await,
        "5 the same, 0 different, 0 could not be folded again\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_written_down_late_is_billed_from_its_own_day_on() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    start(&house, &acme, ("s1", "small", "310"), "2025-04-01T00:00:00+02:00").await;
    change(&house, &acme, ("s1", "large", "930"), "2025-04-20T09:00:00+02:00").await;
    change(&house, &acme, ("s1", "large", "620"), "2025-04-10T09:00:00+02:00").await;
    pages(&house, &acme, &[("a", "2025-04-10T10:00:00Z", "6")]).await;
    let (april, _) = closing(&house, &acme, "s1", "2025-04-20T00:00:00Z").await;
    // 9 of 30 days of 310, 10 of 620, 11 of 930; 6 x 0.50.
    let expected = [
        "pages USAGE 0.00",
        "pages USAGE 3.00",
        "pages USAGE 0.00",
        "platform FEE 93.00",
        "platform FEE 206.67",
        "agreed FEE 341.00",
    ];
    assert_eq!(april, expected);
}
