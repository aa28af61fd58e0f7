//! A correction takes the coupons and taxes of its own period: what was billed and what was corrected are together the period
//! rated in one go, to the cent.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::ground::{acme, issue, lines, pages, subscribe, too_many, total, wish};
use crate::gateway::house::{House, Tenant};

const BESIDE: &str =
    "query($id: ID!) { invoice(id: $id) { total { amount } discount { amount } tax { amount }
    coupons { code base { amount } amount { amount } corrects { firstDay lastDay } }
    taxes { code ratePercent base { amount } amount { amount } corrects { firstDay } } } }";

fn vat(rate: &str, at: &str) -> Value {
    let vat = json!([{ "code": "vat", "name": "VAT", "rate_percent": rate }]);
    json!({ "id": "s1", "taxes": vat, "occurredAt": at })
}

/// Ten per cent off one period, and 19 % of VAT in March, 7 % from April on.
async fn terms(house: &House, acme: &Tenant) {
    subscribe(house, acme, "s1", "2025-03-01T00:00:00+01:00").await;
    let coupon = json!({ "code": "tenth", "discount": { "percent": "10" }, "lasts": "once" });
    let apply = json!({ "id": "s1", "coupon": coupon, "occurredAt": "2025-03-02T00:00:00Z" });
    house.done(&acme.token, "applyCoupon", apply).await;
    for (rate, at) in [("19", "2025-03-02T00:00:00Z"), ("7", "2025-04-02T00:00:00Z")] {
        house
            .done(&acme.token, "setSubscriptionTaxes", vat(rate, at))
            .await;
    }
}

async fn beside(house: &House, acme: &Tenant, id: &Value) -> Value {
    let data = house.ask(&acme.token, BESIDE, json!({ "id": id })).await;
    data["invoice"].clone()
}

/// Code, amount, and the first day of the period that is corrected.
fn told(parts: &Value) -> Vec<String> {
    let told = |part: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or("own").to_owned();
        let corrects = text(&part["corrects"]["firstDay"]);
        format!(
            "{} {} {corrects}",
            text(&part["code"]),
            text(&part["amount"]["amount"])
        )
    };
    parts.as_array().unwrap().iter().map(told).collect()
}

