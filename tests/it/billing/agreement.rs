//! Random events, plans, terms and orders of arrival: the running total, the period rated again, and an invoice drawn in one go
//! agree to the cent, with coupons and taxes; and so do an invoice and the corrections of what came late.

mod drawn;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use self::drawn::{Case, Page, Term, at, cases, fee};
use super::ground::wish;
use crate::gateway::house::{House, Tenant};

/// How many stories are told.
const CASES: usize = 12;
/// A day of the month that is billed: October 2025, at whose end the clocks of Berlin go back.
const OCTOBER: &str = "2025-10-15T00:00:00Z";
const NOVEMBER: &str = "2025-11-15T00:00:00Z";

/// What a bill comes to: its lines, coupons, taxes, and all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    lines: Decimal,
    discount: Decimal,
    tax: Decimal,
    total: Decimal,
}

impl std::ops::Add for Sums {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            lines: self.lines + other.lines,
            discount: self.discount + other.discount,
            tax: self.tax + other.tax,
            total: self.total + other.total,
        }
    }
}

/// A tenant with the plans and a subscription from the month's fifth day on.
async fn tenant(house: &House, name: &str, case: &Case) -> Tenant {
    let tenant = house.tenant(name).await;
    let value = match case.aggregation {
        "COUNT" => Value::Null,
        _ => json!("decimal(data.quantity)"),
    };
    let meter = json!({ "id": "pages", "label": "Pages", "eventType": "usage.pages", "value": value,
        "aggregation": case.aggregation, "unit": "page" });
    house.done(&tenant.token, "defineMeter", meter).await;
    for (id, version) in [("results", &case.plan), ("other", &case.other)] {
        let plan = json!({ "id": id, "name": "Results", "version": version });
        house.done(&tenant.token, "definePlan", plan).await;
    }
    let start = json!({ "id": "s1", "plan": "results",
        "price": { "amount": fee(&case.plan), "currency": "EUR" }, "occurredAt": "2025-10-05T10:00:00Z" });
    house.done(&tenant.token, "startSubscription", start).await;
    tenant
}

async fn agree_upon(house: &House, tenant: &Tenant, terms: &[Term]) {
    for (mutation, input) in terms {
        house.done(&tenant.token, mutation, input.clone()).await;
    }
    house.settle().await;
}

async fn record(house: &House, tenant: &Tenant, pages: &[(usize, Page)]) {
    if pages.is_empty() {
        return;
    }
    let record = |(id, page): &(usize, Page)| {
        let quantity = Decimal::new(page.1, 3).to_string();
        json!({ "id": id.to_string(), "type": "usage.pages", "quantity": quantity, "unit": "page", "occurredAt": at(*page) })
    };
    let records: Vec<Value> = pages.iter().map(record).collect();
    let recorded = house
        .done(&tenant.token, "recordUsage", json!({ "records": records }))
        .await;
    assert!(!recorded.to_string().contains("\"code\""), "{recorded:#}");
    house.settle().await;
}

fn amount(value: &Value) -> Decimal {
    value["amount"]
        .as_str()
        .unwrap_or_else(|| panic!("no amount: {value}"))
        .parse()
        .unwrap()
}

fn sums(told: &Value) -> Sums {
    Sums {
        lines: amount(&told["subtotal"]),
        discount: amount(&told["discount"]),
        tax: amount(&told["tax"]),
        total: amount(&told["total"]),
    }
}

/// The running total of the month.
async fn live(house: &House, tenant: &Tenant) -> Sums {
    let document = format!(
        "{{ invoicePreview(subscription: \"s1\", at: \"{OCTOBER}\") {{ subtotal {{ amount }} discount {{ amount }}
        tax {{ amount }} total {{ amount }} }} }}"
    );
    sums(&house.ask(&tenant.token, &document, json!({})).await["invoicePreview"])
}

/// The month's lines rated again; under the plan that is subscribed to they are the same, unless it is changed.
async fn again(house: &House, tenant: &Tenant, is_changed: impl Fn(&Term) -> bool, case: &Case) -> Decimal {
    let document = format!("{{ whatIf(subscription: \"s1\", at: \"{OCTOBER}\", plan: \"results\") {{ actual {{ total {{ amount }} }}
        supposed {{ total {{ amount }} }} }} }}");
    let data = house.ask(&tenant.token, &document, json!({})).await["whatIf"].clone();
    if !case.terms.iter().chain(&case.late_terms).any(is_changed) {
        assert_eq!(data["actual"], data["supposed"]);
    }
    amount(&data["actual"]["total"])
}

