//! Random events, plans, terms and orders of arrival: the running total, the period rated again, and an invoice drawn in one go
//! agree to the cent, with coupons, taxes and prepaid credits; and an invoice with the corrections of what came late is the
//! period rated in one go, with coupons and taxes.
//!
//! Drawn are all charge models beside a second charge, meters of every kind, included units, bounds, commitments, trials, fees in
//! advance and in arrears, changes of plan, rests and ends. One month in one zone and one currency is billed; outcome prices
//! have a test of their own (`domain/src/pricing/tests/outcome_properties.rs`).
//!
//! `make chaos` tells more stories: `ANNALS_STORIES` and `ANNALS_CHAOS_SEED` set how many and which.

mod drawn;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use self::drawn::{AGGREGATIONS, Case, Page, Term, at, cases, fee};
use super::ground::wish;
use crate::chaos::setting;
use crate::gateway::house::{House, Tenant};

/// How many stories are told, and which, unless something else is asked for.
const STORIES: u64 = 24;
const SEED: u64 = 20_260_301;
/// A day of the month that is billed: October 2025, at whose end the clocks of Berlin go back.
const OCTOBER: &str = "2025-10-15T00:00:00Z";
const NOVEMBER: &str = "2025-11-15T00:00:00Z";

/// What prepaid credits pay of a bill, and what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Paid {
    drawn: Decimal,
    due: Decimal,
}

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
        "UNIQUE_COUNT" => json!("decimal(data.quantity) < 20 ? \"few\" : \"many\""),
        _ => json!("decimal(data.quantity)"),
    };
    let meter = json!({ "id": "pages", "label": "Pages", "eventType": "usage.pages", "value": value,
        "aggregation": case.aggregation, "unit": "page" });
    let visits = json!({ "id": "visits", "label": "Visits", "eventType": "usage.pages", "aggregation": "COUNT",
        "unit": "event" });
    for meter in [meter, visits] {
        house.done(&tenant.token, "defineMeter", meter).await;
    }
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

fn paid(told: &Value) -> Paid {
    Paid {
        drawn: amount(&told["creditsDrawn"]),
        due: amount(&told["due"]),
    }
}

/// The running total of the month, and what credits would pay of it.
async fn live(house: &House, tenant: &Tenant) -> (Sums, Paid) {
    let document = format!(
        "{{ invoicePreview(subscription: \"s1\", at: \"{OCTOBER}\") {{ subtotal {{ amount }} discount {{ amount }}
        tax {{ amount }} total {{ amount }} creditsDrawn {{ amount }} due {{ amount }} }} }}"
    );
    let told = house.ask(&tenant.token, &document, json!({})).await["invoicePreview"].clone();
    (sums(&told), paid(&told))
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

/// Issues an invoice: what of it is for October, and what credits paid of all of it.
async fn issued(house: &House, tenant: &Tenant, at: &str) -> (Sums, Option<Paid>) {
    let payload = house.mutate(&tenant.token, "issueInvoice", wish("s1", at)).await;
    // After the end there is an invoice only for what has changed.
    if payload["userErrors"][0]["code"] == "NOTHING_TO_BILL" {
        return (Sums::default(), None);
    }
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    house.settle().await;
    let document = "query($id: ID!) { invoice(id: $id) { subtotal { amount } discount { amount } tax { amount } total { amount }
        creditsDrawn { amount } due { amount }
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
    let sums = if at == OCTOBER {
        all
    } else {
        of(|day| *day == json!("2025-10-01"))
    };
    (sums, Some(paid(invoice)))
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
    let (running, paid) = running;
    let lines = again(house, &one_by_one, is_change, case).await;
    assert_eq!(running.lines, lines, "rated again it is another: {told}");
    let (first, drawn) = issued(house, &one_by_one, OCTOBER).await;
    assert_eq!(running, first, "the invoice is another: {told}");
    assert_eq!(Some(paid), drawn, "credits pay another part of it: {told}");
    assert_eq!(paid.due, (first.total - paid.drawn).max(Decimal::ZERO), "{told}");

    // What comes late, events and terms, corrects the month on the next invoice.
    record(house, &one_by_one, late).await;
    agree_upon(house, &one_by_one, &case.late_terms).await;
    let (corrections, _) = issued(house, &one_by_one, NOVEMBER).await;
    let all_at_once = tenant(house, &format!("c{number}"), case).await;
    agree_upon(house, &all_at_once, &case.terms).await;
    agree_upon(house, &all_at_once, &case.late_terms).await;
    let mut all = arriving.clone();
    all.sort_by_key(|(_, page)| *page);
    record(house, &all_at_once, &all).await;
    let (whole, _) = issued(house, &all_at_once, OCTOBER).await;
    assert_eq!(whole, first + corrections, "corrections do not add up: {told}");
    assert_eq!(
        whole,
        live(house, &one_by_one).await.0,
        "told again after all it is another: {told}"
    );
    let lines = again(house, &one_by_one, is_change, case).await;
    assert_eq!(whole.lines, lines, "rated again after all it is another: {told}");
}

