//! Random events, plans and orders of arrival: the running total, the period rated again, and an invoice drawn in one go agree
//! to the cent, and so do an invoice and the corrections of what came late.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::ground::wish;
use crate::gateway::house::{House, Tenant};

/// How many stories are told.
const CASES: usize = 6;
/// A day of the month that is billed: October 2025, at whose end the clocks of Berlin go back.
const OCTOBER: &str = "2025-10-15T00:00:00Z";
const NOVEMBER: &str = "2025-11-15T00:00:00Z";

/// Seconds from the month's begin, and thousandths of a page.
type Page = (i64, i64);

/// What is told.
#[derive(Clone, Debug)]
struct Case {
    plan: Value,
    aggregation: &'static str,
    /// In the order of arrival.
    pages: Vec<Page>,
    /// How many of them come before the invoice.
    in_time: usize,
}

fn at((seconds, _): Page) -> String {
    let begin: Timestamp = "2025-09-30T22:00:00Z".parse().unwrap();
    (begin + SignedDuration::from_secs(seconds)).to_string()
}

fn price() -> impl Strategy<Value = Value> {
    let amount = || (0_u32..100_000).prop_map(|number| Decimal::new(number.into(), 4).to_string());
    let eur = |amount: &str| json!({ "EUR": amount });
    prop_oneof![
        amount().prop_map(move |one| json!({ "model": "standard", "unit_price": eur(&one) })),
        (amount(), amount(), 1_u32..50).prop_map(
            move |(first, second, edge)| json!({ "model": "graduated", "tiers": [
            { "up_to": edge.to_string(), "unit_price": eur(&first) },
            { "unit_price": eur(&second), "flat_fee": eur(&first) },
        ] })
        ),
        (amount(), amount(), 1_u32..50).prop_map(
            move |(first, second, edge)| json!({ "model": "volume", "tiers": [
            { "up_to": edge.to_string(), "unit_price": eur(&first) }, { "unit_price": eur(&second) },
        ] })
        ),
        (amount(), 1_u32..20).prop_map(move |(one, size)| json!({
            "model": "package", "package_size": size.to_string(), "package_price": eur(&one),
        })),
    ]
}

fn cases() -> impl Strategy<Value = Case> {
    let month = 31_i64 * 24 * 3_600 + 3_600;
    // Every second event lies in the hour that comes twice, from 00:00 to 02:00 UTC on the 26th.
    let twice = 25_i64 * 24 * 3_600 + 2 * 3_600;
    let page = (prop_oneof![0..month, twice..twice + 7_200], 1_i64..40_000);
    let fees = (
        0_u32..1_000,
        prop::sample::select(vec!["in_advance", "in_arrears"]),
    );
    let aggregation = prop::sample::select(vec!["SUM", "MAX", "COUNT"]);
    let pages = prop::collection::vec(page, 2..14);
    (price(), 0_u32..10, fees, aggregation, pages, 0_usize..=100).prop_map(
        |(price, included, (fee, due), aggregation, pages, share): (Value, u32, _, _, Vec<Page>, usize)| {
            let in_time = pages.len() * share / 100;
            let plan = json!({
                "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
                "fees": [{ "code": "platform", "name": "Platform", "price": { "EUR": fee.to_string() }, "due": due }],
                "charges": [{ "code": "pages", "name": "Pages", "meter": "pages", "unit": "page",
                    "included_units": included.to_string(), "price": price }],
            });
            Case { plan, aggregation, pages, in_time }
        },
    )
}

/// A tenant with the plan and a subscription from the month's fifth day on.
async fn tenant(house: &House, name: &str, case: &Case) -> Tenant {
    let tenant = house.tenant(name).await;
    let value = match case.aggregation {
        "COUNT" => Value::Null,
        _ => json!("decimal(data.quantity)"),
    };
    let meter = json!({ "id": "pages", "label": "Pages", "eventType": "usage.pages", "value": value,
        "aggregation": case.aggregation, "unit": "page" });
    house.done(&tenant.token, "defineMeter", meter).await;
    let plan = json!({ "id": "results", "name": "Results", "version": case.plan });
    house.done(&tenant.token, "definePlan", plan).await;
    let fee = case.plan["fees"][0]["price"]["EUR"].clone();
    let start = json!({ "id": "s1", "plan": "results", "price": { "amount": fee, "currency": "EUR" },
        "occurredAt": "2025-10-05T10:00:00Z" });
    house.done(&tenant.token, "startSubscription", start).await;
    tenant
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
    value
        .as_str()
        .unwrap_or_else(|| panic!("no amount: {value}"))
        .parse()
        .unwrap()
}

