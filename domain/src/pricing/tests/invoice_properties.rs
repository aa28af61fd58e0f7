//! What holds for every invoice: it adds up, and it does not matter how often it was looked at before.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::invoice::Stage;
use crate::pricing::examples::account::Account;
use crate::pricing::examples::build::{price, usd, version};
use crate::pricing::{
    AppliedCoupon, Charge, Coupon, CreditLedger, CreditNote, Discount, Downgrade, DraftInvoice, Due, FlatFee,
    Grant, InvoicedPart, Lasts, Model, OldFees, Percentage, PlanChanges, PlanVersion, Tax, Transaction,
    Usage, rounded,
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

fn plan_of(charges: Vec<Charge>, least: Option<Decimal>) -> PlanVersion {
    let support = FlatFee {
        due: Due::InArrears,
        ..FlatFee::new("support", price("99.99"))
    };
    PlanVersion {
        minimum_spend: least.map(cost),
        ..version(vec![support, FlatFee::new("platform", price("2000"))], charges)
    }
}

/// All of March, with so much usage.
fn march(plan: &PlanVersion, usage: BTreeMap<String, Usage>) -> DraftInvoice {
    settled(plan, usage, vec![], vec![])
}

fn settled(
    plan: &PlanVersion,
    usage: BTreeMap<String, Usage>,
    coupons: Vec<AppliedCoupon>,
    taxes: Vec<Tax>,
) -> DraftInvoice {
    let mut account = Account::start(plan.clone(), "2026-01-01")
        .with_coupons(coupons)
        .with_taxes(taxes);
    account.usage = usage;
    account.bill("2026-03-15", Stage::Closing)
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
        let plan = plan_of(charges, least);
        let mut invoice = settled(&plan, quantities(&plan, &used), coupons, taxes);
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
        let plan = version(vec![FlatFee::new("fee", cost(Decimal::new(amount, 2)))], vec![]);
        let invoice = settled(&plan, BTreeMap::new(), coupons, taxes);
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
        let plan = plan_of(vec![Charge::new("charge", "meter", "unit", model)], None);
        let total: Decimal = events.iter().sum();
        let in_one_go = march(&plan, quantities(&plan, &[total])).total;

        let mut arrived = events.clone();
        let length = arrived.len();
        arrived.rotate_left(order.index(length));
        let mut sums = arrived.iter().scan(Decimal::ZERO, |sum, event| {
            *sum += event;
            Some(*sum)
        });
        let live = sums.by_ref().map(|sum| march(&plan, quantities(&plan, &[sum])).total);
        prop_assert_eq!(live.last().unwrap(), in_one_go);

        let cut = billed_after.index(arrived.len());
        let early: Decimal = arrived[..cut].iter().sum();
        let mut account = Account::start(plan.clone(), "2026-01-01");
        account.usage = quantities(&plan, &[early]);
        let mut corrected = account.bill("2026-03-15", Stage::Closing).total;
        let mut sum = early;
        for late in &arrived[cut..] {
            sum += late;
            account.usage = quantities(&plan, &[sum]);
            corrected += account.bill("2026-03-15", Stage::Closing).total;
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
        let plan = plan_of(vec![Charge::new("charge", "meter", "unit", model)], None);
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
            march(&plan, usage)
        };
        prop_assert_eq!(rate(transactions), rate(other));
    }

    /// Whatever coupon was on the first invoice, whatever credit notes gave back of it, and whatever becomes of the plan:
    /// no more is given back than was invoiced, with taxes, and what is used and not given back is paid.
    #[test]
    fn no_more_is_given_back_than_was_invoiced(
        (old, new) in (1..1_000_000_i64, 0..1_000_000_i64),
        (coupons, taxes) in (coupons(), taxes()),
        notes in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        turns in prop::collection::vec((0..3_u8, 1..31_i8), 1..4),
        (at_once, all_invoiced) in (any::<bool>(), any::<bool>()),
    ) {
        let changes = PlanChanges {
            downgrade: if at_once { Downgrade::AtOnce } else { Downgrade::NextPeriod },
            old_fees: if all_invoiced { OldFees::CreditInvoiced } else { OldFees::CreditUnusedDays },
        };
        let plan = |cents| PlanVersion {
            changes,
            ..version(vec![FlatFee::new("fee", cost(Decimal::new(cents, 2)))], vec![])
        };
        let mut account = Account::start(plan(old), "2026-01-01").with_coupons(coupons).with_taxes(taxes);
        let first = account.bill("2026-03-15", Stage::Opening);
        let (mut given_back, mut of_lines) = (Decimal::ZERO, Decimal::ZERO);
        for note in notes {
            let left = first.subtotal - of_lines;
            let cents = usize::try_from(rounded(left.into(), usd()).unwrap().amount.mantissa()).unwrap();
            let amount = Decimal::new(i64::try_from(note.index(cents + 1)).unwrap(), 2);
            if amount > Decimal::ZERO {
                let part = InvoicedPart { amount, before: of_lines };
                given_back += account.give_back(&first, part).unwrap().total.amount;
                of_lines += amount;
            }
        }
        let (mut on, mut billed) = (1, first.total);
        for (turn, days) in turns {
            on = (on + days).min(31);
            let day = jiff::civil::date(2026, 3, on);
            match turn {
                0 => drop(account.agreement.change(Arc::new(plan(new)), day)),
                1 => drop(account.agreement.end(day)),
                _ => {}
            }
            billed += account.bill("2026-03-15", Stage::Closing).total;
            prop_assert!(billed >= given_back, "{billed} was billed, {given_back} given back");
            prop_assert!(account.bill("2026-03-15", Stage::Closing).lines.is_empty());
        }
    }
}
