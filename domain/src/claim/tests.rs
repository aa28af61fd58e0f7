//! Given what happened, when something is asked, then this follows.

use super::{Claim, Command, Determination, Event, Refusal};
use crate::given::{at, money, when};
use crate::kernel::{DecodeError, Personal, Vertical};

const SUBMITTED_AT: &str = "2026-01-05T09:00:00Z";
const LATER: &str = "2026-02-01T00:00:00Z";

fn vertical() -> Vertical {
    "claims".parse().unwrap()
}

fn submitted() -> Event {
    Event::Submitted {
        vertical: vertical(),
        payer: "Acme Health".to_owned(),
        billed: money("250.00 USD"),
        service_date: Some("2025-12-30".parse().unwrap()),
        patient: Some(Personal::new("P-1001".to_owned())),
        submitted_at: at(SUBMITTED_AT),
    }
}

fn adjudicated() -> Event {
    Event::Adjudicated {
        vertical: vertical(),
        billed: money("250.00 USD"),
        allowed: money("180.00 USD"),
        paid: money("150.00 USD"),
        reason_codes: vec!["CO-45".to_owned()],
        determination: Determination::Initial,
        submitted_at: at(SUBMITTED_AT),
    }
}

fn denied() -> Event {
    Event::Denied {
        vertical: vertical(),
        billed: money("250.00 USD"),
        reason_codes: vec!["CO-197".to_owned(), "N130".to_owned()],
        reason: "no prior authorisation".to_owned(),
        determination: Determination::Initial,
        submitted_at: at(SUBMITTED_AT),
    }
}

fn reversed(amount: &str) -> Event {
    Event::PaymentReversed {
        vertical: vertical(),
        billed: money("250.00 USD"),
        amount: money(amount),
        reason: "the payer's audit".to_owned(),
        submitted_at: at(SUBMITTED_AT),
    }
}

/// The same decision, on an appeal.
fn again(mut decision: Event) -> Event {
    if let Event::Adjudicated { determination, .. } | Event::Denied { determination, .. } = &mut decision {
        *determination = Determination::OnAppeal;
    }
    decision
}

fn appealed() -> Event {
    Event::Appealed {
        vertical: vertical(),
        billed: money("250.00 USD"),
        reason: "the authorisation was granted".to_owned(),
        submitted_at: at(SUBMITTED_AT),
    }
}

fn recovered() -> Event {
    Event::Recovered {
        vertical: vertical(),
        billed: money("250.00 USD"),
        amount: money("150.00 USD"),
        submitted_at: at(SUBMITTED_AT),
    }
}

fn adjudicate(allowed: &str, paid: &str) -> Command {
    Command::Adjudicate {
        allowed: money(allowed),
        paid: money(paid),
        reason_codes: vec!["CO-45".to_owned()],
    }
}

fn deny() -> Command {
    Command::Deny {
        reason_codes: vec!["CO-197".to_owned(), "N130".to_owned()],
        reason: "no prior authorisation".to_owned(),
    }
}

fn appeal() -> Command {
    Command::Appeal {
        reason: "the authorisation was granted".to_owned(),
    }
}

fn recover(amount: &str) -> Command {
    Command::Recover {
        amount: money(amount),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        submitted(),
        adjudicated(),
        denied(),
        appealed(),
        recovered(),
        reversed("30.00 USD"),
    ]
}

#[test]
fn a_claim_is_submitted_once_by_a_command_as_a_connector_writes_it() {
    let submit = |amount: &str| {
        let json = r#"{"submit": {"vertical": "claims", "payer": "Acme Health", "service_date": "2025-12-30",
            "billed": {"amount": "AMOUNT", "currency": "USD"}, "patient": "P-1001"}}"#;
        serde_json::from_str::<Command>(&json.replace("AMOUNT", amount)).unwrap()
    };
    when::<Claim>(vec![], SUBMITTED_AT, submit("250.00")).then_expect_events(vec![submitted()]);
    when::<Claim>(vec![submitted()], LATER, submit("250.00")).then_expect_error(Refusal::AlreadySubmitted);
    when::<Claim>(vec![], SUBMITTED_AT, submit("-1")).then_expect_error_message("billed: -1 USD is negative");
}

#[test]
fn the_first_decision_is_the_initial_one_and_those_after_an_appeal_are_not() {
    let adjudicate = || adjudicate("180.00 USD", "150.00 USD");
    when::<Claim>(vec![submitted()], LATER, adjudicate()).then_expect_events(vec![adjudicated()]);
    when::<Claim>(vec![submitted()], LATER, deny()).then_expect_events(vec![denied()]);
    let given = || vec![submitted(), denied(), appealed()];
    when::<Claim>(given(), LATER, adjudicate()).then_expect_events(vec![again(adjudicated())]);
    when::<Claim>(given(), LATER, deny()).then_expect_events(vec![again(denied())]);
}

#[test]
fn a_decided_claim_is_not_decided_again_without_an_appeal() {
    when::<Claim>(vec![submitted(), denied()], LATER, deny())
        .then_expect_error(Refusal::AlreadyDecided("denied"));
    when::<Claim>(vec![submitted(), adjudicated()], LATER, deny())
        .then_expect_error(Refusal::AlreadyDecided("adjudicated"));
}

