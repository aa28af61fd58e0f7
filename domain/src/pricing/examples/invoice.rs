//! Whole invoices: commitments, coupons, taxes, credits, and what was billed before.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::build::{currency, exact, graduated, price, quantity, standard, terms, usd};
use super::proration::period;
use super::{Example, example};
use crate::pricing::{
    AppliedCoupon, Charge, Commitment, Coupon, CreditLedger, Days, Discount, DraftInvoice, Due, Ended, Exact,
    FlatFee, Grant, InForce, InvoiceRequest, Lasts, LineKind, Part, PlanVersion, Tax, TrueUp, Usage,
    rate_invoice,
};

const ORDER: &str = "docs.flexprice.io invoices/calculation";
const PROGRESSIVE: &str = "getlago/lago-api spec/scenarios/invoices/progressive_billing_spec.rb";
const COMMITMENT: &str =
    "getlago/lago-api spec/scenarios/commitments/minimum/in_arrears/calendar/monthly_spec.rb";
const TRUE_UP: &str = "getlago docs lago-cloud/contract-billing (true-up)";
const TRIAL: &str = "getlago docs plans/plan-model (trial period)";

fn version(fees: Vec<FlatFee>, charges: Vec<Charge>) -> PlanVersion {
    serde_json::from_value::<PlanVersion>(serde_json::json!({
        "version": 1, "effective_from": "2020-01-01T00:00:00Z", "currencies": ["USD"], "interval": "monthly",
    }))
    .map(|version| PlanVersion {
        fees,
        charges,
        ..version
    })
    .unwrap()
}

fn arrears(amount: &str) -> FlatFee {
    FlatFee {
        due: Due::InArrears,
        ..FlatFee::new("fee", price(amount))
    }
}

fn request(plan: &PlanVersion, in_force: InForce, usage: Vec<(&str, Usage)>) -> InvoiceRequest {
    let part = Part {
        plan: Arc::new(plan.clone()),
        in_force,
    };
    let usage = usage.into_iter().map(|(code, usage)| (code.to_owned(), usage));
    InvoiceRequest {
        currency: usd(),
        starts_on: "2020-01-01".parse().unwrap(),
        ended: vec![Ended {
            part,
            usage: usage.collect(),
        }],
        begun: vec![],
        other_lines: vec![],
        coupons: vec![],
        taxes: vec![],
    }
}

fn april() -> InForce {
    InForce::whole(period("2024-04-01", "2024-05-01"))
}

fn amount_of(invoice: &DraftInvoice, kind: LineKind) -> Exact {
    let amounts = invoice
        .lines
        .iter()
        .filter(|line| line.kind == kind)
        .map(|line| line.amount.amount);
    amounts.sum::<Decimal>().into()
}

/// 10,000.00 committed, for 2 of 29 days; a fee of 100.00 a month, and usage of 30.00.
fn first_days_of_a_commitment() -> Exact {
    let plan = PlanVersion {
        minimum_spend: Some(price("10000")),
        ..version(vec![arrears("100")], vec![standard("1")])
    };
    let ended = InForce {
        period: period("2024-02-01", "2024-03-01"),
        days: Days {
            from: "2024-02-28".parse().unwrap(),
            until: "2024-03-01".parse().unwrap(),
        },
    };
    let invoice = rate_invoice(&request(&plan, ended, vec![("usage", quantity("30"))])).unwrap();
    assert_eq!(amount_of(&invoice, LineKind::Fee), exact("6.90"));
    amount_of(&invoice, LineKind::TrueUp)
}

/// 10,000.00 committed, a fee of 100.00, and usage of 10.00.
fn second_month_of_a_commitment() -> Exact {
    let plan = PlanVersion {
        minimum_spend: Some(price("10000")),
        ..version(vec![arrears("100")], vec![standard("1")])
    };
    let invoice = rate_invoice(&request(&plan, april(), vec![("usage", quantity("10"))])).unwrap();
    amount_of(&invoice, LineKind::TrueUp)
}

/// A minimum over a fee of 50 and three units at 10.
fn minimum_of_a_plan() -> Exact {
    let plan = PlanVersion {
        minimum_spend: Some(price("100")),
        ..version(vec![arrears("50")], vec![standard("10")])
    };
    let invoice = rate_invoice(&request(&plan, april(), vec![("usage", quantity("3"))])).unwrap();
    amount_of(&invoice, LineKind::TrueUp)
}

