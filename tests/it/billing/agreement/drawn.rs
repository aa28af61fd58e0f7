//! What stories are drawn from: plans with two charges, all charge models and bounds; meters of every kind; changes of plan,
//! rests and ends, coupons, taxes, prepaid credits; and events.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Seconds from the month's begin, and thousandths of a page.
pub(super) type Page = (i64, i64);

/// What is told.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// The version of the plan that is subscribed to.
    pub(super) plan: Value,
    /// The version of the plan that it is changed to.
    pub(super) other: Value,
    /// How the first charge's meter counts; the second's is a count of the same events.
    pub(super) aggregation: &'static str,
    /// In the order of arrival.
    pub(super) pages: Vec<Page>,
    /// How many of them come before the invoice.
    pub(super) in_time: usize,
    /// Mutations of the subscription that come before the invoice, and those that come behind it, all of October; those
    /// of a kind in order of time.
    pub(super) terms: Vec<Term>,
    pub(super) late_terms: Vec<Term>,
}

/// A mutation and its input.
pub(super) type Term = (&'static str, Value);

pub(super) fn at((seconds, _): Page) -> String {
    let begin: Timestamp = "2025-09-30T22:00:00Z".parse().unwrap();
    (begin + SignedDuration::from_secs(seconds)).to_string()
}

fn amount() -> impl Strategy<Value = String> {
    (0_u32..100_000).prop_map(|number| Decimal::new(number.into(), 4).to_string())
}

fn whole(range: std::ops::Range<u32>) -> impl Strategy<Value = String> {
    range.prop_map(|number| number.to_string())
}

fn eur(amount: &str) -> Value {
    json!({ "EUR": amount })
}

fn percentage() -> impl Strategy<Value = Value> {
    let free = (prop::option::of(0_u32..4), prop::option::of(whole(0..60)));
    let bounds = prop::option::of((0_u32..300, 0_u32..300));
    let share = (0_u32..20_000).prop_map(|number| Decimal::new(number.into(), 3).to_string());
    (share, prop::option::of(amount()), free, bounds).prop_map(|(rate, fee, (transactions, sum), bounds)| {
        let mut price = json!({ "model": "percentage", "rate_percent": rate });
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                price[name] = value;
            }
        };
        set("fixed_fee", fee.map(|fee| eur(&fee)));
        set("free_transactions", transactions.map(|number| json!(number)));
        set("free_amount", sum.map(|sum| eur(&sum)));
        let cents = |number: u32| eur(&Decimal::new(number.into(), 2).to_string());
        let (least, most) = bounds.map_or((None, None), |(one, two)| {
            (Some(cents(one.min(two))), Some(cents(one.max(two) + 1)))
        });
        set("minimum_per_transaction", least);
        set("maximum_per_transaction", most);
        price
    })
}

fn price() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => amount().prop_map(|one| json!({ "model": "standard", "unit_price": eur(&one) })),
        1 => (amount(), amount(), 1_u32..50).prop_map(|(first, second, edge)| json!({ "model": "graduated", "tiers": [
            { "up_to": edge.to_string(), "unit_price": eur(&first) },
            { "unit_price": eur(&second), "flat_fee": eur(&first) },
        ] })),
        1 => (amount(), amount(), 1_u32..50).prop_map(|(first, second, edge)| json!({ "model": "volume", "tiers": [
            { "up_to": edge.to_string(), "unit_price": eur(&first) }, { "unit_price": eur(&second) },
        ] })),
        2 => (amount(), amount(), 1_u32..50, 0_u32..2_000).prop_map(|(first, second, edge, share)| {
            let share = Decimal::new(share.into(), 2).to_string();
            json!({ "model": "graduated_percentage", "tiers": [
                { "up_to": edge.to_string(), "rate_percent": share, "flat_fee": eur(&first) }, { "rate_percent": second },
            ] })
        }),
        1 => (amount(), 1_u32..20).prop_map(|(one, size)| json!({
            "model": "package", "package_size": size.to_string(), "package_price": eur(&one),
        })),
        3 => percentage(),
        2 => amount().prop_map(|one| json!({ "model": "dynamic", "multiplier": one })),
    ]
}

