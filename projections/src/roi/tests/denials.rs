//! The initial denial rate on both sides of a sentence.

use domain::roi::Basis;

use super::examples::baseline;
use super::ground::{Tells, figure, march, told};
use crate::engine::rehearsal::Story;
use crate::roi::Behind;

/// Claims of a month, by their numbers: all submitted on the 2nd; how many of them denied and how many paid on the 10th, of
/// those with a run and of those without one.
fn claims(story: Story, month: &str, (worked, alone): ([usize; 3], [usize; 3])) -> Story {
    let at = |day: &str| format!("{month}-{day}T00:00:00Z");
    let mut story = story;
    for (kind, [all, denied, paid]) in [("worked", worked), ("alone", alone)] {
        for number in 0..all {
            let id = format!("{kind}-{month}-{number}");
            story = story.submitted(&id, &at("02"));
            if kind == "worked" {
                story = story.run(&format!("cal-{id}"), &at("03"), ("claim", &id));
            }
            if number < denied {
                story = story.denied(&id, &at("10"));
            } else if number < denied + paid {
                story = story.paid(&id, &at("10"), "10 USD");
            }
        }
    }
    story
}

#[test]
fn initial_denials_are_of_claims_submitted_and_of_the_same_claims_on_both_sides() {
    // In February nobody worked on claims: 3 of 10 submitted were denied, 5 were paid, 2 are open.
    let before = || claims(Story::default(), "2026-02", ([0, 0, 0], [10, 3, 5]));
    // In March 1 of the 8 on which an agent worked and 3 of the other 8 were.
    let with = |basis| {
        claims(
            baseline(before(), "2026-02-28T12:00:00Z", basis),
            "2026-03",
            ([8, 1, 5], [8, 3, 4]),
        )
    };
    let told_of = |basis| {
        let report = told(&with(basis), &march());
        let rate = |name: &str| figure(&report, name);
        let rates = [
            rate("claims.denial_percent"),
            rate("claims.worked_denial_percent"),
        ];
        let text = report.sentences.last().unwrap().text();
        let behind = |name: &str| {
            let parts = &report.sentences.last().unwrap().parts;
            let mut named = parts.iter().filter_map(|part| part.told.as_ref());
            match &named.find(|told| told.figure.name == name).unwrap().behind {
                Behind::Events(positions) => positions.len(),
                other => panic!("{other:?}"),
            }
        };
        let shown = if text.contains("12.5") {
            "claims.worked_denial_percent"
        } else {
            "claims.denial_percent"
        };
        (rates, text, [behind("baseline.denial_percent"), behind(shown)])
    };
    let past = Basis::PastPeriod {
        first_day: "2026-02-01".parse().unwrap(),
        last_day: "2026-02-28".parse().unwrap(),
    };
    let (rates, text, behind) = told_of(past);
    assert_eq!(rates, ["25", "12.5"]);
    assert_eq!(
        text,
        "AI processed 6 claims, initial denials down from 30 % to 25 %, 0 USD recovered"
    );
    // The registration, ten submitted and three denied; sixteen submitted and four denied.
    assert_eq!(behind, [14, 20]);
    let (_, text, behind) = told_of(Basis::ControlGroup { owners: vec![] });
    assert_eq!(
        text,
        "AI processed 6 claims, initial denials down from 37.5 % to 12.5 %, 0 USD recovered"
    );
    assert_eq!(behind, [12, 9]);
}
