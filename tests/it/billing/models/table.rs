//! What is charged how, and what it comes to: each sum stands beside its lines.

use serde_json::{Value, json};

/// A charge, what was used, and the lines of the bill.
pub(super) struct Case {
    /// Of the meter, the plan and the subscription.
    pub(super) name: &'static str,
    /// What the charge has beside its meter.
    pub(super) charge: Value,
    /// What the plan's version has beside the charge.
    pub(super) version: Value,
    /// The values of the events in the order of time.
    pub(super) used: &'static [&'static str],
    /// The subscription's first day in March 2025.
    pub(super) from_day: u32,
    /// Code, kind and amount.
    pub(super) lines: &'static [&'static str],
}

impl Case {
    /// The plan's version has this, too.
    fn under(mut self, version: Value) -> Self {
        self.version = version;
        self
    }

    /// The subscription begins on another day than the first.
    const fn from(mut self, day: u32) -> Self {
        self.from_day = day;
        self
    }

    /// The charge has this, too.
    fn and(mut self, more: &Value) -> Self {
        let more = more.as_object().unwrap().clone();
        self.charge.as_object_mut().unwrap().extend(more);
        self
    }
}

fn case(
    name: &'static str,
    price: Value,
    used: &'static [&'static str],
    lines: &'static [&'static str],
) -> Case {
    Case {
        name,
        charge: json!({ "price": price }),
        version: json!({}),
        used,
        from_day: 1,
        lines,
    }
}

fn eur(amount: &str) -> Value {
    json!({ "EUR": amount })
}

fn standard(price: &str) -> Value {
    json!({ "model": "standard", "unit_price": eur(price) })
}

pub(super) fn cases() -> Vec<Case> {
    [units(), packages(), shares(), allowances(), bounds(), committed()]
        .into_iter()
        .flatten()
        .collect()
}

/// Prices of units: one, in tiers, and by the whole quantity.
fn units() -> Vec<Case> {
    let graduated = json!({ "model": "graduated", "tiers": [
        { "up_to": "10", "unit_price": eur("0.5"), "flat_fee": eur("2") },
        { "unit_price": eur("0.333"), "flat_fee": eur("1") },
    ] });
    let volume = json!({ "model": "volume", "tiers": [
        { "up_to": "10", "unit_price": eur("1") },
        { "up_to": "100", "unit_price": eur("0.8"), "flat_fee": eur("3") },
        { "unit_price": eur("0.5") },
    ] });
    vec![
        // 11.5 x 0.333 = 3.8295
        case(
            "standard",
            standard("0.333"),
            &["9", "2.5"],
            &["pages USAGE 3.83"],
        ),
        // 1 x 0.005: a half is rounded away from zero.
        case("half", standard("0.005"), &["1"], &["pages USAGE 0.01"]),
        // 3 - 5 = -2; -2 x 0.5
        case("credit", standard("0.5"), &["3", "-5"], &["pages USAGE -1.00"])
            .and(&json!({ "on_negative": "credit" })),
        // 10 x 0.5 + 2, and 1.5 x 0.333 + 1: 7 + 1.4995
        case("graduated", graduated.clone(), &["11.5"], &["pages USAGE 8.50"]),
        // The tenth unit is the first tier's: 10 x 0.5 + 2
        case(
            "graduated_edge",
            graduated.clone(),
            &["4", "6"],
            &["pages USAGE 7.00"],
        ),
        // Nothing used costs the first tier's flat fee.
        case("graduated_unused", graduated, &[], &["pages USAGE 2.00"]),
        // 10 x 1: up to ten, ten included.
        case("volume_edge", volume.clone(), &["10"], &["pages USAGE 10.00"]),
        // All 10.5 in the second tier: 10.5 x 0.8 + 3
        case("volume", volume.clone(), &["10", "0.5"], &["pages USAGE 11.40"]),
        // 100.01 x 0.5 = 50.005: less than a hundred cost (83).
        case("volume_open", volume, &["100.01"], &["pages USAGE 50.01"]),
    ]
}

