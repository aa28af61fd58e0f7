//! Given what happened, when something is asked, then this follows.

use super::{Command, Event, Opportunity, Refusal};
use crate::given::{at, money, when};

const OPENED_AT: &str = "2026-01-05T09:00:00Z";
const LATER: &str = "2026-03-01T00:00:00Z";

fn opened() -> Event {
    Event::Opened {
        title: "GTX Pro for Isdom".to_owned(),
        stage: "engaging".to_owned(),
        vertical: "sales".parse().unwrap(),
        account: Some("Isdom".to_owned()),
        owner: Some("ada".to_owned()),
        product: Some("GTX Pro".to_owned()),
        lead: Some("lead-1".to_owned()),
        expected: Some(money("4800 USD")),
        opened_at: at(OPENED_AT),
    }
}

fn stage_changed() -> Event {
    Event::StageChanged {
        vertical: "sales".parse().unwrap(),
        stage: "negotiating".to_owned(),
        previous: "engaging".to_owned(),
        opened_at: at(OPENED_AT),
    }
}

fn won(stage: &str) -> Event {
    Event::Won {
        vertical: "sales".parse().unwrap(),
        value: money("4514 USD"),
        stage: stage.to_owned(),
        owner: Some("ada".to_owned()),
        opened_at: at(OPENED_AT),
    }
}

fn lost() -> Event {
    Event::Lost {
        vertical: "sales".parse().unwrap(),
        reason: "no budget".to_owned(),
        stage: "engaging".to_owned(),
        opened_at: at(OPENED_AT),
    }
}

fn reopened() -> Event {
    Event::Reopened {
        vertical: "sales".parse().unwrap(),
        reason: "the customer withdrew".to_owned(),
        stage: "engaging".to_owned(),
        value: Some(money("4514 USD")),
        opened_at: at(OPENED_AT),
    }
}

fn reopen() -> Command {
    Command::Reopen {
        reason: "the customer withdrew".to_owned(),
    }
}

fn win(value: &str) -> Command {
    Command::Win { value: money(value) }
}

fn lose() -> Command {
    Command::Lose {
        reason: "no budget".to_owned(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![opened(), stage_changed(), won("negotiating"), lost(), reopened()]
}

#[test]
fn an_opportunity_is_opened_once_by_a_command_as_a_connector_writes_it() {
    let open = || {
        serde_json::from_str::<Command>(
            r#"{"open": {"title": "GTX Pro for Isdom", "stage": "engaging", "vertical": "sales",
                "account": "Isdom", "owner": "ada", "product": "GTX Pro", "lead": "lead-1",
                "expected": {"amount": "4800", "currency": "USD"}}}"#,
        )
        .unwrap()
    };
    when::<Opportunity>(vec![], OPENED_AT, open()).then_expect_events(vec![opened()]);
    when::<Opportunity>(vec![opened()], LATER, open()).then_expect_error(Refusal::AlreadyOpened);
}

#[test]
fn a_stage_changes_to_another_and_names_the_previous() {
    let change = |stage: &str| Command::ChangeStage {
        stage: stage.to_owned(),
    };
    when::<Opportunity>(vec![opened()], LATER, change("negotiating"))
        .then_expect_events(vec![stage_changed()]);
    when::<Opportunity>(vec![opened()], LATER, change("engaging"))
        .then_expect_error(Refusal::SameStage("engaging".to_owned()));
}

#[test]
fn a_win_repeats_the_last_stage_the_owner_and_the_opening() {
    when::<Opportunity>(vec![opened()], LATER, win("4514 USD")).then_expect_events(vec![won("engaging")]);
    when::<Opportunity>(vec![opened(), stage_changed()], LATER, win("4514 USD"))
        .then_expect_events(vec![won("negotiating")]);
}

#[test]
fn a_win_may_be_worth_nothing_but_not_less() {
    when::<Opportunity>(vec![opened()], LATER, win("-0.01 EUR"))
        .then_expect_error_message("value: -0.01 EUR is negative");
    assert!(
        when::<Opportunity>(vec![opened()], LATER, win("0 EUR"))
            .inspect_result()
            .is_ok()
    );
}

#[test]
fn a_close_before_the_opening_is_refused_with_both_times() {
    let message = "the time 2026-01-04T23:59:59Z lies before 2026-01-05T09:00:00Z, when it began";
    when::<Opportunity>(vec![opened()], "2026-01-04T23:59:59Z", win("1 USD"))
        .then_expect_error_message(message);
    when::<Opportunity>(vec![opened()], "2026-01-04T23:59:59Z", lose()).then_expect_error_message(message);
    when::<Opportunity>(vec![opened()], OPENED_AT, lose()).then_expect_events(vec![lost()]);
}

#[test]
fn a_closed_opportunity_takes_nothing_more() {
    when::<Opportunity>(vec![opened(), won("engaging")], LATER, lose())
        .then_expect_error(Refusal::Closed("won"));
    when::<Opportunity>(vec![opened(), lost()], LATER, win("1 USD"))
        .then_expect_error(Refusal::Closed("lost"));
}

#[test]
fn an_opportunity_that_nobody_opened_cannot_be_won() {
    when::<Opportunity>(vec![], LATER, win("1 USD")).then_expect_error(Refusal::NotFound);
}

#[test]
fn a_closed_opportunity_is_opened_again_and_takes_back_what_it_brought() {
    when::<Opportunity>(vec![opened(), won("engaging")], LATER, reopen())
        .then_expect_events(vec![reopened()]);
    let of_lost = |mut event: Event| {
        if let Event::Reopened { value, .. } = &mut event {
            *value = None;
        }
        event
    };
    when::<Opportunity>(vec![opened(), lost()], LATER, reopen())
        .then_expect_events(vec![of_lost(reopened())]);
    let again = vec![opened(), won("engaging"), reopened(), lost()];
    when::<Opportunity>(again, LATER, reopen()).then_expect_events(vec![of_lost(reopened())]);
    when::<Opportunity>(
        vec![opened(), won("engaging"), reopened()],
        LATER,
        win("4514 USD"),
    )
    .then_expect_events(vec![won("engaging")]);
    when::<Opportunity>(vec![opened()], LATER, reopen()).then_expect_error(Refusal::NotClosed);
    when::<Opportunity>(vec![], LATER, reopen()).then_expect_error(Refusal::NotFound);
}