async fn in_one_go(house: &House, acme: &Tenant, at: &str) -> Decimal {
    let document =
        format!("{{ invoicePreview(subscription: \"s1\", at: \"{at}\") {{ total {{ amount }} }} }}");
    let data = house.ask(&acme.token, &document, json!({})).await;
    let amount = &data["invoicePreview"]["total"]["amount"];
    amount.as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_takes_the_coupon_and_the_tax_of_its_period_and_not_those_of_its_invoice() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    terms(&house, &acme).await;
    pages(&house, &acme, &[("a", "2025-03-20T10:00:00Z", "4")]).await;
    let march = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    // 312 less 31.20, and 19 % of it: 53.352.
    assert_eq!(march["total"]["amount"], "334.15");

    pages(&house, &acme, &[("b", "2025-03-21T10:00:00Z", "6")]).await;
    let april = issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    assert_eq!(
        lines(&april),
        ["pages USAGE 0.00", "platform FEE 310.00", "pages CORRECTION 3.00"]
    );
    let on_april = beside(&house, &acme, &april["localId"]).await;
    // The coupon is used up; of March it takes a tenth off 315 now. 19 % of 283.50 are 53.865, of which 53.35 was billed.
    assert_eq!(told(&on_april["coupons"]), ["tenth 0.30 2025-03-01"]);
    assert_eq!(on_april["coupons"][0]["corrects"]["lastDay"], "2025-03-31");
    assert_eq!(told(&on_april["taxes"]), ["vat 21.70 own", "vat 0.52 2025-03-01"]);
    assert_eq!(on_april["taxes"][1]["base"]["amount"], "2.70");
    assert_eq!(on_april["taxes"][1]["ratePercent"], "19");
    assert_eq!(april["total"]["amount"], "334.92");

    // Less than was billed: what is given back has its share of the coupon, and its tax.
    too_many(&house, &acme, ("c", "a", "2025-03-22T10:00:00Z"), 8).await;
    let may = issue(&house, &acme, "2025-05-20T00:00:00Z").await;
    let on_may = beside(&house, &acme, &may["localId"]).await;
    assert_eq!(told(&on_may["coupons"]), ["tenth -0.40 2025-03-01"]);
    assert_eq!(told(&on_may["taxes"]), ["vat 21.70 own", "vat -0.69 2025-03-01"]);
    assert_eq!(may["total"]["amount"], "327.41");

    let mut periods = Decimal::ZERO;
    for month in ["03", "04", "05"] {
        periods += in_one_go(&house, &acme, &format!("2025-{month}-20T00:00:00Z")).await;
    }
    assert_eq!(total(&house, &acme).await, periods);

    // All of an invoice with two taxes given back is all of it, to the cent, in two parts.
    for amount in ["100.01", "212.99"] {
        let credit = json!({ "id": "INV-000002", "amount": { "amount": amount, "currency": "EUR" }, "reason": "an outage" });
        house.done(&acme.token, "creditInvoice", credit).await;
    }
    house.settle().await;
    let april = super::ground::invoice(&house, &acme, "INV-000002").await;
    assert_eq!(april["credited"]["amount"], april["total"]["amount"]);
    let verify = tokio::process::Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args(["invoices", "verify", "--all", "--database-url", house.url()])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&verify.stdout).into_owned();
    assert_eq!(said, "3 the same, 0 different, 0 could not be folded again\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_billed_in_two_invoices_has_its_coupon_once_and_is_billed_to_the_cent() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    terms(&house, &acme).await;
    let mut opening = wish("s1", "2025-03-02T00:00:00Z");
    opening["stage"] = json!("OPENING");
    let opening = house.done(&acme.token, "issueInvoice", opening).await;
    house.settle().await;
    let opening = beside(&house, &acme, &opening["localId"]).await;
    // 310 less 31, and 19 % of it.
    assert_eq!(told(&opening["coupons"]), ["tenth 31.00 own"]);
    assert_eq!(opening["total"]["amount"], "332.01");
    pages(&house, &acme, &[("a", "2025-03-20T10:00:00Z", "4")]).await;
    let closing = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    let closing = beside(&house, &acme, &closing["localId"]).await;
    assert_eq!(told(&closing["coupons"]), ["tenth 0.20 own"]);
    assert_eq!(told(&closing["taxes"]), ["vat 0.34 own"]);
    assert_eq!(
        total(&house, &acme).await,
        in_one_go(&house, &acme, "2025-03-20T00:00:00Z").await
    );
    // It lasts for one period, and that was March.
    let april = issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    let april = beside(&house, &acme, &april["localId"]).await;
    assert_eq!(told(&april["coupons"]), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_that_come_late_are_corrected_without_a_line() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    let march = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    assert_eq!(march["total"]["amount"], "310.00");
    let coupon = json!({ "code": "fifty", "discount": { "amount": { "EUR": "50" } }, "lasts": "once" });
    let apply = json!({ "id": "s1", "coupon": coupon, "occurredAt": "2025-03-30T00:00:00Z" });
    house.done(&acme.token, "applyCoupon", apply).await;
    house
        .done(
            &acme.token,
            "setSubscriptionTaxes",
            vat("19", "2025-03-30T00:00:00Z"),
        )
        .await;
    let april = issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    assert_eq!(lines(&april), ["pages USAGE 0.00", "platform FEE 310.00"]);
    let april = beside(&house, &acme, &april["localId"]).await;
    // The coupon lasts for one period, and March was the first that it could be for; 260 are left of it to be taxed.
    assert_eq!(told(&april["coupons"]), ["fifty 50.00 2025-03-01"]);
    assert_eq!(told(&april["taxes"]), ["vat 58.90 own", "vat 49.40 2025-03-01"]);
    assert_eq!(april["total"]["amount"], "368.30");
}