/// Packages, and units that are counted in others.
fn packages() -> Vec<Case> {
    let package = json!({
        "model": "package", "package_size": "10", "package_price": eur("2.5"), "free_units": "5",
    });
    vec![
        // 25.1 - 5 = 20.1: three packages are begun.
        case("package", package.clone(), &["25.1"], &["pages USAGE 7.50"]),
        // 25 - 5 = 20: two.
        case("package_full", package.clone(), &["25"], &["pages USAGE 5.00"]),
        case("package_free", package, &["5"], &["pages USAGE 0.00"]),
        // 2,002,001 - 1,000,000 are 1,002.001 thousands, 1,003 begun ones: 1,003 x 0.02
        case(
            "thousands",
            standard("0.02"),
            &["2000000", "2001"],
            &["pages USAGE 20.06"],
        )
        .and(&json!({
            "included_units": "1000000", "transform": { "divide_by": "1000", "round": "up" },
        })),
        // 1,002 full ones: 1,002 x 0.02
        case(
            "thousands_down",
            standard("0.02"),
            &["2000000", "2001"],
            &["pages USAGE 20.04"],
        )
        .and(&json!({
            "included_units": "1000000", "transform": { "divide_by": "1000", "round": "down" },
        })),
    ]
}

/// Shares of amounts.
fn shares() -> Vec<Case> {
    let graduated = json!({ "model": "graduated_percentage", "tiers": [
        { "up_to": "1000", "rate_percent": "2", "flat_fee": eur("1") },
        { "up_to": "5000", "rate_percent": "1.5" },
        { "rate_percent": "1", "flat_fee": eur("3") },
    ] });
    vec![
        // 1,000 x 2 % + 1; 4,000 x 1.5 %; 1,000.50 x 1 % + 3: 21 + 60 + 13.005
        case(
            "graduated_percentage",
            graduated.clone(),
            &["2000.50", "4000"],
            &["pages USAGE 94.01"],
        ),
        // 1,000 x 2 % + 1: the second tier is not reached.
        case(
            "graduated_percentage_edge",
            graduated,
            &["1000"],
            &["pages USAGE 21.00"],
        ),
        // (10.05 + 20.10) x 1.1 = 33.165
        case(
            "dynamic",
            json!({ "model": "dynamic", "multiplier": "1.1" }),
            &["10.05", "20.10"],
            &["pages USAGE 33.17"],
        ),
        // 640 x 1.3 % = 8.32, and three times 0.15
        case(
            "percentage",
            json!({ "model": "percentage", "rate_percent": "1.3", "fixed_fee": eur("0.15") }),
            &["100", "500", "40"],
            &["pages USAGE 8.77"],
        ),
        // 0.10 + 0.10 is raised to 0.50, 1 + 0.10 stays, 5 + 0.10 is capped at 2: 0.50 + 1.10 + 2
        case(
            "percentage_bounds",
            json!({
                "model": "percentage", "rate_percent": "1", "fixed_fee": eur("0.10"),
                "minimum_per_transaction": eur("0.50"), "maximum_per_transaction": eur("2"),
            }),
            &["10", "100", "500"],
            &["pages USAGE 3.60"],
        ),
    ]
}

/// What of percentages is free.
fn allowances() -> Vec<Case> {
    let percentage = |more: &Value| {
        let mut price = json!({ "model": "percentage", "rate_percent": "1.5", "fixed_fee": eur("0.10") });
        price
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        price
    };
    vec![
        // The third and the fourth: 340 x 1.5 % + 2 x 0.10
        case(
            "free_transactions",
            percentage(&json!({ "free_transactions": 2 })),
            &["100", "200", "300", "40"],
            &["pages USAGE 5.30"],
        ),
        // The second crosses 250 and pays for 50, the third for its 50: 100 x 1.5 % + 2 x 0.10
        case(
            "free_amount",
            percentage(&json!({ "free_amount": eur("250") })),
            &["100", "200", "50"],
            &["pages USAGE 1.70"],
        ),
        // The same: that a third transaction would be free is lost once the amount is used up.
        case(
            "free_both_amount_first",
            percentage(&json!({ "free_amount": eur("250"), "free_transactions": 3 })),
            &["100", "200", "50"],
            &["pages USAGE 1.70"],
        ),
        // The second is one too many, though 250 are not used up: 60 x 1.5 % + 2 x 0.10
        case(
            "free_both_count_first",
            percentage(&json!({ "free_amount": eur("250"), "free_transactions": 1 })),
            &["100", "20", "40"],
            &["pages USAGE 1.10"],
        ),
        // 4 x 1.5 % + 0.10 = 0.16 is raised to 0.30; the free one costs nothing.
        case(
            "free_and_bounds",
            percentage(&json!({ "free_transactions": 1, "minimum_per_transaction": eur("0.30") })),
            &["1000", "4"],
            &["pages USAGE 0.30"],
        ),
    ]
}

