//! Events in, rows out.

use domain::claim::{Determination, Event};

use super::ClaimList;
use crate::engine::rehearsal::{Story, money};

const SUBMITTED: &str = "2026-01-01T00:00:00Z";

#[test]
fn a_claim_shows_the_last_decision_and_what_was_recovered() {
    let vertical = || "claims".parse().unwrap();
    let submitted_at = SUBMITTED.parse().unwrap();
    let billed = money("100 USD");
    let submitted = Event::Submitted {
        vertical: vertical(),
        payer: "acme".to_owned(),
        billed,
        service_date: None,
        patient: None,
        submitted_at,
    };
    let denied = Event::Denied {
        vertical: vertical(),
        billed,
        reason_codes: vec!["29".to_owned()],
        reason: "late".to_owned(),
        determination: Determination::Initial,
        submitted_at,
    };
    let recovered = |amount| Event::Recovered {
        vertical: vertical(),
        billed,
        amount: money(amount),
        submitted_at,
    };
    let claim = Story::default()
        .then(SUBMITTED, "claim.submitted", "c1", submitted)
        .then("2026-01-02T00:00:00Z", "claim.denied", "c1", denied)
        .then(
            "2026-01-03T00:00:00Z",
            "claim.recovered",
            "c1",
            recovered("10 USD"),
        )
        .then(
            "2026-01-04T00:00:00Z",
            "claim.recovered",
            "c1",
            recovered("5.5 USD"),
        )
        .row::<ClaimList>();
    assert_eq!(
        (claim.status.as_str(), claim.reason.as_deref()),
        ("denied", Some("late"))
    );
    assert_eq!(
        claim.recovered.unwrap().sums().collect::<Vec<_>>(),
        [money("15.5 USD")]
    );
    assert_eq!(claim.decided_at.unwrap().to_string(), "2026-01-02T00:00:00Z");
}