/// The running total of the month.
async fn live(house: &House, tenant: &Tenant) -> Decimal {
    let document =
        format!("{{ invoicePreview(subscription: \"s1\", at: \"{OCTOBER}\") {{ total {{ amount }} }} }}");
    let data = house.ask(&tenant.token, &document, json!({})).await;
    amount(&data["invoicePreview"]["total"]["amount"])
}

/// The month rated again.
async fn again(house: &House, tenant: &Tenant) -> Decimal {
    let document = format!("{{ whatIf(subscription: \"s1\", at: \"{OCTOBER}\", plan: \"results\") {{ actual {{ total {{ amount }} }}
        supposed {{ total {{ amount }} }} }} }}");
    let data = house.ask(&tenant.token, &document, json!({})).await["whatIf"].clone();
    assert_eq!(data["actual"], data["supposed"]);
    amount(&data["actual"]["total"]["amount"])
}

/// Issues an invoice: what of it is for October.
async fn issued(house: &House, tenant: &Tenant, at: &str) -> Decimal {
    let payload = house.done(&tenant.token, "issueInvoice", wish("s1", at)).await;
    house.settle().await;
    let document = "query($id: ID!) { invoice(id: $id) { total { amount } lines { amount { amount } corrects { firstDay } } } }";
    let data = house
        .ask(&tenant.token, document, json!({ "id": payload["localId"] }))
        .await;
    let lines = data["invoice"]["lines"].as_array().unwrap();
    let is_late = |line: &&Value| line["corrects"]["firstDay"].is_string();
    let sum = |lines: &mut dyn Iterator<Item = &Value>| -> Decimal {
        lines.map(|line| amount(&line["amount"]["amount"])).sum()
    };
    assert_eq!(
        sum(&mut lines.iter()),
        amount(&data["invoice"]["total"]["amount"]),
        "a total is the sum of its lines"
    );
    if at == OCTOBER {
        sum(&mut lines.iter())
    } else {
        sum(&mut lines.iter().filter(is_late))
    }
}

async fn agrees(house: &House, (number, case): (usize, &Case)) {
    let arriving: Vec<(usize, Page)> = case.pages.iter().copied().enumerate().collect();
    let (in_time, late) = arriving.split_at(case.in_time);
    let mut sorted = in_time.to_vec();
    sorted.sort_by_key(|(_, page)| *page);
    let told = format!("{case:#?}");

    let one_by_one = tenant(house, &format!("a{number}"), case).await;
    for page in in_time {
        record(house, &one_by_one, &[*page]).await;
    }
    let sorted_at_once = tenant(house, &format!("b{number}"), case).await;
    record(house, &sorted_at_once, &sorted).await;
    house.settle().await;
    let total = live(house, &one_by_one).await;
    assert_eq!(
        total,
        live(house, &sorted_at_once).await,
        "the order of arrival matters: {told}"
    );
    assert_eq!(
        total,
        again(house, &one_by_one).await,
        "rated again it is another: {told}"
    );
    let first = issued(house, &one_by_one, OCTOBER).await;
    assert_eq!(total, first, "the invoice is another: {told}");

    // What comes late corrects the month on the next invoice.
    record(house, &one_by_one, late).await;
    let corrections = issued(house, &one_by_one, NOVEMBER).await;
    let all_at_once = tenant(house, &format!("c{number}"), case).await;
    let mut all = arriving.clone();
    all.sort_by_key(|(_, page)| *page);
    record(house, &all_at_once, &all).await;
    house.settle().await;
    let whole = issued(house, &all_at_once, OCTOBER).await;
    assert_eq!(whole, first + corrections, "corrections do not add up: {told}");
    assert_eq!(
        whole,
        again(house, &one_by_one).await,
        "rated again after all it is another: {told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_total_the_period_rated_again_and_the_invoice_agree_to_the_cent() {
    let house = House::open_wide().await;
    // The same stories every time; a failure shows its own.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = cases();
    for number in 0..CASES {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        agrees(&house, (number, &case)).await;
    }
}
