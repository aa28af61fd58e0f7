//! Leaving a plan for another one, and what of a paid period is given back.

use rust_decimal::Decimal;

use crate::invoice::Stage;
use crate::pricing::examples::account::{Account, day};
use crate::pricing::examples::build::{coupon, decimal, fee, price, quantity, standard, version};
use crate::pricing::{Discount, Downgrade, DraftInvoice, InvoicedPart, OldFees, PlanChanges, PlanVersion};

fn monthly(amount: &str) -> PlanVersion {
    version(vec![fee(amount)], vec![])
}

/// The rule of a plan is that of the one that is left, and for changes only: who ends pays for the days that were used.
#[test]
fn all_that_was_invoiced_is_credited_for_another_plan_and_not_at_the_end() {
    let changes = PlanChanges {
        downgrade: Downgrade::AtOnce,
        old_fees: OldFees::CreditInvoiced,
    };
    let old = PlanVersion {
        changes,
        ..monthly("31")
    };
    let may = |change: &dyn Fn(&mut Account)| {
        let mut account = Account::start(old.clone(), "2020-01-01");
        account.bill("2022-05-01", Stage::Opening);
        change(&mut account);
        account.bill("2022-05-01", Stage::Closing).total.to_string()
    };
    let cheaper = || monthly("15.5");
    assert_eq!(may(&|account| account.change(cheaper(), "2022-05-11")), "-20.50");
    assert_eq!(may(&|account| account.end("2022-05-11")), "-21.00");
    // While nothing is in force, nothing takes its place.
    assert_eq!(
        may(&|account| {
            account.agreement.pause(day("2022-05-11"));
            account.change(cheaper(), "2022-05-21");
        }),
        "-21.00"
    );
    // Without a bill at the begin, the days of the old plan are not billed at all.
    let mut unbilled = Account::start(old, "2020-01-01");
    unbilled.change(cheaper(), "2022-05-11");
    assert_eq!(
        unbilled.bill("2022-05-01", Stage::Closing).total.to_string(),
        "10.50"
    );
}

/// What was given back of a fee is not given back again, whatever else the period owes.
#[test]
fn a_fee_that_a_credit_note_gave_back_is_not_credited_again() {
    let plan = version(vec![fee("300")], vec![standard("1")]);
    let mut account = Account::start(plan, "2020-01-01");
    let invoice = account.bill("2024-04-01", Stage::Opening);
    let part = InvoicedPart {
        amount: decimal("250"),
        before: Decimal::ZERO,
    };
    account.give_back(&invoice, part).unwrap();
    account.end("2024-04-02");
    account.uses("usage", quantity("1000"));
    let told = |invoice: DraftInvoice| -> Vec<String> {
        let lines = invoice.lines.iter();
        lines
            .map(|line| format!("{} {}", line.code, line.amount.amount.normalize()))
            .collect()
    };
    assert_eq!(
        told(account.bill("2024-04-01", Stage::Closing)),
        ["usage 1000", "fee -50"]
    );
    assert!(account.bill("2024-04-01", Stage::Closing).lines.is_empty());
    // Nor when it comes to nothing at all and a fixed coupon takes off what is kept of it.
    let mut gone = Account::start(version(vec![fee("300")], vec![]), "2020-01-01");
    gone.coupons = vec![coupon("off", Discount::Amount(price("100")), &[])];
    let invoice = gone.bill("2024-04-01", Stage::Opening);
    gone.give_back(&invoice, part).unwrap();
    gone.end("2024-04-01");
    let last = gone.bill("2024-04-01", Stage::Closing);
    assert_eq!(last.total, decimal("-33.33"));
    assert_eq!(told(last), ["fee -50", "credit_notes 16.67"]);
    assert!(gone.bill("2024-04-01", Stage::Closing).lines.is_empty());
}

#[test]
fn a_plan_that_says_nothing_of_changes_is_written_down_as_before() {
    let text = serde_json::to_string(&monthly("20")).unwrap();
    assert!(!text.contains("changes"), "{text}");
    let read: PlanVersion = serde_json::from_str(&text).unwrap();
    assert_eq!(read.changes, PlanChanges::default());
    let said = PlanVersion {
        changes: PlanChanges {
            downgrade: Downgrade::AtOnce,
            old_fees: OldFees::CreditInvoiced,
        },
        ..monthly("20")
    };
    let text = serde_json::to_string(&said).unwrap();
    assert!(
        text.contains(r#""changes":{"downgrade":"at_once","old_fees":"credit_invoiced"}"#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<PlanVersion>(&text).unwrap(), said);
}

#[test]
fn the_code_of_what_credit_notes_gave_back_is_no_fees() {
    let named = PlanVersion {
        fees: vec![crate::pricing::FlatFee::new("credit_notes", price("20"))],
        ..monthly("20")
    };
    let plan = crate::pricing::Plan::try_new("results".parse().unwrap(), "Results".to_owned(), vec![named]);
    let refused = plan.unwrap_err().to_string();
    assert!(
        refused.contains("\"credit_notes\" is that of what credit notes gave back"),
        "{refused}"
    );
}
