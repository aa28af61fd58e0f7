//! A trial owes nothing that was not used: minimums and commitments count from its end on.

use rust_decimal::Decimal;

use crate::invoice::Stage;
use crate::pricing::examples::account::Account;
use crate::pricing::examples::build::{price, quantity, version};
use crate::pricing::{Charge, Commitment, FlatFee, LineKind, Model, PlanVersion, Standard, TrueUp};

/// A plan of 310 a month with 15 days of trial, and a dollar a unit.
fn plan() -> PlanVersion {
    let unit = Model::Standard(Standard {
        unit_price: price("1"),
    });
    PlanVersion {
        trial_days: 15,
        ..version(
            vec![FlatFee::new("platform", price("310"))],
            vec![Charge::new("units", "meter", "unit", unit)],
        )
    }
}

/// March from its first day on, with so many units: the lines that nobody used anything for, and all together.
fn march(plan: PlanVersion, units: &str) -> (Vec<(LineKind, String)>, String) {
    let mut account = Account::start(plan, "2026-03-01");
    account.uses("units", quantity(units));
    let invoice = account.bill("2026-03-01", Stage::Closing);
    let besides = invoice
        .lines
        .iter()
        .filter(|line| [LineKind::TrueUp, LineKind::Overage].contains(&line.kind));
    let besides = besides.map(|line| (line.kind, line.amount.amount.normalize().to_string()));
    (besides.collect(), invoice.total.normalize().to_string())
}

fn commitment(true_up: TrueUp) -> Commitment {
    Commitment {
        amount: price("620"),
        overage_factor: Decimal::TWO,
        true_up,
    }
}

#[test]
fn a_minimum_counts_for_the_days_after_the_trial() {
    // 16 of 31 days are paid for: 160 of the fee, and a minimum of 320 of 620.
    let least = PlanVersion {
        minimum_spend: Some(price("620")),
        ..plan()
    };
    assert_eq!(
        march(least.clone(), "0"),
        (vec![(LineKind::TrueUp, "160".to_owned())], "320".to_owned())
    );
    // What was used in the trial is owed, and counts.
    assert_eq!(
        march(least.clone(), "100"),
        (vec![(LineKind::TrueUp, "60".to_owned())], "320".to_owned())
    );
    let whole = PlanVersion {
        trial_days: 31,
        ..least
    };
    assert_eq!(march(whole.clone(), "0"), (vec![], "0".to_owned()));
    assert_eq!(march(whole, "7"), (vec![], "7".to_owned()));
}

#[test]
fn a_charges_minimum_and_a_commitment_are_not_owed_for_the_trial_either() {
    let mut least = plan();
    least.charges[0].minimum_spend = Some(price("31"));
    least.fees.clear();
    assert_eq!(
        march(least, "0"),
        (vec![(LineKind::TrueUp, "16".to_owned())], "16".to_owned())
    );
    let committed = PlanVersion {
        fees: vec![],
        commitment: Some(commitment(TrueUp::Owed)),
        ..plan()
    };
    assert_eq!(
        march(committed.clone(), "0"),
        (vec![(LineKind::TrueUp, "320".to_owned())], "320".to_owned())
    );
    // Usage is dearer only beyond the whole of it: a trial makes nothing dearer.
    assert_eq!(march(committed.clone(), "620"), (vec![], "620".to_owned()));
    assert_eq!(
        march(committed, "621"),
        (vec![(LineKind::Overage, "1".to_owned())], "622".to_owned())
    );
}
