//! Reports against figures that were worked out by hand.

use domain::agent_run::RunResult;
use domain::roi::{AttributionModel, Basis};
use domain::roi_baseline::Event as Baseline;
use domain::roi_snapshot::State;

use super::ground::{OPENED, Tells, fee, figure, march, materials, told};
use crate::engine::rehearsal::{Story, money};
use crate::roi::{Behind, Fee, FeeState, RoiError, RoiReport, report};

fn figures<const N: usize>(report: &RoiReport, names: [&str; N]) -> [String; N] {
    names.map(|name| figure(report, name))
}

/// Two runs on a deal of 1,000.01, a confirmed and an assumed one; one on another deal by its lead; a deal without a run.
fn spring() -> Story {
    Story::default()
        .opened("d1", OPENED, (None, None))
        .run("ann-1", "2026-03-01T08:00:00Z", ("opportunity", "d1"))
        .ended("ann-1", "2026-03-01T09:00:00Z", RunResult::Resolved)
        .run("bob-1", "2026-03-05T08:00:00Z", ("opportunity", "d1"))
        .ended("bob-1", "2026-03-05T09:00:00Z", RunResult::Assumed)
        .won("d1", "2026-03-10T00:00:00Z", "1000.01 USD")
        .run("ann-2", "2026-02-25T08:00:00Z", ("lead", "l2"))
        .opened("d2", OPENED, (Some("l2"), None))
        .won("d2", "2026-03-12T00:00:00Z", "300.00 USD")
        .opened("d3", OPENED, (None, None))
        .won("d3", "2026-03-13T00:00:00Z", "70.00 USD")
        .opened("d4", OPENED, (None, None))
        .run("bob-2", "2026-03-05T08:00:00Z", ("opportunity", "d4"))
        .won("d4", "2026-03-14T00:00:00Z", "9.00 EUR")
        .called(
            "ann-1",
            "2026-03-01T08:10:00Z",
            ("small-1", [1_000_000, 400_000, 100_000], None),
        )
        .called(
            "ann-1",
            "2026-03-01T08:11:00Z",
            ("small-1", [1, 0, 0], Some(money("0.50 USD"))),
        )
        .called(
            "ann-1",
            "2026-04-01T08:10:00Z",
            ("small-1", [1_000_000, 0, 0], None),
        )
}

#[test]
fn a_gain_is_shared_out_and_held_against_what_it_cost() {
    let report = told(&spring(), &march());
    assert_eq!(
        figures(
            &report,
            ["gain.confirmed", "gain.assumed", "gain.high", "gain.unattributed"]
        ),
        ["500.01 USD", "800.00 USD", "1300.01 USD", "70.00 USD"]
    );
    // 600,000 × 2 + 400,000 × 1 + 100,000 × 8 by a million, and 0.50 as recorded.
    assert_eq!(
        figures(&report, ["cost.ai", "cost.fee", "cost.total"]),
        ["2.90 USD", "100.00 USD", "102.90 USD"]
    );
    // (500.01 - 102.90) / 102.90 and (1300.01 - 102.90) / 102.90.
    assert_eq!(
        figures(&report, ["return.low", "return.high"]),
        ["3.8592", "11.6337"]
    );
    let agents: Vec<_> = report
        .agents
        .iter()
        .map(|one| {
            (
                one.agent.as_str(),
                one.confirmed.to_string(),
                one.assumed.to_string(),
                one.outcomes,
            )
        })
        .collect();
    assert_eq!(
        agents,
        [
            ("ann", "500.01 USD".to_owned(), "300.00 USD".to_owned(), 2),
            ("bob", "0.00 USD".to_owned(), "500.00 USD".to_owned(), 1),
        ]
    );
    assert_eq!(report.not_converted, [("gain".to_owned(), money("9.00 EUR"))]);
    assert_eq!((report.state, report.missing.len()), (State::Settled, 0));
}

