//! What holds for every invoice: it adds up, and it does not matter how often it was looked at before.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::pricing::examples::build::{price, terms, usd};
use crate::pricing::examples::proration::period;
use crate::pricing::{
    AppliedCoupon, Charge, Coupon, CreditLedger, CreditNote, Discount, DraftInvoice, Due, Ended, FlatFee,
    Grant, InForce, InvoiceRequest, InvoicedPart, Lasts, Model, Part, Percentage, PlanVersion, Tax,
    Transaction, Usage, rate_invoice,
};

use super::rating_properties::{amounts, cost, models};

fn charges() -> impl Strategy<Value = Vec<Charge>> {
    prop::collection::vec((models(), prop::option::of(amounts())), 1..5).prop_map(|rows| {
        let rows = rows
            .into_iter()
            .enumerate()
            .map(|(index, (model, least))| Charge {
                minimum_spend: least.map(cost),
                ..Charge::new(&format!("charge-{index}"), "meter", "unit", model)
            });
        rows.collect()
    })
}

fn coupons() -> impl Strategy<Value = Vec<AppliedCoupon>> {
    let discount = prop_oneof![
        amounts().prop_map(|amount| Discount::Amount(cost(amount))),
        (0..101_i64).prop_map(|percent| Discount::Percent(percent.into())),
    ];
    prop::collection::vec((discount, 0..5_usize), 0..4).prop_map(|rows| {
        let rows = rows
            .into_iter()
            .enumerate()
            .map(|(index, (discount, line))| AppliedCoupon {
                coupon: Coupon {
                    code: format!("coupon-{index}"),
                    discount,
                    only_for: (line > 0).then(|| format!("charge-{line}")).into_iter().collect(),
                    lasts: Lasts::Forever,
                    expires_on: None,
                },
                used: 0,
            });
        rows.collect()
    })
}

fn taxes() -> impl Strategy<Value = Vec<Tax>> {
    prop::collection::vec(0..3_000_i64, 0..3).prop_map(|rates| {
        let rates = rates.into_iter().enumerate().map(|(index, rate)| Tax {
            code: format!("tax-{index}"),
            name: "Tax".to_owned(),
            rate_percent: Decimal::new(rate, 2),
        });
        rates.collect()
    })
}

fn version(charges: Vec<Charge>, least: Option<Decimal>) -> PlanVersion {
    PlanVersion {
        version: 1,
        effective_from: "2020-01-01T00:00:00Z".parse().unwrap(),
        currencies: vec![usd()],
        interval: crate::pricing::Interval::Monthly,
        anchor: crate::pricing::Anchor::Calendar,
        trial_days: 0,
        fees: vec![
            FlatFee {
                due: Due::InArrears,
                ..FlatFee::new("support", price("99.99"))
            },
            FlatFee::new("platform", price("2000")),
        ],
        charges,
        minimum_spend: least.map(cost),
        commitment: None,
        limits: crate::pricing::Limits::default(),
    }
}

fn request(plan: &PlanVersion, usage: BTreeMap<String, Usage>) -> InvoiceRequest {
    let part = |first_day, end_day| Part {
        plan: Arc::new(plan.clone()),
        in_force: InForce::whole(period(first_day, end_day)),
    };
    InvoiceRequest {
        currency: usd(),
        starts_on: "2026-01-01".parse().unwrap(),
        ended: vec![Ended {
            part: part("2026-03-01", "2026-04-01"),
            usage,
        }],
        begun: vec![part("2026-04-01", "2026-05-01")],
        other_lines: vec![],
        coupons: vec![],
        taxes: vec![],
    }
}

fn quantities(plan: &PlanVersion, quantities: &[Decimal]) -> BTreeMap<String, Usage> {
    let usage = plan.charges.iter().zip(quantities.iter().cycle());
    usage
        .map(|(charge, quantity)| (charge.code.clone(), Usage::Quantity(*quantity)))
        .collect()
}