fn committed(true_up: TrueUp, factor: &str, used: &str) -> DraftInvoice {
    let plan = PlanVersion {
        commitment: Some(Commitment {
            amount: price("1000"),
            overage_factor: factor.parse().unwrap(),
            true_up,
        }),
        ..version(vec![], vec![standard("1")])
    };
    rate_invoice(&request(&plan, april(), vec![("usage", quantity(used))])).unwrap()
}

/// 31.00 a month, 200.00 of usage billed when it was reached, another 200.00 until the period's end.
fn progressive() -> Exact {
    let charge = standard("0.0002");
    let billed = charge.usage_line(&quantity("1000000"), terms()).unwrap();
    let all = charge.usage_line(&quantity("2000000"), terms()).unwrap();
    let plan = version(vec![arrears("31")], vec![]);
    let mut request = request(&plan, april(), vec![]);
    request.other_lines = vec![all.since(&billed).unwrap()];
    rate_invoice(&request).unwrap().total.into()
}

/// The same, terminated after so many days of December, all usage billed before.
fn terminated(days: i64) -> Exact {
    let plan = version(vec![arrears("31")], vec![standard("0.0002")]);
    let from: jiff::civil::Date = "2022-12-01".parse().unwrap();
    let ended = InForce {
        period: period("2022-12-01", "2023-01-01"),
        days: Days {
            from,
            until: from.checked_add(jiff::Span::new().days(days)).unwrap(),
        },
    };
    let billed = plan.charges[0].usage_line(&quantity("1000000"), terms()).unwrap();
    let invoice = rate_invoice(&request(&plan, ended, vec![("usage", quantity("1000000"))])).unwrap();
    let all = Exact::from(invoice.total);
    all.minus(billed.amount.amount.into()).unwrap()
}

fn coupon(code: &str, discount: Discount, only_for: &[&str]) -> AppliedCoupon {
    AppliedCoupon {
        coupon: Coupon {
            code: code.to_owned(),
            discount,
            only_for: only_for.iter().map(|code| (*code).to_owned()).collect(),
            lasts: Lasts::Forever,
            expires_on: None,
        },
        used: 0,
    }
}

fn percent(text: &str) -> Discount {
    Discount::Percent(text.parse().unwrap())
}

/// Flexprice's own invoice: what is owed, what is taxed, the tax, and the total with five of credits.
fn order_of_an_invoice() -> [Exact; 4] {
    let plan = version(vec![arrears("20")], vec![standard("1")]);
    let mut request = request(&plan, april(), vec![("usage", quantity("80"))]);
    request.coupons = vec![
        coupon("all", Discount::Amount(price("10")), &[]),
        coupon("api", percent("25"), &["usage"]),
    ];
    request.taxes = vec![Tax {
        code: "sales".to_owned(),
        name: "Sales tax".to_owned(),
        rate_percent: "8.25".parse().unwrap(),
    }];
    let mut invoice = rate_invoice(&request).unwrap();
    let at = "2024-05-01T00:00:00Z".parse().unwrap();
    let mut ledger = CreditLedger::new(usd());
    let grant = Grant {
        id: "five".to_owned(),
        amount: "5".parse().unwrap(),
        priority: 0,
        granted_at: at,
        expires_at: None,
    };
    ledger.grant(grant).unwrap();
    invoice.draw(&mut ledger, at).unwrap();
    assert_eq!(ledger.balance().amount, Decimal::ZERO);
    [
        invoice.subtotal,
        invoice.taxes[0].base.amount,
        invoice.tax,
        invoice.due,
    ]
    .map(Exact::from)
}

/// Two coupons of ten per cent each.
fn chained() -> Exact {
    let plan = version(vec![arrears("100")], vec![]);
    let mut request = request(&plan, april(), vec![]);
    request.coupons = vec![coupon("a", percent("10"), &[]), coupon("b", percent("10"), &[])];
    rate_invoice(&request).unwrap().discount.into()
}

/// 50 a month in advance, five days free.
fn trial() -> Exact {
    let plan = PlanVersion {
        trial_days: 5,
        ..version(vec![FlatFee::new("fee", price("50"))], vec![])
    };
    let mut request = request(&plan, april(), vec![]);
    request.begun = request.ended.drain(..).map(|ended| ended.part).collect();
    request.starts_on = "2024-04-01".parse().unwrap();
    rate_invoice(&request).unwrap().total.into()
}