#[test]
fn evidence_is_the_events_behind_a_figure_and_no_others() {
    let report = told(&spring(), &march());
    let behind = |name| report.figure(name).unwrap().behind.clone();
    assert_eq!(behind("gain.confirmed"), Behind::Events(vec![2, 3, 6]));
    assert_eq!(behind("gain.assumed"), Behind::Events(vec![4, 5, 6, 7, 9]));
    assert_eq!(behind("gain.unattributed"), Behind::Events(vec![11]));
    assert_eq!(behind("cost.ai"), Behind::Calls(vec![]));
}

#[test]
fn each_model_credits_others_and_no_model_loses_a_cent() {
    let of = |model| {
        let mut wish = march();
        wish.report.model = model;
        let report = told(&spring(), &wish);
        figures(&report, ["gain.confirmed", "gain.assumed", "gain.high"])
    };
    assert_eq!(
        of(AttributionModel::FirstTouch),
        ["1000.01 USD", "300.00 USD", "1300.01 USD"]
    );
    assert_eq!(
        of(AttributionModel::LastTouch),
        ["0.00 USD", "1300.01 USD", "1300.01 USD"]
    );
    // Four days between both runs: 2^(-4/7) = 0.672950096 to 1, so 0.402253... of 1,000.01.
    assert_eq!(
        of(AttributionModel::TimeDecay),
        ["402.26 USD", "897.75 USD", "1300.01 USD"]
    );
}

#[test]
fn runs_outside_of_the_window_and_broken_ones_bring_nothing_about() {
    let mut wish = march();
    wish.report.window_days = 5;
    let report = told(&spring(), &wish);
    // Of the first deal, the run at eight o'clock of the fifth day before is in, that of the ninth day is not.
    assert_eq!(
        figures(&report, ["gain.confirmed", "gain.assumed", "gain.unattributed"]),
        ["0.00 USD", "1000.01 USD", "370.00 USD"]
    );
    let broken = Story::default()
        .opened("d1", OPENED, (None, None))
        .run("ann-1", "2026-03-01T08:00:00Z", ("opportunity", "d1"))
        .failed("ann-1", "2026-03-01T09:00:00Z")
        .run("ann-2", "2026-03-01T08:00:00Z", ("opportunity", "d1"))
        .ended("ann-2", "2026-03-01T09:00:00Z", RunResult::Abandoned)
        .run("ann-3", "2026-03-11T08:00:00Z", ("opportunity", "d1"))
        .won("d1", "2026-03-10T00:00:00Z", "10.00 USD");
    let report = told(&broken, &march());
    assert_eq!(
        figures(&report, ["gain.high", "gain.unattributed"]),
        ["0.00 USD", "10.00 USD"]
    );
}

#[test]
fn what_is_taken_back_is_reversed_and_settles_no_more() {
    let story = spring().reopened("d1", "2026-04-02T00:00:00Z", "1000.01 USD");
    let report = told(&story, &march());
    assert_eq!(
        figures(&report, ["gain.high", "gain.settled", "gain.reversed"]),
        ["300.00 USD", "300.00 USD", "1000.01 USD"]
    );
    let won_again = story.won("d1", "2026-03-20T00:00:00Z", "800.00 USD");
    let report = told(&won_again, &march());
    assert_eq!(
        figures(&report, ["gain.high", "gain.reversed"]),
        ["1100.00 USD", "1000.01 USD"]
    );
    let claim = || {
        Story::default()
            .submitted("c1", OPENED)
            .run("ann-1", "2026-03-01T08:00:00Z", ("claim", "c1"))
            .ended("ann-1", "2026-03-01T09:00:00Z", RunResult::Resolved)
            .paid("c1", "2026-03-02T00:00:00Z", "100.00 USD")
            .recovered("c1", "2026-03-03T00:00:00Z", "50.00 USD")
    };
    let report = told(
        &claim().taken_back("c1", "2026-03-20T00:00:00Z", "60.00 USD"),
        &march(),
    );
    assert_eq!(
        figures(&report, ["gain.confirmed", "gain.reversed", "claims.recovered"]),
        ["90.00 USD", "60.00 USD", "0.00 USD"]
    );
    let report = told(
        &claim().taken_back("c1", "2026-03-20T00:00:00Z", "150.00 USD"),
        &march(),
    );
    assert_eq!(report.state, State::Reversed);
}