/// A plan's version: a fee, a charge, and bounds of both.
fn plan() -> impl Strategy<Value = Value> {
    let fees = (
        whole(0..1_000),
        prop::sample::select(vec!["in_advance", "in_arrears"]),
    );
    let least = prop::option::weighted(0.4, whole(0..1_500));
    let committed = (
        whole(1..800),
        prop::sample::select(vec!["1", "1.5"]),
        prop::sample::select(vec!["owed", "waived"]),
    );
    let bounds = prop::option::weighted(0.3, (0_u32..40, 0_u32..90));
    let terms = (
        least,
        prop::option::weighted(0.3, committed),
        prop::option::weighted(0.4, 1_u32..20),
    );
    let charges = (
        (price(), 0_u32..10, bounds),
        prop::option::weighted(0.5, amount()),
    );
    (charges, fees, terms).prop_map(
        |(((price, included, bounds), visit), (fee, due), (least, committed, trial))| {
            let counts_units = price["model"] != "percentage" && price["model"] != "dynamic";
            let included = if counts_units { included } else { 0 };
            let mut charge = json!({ "code": "pages", "name": "Pages", "meter": "pages", "unit": "page",
                "included_units": included.to_string(), "price": price });
            if let Some((least, more)) = bounds {
                charge["minimum_spend"] = eur(&least.to_string());
                charge["maximum_spend"] = eur(&(least + more + 1).to_string());
            }
            let visits = visit.map(|price| {
                json!({ "code": "visits", "name": "Visits", "meter": "visits", "unit": "event",
                "price": { "model": "standard", "unit_price": eur(&price) } })
            });
            let charges: Vec<Value> = std::iter::once(charge).chain(visits).collect();
            let mut plan = json!({
                "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
                "trial_days": trial.unwrap_or_default(),
                "fees": [{ "code": "platform", "name": "Platform", "price": eur(&fee), "due": due }],
                "charges": charges,
            });
            if let Some(least) = least {
                plan["minimum_spend"] = eur(&least);
            }
            if let Some((amount, factor, true_up)) = committed {
                plan["commitment"] =
                    json!({ "amount": eur(&amount), "overage_factor": factor, "true_up": true_up });
            }
            plan
        },
    )
}

fn taxes() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(1_u32..3_000, 1..3).prop_map(|rates| {
        let tax = |(index, rate): (usize, u32)| {
            let rate = Decimal::new(rate.into(), 2).to_string();
            json!({ "code": format!("tax-{index}"), "name": "Tax", "rate_percent": rate })
        };
        rates.into_iter().enumerate().map(tax).collect()
    })
}

fn coupon() -> impl Strategy<Value = Value> {
    let discount = prop_oneof![
        (1_u32..10_000).prop_map(|share| json!({ "percent": Decimal::new(share.into(), 2).to_string() })),
        (1_u32..9_000).prop_map(|off| json!({ "amount": eur(&Decimal::new(off.into(), 2).to_string()) })),
    ];
    let lasts = prop::sample::select(vec![json!("once"), json!("forever"), json!({ "periods": 2 })]);
    let only_for = prop::sample::select(vec![json!([]), json!(["pages", "visits"]), json!(["platform"])]);
    (discount, lasts, only_for).prop_map(|(discount, lasts, only_for)| {
        json!({ "code": "less", "discount": discount, "lasts": lasts, "only_for": only_for })
    })
}

/// The fee of a plan's version.
pub(super) fn fee(plan: &Value) -> &Value {
    &plan["fees"][0]["price"]["EUR"]
}

/// Something that happens to the subscription, and whether it is known in time.
fn known<T: std::fmt::Debug>(
    what: impl Strategy<Value = T>,
    likely: f64,
) -> impl Strategy<Value = Option<(T, bool)>> {
    prop::option::weighted(likely, (what, any::<bool>()))
}

/// Meters of every kind.
pub(super) const AGGREGATIONS: [&str; 8] = [
    "SUM",
    "MAX",
    "COUNT",
    "MIN",
    "LATEST",
    "UNIQUE_COUNT",
    "AVERAGE",
    "TIME_WEIGHTED_SUM",
];

