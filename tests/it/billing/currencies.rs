//! A tenant with two subscriptions in two currencies, one without decimals and one with three, through every door.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::Row as _;

use super::credits::verify;
use super::files::get;
use super::ground::{INVOICE, lines, pages, wish};
use super::numbers::program;
use crate::clients::pdf_text;
use crate::gateway::house::{House, Tenant};

const MARCH: &str = "2025-03-20T00:00:00Z";

/// A plan in yen and dinars, and a subscription in each from the 12th of March on, each with a tax.
async fn acme(house: &House) -> Tenant {
    let acme = house.tenant("acme").await;
    let meter = json!({
        "id": "pages", "label": "Pages", "eventType": "usage.pages", "value": "decimal(data.quantity)",
        "aggregation": "SUM", "unit": "page",
    });
    house.done(&acme.token, "defineMeter", meter).await;
    let version = json!({
        "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["JPY", "KWD"], "interval": "monthly",
        "fees": [{ "code": "platform", "name": "Platform", "price": { "JPY": "1000", "KWD": "12.345" } }],
        "charges": [{ "code": "pages", "name": "Pages", "meter": "pages", "unit": "page", "price": {
            "model": "standard", "unit_price": { "JPY": "0.333", "KWD": "0.0333" },
        } }],
    });
    let plan = json!({ "id": "abroad", "name": "Abroad", "version": version });
    house.done(&acme.token, "definePlan", plan).await;
    let at = "2025-03-12T09:00:00+01:00";
    for (id, amount, currency, rate) in [("yen", "1000", "JPY", "10"), ("dinar", "12.345", "KWD", "5")] {
        let price = json!({ "amount": amount, "currency": currency });
        let start =
            json!({ "id": id, "plan": "abroad", "price": price, "customer": "Abroad Ltd", "occurredAt": at });
        house.done(&acme.token, "startSubscription", start).await;
        let taxes = json!([{ "code": "vat", "name": "VAT", "rate_percent": rate }]);
        let taxes = json!({ "id": id, "taxes": taxes, "occurredAt": at });
        house.done(&acme.token, "setSubscriptionTaxes", taxes).await;
    }
    pages(house, &acme, &[("a", "2025-03-20T10:00:00Z", "11.5")]).await;
    house.settle().await;
    acme
}

/// What is expected of a subscription's invoice.
struct Expected {
    subscription: &'static str,
    number: &'static str,
    currency: &'static str,
    /// Code, kind and amount.
    lines: [&'static str; 2],
    /// The column `line_amount` of the CSV.
    csv: [&'static str; 2],
    total: &'static str,
    /// What must be in the text of the document.
    said: [&'static str; 4],
    /// An amount finer than the currency has.
    too_fine: &'static str,
}

/// 20 of 31 days, and 11.5 pages.
const EXPECTED: [Expected; 2] = [
    // 645.161...; 3.8295; 10 % of 649 are 64.9.
    Expected {
        subscription: "yen",
        number: "INV-000001",
        currency: "JPY",
        lines: ["pages USAGE 4", "platform FEE 645"],
        csv: ["3.8295,4,JPY", "645,JPY"],
        total: "714",
        said: ["714 JPY", "65", "649 JPY", "645"],
        too_fine: "0.5",
    },
    // 7.96451...; 0.38295; 5 % of 8.348 are 0.4174.
    Expected {
        subscription: "dinar",
        number: "INV-000002",
        currency: "KWD",
        lines: ["pages USAGE 0.383", "platform FEE 7.965"],
        csv: ["0.38295,0.383,KWD", "7.965,KWD"],
        total: "8.765",
        said: ["8.765 KWD", "0.417", "8.348 KWD", "7.965"],
        too_fine: "0.0005",
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn invoices_without_decimals_and_with_three_are_the_same_by_every_door() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let folder = tempfile::tempdir().unwrap();
    for one in &EXPECTED {
        let payload = house
            .done(&acme.token, "issueInvoice", wish(one.subscription, MARCH))
            .await;
        assert_eq!(payload["localId"], one.number);
        house.settle().await;
        told(&house, &acme, one).await;
        stored(&house, one).await;
        filed(&house, &acme, one, &folder.path().join(one.number)).await;
        paid(&house, &acme, one).await;
    }
    assert_eq!(
        verify(&house).await,
        "2 the same, 0 different, 0 could not be folded again\n"
    );
    // Each alone: nothing adds yen to dinars.
    let what_if = ["invoices", "what-if", "--all", "--at", MARCH, "--plan", "abroad"];
    let output = program(&house, &what_if).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for line in [
        "acme,dinar,2025-03-01,2025-03-31,8.348,8.348,8.348,0.000,KWD",
        "acme,yen,2025-03-01,2025-03-31,649,649,649,0,JPY",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}: {text}");
    }
}

/// Over GraphQL.
async fn told(house: &House, acme: &Tenant, one: &Expected) {
    let data = house.ask(&acme.token, INVOICE, json!({ "id": one.number })).await;
    let invoice = &data["invoice"];
    assert_eq!(lines(invoice), one.lines);
    let total = json!({ "amount": one.total, "currency": one.currency });
    assert_eq!(invoice["total"], total);
    let document = "query($id: String!, $at: DateTime!) { invoicePreview(subscription: $id, at: $at) {
        total { amount currency } } }";
    let asked = json!({ "id": one.subscription, "at": MARCH });
    let data = house.ask(&acme.token, document, asked).await;
    assert_eq!(data["invoicePreview"]["total"], total);
}

/// In the database: numbers of the currency's own length.
async fn stored(house: &House, one: &Expected) {
    let pool = sqlx::PgPool::connect(house.url()).await.unwrap();
    let row = sqlx::query("select total::text, outstanding::text, currency from invoice where id = $1")
        .bind(one.number)
        .fetch_one(&pool)
        .await
        .unwrap();
    let [total, outstanding, currency] = [0_usize, 1, 2].map(|column| row.get::<String, _>(column));
    assert_eq!((total.as_str(), currency.as_str()), (one.total, one.currency));
    assert_eq!(outstanding, one.total);
    pool.close().await;
}

/// As CSV and as PDF, over HTTP and by the program.
async fn filed(house: &House, acme: &Tenant, one: &Expected, file: &std::path::Path) {
    let (status, _, csv) = get(house, &acme.token, &format!("/invoices/{}.csv", one.number)).await;
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(status, 200);
    for (line, end) in csv.lines().skip(1).zip(one.csv) {
        assert!(line.ends_with(end), "{end}: {csv}");
    }
    let arguments = ["invoices", "csv", one.number, "--tenant", "acme"];
    let output = program(house, &arguments).output().await.unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        csv,
        "the same by both doors"
    );

