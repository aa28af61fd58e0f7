//! Subscriptions' lives, and what they are worth a month.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Account, Change, Fact, Headcount, Movement, Standing, Thread};
use crate::given::money;
use crate::kernel::TenantId;

/// A thread: kind, id, and what happened when.
type Told<'a> = (&'a str, &'a str, Vec<(&'a str, Value)>);

/// Threads from lines: kind, id, and what happened when, as facts are stored. Positions follow the lines.
fn account(threads: &[Told<'_>]) -> Account {
    let mut position = 0;
    let mut thread = |(kind, id, facts): &Told<'_>| {
        let mut fact = |(at, change): &(&str, Value)| {
            position += 1;
            Fact {
                position,
                at: moment(at),
                change: serde_json::from_value(change.clone()).unwrap(),
            }
        };
        Thread {
            kind: (*kind).to_owned(),
            id: (*id).to_owned(),
            facts: facts.iter().map(&mut fact).collect(),
        }
    };
    Account::new(
        TenantId::new(ulid::Ulid::nil()),
        threads.iter().map(&mut thread).collect(),
    )
}

fn moment(day: &str) -> Timestamp {
    format!("{day}T12:00:00Z").parse().unwrap()
}

fn started(day: &str, plan: &str, price: &str) -> (&'static str, Value) {
    let day: &'static str = day.to_owned().leak();
    let change = json!({ "started": {
        "plan": plan, "price": money(price), "customer": null, "starts_on": day, "zone": "Europe/Berlin",
    } });
    (day, change)
}

fn agreed(plan: &str, price: &str) -> Value {
    json!({ "agreed": { "plan": plan, "price": money(price) } })
}

fn coupon(discount: &Value, more: &Value) -> Value {
    let mut coupon = json!({ "code": "C", "discount": discount });
    for (name, value) in more.as_object().unwrap() {
        coupon[name] = value.clone();
    }
    json!({ "coupon": coupon })
}

/// Day, kind, and how much it moved.
fn told(movements: &[Movement]) -> Vec<String> {
    let line = |moved: &Movement| {
        let day = moved.at.to_zoned(jiff::tz::TimeZone::UTC).date();
        format!("{day} {} {} {:?}", moved.kind, moved.amount(), moved.positions)
    };
    movements.iter().map(line).collect()
}

#[test]
fn a_customers_life_moves_as_chartmogul_tells_it() {
    // help.chartmogul.com, "Lifecycle of a customer": four yearly plans of 500, two more of 30 a month and without them
    // again, an end, and another beginning. 2,000 a year are 166.67 a month.
    let account = account(&[
        (
            "subscription",
            "gold",
            vec![
                started("2026-01-10", "gold", "166.67 USD"),
                ("2027-01-10", json!("canceled")),
            ],
        ),
        (
            "subscription",
            "silver",
            vec![
                started("2026-01-13", "silver", "60 USD"),
                ("2026-01-27", json!("canceled")),
            ],
        ),
        (
            "subscription",
            "again",
            vec![started("2027-03-01", "gold", "150 USD")],
        ),
    ]);
    assert_eq!(
        told(&account.movements()),
        [
            "2026-01-10 new 166.67 [1]",
            "2026-01-13 expansion 60 [3]",
            "2026-01-27 contraction -60 [4]",
            "2027-01-10 churn -166.67 [2]",
            "2027-03-01 reactivation 150 [5]",
        ]
    );
}

#[test]
fn rest_and_return_are_churn_and_reactivation_and_changes_at_rest_do_not_count() {
    let account = account(&[(
        "subscription",
        "s",
        vec![
            started("2026-01-01", "starter", "2000 USD"),
            ("2026-02-01", json!("paused")),
            ("2026-02-02", agreed("professional", "5000 USD")),
            ("2026-03-01", json!("resumed")),
            ("2026-04-01", agreed("starter", "2000 USD")),
        ],
    )]);
    assert_eq!(
        told(&account.movements()),
        [
            "2026-01-01 new 2000 [1]",
            "2026-02-01 churn -2000 [2]",
            "2026-03-01 reactivation 5000 [4]",
            "2026-04-01 contraction -3000 [5]",
        ]
    );
}