fn adds_up(invoice: &DraftInvoice) -> bool {
    let lines: Decimal = invoice.lines.iter().map(|line| line.amount.amount).sum();
    let coupons: Decimal = invoice.coupons.iter().map(|coupon| coupon.amount.amount).sum();
    let taxes: Decimal = invoice.taxes.iter().map(|tax| tax.amount.amount).sum();
    let cents = |amount: Decimal| amount.normalize().scale() <= 2;
    lines == invoice.subtotal
        && coupons == invoice.discount
        && taxes == invoice.tax
        && invoice.total == lines - coupons + taxes
        && invoice.due - invoice.owed_to_customer == invoice.total - invoice.credits_drawn
        && invoice.lines.iter().all(|line| cents(line.amount.amount))
        && [coupons, taxes, invoice.due]
            .into_iter()
            .all(|amount| amount >= Decimal::ZERO && cents(amount))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_invoice_adds_up_to_the_cent(
        charges in charges(),
        least in prop::option::of(amounts()),
        used in prop::collection::vec(amounts(), 1..5),
        (coupons, taxes) in (coupons(), taxes()),
        credit in 1..500_000_i64,
    ) {
        let plan = version(charges, least);
        let mut invoice = rate_invoice(&InvoiceRequest {
            coupons,
            taxes,
            ..request(&plan, quantities(&plan, &used))
        }).unwrap();
        prop_assert!(adds_up(&invoice), "{:?}", invoice);
        prop_assert!(invoice.discount <= invoice.subtotal);
        let at = "2026-04-01T00:00:00Z".parse().unwrap();
        let mut ledger = CreditLedger::new(usd());
        let grant = Grant {
            id: "credit".to_owned(),
            amount: Decimal::new(credit, 2),
            priority: 0,
            granted_at: at,
            expires_at: None,
        };
        ledger.grant(grant).unwrap();
        invoice.draw(&mut ledger, at).unwrap();
        prop_assert!(adds_up(&invoice));
        prop_assert_eq!(ledger.balance().amount + invoice.credits_drawn, Decimal::new(credit, 2));
    }

    #[test]
    fn an_invoice_given_back_in_parts_is_given_back_to_the_cent(
        amount in 1..1_000_000_i64,
        coupons in coupons(),
        taxes in taxes(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let plan = version(vec![], None);
        let other = FlatFee::new("once", cost(Decimal::new(amount, 2)));
        let april = InForce::whole(period("2026-04-01", "2026-05-01"));
        let line = other.line(&april.period, april.days, usd()).unwrap();
        let invoice = rate_invoice(&InvoiceRequest {
            other_lines: vec![line],
            coupons,
            taxes,
            ..request(&plan, BTreeMap::new())
        }).unwrap();
        let cents = usize::try_from(invoice.subtotal.mantissa()).unwrap();
        let mut cuts: Vec<Decimal> = cuts.iter().map(|cut| Decimal::new(cut.index(cents) as i64, 2)).collect();
        cuts.extend([Decimal::ZERO, invoice.subtotal]);
        cuts.sort();
        cuts.dedup();
        let mut returned = Decimal::ZERO;
        for pair in cuts.windows(2) {
            let part = InvoicedPart { amount: pair[1] - pair[0], before: pair[0] };
            let note = CreditNote::of_invoice(&invoice, part).unwrap();
            prop_assert!(note.total.amount >= Decimal::ZERO);
            returned += note.total.amount;
        }
        prop_assert_eq!(returned, invoice.total);
    }

    /// Live: events arrive in any order, and each time the invoice is rated anew. Corrected: it is billed after
    /// some of them, and the rest follow as corrections. In one go: it is rated once, with all of them.
    #[test]
    fn live_corrected_and_in_one_go_agree_to_the_cent(
        model in models(),
        events in prop::collection::vec(amounts(), 1..8),
        order in any::<prop::sample::Index>(),
        billed_after in any::<prop::sample::Index>(),
    ) {
        let plan = version(vec![Charge::new("charge", "meter", "unit", model)], None);
        let charge = &plan.charges[0];
        let total: Decimal = events.iter().sum();
        let in_one_go = rate_invoice(&request(&plan, quantities(&plan, &[total]))).unwrap().total;

        let mut arrived = events.clone();
        let length = arrived.len();
        arrived.rotate_left(order.index(length));
        let mut sums = arrived.iter().scan(Decimal::ZERO, |sum, event| {
            *sum += event;
            Some(*sum)
        });
        let live = sums.by_ref().map(|sum| rate_invoice(&request(&plan, quantities(&plan, &[sum]))).unwrap().total);
        prop_assert_eq!(live.last().unwrap(), in_one_go);

        let cut = billed_after.index(arrived.len());
        let early: Decimal = arrived[..cut].iter().sum();
        let billed = rate_invoice(&request(&plan, quantities(&plan, &[early]))).unwrap().total;
        let line = |quantity| charge.usage_line(&Usage::Quantity(quantity), terms()).unwrap();
        let mut corrections = line(early);
        let mut corrected = billed;
        let mut sum = early;
        for late in &arrived[cut..] {
            sum += late;
            let now = line(sum);
            corrected += now.since(&corrections).unwrap().amount.amount;
            corrections = now;
        }
        prop_assert_eq!(corrected, in_one_go);
    }

    #[test]
    fn transactions_in_any_order_make_the_same_invoice(
        rows in prop::collection::vec((0..50_i64, amounts()), 0..10),
        rotate in any::<prop::sample::Index>(),
    ) {
        let model = Model::Percentage(Percentage {
            rate_percent: Decimal::new(275, 2),
            fixed_fee: Some(price("0.30")),
            free_transactions: Some(2),
            free_amount: Some(price("150")),
            minimum_per_transaction: Some(price("0.50")),
            maximum_per_transaction: Some(price("12")),
        });
        let plan = version(vec![Charge::new("charge", "meter", "unit", model)], None);
        let transactions: Vec<Transaction> = rows.into_iter().enumerate().map(|(index, (second, amount))| Transaction {
            at: jiff::Timestamp::from_second(second).unwrap(),
            id: format!("{index:02}"),
            amount,
        }).collect();
        let mut other = transactions.clone();
        if !other.is_empty() {
            let length = other.len();
            other.rotate_left(rotate.index(length));
        }
        let rate = |transactions| {
            let usage = BTreeMap::from([("charge".to_owned(), Usage::Transactions(transactions))]);
            rate_invoice(&request(&plan, usage)).unwrap()
        };
        prop_assert_eq!(rate(transactions), rate(other));
    }
}