/// The least and the most of a charge and of a plan.
fn bounds() -> Vec<Case> {
    let both = json!({ "minimum_spend": eur("20"), "maximum_spend": eur("50") });
    let fee = json!({ "fees": [{ "code": "platform", "name": "Platform", "price": eur("31") }] });
    let least = |amount: &str| {
        let mut version = fee.clone();
        version["minimum_spend"] = eur(amount);
        version
    };
    vec![
        case("maximum", standard("1"), &["80"], &["pages USAGE 50.00"]).and(&both),
        case(
            "minimum",
            standard("1"),
            &["3"],
            &["pages USAGE 3.00", "pages TRUE_UP 17.00"],
        )
        .and(&both),
        case("between", standard("1"), &["20.5"], &["pages USAGE 20.50"]).and(&both),
        // 20 of 31 days: at most 32.258, at least 12.903
        case("maximum_prorated", standard("1"), &["80"], &["pages USAGE 32.26"])
            .and(&both)
            .from(12),
        case(
            "minimum_prorated",
            standard("1"),
            &["3"],
            &["pages USAGE 3.00", "pages TRUE_UP 9.90"],
        )
        .and(&both)
        .from(12),
        // 100 - 31 - 20
        case(
            "plan_minimum",
            standard("1"),
            &["20"],
            &[
                "pages USAGE 20.00",
                "minimum_spend TRUE_UP 49.00",
                "platform FEE 31.00",
            ],
        )
        .under(least("100")),
        // 20 of 31 days: 64.516 - 20 - 20
        case(
            "plan_minimum_prorated",
            standard("1"),
            &["20"],
            &[
                "pages USAGE 20.00",
                "minimum_spend TRUE_UP 24.52",
                "platform FEE 20.00",
            ],
        )
        .under(least("100"))
        .from(12),
    ]
}

/// Commitments of a charge and of a plan.
fn committed() -> Vec<Case> {
    let commitment = |true_up: &str| json!({ "commitment": { "amount": eur("20"), "overage_factor": "1.5", "true_up": true_up } });
    let (owed, waived) = (commitment("owed"), commitment("waived"));
    vec![
        // 10.25 beyond cost half of it again: 5.125
        case(
            "overage",
            standard("1"),
            &["30.25"],
            &["pages USAGE 30.25", "commitment OVERAGE 5.13"],
        )
        .under(owed.clone()),
        case(
            "missing",
            standard("1"),
            &["12.34"],
            &["pages USAGE 12.34", "commitment TRUE_UP 7.66"],
        )
        .under(owed.clone()),
        case("waived", standard("1"), &["12.34"], &["pages USAGE 12.34"]).under(waived),
        case("reached", standard("1"), &["20"], &["pages USAGE 20.00"]).under(owed.clone()),
        // 20 of 31 days: 12.903, rounded; 17.35 beyond cost half of it again: 8.675
        case(
            "overage_prorated",
            standard("1"),
            &["30.25"],
            &["pages USAGE 30.25", "commitment OVERAGE 8.68"],
        )
        .under(owed.clone())
        .from(12),
        // The charge's own commitment.
        case(
            "overage_of_charge",
            standard("1"),
            &["30.25"],
            &["pages USAGE 30.25", "pages OVERAGE 5.13"],
        )
        .and(&owed),
        // 20 of 31 days: 12.90 - 12.34
        case(
            "missing_of_charge",
            standard("1"),
            &["12.34"],
            &["pages USAGE 12.34", "pages TRUE_UP 0.56"],
        )
        .and(&owed)
        .from(12),
    ]
}
