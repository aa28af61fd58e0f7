//! Whole invoices: commitments, coupons, taxes, credits, and what was billed before.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::account::Account;
use super::build::{
    arrears, coupon, currency, exact, fee, graduated, lago, price, quantity, standard, tax, usage_line, usd,
    version,
};
use super::proration::period;
use super::{Example, example};
use crate::invoice::Stage;
use crate::pricing::{
    Commitment, CreditLedger, Discount, DraftInvoice, Ended, Exact, Grant, InForce, InvoiceRequest, LineKind,
    Part, PlanVersion, Then, TrueUp, Usage, rate_invoice,
};

const ORDER: &str = "docs.flexprice.io invoices/calculation";
const PROGRESSIVE: &str = lago!("scenarios/invoices/progressive_billing_spec.rb");
const COMMITMENT: &str = lago!("scenarios/commitments/minimum/in_arrears/calendar/monthly_spec.rb");
const TRUE_UP: &str = "getlago docs lago-cloud/contract-billing (true-up)";
const TRIAL: &str = "getlago docs plans/plan-model (trial period)";

fn amount_of(invoice: &DraftInvoice, kind: LineKind) -> Exact {
    let amounts = invoice
        .lines
        .iter()
        .filter(|line| line.kind == kind)
        .map(|line| line.amount.amount);
    amounts.sum::<Decimal>().into()
}

/// What April comes to under a plan, with so much usage.
fn april(plan: PlanVersion, used: &str) -> DraftInvoice {
    let mut account = Account::start(plan, "2020-01-01");
    account.uses("usage", quantity(used));
    account.bill("2024-04-15", Stage::Closing)
}

/// 10,000.00 committed, a fee of 100.00 a month.
fn minimum_of_10000() -> PlanVersion {
    PlanVersion {
        minimum_spend: Some(price("10000")),
        ..version(vec![arrears("100")], vec![standard("1")])
    }
}

/// For 2 of 29 days, and usage of 30.00.
fn first_days_of_a_commitment() -> Exact {
    let mut account = Account::start(minimum_of_10000(), "2024-02-28");
    account.uses("usage", quantity("30"));
    let invoice = account.bill("2024-02-28", Stage::Closing);
    assert_eq!(amount_of(&invoice, LineKind::Fee), exact("6.90"));
    amount_of(&invoice, LineKind::TrueUp)
}

/// For a month, and usage of 10.00.
fn second_month_of_a_commitment() -> Exact {
    amount_of(&april(minimum_of_10000(), "10"), LineKind::TrueUp)
}

/// A minimum over a fee of 50 and three units at 10.
fn minimum_of_a_plan() -> Exact {
    let plan = PlanVersion {
        minimum_spend: Some(price("100")),
        ..version(vec![arrears("50")], vec![standard("10")])
    };
    amount_of(&april(plan, "3"), LineKind::TrueUp)
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
    april(plan, used)
}

/// 31.00 a month in arrears; 200.00 of usage was billed when it was reached. What is billed of December at its end, or when
/// the subscription ends, with so much usage in all.
fn december(used: &str, ends_on: Option<&str>) -> Exact {
    let plan = version(vec![arrears("31")], vec![standard("0.0002")]);
    let billed = usage_line(&plan.charges[0], &quantity("1000000"));
    let mut account = Account::start(plan, "2020-01-01");
    let december = InForce::whole(account.period("2022-12-01"));
    account.note(LineKind::Usage, &billed.on(december.days));
    account.uses("usage", quantity(used));
    if let Some(day) = ends_on {
        account.end(day);
    }
    account.bill("2022-12-01", Stage::Closing).total.into()
}

fn percent(text: &str) -> Discount {
    Discount::Percent(text.parse().unwrap())
}

