//! What can be done with an invoice, and what is refused.

use serde_json::{Value, json};

use super::ground::{acme, invoice, issue, lines, pages, subscribe, wish};
use crate::gateway::house::{House, Tenant};

async fn refused(house: &House, acme: &Tenant, mutation: &str, input: Value) -> (String, String) {
    let payload = house.mutate(&acme.token, mutation, input).await;
    let error = &payload["userErrors"][0];
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{payload:#}")).to_owned();
    (text(&error["code"]), text(&error["message"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_issued_once_paid_in_parts_disputed_and_credited() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-12T09:00:00+01:00").await;
    pages(&house, &acme, &[("a", "2025-03-20T10:00:00Z", "11.5")]).await;
    let march = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    // 20 of 31 days of 310; 10 x 0.5 + 1.5 x 0.333 = 5.4995.
    assert_eq!(lines(&march), ["pages USAGE 5.50", "platform FEE 200.00"]);
    assert_eq!(march["total"], json!({ "amount": "205.50", "currency": "EUR" }));
    assert_eq!(
        (&march["localId"], &march["status"]),
        (&json!("INV-000001"), &json!("issued"))
    );
    assert_eq!(
        march["lines"][0]["evidence"]["nodes"].as_array().unwrap().len(),
        1
    );
    let csv = march["files"]["csv"].as_str().unwrap();
    assert_eq!(csv.lines().count(), 4, "a header, two tiers and the fee: {csv}");
    assert!(csv.contains(
        "INV-000001,1,pages,usage,pages,1,page,2025-03-12,2025-03-31,,11.5,2,1.5,0.333,0,0.4995,,EUR"
    ));

    let again = house
        .done(&acme.token, "issueInvoice", wish("s1", "2025-03-31T20:00:00Z"))
        .await;
    assert_eq!(
        (&again["localId"], &again["known"]),
        (&json!("INV-000001"), &json!(true))
    );

    let id = json!("INV-000001");
    let eur = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let pay = |amount: &str| json!({ "id": id, "amount": eur(amount), "reference": "bank-1" });
    house
        .done(&acme.token, "recordInvoicePayment", pay("200.50"))
        .await;
    let (code, message) = refused(&house, &acme, "recordInvoicePayment", pay("5.01")).await;
    assert_eq!(code, "MORE_THAN_LEFT");
    assert_eq!(
        message,
        "amount: 5.01 EUR is more than the 5.00 EUR that is left to be paid"
    );
    let dispute = json!({ "id": id, "line": 1, "reason": "half of the pages were blank" });
    house
        .done(&acme.token, "disputeInvoiceLine", dispute.clone())
        .await;
    let (code, _) = refused(&house, &acme, "disputeInvoiceLine", dispute).await;
    assert_eq!(code, "ALREADY_DISPUTED");
    let settle = |credit: Value| json!({ "id": id, "line": 1, "credit": credit, "reason": "they were" });
    let (code, _) = refused(&house, &acme, "settleInvoiceDispute", settle(eur("5.51"))).await;
    assert_eq!(code, "MORE_THAN_LINE");
    house
        .done(&acme.token, "settleInvoiceDispute", settle(eur("5.00")))
        .await;
    let (code, _) = refused(&house, &acme, "voidInvoice", json!({ "id": id, "reason": "no" })).await;
    assert_eq!(code, "NOT_UNTOUCHED");
    house.settle().await;
    let march = invoice(&house, &acme, "INV-000001").await;
    assert_eq!(
        (&march["status"], &march["outstanding"]["amount"]),
        (&json!("paid"), &json!("0.00"))
    );
    assert_eq!(
        march["creditNotes"][0],
        json!({ "number": "INV-000001-C1", "total": { "amount": "5.00" } })
    );
    let settled = json!({ "line": 1, "status": "credited", "creditNote": "INV-000001-C1" });
    assert_eq!(march["disputes"][0], settled);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_billed_is_refused_with_the_reason_and_no_number_is_lost() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-12T09:00:00+01:00").await;
    // The clock stands at 2 March 2026.
    let asked = [
        (wish("nobody", "2025-03-20T00:00:00Z"), "NOT_FOUND"),
        (wish("s1", "2025-02-20T00:00:00Z"), "BEFORE_START"),
        (wish("s1", "2026-03-20T00:00:00Z"), "PERIOD_NOT_OVER"),
        (wish("s1", "2027-03-20T00:00:00Z"), "PERIOD_NOT_OVER"),
    ];
    for (input, expected) in asked {
        let (code, message) = refused(&house, &acme, "issueInvoice", input).await;
        assert_eq!(code, expected, "{message}");
    }
    let opening = |at: &str| json!({ "subscription": "s1", "at": at, "stage": "OPENING" });
    let (code, _) = refused(&house, &acme, "issueInvoice", opening("2026-04-02T00:00:00Z")).await;
    assert_eq!(code, "PERIOD_NOT_BEGUN");
    let opened = house
        .done(&acme.token, "issueInvoice", opening("2026-03-02T00:00:00Z"))
        .await;
    assert_eq!(opened["localId"], "INV-000001");
    house.settle().await;
    assert_eq!(
        lines(&invoice(&house, &acme, "INV-000001").await),
        ["platform FEE 310.00"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_in_advance_is_not_billed_again_and_comes_back_when_the_subscription_ends() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    let opening = |at: &str| json!({ "subscription": "s1", "at": at, "stage": "OPENING" });
    for at in ["2025-03-02T00:00:00Z", "2025-04-02T00:00:00Z"] {
        house.done(&acme.token, "issueInvoice", opening(at)).await;
    }
    pages(&house, &acme, &[("a", "2025-03-20T10:00:00Z", "4")]).await;
    let march = issue(&house, &acme, "2025-03-02T00:00:00Z").await;
    assert_eq!(
        lines(&march),
        ["pages USAGE 2.00"],
        "the fee was billed by the opening"
    );
    let cancel = json!({ "id": "s1", "reason": "moved", "occurredAt": "2025-04-11T00:00:00+02:00" });
    house.done(&acme.token, "cancelSubscription", cancel).await;
    let april = issue(&house, &acme, "2025-04-02T00:00:00Z").await;
    // 10 of 30 days of 310 are 103.33.
    assert_eq!(lines(&april), ["pages USAGE 0.00", "platform CORRECTION -206.67"]);
    assert_eq!(april["lines"][1]["corrects"]["invoice"], "INV-000002");
    assert_eq!(
        (&april["status"], &april["outstanding"]["amount"]),
        (&json!("paid"), &json!("0"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn coupons_come_off_before_taxes_for_as_many_invoices_as_they_last() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    let at = "2025-03-02T00:00:00Z";
    let coupon = json!({ "code": "tenth", "discount": { "percent": "10" }, "lasts": "once" });
    let apply = json!({ "id": "s1", "coupon": coupon, "occurredAt": at });
    house.done(&acme.token, "applyCoupon", apply.clone()).await;
    let (code, _) = refused(&house, &acme, "applyCoupon", apply).await;
    assert_eq!(code, "COUPON_TAKEN");
    let taxes = |rate: &str| {
        let vat = json!([{ "code": "vat", "name": "VAT", "rate_percent": rate }]);
        json!({ "id": "s1", "taxes": vat, "occurredAt": at })
    };
    let (code, message) = refused(&house, &acme, "setSubscriptionTaxes", taxes("119")).await;
    assert_eq!(code, "INVALID_TERMS", "{message}");
    house.done(&acme.token, "setSubscriptionTaxes", taxes("19")).await;
    let march = issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    // A tenth off 310 are 279; 19 % of it are 53.01.
    assert_eq!(march["total"]["amount"], "332.01");
    let april = issue(&house, &acme, "2025-04-20T00:00:00Z").await;
    assert_eq!(
        april["total"]["amount"], "368.90",
        "it lasted for one invoice; 19 % of 310 are 58.90"
    );
    let credit = json!({
        "id": "INV-000001", "amount": { "amount": "155.00", "currency": "EUR" }, "reason": "half of it",
    });
    house.done(&acme.token, "creditInvoice", credit).await;
    house.settle().await;
    let march = invoice(&house, &acme, "INV-000001").await;
    // Half of 279 are 139.50, with 19 % 166.01 (26.505 is rounded away from zero).
    assert_eq!(march["credited"]["amount"], "166.01");
}
