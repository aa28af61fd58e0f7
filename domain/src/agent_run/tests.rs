//! Given what happened, when something is asked, then this follows.

use super::{AgentRun, Command, Event, Refusal, RunResult, ToolOutcome, Totals};
use crate::given::{at, money, when};

const STARTED_AT: &str = "2026-01-05T09:00:00Z";
const LATER: &str = "2026-01-05T09:01:02.345678Z";
const DURATION_MS: u64 = 62_345;

fn started() -> Event {
    Event::Started {
        agent: "inbox".to_owned(),
        vertical: "sales".parse().unwrap(),
        goal: Some("book a meeting".to_owned()),
        lead: Some("lead-1".to_owned()),
        opportunity: None,
        claim: None,
        started_at: at(STARTED_AT),
    }
}

fn model_call(cost: &str) -> Event {
    Event::ModelCallRecorded {
        agent: "inbox".to_owned(),
        vertical: "sales".parse().unwrap(),
        provider: "acme-ai".to_owned(),
        model: "small-1".to_owned(),
        input_tokens: 374,
        cached_tokens: 300,
        output_tokens: 44,
        cost: Some(money(cost)),
    }
}

fn tool_call(outcome: ToolOutcome) -> Event {
    Event::ToolCallRecorded {
        agent: "inbox".to_owned(),
        vertical: "sales".parse().unwrap(),
        tool: "calendar".to_owned(),
        outcome,
        duration_ms: Some(120),
    }
}

fn totals() -> Totals {
    Totals {
        model_calls: 3,
        tool_calls: 2,
        input_tokens: 1122,
        cached_tokens: 900,
        output_tokens: 132,
        costs: vec![money("0.002 EUR"), money("0.0035 USD")].into(),
    }
}

fn completed(totals: Totals) -> Event {
    Event::Completed {
        agent: "inbox".to_owned(),
        vertical: "sales".parse().unwrap(),
        outcome: "meeting on Friday".to_owned(),
        result: RunResult::Resolved,
        started_at: at(STARTED_AT),
        duration_ms: DURATION_MS,
        totals,
    }
}

fn failed(totals: Totals) -> Event {
    Event::Failed {
        agent: "inbox".to_owned(),
        vertical: "sales".parse().unwrap(),
        reason: "the calendar is down".to_owned(),
        started_at: at(STARTED_AT),
        duration_ms: DURATION_MS,
        totals,
    }
}

fn canceled(totals: Totals) -> Event {
    Event::Canceled {
        agent: "inbox".to_owned(),
        vertical: "sales".parse().unwrap(),
        reason: "not needed any more".to_owned(),
        started_at: at(STARTED_AT),
        duration_ms: DURATION_MS,
        totals,
    }
}

fn call(input_tokens: u64, cached_tokens: u64, cost: &str) -> Command {
    Command::RecordModelCall {
        provider: "acme-ai".to_owned(),
        model: "small-1".to_owned(),
        input_tokens,
        cached_tokens,
        output_tokens: 44,
        cost: Some(money(cost)),
    }
}

fn complete() -> Command {
    Command::Complete {
        outcome: "meeting on Friday".to_owned(),
        result: RunResult::Resolved,
    }
}

fn fail() -> Command {
    Command::Fail {
        reason: "the calendar is down".to_owned(),
    }
}