fn trial_plan(days: u32) -> (&'static str, &'static str, Vec<(&'static str, Value)>) {
    let version = json!({ "plan_version": {
        "version": 1, "effective_from": "2025-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "yearly",
        "trial_days": days,
        "fees": [
            { "code": "seats", "name": "Seats", "price": { "EUR": "960" } },
            { "code": "care", "name": "Care", "price": { "EUR": "240" } },
        ],
    } });
    ("plan", "yearly", vec![("2025-01-01", version)])
}

#[test]
fn a_trial_is_worth_nothing_until_the_midnight_at_which_it_ends() {
    let account = account(&[
        trial_plan(14),
        (
            "subscription",
            "kept",
            vec![started("2026-03-20", "yearly", "100 EUR")],
        ),
        (
            "subscription",
            "left",
            vec![
                started("2026-03-20", "yearly", "100 EUR"),
                ("2026-03-25", json!("canceled")),
            ],
        ),
    ]);
    let movements = account.movements();
    assert_eq!(told(&movements), ["2026-04-02 new 100 [2]"]);
    // Midnight of 3 April in Berlin, on the other side of a change of the clocks.
    assert_eq!(movements[0].at, "2026-04-02T22:00:00Z".parse().unwrap());
}

#[test]
fn coupons_without_an_end_are_taken_off_and_others_are_not() {
    let after = |coupons: &[Value]| {
        let mut facts = vec![started("2026-01-01", "yearly", "100 EUR")];
        facts.extend(coupons.iter().map(|coupon| ("2026-01-02", coupon.clone())));
        let account = account(&[trial_plan(0), ("subscription", "s", facts)]);
        account.movements().last().unwrap().after.to_string()
    };
    let percent = json!({ "percent": "50" });
    assert_eq!(after(&[coupon(&percent, &json!({}))]), "50");
    // Of the seats' 80 a month only.
    assert_eq!(
        after(&[coupon(&percent, &json!({ "only_for": ["seats"] }))]),
        "60"
    );
    assert_eq!(
        after(&[coupon(&percent, &json!({ "only_for": ["calls"] }))]),
        "100"
    );
    // 100 a year are 8.33 a month, rounded once.
    let amount = json!({ "amount": { "EUR": "100" } });
    assert_eq!(after(&[coupon(&amount, &json!({}))]), "91.67");
    assert_eq!(
        after(&[coupon(&json!({ "amount": { "EUR": "9999" } }), &json!({}))]),
        "0"
    );
    assert_eq!(
        after(&[
            coupon(&amount, &json!({ "only_for": ["care"] })),
            coupon(&percent, &json!({}))
        ]),
        "45.83"
    );
    for ends in [
        json!({ "lasts": "once" }),
        json!({ "lasts": { "periods": 3 } }),
        json!({ "expires_on": "2030-01-01" }),
    ] {
        assert_eq!(after(&[coupon(&percent, &ends)]), "100");
    }
}

#[test]
fn a_closed_account_pays_nothing_any_more() {
    let account = account(&[
        trial_plan(60),
        (
            "subscription",
            "a",
            vec![started("2026-01-01", "starter", "2000 USD")],
        ),
        (
            "subscription",
            "b",
            vec![started("2026-01-05", "yearly", "100 EUR")],
        ),
        (
            "tenant",
            "t",
            vec![
                ("2025-12-01", json!("provisioned")),
                ("2026-01-10", json!("suspended")),
                ("2026-01-20", json!("reactivated")),
                ("2026-02-01", json!("closed")),
            ],
        ),
    ]);
    assert_eq!(
        told(&account.movements()),
        ["2026-01-01 new 2000 [2]", "2026-02-01 churn -2000 [7]"]
    );
    let stood = [
        "2025-11-30",
        "2025-12-02",
        "2026-01-15",
        "2026-01-25",
        "2026-03-01",
    ];
    assert_eq!(
        stood.map(|day| account.standing(moment(day))),
        [
            None,
            Some(Standing::Open),
            Some(Standing::Suspended),
            Some(Standing::Open),
            Some(Standing::Closed),
        ]
    );
}

#[test]
fn what_is_told_of_an_earlier_time_counts_from_then_on_and_only_to_who_knows_it() {
    // The second subscription was written down later, and began earlier: so it was the new business.
    let account = account(&[
        (
            "subscription",
            "known",
            vec![started("2026-03-05", "starter", "100 USD")],
        ),
        (
            "subscription",
            "late",
            vec![started("2026-02-03", "starter", "70 USD")],
        ),
    ]);
    assert_eq!(
        told(&account.movements()),
        ["2026-02-03 new 70 [2]", "2026-03-05 expansion 100 [1]"]
    );
    assert_eq!(told(&account.as_of(1).movements()), ["2026-03-05 new 100 [1]"]);
}

#[test]
fn customers_and_currencies_count_for_themselves() {
    let of = |customer: &str, price: &str| {
        let (day, mut change) = started("2026-01-01", "starter", price);
        change["started"]["customer"] = json!(customer);
        (day, change)
    };
    let account = account(&[
        ("subscription", "a", vec![of("ada", "10 USD")]),
        ("subscription", "b", vec![of("bob", "20 USD")]),
        ("subscription", "c", vec![of("bob", "30 EUR")]),
    ]);
    assert_eq!(
        told(&account.movements()),
        [
            "2026-01-01 new 10 [1]",
            "2026-01-01 new 20 [2]",
            "2026-01-01 new 30 [3]",
        ]
    );
}

#[test]
fn what_is_given_back_counts_when_it_is_and_a_void_takes_what_is_left() {
    let account = account(&[
        (
            "invoice",
            "1",
            vec![
                ("2026-01-31", json!({ "issued": { "net": money("100 USD") } })),
                ("2026-02-10", json!({ "credited": { "net": money("30 USD") } })),
                ("2026-03-10", json!("voided")),
            ],
        ),
        (
            "member",
            "m",
            vec![("2026-01-01", json!("invited")), ("2026-01-02", json!("joined"))],
        ),
        (
            "member",
            "n",
            vec![("2026-01-01", json!("invited")), ("2026-02-02", json!("removed"))],
        ),
    ]);
    let billed = |from, until| {
        let billed = account.billed((moment(from), moment(until)));
        (
            billed.net.sums().map(|sum| sum.to_string()).collect::<Vec<_>>(),
            billed.positions,
        )
    };
    assert_eq!(
        billed("2026-01-01", "2026-02-01"),
        (vec!["100 USD".to_owned()], vec![1])
    );
    assert_eq!(
        billed("2026-02-01", "2026-03-01"),
        (vec!["-30 USD".to_owned()], vec![2])
    );
    assert_eq!(
        billed("2026-03-01", "2026-04-01"),
        (vec!["-70 USD".to_owned()], vec![3])
    );
    assert_eq!(
        account.members(moment("2026-01-15")),
        Headcount {
            active: 1,
            invited: 1
        }
    );
    assert_eq!(
        account.members(moment("2026-02-15")),
        Headcount {
            active: 1,
            invited: 0
        }
    );
}

#[test]
fn facts_are_stored_as_they_are_read() {
    for change in [Change::Voided, Change::Issued { net: money("1 USD") }] {
        let stored = serde_json::to_value(&change).unwrap();
        assert_eq!(serde_json::from_value::<Change>(stored).unwrap(), change);
    }
}