/// Pages at different moments, in the order of arrival, and how many of a hundred come in time.
fn pages() -> impl Strategy<Value = (Vec<Page>, usize)> {
    let month = 31_i64 * 24 * 3_600 + 3_600;
    // Every second event lies in the hour that comes twice, from 00:00 to 02:00 UTC on the 26th.
    let twice = 25_i64 * 24 * 3_600 + 2 * 3_600;
    let page = (prop_oneof![0..month, twice..twice + 7_200], 1_i64..40_000);
    let pages = prop::collection::vec(page, 2..14).prop_map(|pages| {
        // Of two at one moment, the one that was written down last is the latest: that is the order of arrival.
        let apart = |(index, (seconds, amount)): (i64, Page)| (seconds - seconds % 16 + index, amount);
        (0..).zip(pages).map(apart).collect()
    });
    (pages, 0_usize..=100)
}

/// What may be, and whether it is told in time.
type Known<T> = Option<(T, bool)>;

/// A rest from a day of October on, for so many days, and a day on which the subscription ends.
fn stops() -> impl Strategy<Value = (Known<(u32, u32)>, Known<u32>)> {
    (known((7_u32..20, 0_u32..9), 0.3), known(9_u32..31, 0.3))
}

fn noon(day: u32) -> String {
    format!("2025-10-{day:02}T10:00:00Z")
}

pub(super) fn cases() -> impl Strategy<Value = Case> {
    let aggregation = prop::sample::select(AGGREGATIONS.to_vec());
    let agreed = (known(taxes(), 0.8), known(coupon(), 0.6), known(7_u32..31, 0.5));
    let credit = prop::option::weighted(0.5, 1_u32..200_000);
    (plan(), plan(), aggregation, pages(), (agreed, stops(), credit)).prop_map(
        |(plan, other, aggregation, (pages, share), (agreed, (rest, end), credit))| {
            let (taxes, coupon, change) = agreed;
            let shared = [&plan, &other]
                .iter()
                .any(|plan| plan["charges"][0]["price"]["model"] == "percentage");
            let aggregation = if shared { "SUM" } else { aggregation };
            // Nothing is agreed upon any more after the end.
            let is_ended = end.is_some_and(|(_, in_time)| in_time);
            let (mut terms, mut late_terms) = (Vec::new(), Vec::new());
            let mut happens = |mutation: &'static str, input: Value, in_time: bool| {
                let known = if in_time || is_ended {
                    &mut terms
                } else {
                    &mut late_terms
                };
                known.push((mutation, input));
            };
            if let Some(cents) = credit {
                let amount =
                    json!({ "amount": Decimal::new(cents.into(), 2).to_string(), "currency": "EUR" });
                let input = json!({ "id": "s1", "grant": "gift", "amount": amount, "origin": "GIVEN",
                    "occurredAt": noon(6) });
                happens("grantCredit", input, true);
            }
            if let Some((taxes, in_time)) = taxes {
                let input = json!({ "id": "s1", "taxes": taxes, "occurredAt": noon(6) });
                happens("setSubscriptionTaxes", input, in_time);
            }
            if let Some((coupon, in_time)) = coupon {
                let input = json!({ "id": "s1", "coupon": coupon, "occurredAt": noon(6) });
                happens("applyCoupon", input, in_time);
            }
            if let Some((day, in_time)) = change {
                let price = json!({ "amount": fee(&other), "currency": "EUR" });
                let input = json!({ "id": "s1", "plan": "other", "price": price, "occurredAt": noon(day) });
                happens("changeSubscriptionPlan", input, in_time);
            }
            if let Some(((day, days), in_time)) = rest {
                let pause = json!({ "id": "s1", "reason": "a holiday", "occurredAt": noon(day) });
                happens("pauseSubscription", pause, in_time);
                let resume = json!({ "id": "s1", "occurredAt": noon(day + days) });
                happens("resumeSubscription", resume, in_time);
            }
            if let Some((day, in_time)) = end {
                let cancel = json!({ "id": "s1", "reason": "moved", "occurredAt": noon(day) });
                happens("cancelSubscription", cancel, in_time);
            }
            let in_time = pages.len() * share / 100;
            Case {
                plan,
                other,
                aggregation,
                pages,
                in_time,
                terms,
                late_terms,
            }
        },
    )
}