/// Flexprice's own invoice: what is owed, what is taxed, the tax, and the total with five of credits.
fn order_of_an_invoice() -> [Exact; 4] {
    let plan = version(vec![arrears("20")], vec![standard("1")]);
    let coupons = vec![
        coupon("all", Discount::Amount(price("10")), &[]),
        coupon("api", percent("25"), &["usage"]),
    ];
    let mut account = Account::start(plan, "2020-01-01")
        .with_coupons(coupons)
        .with_taxes(vec![tax("8.25")]);
    account.uses("usage", quantity("80"));
    let mut invoice = account.bill("2024-04-15", Stage::Closing);
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
    let coupons = vec![coupon("a", percent("10"), &[]), coupon("b", percent("10"), &[])];
    let mut account =
        Account::start(version(vec![arrears("100")], vec![]), "2020-01-01").with_coupons(coupons);
    account.bill("2024-04-15", Stage::Closing).discount.into()
}

/// 50 a month in advance, five days free.
fn trial() -> Exact {
    let plan = PlanVersion {
        trial_days: 5,
        ..version(vec![fee("50")], vec![])
    };
    let mut account = Account::start(plan, "2024-04-01");
    account.bill("2024-04-01", Stage::Opening).total.into()
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
        example("prog-lago-month", PROGRESSIVE, "231", [december("2000000", None)]),
        example(
            "prog-lago-terminated",
            PROGRESSIVE,
            "18",
            [december("1000000", Some("2022-12-19"))],
        ),
        example(
            "prog-lago-upgraded",
            PROGRESSIVE,
            "17",
            [december("1000000", Some("2022-12-18"))],
        ),
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
    let rate = |plan: &PlanVersion, code: &str, usage: Usage, currency| {
        let part = Part {
            plan: Arc::new(plan.clone()),
            in_force: InForce::whole(period("2024-04-01", "2024-05-01")),
            then: Then::NoOther,
        };
        let request = InvoiceRequest {
            currency,
            starts_on: "2020-01-01".parse().unwrap(),
            ended: vec![Ended {
                part,
                usage: [(code.to_owned(), usage)].into(),
            }],
            begun: vec![],
        };
        rate_invoice(&request).unwrap_err().to_string()
    };
    let plan = version(vec![], vec![graduated(&[("", "1", "0")])]);
    assert_eq!(
        rate(&plan, "seats", quantity("1"), usd()),
        "line \"seats\": the plan has no such charge: name one of its charges, or add it"
    );
    let negative = rate(&plan, "usage", quantity("-1"), usd());
    assert!(
        negative.starts_with("line \"usage\": the quantity -1 is negative"),
        "{negative}"
    );
    let dear = version(vec![], vec![standard("99999999999999999999.99")]);
    let too_large = rate(&dear, "usage", Usage::Quantity(Decimal::MAX), usd());
    assert!(
        too_large.starts_with("line \"usage\": the figures are too large"),
        "{too_large}"
    );
    let other = rate(&plan, "usage", quantity("1"), currency("EUR"));
    assert!(other.contains("there is no price in EUR"), "{other}");
}

/// 100 a month in arrears until the 15th of January, 200 from then on; usage at 1 and at 2 (the fees are those of
/// Lago's "upgrades and downgrades").
#[test]
fn a_period_with_two_plans_makes_one_invoice() {
    let old = version(vec![arrears("100")], vec![standard("1")]);
    let new = version(vec![arrears("200")], vec![standard("2")]);
    let mut account = Account::start(old, "2020-01-01");
    account.change(new, "2025-01-15");
    account.uses("usage", quantity("10"));
    let invoice = account.bill("2025-01-15", Stage::Closing);
    let told: Vec<(String, String)> = invoice
        .lines
        .iter()
        .map(|line| {
            (
                line.days.unwrap().from.to_string(),
                line.amount.amount.to_string(),
            )
        })
        .collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(day, amount)| (&**day, &**amount)).collect();
    assert_eq!(
        told,
        [
            ("2025-01-01", "45.16"),
            ("2025-01-01", "10.00"),
            ("2025-01-15", "109.68"),
            ("2025-01-15", "20.00")
        ]
    );
}