/// How many stories are asked for, and those of which seed.
fn asked() -> (u64, u64) {
    (
        setting("ANNALS_STORIES", STORIES),
        setting("ANNALS_CHAOS_SEED", SEED),
    )
}

/// The stories of a seed: the same every time.
fn stories(number: u64, seed: u64) -> Vec<Case> {
    let seed: Vec<u8> = seed.to_le_bytes().repeat(4);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = cases();
    let mut drawn = Vec::new();
    // Each kind of meter in turn, so that none is left to chance.
    for (_, wanted) in (0..number).zip(AGGREGATIONS.into_iter().cycle()) {
        let case = loop {
            let case: Case = strategy.new_tree(&mut runner).unwrap().current();
            if case.aggregation == wanted {
                break case;
            }
        };
        drawn.push(case);
    }
    drawn
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_total_the_period_rated_again_and_the_invoice_agree_to_the_cent() {
    let house = House::open_wide().await;
    let (number, seed) = asked();
    println!("{number} stories with ANNALS_CHAOS_SEED={seed}");
    for case in stories(number, seed).iter().enumerate() {
        agrees(&house, case).await;
    }
}

#[test]
fn what_the_stories_are_to_be_about_is_in_them() {
    let (number, seed) = asked();
    let stories = stories(number, seed);
    let mut found: BTreeSet<String> = BTreeSet::new();
    for story in &stories {
        found.insert(story.aggregation.to_owned());
        let is_changed = |(mutation, _): &&Term| *mutation == "changeSubscriptionPlan";
        let changed = story.terms.iter().chain(&story.late_terms).find(is_changed);
        // The other plan is billed only when it is changed to.
        for plan in [Some(&story.plan), changed.map(|_| &story.other)]
            .into_iter()
            .flatten()
        {
            let charges = plan["charges"].as_array().unwrap();
            found.extend(
                charges
                    .iter()
                    .map(|charge| charge["code"].as_str().unwrap().to_owned()),
            );
            let first = &charges[0];
            found.insert(first["price"]["model"].as_str().unwrap().to_owned());
            let said = [
                ("included_units", first["included_units"] != "0"),
                ("minimum of a charge", first["minimum_spend"].is_object()),
                ("maximum of a charge", first["maximum_spend"].is_object()),
                ("minimum of a plan", plan["minimum_spend"].is_object()),
                ("commitment", plan["commitment"].is_object()),
                ("overage", plan["commitment"]["overage_factor"] == "1.5"),
                ("trial", plan["trial_days"] != 0),
                ("in_advance", plan["fees"][0]["due"] == "in_advance"),
                ("in_arrears", plan["fees"][0]["due"] == "in_arrears"),
            ];
            found.extend(
                said.into_iter()
                    .filter(|(_, is_so)| *is_so)
                    .map(|(name, _)| name.to_owned()),
            );
        }
        found.extend(story.terms.iter().map(|(mutation, _)| (*mutation).to_owned()));
        found.extend(
            story
                .late_terms
                .iter()
                .map(|(mutation, _)| format!("late {mutation}")),
        );
        if story.in_time < story.pages.len() {
            found.insert("late events".to_owned());
        }
    }
    let wanted = [
        "standard",
        "graduated",
        "volume",
        "package",
        "percentage",
        "graduated_percentage",
        "dynamic",
        "pages",
        "visits",
        "included_units",
        "minimum of a charge",
        "maximum of a charge",
        "minimum of a plan",
        "commitment",
        "overage",
        "trial",
        "in_advance",
        "in_arrears",
        "setSubscriptionTaxes",
        "applyCoupon",
        "grantCredit",
        "changeSubscriptionPlan",
        "pauseSubscription",
        "resumeSubscription",
        "cancelSubscription",
        "late events",
        "late setSubscriptionTaxes",
        "late applyCoupon",
        "late changeSubscriptionPlan",
        "late pauseSubscription",
        "late cancelSubscription",
    ];
    let missing: Vec<&str> = wanted
        .into_iter()
        .chain(AGGREGATIONS)
        .filter(|name| !found.contains(*name))
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "no story has these");
}