fn cancel() -> Command {
    Command::Cancel {
        reason: "not needed any more".to_owned(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        started(),
        model_call("0.0015 USD"),
        tool_call(ToolOutcome::Ok),
        completed(totals()),
        failed(totals()),
        canceled(totals()),
    ]
}

#[test]
fn a_run_is_started_once_by_a_command_as_a_connector_writes_it() {
    let start = || {
        serde_json::from_str::<Command>(
            r#"{"start": {"agent": "inbox", "vertical": "sales", "goal": "book a meeting", "lead": "lead-1"}}"#,
        )
        .unwrap()
    };
    when::<AgentRun>(vec![], STARTED_AT, start()).then_expect_events(vec![started()]);
    when::<AgentRun>(vec![started()], LATER, start()).then_expect_error(Refusal::AlreadyStarted);
}

#[test]
fn an_end_carries_the_totals_with_each_currency_for_itself() {
    let given = || {
        vec![
            started(),
            model_call("0.0015 USD"),
            tool_call(ToolOutcome::Failed),
            model_call("0.002 EUR"),
            tool_call(ToolOutcome::Ok),
            model_call("0.0020 USD"),
        ]
    };
    when::<AgentRun>(given(), LATER, complete()).then_expect_events(vec![completed(totals())]);
    when::<AgentRun>(given(), LATER, fail()).then_expect_events(vec![failed(totals())]);
    when::<AgentRun>(given(), LATER, cancel()).then_expect_events(vec![canceled(totals())]);
}

#[test]
fn a_run_without_calls_has_totals_of_zero() {
    when::<AgentRun>(vec![started()], LATER, complete())
        .then_expect_events(vec![completed(Totals::default())]);
}

#[test]
fn cached_tokens_are_part_of_the_input() {
    when::<AgentRun>(vec![started()], LATER, call(374, 300, "0.0015 USD"))
        .then_expect_events(vec![model_call("0.0015 USD")]);
    when::<AgentRun>(vec![started()], LATER, call(374, 375, "0 USD"))
        .then_expect_error_message("cached_tokens: 375 are more than the 374 input tokens they are part of");
}

#[test]
fn a_call_does_not_cost_less_than_nothing() {
    when::<AgentRun>(vec![started()], LATER, call(1, 0, "-1 USD"))
        .then_expect_error_message("cost: -1 USD is negative");
}

#[test]
fn totals_that_no_number_holds_stop_at_the_largest() {
    let huge = || Event::ModelCallRecorded {
        agent: "inbox".to_owned(),
        vertical: "sales".parse().unwrap(),
        provider: "acme-ai".to_owned(),
        model: "small-1".to_owned(),
        input_tokens: u64::MAX,
        cached_tokens: 0,
        output_tokens: 1,
        cost: Some(money("79228162514264337593543950335 USD")),
    };
    when::<AgentRun>(vec![started(), huge(), huge()], LATER, complete()).then_expect_events(vec![completed(
        Totals {
            model_calls: 2,
            input_tokens: u64::MAX,
            output_tokens: 2,
            costs: vec![money("79228162514264337593543950335 USD")].into(),
            ..Totals::default()
        },
    )]);
}

#[test]
fn what_a_run_used_is_taken_down_when_it_is_over_too() {
    let given = vec![started(), completed(Totals::default())];
    when::<AgentRun>(given, LATER, call(374, 300, "0.25 USD"))
        .then_expect_events(vec![model_call("0.25 USD")]);
    when::<AgentRun>(vec![], LATER, call(1, 0, "0 USD")).then_expect_error(Refusal::NotFound);
}

#[test]
fn a_run_ends_once() {
    let given = |end: Event| vec![started(), end];
    when::<AgentRun>(given(completed(Totals::default())), LATER, complete())
        .then_expect_error(Refusal::Over("completed"));
    when::<AgentRun>(given(failed(Totals::default())), LATER, complete())
        .then_expect_error(Refusal::Over("failed"));
    when::<AgentRun>(given(canceled(Totals::default())), LATER, fail())
        .then_expect_error(Refusal::Over("canceled"));
    when::<AgentRun>(vec![], LATER, cancel()).then_expect_error(Refusal::NotFound);
}

#[test]
fn a_run_does_not_end_before_it_began() {
    when::<AgentRun>(vec![started()], "2026-01-05T08:59:59Z", complete()).then_expect_error_message(
        "the time 2026-01-05T08:59:59Z lies before 2026-01-05T09:00:00Z, when it began",
    );
}