pub(super) fn examples() -> Vec<Example> {
    let short = committed(TrueUp::Owed, "1", "800");
    vec![
        example(
            "commit-lago-first",
            COMMITMENT,
            "652.76",
            [first_days_of_a_commitment()],
        ),
        example(
            "commit-lago-second",
            COMMITMENT,
            "9890",
            [second_month_of_a_commitment()],
        ),
        example(
            "min-lago-800",
            TRUE_UP,
            "200",
            [amount_of(&short, LineKind::TrueUp)],
        ),
        example(
            "min-lago-pr1787",
            "getlago/lago-api#1787 (true-up)",
            "20",
            [minimum_of_a_plan()],
        ),
        example("prog-lago-month", PROGRESSIVE, "231", [progressive()]),
        example("prog-lago-terminated", PROGRESSIVE, "18", [terminated(18)]),
        example("prog-lago-upgraded", PROGRESSIVE, "17", [terminated(17)]),
        example(
            "order-flexprice",
            ORDER,
            "100 70 5.78 70.78",
            order_of_an_invoice(),
        ),
        example("coupons-flexprice-chained", ORDER, "19", [chained()]),
        example("trial-lago", TRIAL, "41.67", [trial()]),
    ]
}

#[test]
fn usage_beyond_a_commitment_costs_its_factor() {
    let invoice = committed(TrueUp::Owed, "1.5", "1400");
    assert_eq!(amount_of(&invoice, LineKind::Overage), exact("200"));
    assert_eq!(invoice.total, "1600".parse().unwrap());
    assert_eq!(
        committed(TrueUp::Waived, "1.5", "800").total,
        "800".parse().unwrap()
    );
}

#[test]
fn what_cannot_be_rated_names_its_line() {
    let plan = version(vec![], vec![graduated(&[("", "1", "0")])]);
    let refused = |usage: Vec<(&str, Usage)>| {
        rate_invoice(&request(&plan, april(), usage))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(vec![("seats", quantity("1"))]),
        "line \"seats\": the plan has no such charge: name one of its charges, or add it"
    );
    assert!(
        refused(vec![("usage", quantity("-1"))]).starts_with("line \"usage\": the quantity -1 is negative")
    );
    let huge = Usage::Quantity(Decimal::MAX);
    let dear = version(vec![], vec![standard("99999999999999999999.99")]);
    let too_large = rate_invoice(&request(&dear, april(), vec![("usage", huge)]))
        .unwrap_err()
        .to_string();
    assert!(
        too_large.starts_with("line \"usage\": the figures are too large"),
        "{too_large}"
    );
    let mut other = request(&plan, april(), vec![]);
    other.currency = currency("EUR");
    assert!(
        rate_invoice(&other)
            .unwrap_err()
            .to_string()
            .contains("there is no price in EUR")
    );
}

/// 100 a month in arrears until the 15th of January, 200 from then on; usage at 1 and at 2 (the fees are those of
/// Lago's "upgrades and downgrades").
#[test]
fn a_period_with_two_plans_makes_one_invoice() {
    let old = version(vec![arrears("100")], vec![standard("1")]);
    let new = version(vec![arrears("200")], vec![standard("2")]);
    let january = period("2025-01-01", "2025-02-01");
    let in_force = |from: &str, until: &str| InForce {
        period: january.clone(),
        days: Days {
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
        },
    };
    let mut both = request(
        &old,
        in_force("2025-01-01", "2025-01-15"),
        vec![("usage", quantity("10"))],
    );
    let later = request(
        &new,
        in_force("2025-01-15", "2025-02-01"),
        vec![("usage", quantity("10"))],
    );
    both.ended.extend(later.ended);
    let invoice = rate_invoice(&both).unwrap();
    let first_days: Vec<String> = invoice
        .lines
        .iter()
        .map(|line| line.days.unwrap().from.to_string())
        .collect();
    assert_eq!(
        first_days,
        ["2025-01-01", "2025-01-01", "2025-01-15", "2025-01-15"]
    );
    let amounts: Vec<String> = rate_invoice(&both)
        .unwrap()
        .lines
        .iter()
        .map(|line| line.amount.amount.to_string())
        .collect();
    assert_eq!(amounts, ["45.16", "10.00", "109.68", "20.00"]);
}