/// Issues an invoice: what of it is for October.
async fn issued(house: &House, tenant: &Tenant, at: &str) -> Sums {
    let payload = house.done(&tenant.token, "issueInvoice", wish("s1", at)).await;
    house.settle().await;
    let document = "query($id: ID!) { invoice(id: $id) { subtotal { amount } discount { amount } tax { amount } total { amount }
        lines { amount { amount } corrects { firstDay } } coupons { amount { amount } corrects { firstDay } }
        taxes { amount { amount } corrects { firstDay } } } }";
    let data = house
        .ask(&tenant.token, document, json!({ "id": payload["localId"] }))
        .await;
    let invoice = &data["invoice"];
    let parts = |name: &str, wanted: fn(&Value) -> bool| -> Decimal {
        let parts = invoice[name].as_array().unwrap().iter();
        parts
            .filter(|part| wanted(&part["corrects"]["firstDay"]))
            .map(|part| amount(&part["amount"]))
            .sum()
    };
    let of = |wanted: fn(&Value) -> bool| {
        let (lines, discount, tax) = (
            parts("lines", wanted),
            parts("coupons", wanted),
            parts("taxes", wanted),
        );
        Sums {
            lines,
            discount,
            tax,
            total: lines - discount + tax,
        }
    };
    let all = of(|_| true);
    assert_eq!(all, sums(invoice), "sums are those of their parts: {invoice:#}");
    if at == OCTOBER {
        all
    } else {
        of(|day| *day == json!("2025-10-01"))
    }
}

async fn agrees(house: &House, (number, case): (usize, &Case)) {
    let arriving: Vec<(usize, Page)> = case.pages.iter().copied().enumerate().collect();
    let (in_time, late) = arriving.split_at(case.in_time);
    let mut sorted = in_time.to_vec();
    sorted.sort_by_key(|(_, page)| *page);
    let told = format!("story {number}: {case:#?}");
    let is_change = |term: &Term| term.0 == "changeSubscriptionPlan";

    // Terms come between events, or before all of them.
    let one_by_one = tenant(house, &format!("a{number}"), case).await;
    let (first, rest) = in_time.split_at(in_time.len() / 2);
    for page in first {
        record(house, &one_by_one, &[*page]).await;
    }
    agree_upon(house, &one_by_one, &case.terms).await;
    for page in rest {
        record(house, &one_by_one, &[*page]).await;
    }
    let sorted_at_once = tenant(house, &format!("b{number}"), case).await;
    agree_upon(house, &sorted_at_once, &case.terms).await;
    record(house, &sorted_at_once, &sorted).await;
    let running = live(house, &one_by_one).await;
    assert_eq!(
        running,
        live(house, &sorted_at_once).await,
        "the order of arrival matters: {told}"
    );
    let lines = again(house, &one_by_one, is_change, case).await;
    assert_eq!(running.lines, lines, "rated again it is another: {told}");
    let first = issued(house, &one_by_one, OCTOBER).await;
    assert_eq!(running, first, "the invoice is another: {told}");

    // What comes late, events and terms, corrects the month on the next invoice.
    record(house, &one_by_one, late).await;
    agree_upon(house, &one_by_one, &case.late_terms).await;
    let corrections = issued(house, &one_by_one, NOVEMBER).await;
    let all_at_once = tenant(house, &format!("c{number}"), case).await;
    agree_upon(house, &all_at_once, &case.terms).await;
    agree_upon(house, &all_at_once, &case.late_terms).await;
    let mut all = arriving.clone();
    all.sort_by_key(|(_, page)| *page);
    record(house, &all_at_once, &all).await;
    let whole = issued(house, &all_at_once, OCTOBER).await;
    assert_eq!(whole, first + corrections, "corrections do not add up: {told}");
    assert_eq!(
        whole,
        live(house, &one_by_one).await,
        "told again after all it is another: {told}"
    );
    let lines = again(house, &one_by_one, is_change, case).await;
    assert_eq!(whole.lines, lines, "rated again after all it is another: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_total_the_period_rated_again_and_the_invoice_agree_to_the_cent() {
    let house = House::open_wide().await;
    // The same stories every time; a failure shows its own.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = cases();
    let mut drawn = Vec::new();
    for number in 0..CASES {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        agrees(&house, (number, &case)).await;
        drawn.push(case);
    }
    // What the stories are to be about is in them.
    let told = format!("{drawn:?}");
    for wanted in [
        "percentage",
        "dynamic",
        "setSubscriptionTaxes",
        "applyCoupon",
        "changeSubscriptionPlan",
    ] {
        assert!(told.contains(wanted), "no story has {wanted}");
    }
    let late = drawn.iter().filter(|case| !case.late_terms.is_empty());
    assert!(late.count() > 0, "no story has terms that come late");
}
