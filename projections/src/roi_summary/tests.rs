//! Events in, rows out.

use domain::lead::Event as Lead;
use domain::opportunity::Event as Opportunity;
use domain::{agent_run, claim};

use super::RoiSummary;
use crate::engine::rehearsal::{Story, money};

const OPENED: &str = "2026-01-31T23:30:00Z";

fn opened(story: Story, id: &str, stage: &str) -> Story {
    let event = Opportunity::Opened {
        title: "Deal".to_owned(),
        stage: stage.to_owned(),
        vertical: "sales".parse().unwrap(),
        account: None,
        owner: None,
        product: None,
        lead: None,
        expected: None,
        opened_at: OPENED.parse().unwrap(),
    };
    story.then(OPENED, "opportunity.opened", id, event)
}

#[test]
fn what_is_open_follows_the_month_of_its_opening_and_what_is_won_counts_when_it_is_won() {
    let mut story = Story::default();
    for id in ["a", "b", "c"] {
        story = opened(story, id, "first");
    }
    let moved = Opportunity::StageChanged {
        vertical: "sales".parse().unwrap(),
        stage: "second".to_owned(),
        previous: "first".to_owned(),
        opened_at: OPENED.parse().unwrap(),
    };
    let won = Opportunity::Won {
        vertical: "sales".parse().unwrap(),
        value: money("1000.50 USD"),
        stage: "first".to_owned(),
        owner: None,
        opened_at: OPENED.parse().unwrap(),
    };
    let rows = story
        .then("2026-02-10T00:00:00Z", "opportunity.stage_changed", "a", moved)
        .then("2026-03-10T00:00:00Z", "opportunity.won", "b", won)
        .rows::<RoiSummary>();
    let months: Vec<String> = rows.iter().map(|row| row.month.to_string()).collect();
    // Half past midnight in Berlin: the opening counts in February.
    assert_eq!(months, ["2026-02-01", "2026-03-01"]);
    assert_eq!(rows[0].opportunities_opened, 3);
    assert_eq!(
        rows[0].open_by_stage,
        [("first".to_owned(), 1), ("second".to_owned(), 1)].into()
    );
    assert_eq!((rows[1].opportunities_won, rows[1].opportunities_opened), (1, 0));
    assert_eq!(
        rows[1].won_value.sums().collect::<Vec<_>>(),
        [money("1000.50 USD")]
    );
}

#[test]
fn only_the_first_contact_is_a_response() {
    let contacted = |number| Lead::Contacted {
        vertical: "sales".parse().unwrap(),
        channel: "phone".to_owned(),
        number,
        captured_at: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    let row = Story::default()
        .then("2026-01-01T00:01:00Z", "lead.contacted", "l1", contacted(1))
        .then("2026-01-01T00:05:00Z", "lead.contacted", "l1", contacted(2))
        .row::<RoiSummary>();
    assert_eq!(
        (row.leads_contacted, row.first_response_ms.to_string()),
        (1, "60000".to_owned())
    );
}

#[test]
fn amounts_stay_exact_and_each_in_its_currency() {
    let call = |cost| agent_run::Event::ModelCallRecorded {
        agent: "a".to_owned(),
        vertical: "claims".parse().unwrap(),
        provider: "p".to_owned(),
        model: "m".to_owned(),
        input_tokens: 10,
        cached_tokens: 0,
        output_tokens: 2,
        cost: Some(money(cost)),
    };
    let denied = claim::Event::Denied {
        vertical: "claims".parse().unwrap(),
        billed: money("10 USD"),
        reason_codes: Vec::new(),
        reason: "late".to_owned(),
        determination: claim::Determination::Initial,
        submitted_at: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    let row = Story::default()
        .then(
            "2026-01-05T00:00:00Z",
            "agent_run.model_call_recorded",
            "r1",
            call("0.1 USD"),
        )
        .then(
            "2026-01-06T00:00:00Z",
            "agent_run.model_call_recorded",
            "r1",
            call("0.2 USD"),
        )
        .then(
            "2026-01-07T00:00:00Z",
            "agent_run.model_call_recorded",
            "r1",
            call("1 EUR"),
        )
        .then("2026-01-08T00:00:00Z", "claim.denied", "c1", denied)
        .row::<RoiSummary>();
    assert_eq!(
        row.ai_cost.sums().collect::<Vec<_>>(),
        [money("1 EUR"), money("0.3 USD")]
    );
    assert_eq!(
        (row.input_tokens, row.output_tokens, row.claims_denied_initially),
        (30, 6, 1)
    );
}