#[test]
fn an_outcome_is_preliminary_until_it_has_stood_for_its_time() {
    let mut wish = march();
    // The deals of the 10th and the 12th have stood for 30 days on 11 April, that of the 12th has not on the 10th.
    wish.now = "2026-04-10T00:00:00Z".parse().unwrap();
    let report = told(&spring(), &wish);
    assert_eq!(
        figures(&report, ["gain.settled", "gain.preliminary"]),
        ["1000.01 USD", "300.00 USD"]
    );
    assert_eq!(report.state, State::Preliminary);
}

#[test]
fn what_nobody_can_tell_leaves_no_return() {
    let unpriced = spring().called("bob-1", "2026-03-05T08:10:00Z", ("unheard-of", [1, 0, 0], None));
    let report = told(&unpriced, &march());
    assert_eq!(
        figures(
            &report,
            ["cost.unpriced_calls", "cost.ai", "return.low", "return.high"]
        ),
        ["1", "2.90 USD", "-", "-"]
    );
    assert_eq!(
        report.missing,
        ["1 calls of unheard-of of house are unpriced: set its price with setModelPrice"]
    );
    let other = spring().called(
        "bob-1",
        "2026-03-05T08:10:00Z",
        ("small-1", [1, 0, 0], Some(money("1 EUR"))),
    );
    let report = told(&other, &march());
    assert_eq!(report.missing, ["costs of models in EUR are not converted"]);
    let unknown = Fee {
        state: FeeState::Unknown("the charge x: reason".to_owned()),
        ..fee("100.00")
    };
    let report = super::super::report(&materials(&spring(), vec![unknown]), &march()).unwrap();
    assert_eq!(figure(&report, "return.low"), "-");
}

#[test]
fn at_zero_cost_there_is_no_return() {
    let story =
        Story::default()
            .opened("d1", OPENED, (None, None))
            .won("d1", "2026-03-10T00:00:00Z", "1 USD");
    let report = report(&materials(&story, vec![]), &march()).unwrap();
    assert_eq!(
        figures(&report, ["cost.total", "return.low", "return.high"]),
        ["0.00 USD", "-", "-"]
    );
}

pub(super) fn baseline(story: Story, at: &str, basis: Basis) -> Story {
    let event = Baseline::Registered {
        name: "before".to_owned(),
        vertical: Some(super::ground::vertical("sales")),
        basis,
    };
    story.then(at, "roi_baseline.registered", "before", event)
}

#[test]
fn a_past_period_expects_each_day_as_much() {
    let past = Basis::PastPeriod {
        first_day: "2026-02-01".parse().unwrap(),
        last_day: "2026-02-28".parse().unwrap(),
    };
    let story = baseline(spring(), "2026-02-28T12:00:00Z", past)
        .opened("d0", "2026-02-01T00:00:00Z", (None, None))
        .won("d0", "2026-02-10T00:00:00Z", "560.00 USD");
    let report = told(&story, &march());
    // 560 in 28 days expect 620 in 31; 1370.01 came in, so 750.01 is beyond it.
    assert_eq!(
        figures(
            &report,
            [
                "baseline.expected",
                "incremental.low",
                "incremental.high",
                "gain.high"
            ]
        ),
        ["620.00 USD", "500.01 USD", "750.01 USD", "1300.01 USD"]
    );
    // (750.01 - 102.90) / 102.90.
    assert_eq!(
        figures(&report, ["return.high", "return.before_baseline.high"]),
        ["6.2887", "11.6337"]
    );
}