    let (status, _, pdf) = get(house, &acme.token, &format!("/invoices/{}.pdf", one.number)).await;
    assert_eq!(status, 200);
    let raw = String::from_utf8_lossy(&pdf).into_owned();
    for said in one.said {
        assert!(raw.contains(said), "{said}");
    }
    std::fs::write(file, &pdf).unwrap();
    if let Some(text) = pdf_text(file) {
        for said in one.said {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}

/// What is paid is as fine as the currency, and no finer.
async fn paid(house: &House, acme: &Tenant, one: &Expected) {
    let pay = |amount: &str, currency: &str| json!({ "id": one.number, "amount": { "amount": amount, "currency": currency }, "reference": "bank-1" });
    let other = if one.currency == "JPY" { "KWD" } else { "JPY" };
    for (wrong, reason) in [
        (pay(one.too_fine, one.currency), "more decimal places"),
        (pay("1", other), one.currency),
    ] {
        let payload = house.mutate(&acme.token, "recordInvoicePayment", wrong).await;
        let message = payload["userErrors"][0]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    house
        .done(&acme.token, "recordInvoicePayment", pay(one.total, one.currency))
        .await;
    house.settle().await;
    let data = house.ask(&acme.token, INVOICE, json!({ "id": one.number })).await;
    let left: Decimal = data["invoice"]["outstanding"]["amount"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(
        (&data["invoice"]["status"], left),
        (&json!("paid"), Decimal::ZERO)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_currency_that_a_plan_lacks_is_refused_with_the_reason_and_bills_nothing() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    let start = json!({
        "id": "franc", "plan": "abroad", "price": { "amount": "9", "currency": "CHF" },
        "occurredAt": "2025-03-12T09:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", start).await;
    let payload = house
        .mutate(&acme.token, "issueInvoice", wish("franc", MARCH))
        .await;
    let error: &Value = &payload["userErrors"][0];
    assert_eq!(error["code"], "CANNOT_BE_BILLED", "{payload}");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("the plan has no prices in CHF: subscribe in one of its currencies"),
        "{message}"
    );
    let unheard_of = json!({
        "id": "x", "plan": "abroad", "price": { "amount": "9", "currency": "UKP" },
    });
    let payload = house.mutate(&acme.token, "startSubscription", unheard_of).await;
    let message = payload["userErrors"][0]["message"].as_str().unwrap();
    assert!(message.contains("UKP"), "{message}");
}