#[test]
fn no_more_is_allowed_than_billed_and_no_more_paid_than_allowed() {
    let refused = |allowed, paid, message: &str| {
        when::<Claim>(vec![submitted()], LATER, adjudicate(allowed, paid)).then_expect_error_message(message);
    };
    refused(
        "250.01 USD",
        "0 USD",
        "allowed: 250.01 USD is more than the 250.00 USD that was billed",
    );
    refused(
        "180 USD",
        "180.5 USD",
        "paid: 180.5 USD is more than the 180 USD that was allowed",
    );
    refused("-1 USD", "0 USD", "allowed: -1 USD is negative");
}

#[test]
fn a_claim_has_one_currency() {
    when::<Claim>(vec![submitted()], LATER, adjudicate("180 EUR", "150 USD"))
        .then_expect_error_message("allowed: 180 EUR is in EUR, not in USD");
    when::<Claim>(vec![submitted(), denied()], LATER, recover("150 EUR"))
        .then_expect_error_message("amount: 150 EUR is in EUR, not in USD");
}

#[test]
fn only_a_denied_claim_is_appealed() {
    when::<Claim>(vec![submitted(), denied()], LATER, appeal()).then_expect_events(vec![appealed()]);
    when::<Claim>(vec![submitted()], LATER, appeal()).then_expect_error(Refusal::NotDenied);
    when::<Claim>(vec![submitted(), adjudicated()], LATER, appeal()).then_expect_error(Refusal::NotDenied);
    when::<Claim>(vec![submitted(), denied(), appealed()], LATER, appeal())
        .then_expect_error(Refusal::NotDenied);
}

#[test]
fn money_is_recovered_once_the_payer_has_decided() {
    for decision in [denied(), adjudicated()] {
        when::<Claim>(vec![submitted(), decision], LATER, recover("150.00 USD"))
            .then_expect_events(vec![recovered()]);
    }
    when::<Claim>(vec![submitted()], LATER, recover("150.00 USD")).then_expect_error(Refusal::NotDecided);
    when::<Claim>(vec![], LATER, recover("150.00 USD")).then_expect_error(Refusal::NotFound);
}

#[test]
fn a_decision_before_the_submission_is_refused() {
    when::<Claim>(vec![submitted()], "2026-01-05T08:59:59Z", deny()).then_expect_error_message(
        "the time 2026-01-05T08:59:59Z lies before 2026-01-05T09:00:00Z, when it began",
    );
}

/// The denial as version 1 stored it.
fn denied_v1(initial: &str) -> String {
    include_str!("../../snapshots/claim.denied.v1.json").replace("\"initial\": true", initial)
}

#[test]
fn a_decision_stored_as_version_1_says_which_determination_it_was() {
    let decode = |initial| crate::Event::decode("claim", "claim.denied", 1, &denied_v1(initial));
    assert_eq!(decode("\"initial\": true"), Ok(denied().into()));
    assert_eq!(decode("\"initial\": false"), Ok(again(denied()).into()));
    let adjudicated_v1 = include_str!("../../snapshots/claim.adjudicated.v1.json");
    assert_eq!(
        crate::Event::decode("claim", "claim.adjudicated", 1, adjudicated_v1),
        Ok(adjudicated().into())
    );
}

#[test]
fn a_version_1_that_is_broken_is_refused_as_version_1() {
    let refused = |initial| {
        crate::Event::decode("claim", "claim.denied", 1, &denied_v1(initial))
            .unwrap_err()
            .to_string()
    };
    let prefix = "the payload of claim.denied version 1 does not parse: initial: ";
    assert_eq!(
        refused("\"initial\": 1"),
        format!("{prefix}1 is neither true nor false")
    );
    assert_eq!(refused("\"a\": true"), format!("{prefix}is missing"));
}

#[test]
fn a_version_that_nobody_knows_is_refused_by_name() {
    let decode = |version| {
        crate::Event::decode("claim", "claim.denied", version, &denied_v1("\"initial\": true")).unwrap_err()
    };
    assert_eq!(
        decode(3).to_string(),
        "claim.denied version 3 is newer than version 2, the last that this version of the program knows: \
         upgrade the program"
    );
    assert!(matches!(decode(0), DecodeError::UnknownType { version: 0, .. }));
}

#[test]
fn at_most_what_came_in_is_taken_back() {
    let reverse = |amount: &str| Command::ReversePayment {
        amount: money(amount),
        reason: "the payer's audit".to_owned(),
    };
    let paid = || vec![submitted(), adjudicated()];
    when::<Claim>(paid(), LATER, reverse("150.00 USD")).then_expect_events(vec![reversed("150.00 USD")]);
    when::<Claim>(paid(), LATER, reverse("150.01 USD"))
        .then_expect_error_message("amount: 150.01 USD is more than the 150.00 USD that was received");
    let rest = [paid(), vec![reversed("149.00 USD")]].concat();
    when::<Claim>(rest, LATER, reverse("1.01 USD"))
        .then_expect_error_message("amount: 1.01 USD is more than the 1.00 USD that was received");
    when::<Claim>(paid(), LATER, reverse("-1 USD")).then_expect_error_message("amount: -1 USD is negative");
    assert!(matches!(
        when::<Claim>(paid(), LATER, reverse("1 EUR")).inspect_result(),
        Err(Refusal::OtherCurrency(_))
    ));
    when::<Claim>(vec![], LATER, reverse("1 USD")).then_expect_error(Refusal::NotFound);
}