#[test]
fn a_control_group_expects_of_each_as_much_as_of_those_without_a_run() {
    let story = baseline(
        spring(),
        "2026-02-28T12:00:00Z",
        Basis::ControlGroup { owners: vec![] },
    );
    let report = told(&story, &march());
    // Three deals had a run (one of them in euros), one had none and brought 70: 210 are expected.
    assert_eq!(
        figures(
            &report,
            ["baseline.expected", "incremental.low", "incremental.high"]
        ),
        ["210.00 USD", "290.01 USD", "1090.01 USD"]
    );
}

#[test]
fn a_baseline_that_was_registered_after_the_days_began_does_not_count() {
    let stated = Basis::Stated {
        amount: money("310.00 USD"),
        days: 31,
        denial_percent: None,
    };
    let late = baseline(spring(), "2026-03-01T00:00:01Z", stated.clone());
    let report_late = told(&late, &march());
    assert!(report_late.against.is_none());
    assert_eq!(report_late.set_aside[0].id, "before");
    let mut named = march();
    named.report.baseline = Some("before".to_owned());
    let refused = report(&materials(&late, vec![]), &named).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "baseline: before was registered at 2026-03-01T00:00:01Z, after the report's days began at \
         2026-03-01T00:00:00Z: it holds for later ones"
    );
    let in_time = baseline(spring(), "2026-03-01T00:00:00Z", stated);
    let told = told(&in_time, &named);
    assert_eq!(figure(&told, "baseline.expected"), "310.00 USD");
    named.report.baseline = Some("unheard-of".to_owned());
    let unknown = report(&materials(&in_time, vec![]), &named);
    assert!(matches!(unknown, Err(RoiError::Unknown(_))), "{unknown:?}");
}

#[test]
fn sentences_say_what_agents_did_with_each_number_open() {
    let stated = Basis::Stated {
        amount: money("0 USD"),
        days: 31,
        denial_percent: Some("50".parse().unwrap()),
    };
    let mut story = baseline(Story::default(), "2026-02-28T00:00:00Z", stated);
    for (number, lead) in ["l1", "l2", "l3"].into_iter().enumerate() {
        story = story.captured(lead, "2026-03-02T00:00:00Z");
        if number < 2 {
            story = story.run(&format!("ann-{number}"), "2026-03-03T00:00:00Z", ("lead", lead));
        }
    }
    let story = story
        .converted("l1", "2026-03-04T00:00:00Z")
        .opened("d1", "2026-03-05T00:00:00Z", (Some("l1"), Some("500000 USD")))
        .opened("d2", "2026-03-05T00:00:00Z", (None, Some("7 USD")));
    let report = told(&story, &march());
    assert_eq!(
        report.sentences.iter().map(|one| one.text()).collect::<Vec<_>>(),
        ["AI found 2 leads, 1 converted, 500,000 USD of pipeline"]
    );
    assert_eq!(figure(&report, "gain.high"), "0.00 USD", "pipeline is no gain");
    let mut claims = story;
    for number in 0..4 {
        let id = format!("c{number}");
        claims = claims.submitted(&id, "2026-03-02T00:00:00Z").run(
            &format!("cal-{number}"),
            "2026-03-03T00:00:00Z",
            ("claim", &id),
        );
        claims = match number {
            0 => claims.denied(&id, "2026-03-10T00:00:00Z").recovered(
                &id,
                "2026-03-11T00:00:00Z",
                "1250.50 USD",
            ),
            _ => claims.paid(&id, "2026-03-10T00:00:00Z", "10 USD"),
        };
    }
    let report = told(&claims, &march());
    let sentence = &report.sentences[1];
    assert_eq!(
        sentence.text(),
        "AI processed 4 claims, initial denials down from 50 % to 25 %, 1,250.50 USD recovered"
    );
    let open = |part: &crate::roi::SentencePart| match &part.told.as_ref()?.behind {
        Behind::Events(positions) => Some(positions.len()),
        _ => None,
    };
    // Four claims with a run each; the baseline; four submitted and one denied; the recovery with its run.
    assert_eq!(
        sentence.parts.iter().filter_map(open).collect::<Vec<_>>(),
        [8, 1, 5, 2]
    );
}
