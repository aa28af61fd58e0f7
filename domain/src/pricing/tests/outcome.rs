//! Outcomes are billed once they are sure, and credited when they are undone in time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::invoice::Stage;
use crate::pricing::examples::account::Account;
use crate::pricing::examples::build::{charge, decimal, percentage, price, standard, usage_line, version};
use crate::pricing::examples::proration::period;
use crate::pricing::{
    BilledStates, Charge, DraftInvoice, LineKind, Model, OutcomeState, OutcomeTerms, PlanVersion, Told,
    Usage, Word,
};

const RULE: OutcomeTerms = OutcomeTerms {
    bill: BilledStates::Confirmed,
    stability_days: 14,
    key: None,
    assumed: None,
    reversed: None,
};

/// An outcome of its own: when it was confirmed, and when it was undone.
type Story<'s> = (&'s str, &'s str, &'s str, Option<&'s str>);

fn told_by(stories: &[Story<'_>], until: &str) -> Vec<Told> {
    let until: Timestamp = until.parse().unwrap();
    let told = stories.iter().flat_map(|(id, value, at, reversed_at)| {
        let event = |word, at: &str| Told {
            key: (*id).to_owned(),
            at: at.parse().unwrap(),
            word,
            id: format!("{id} {word:?}"),
            value: decimal(value),
        };
        let undone = reversed_at.map(|at| event(Word::Reversed, at));
        [event(Word::Confirmed, at)].into_iter().chain(undone)
    });
    told.filter(|event| event.at < until).collect()
}

fn used(rule: &OutcomeTerms, told: Vec<Told>) -> Usage {
    let march = period("2026-03-01", "2026-04-01");
    let days = (march.begins_at().unwrap(), march.ends_at().unwrap());
    rule.usage(&rule.pair(told), &march, days)
}

/// March billed at its end, and again when all is known: what the second bill adds.
fn review(charge: &Charge, stories: &[Story<'_>]) -> DraftInvoice {
    let charge = Charge {
        outcome: Some(RULE),
        ..charge.clone()
    };
    let mut account = Account::start(version(vec![], vec![charge]), "2020-01-01");
    let mut bill = |until: &str| {
        account.uses("usage", used(&RULE, told_by(stories, until)));
        account.bill("2026-03-15", Stage::Closing)
    };
    bill("2026-04-01T00:00:00Z");
    bill("2026-05-01T00:00:00Z")
}

#[test]
fn an_outcome_reversed_in_its_window_is_credited_and_a_later_one_is_not() {
    let per_lead = standard("25");
    let stays = ("stays", "1", "2026-03-20T10:00:00Z", None);
    let at = "2026-03-25T10:00:00Z";
    let undone = ("undone", "1", at, Some("2026-04-08T23:59:59Z"));
    let too_late = ("too-late", "1", at, Some("2026-04-09T00:00:00Z"));
    let known = ("known", "1", "2026-03-02T10:00:00Z", Some("2026-03-05T10:00:00Z"));
    let bill = review(&per_lead, &[stays, undone, too_late, known]);
    let [credit] = &bill.lines[..] else {
        panic!("one line: {:?}", bill.lines)
    };
    assert_eq!(
        (credit.kind, credit.amount.amount),
        (LineKind::Correction, decimal("-25.00"))
    );
    let days = credit
        .days
        .map(|days| (days.from.to_string(), days.until.to_string()));
    assert_eq!(days, Some(("2026-03-01".to_owned(), "2026-04-01".to_owned())));
    assert!(review(&per_lead, &[stays, too_late]).lines.is_empty());
}

#[test]
fn a_share_of_a_recovered_amount_is_credited_with_the_amount() {
    let share = charge(Model::Percentage(percentage("15", "")));
    let at = "2026-03-28T10:00:00Z";
    let credit = review(
        &share,
        &[
            ("claim-1", "12000", at, None),
            ("claim-2", "333.33", at, Some("2026-04-02T10:00:00Z")),
        ],
    );
    assert_eq!(credit.lines[0].exact.to_string(), "-49.9995");
    assert_eq!(credit.total, decimal("-50.00"));
}

#[test]
fn a_credit_does_not_undercut_the_minimum() {
    let per_lead = Charge {
        minimum_spend: Some(price("40")),
        ..standard("25")
    };
    let stays = ("stays", "1", "2026-03-20T10:00:00Z", None);
    let undone = (
        "undone",
        "1",
        "2026-03-25T10:00:00Z",
        Some("2026-04-02T00:00:00Z"),
    );
    let bill = review(&per_lead, &[stays, undone]);
    let amounts: Vec<String> = bill
        .lines
        .iter()
        .map(|line| line.amount.amount.to_string())
        .collect();
    assert_eq!(amounts, ["-25.00", "15.00"]);
}

#[test]
fn a_plan_tells_its_outcome_prices() {
    let plan: PlanVersion = serde_json::from_value(serde_json::json!({
        "version": 1, "effective_from": "2026-01-01T00:00:00Z", "currencies": ["USD"], "interval": "monthly",
        "charges": [
            {"code": "resolved", "name": "Resolved conversations", "meter": "conversations", "unit": "conversation",
             "price": {"model": "standard", "unit_price": {"USD": "0.99"}},
             "outcome": {"bill": "confirmed_and_assumed", "stability_days": 3}},
            {"code": "qualified", "name": "Qualified leads", "meter": "leads", "unit": "lead",
             "price": {"model": "graduated", "tiers": [
                {"up_to": "100", "unit_price": {"USD": "25"}}, {"unit_price": {"USD": "20"}}]},
             "outcome": {"bill": "confirmed", "stability_days": 30}},
            {"code": "recovered", "name": "Share of recovered claims", "meter": "recovered", "unit": "usd",
             "price": {"model": "percentage", "rate_percent": "15"},
             "outcome": {"bill": "confirmed", "stability_days": 90}},
        ],
    }))
    .unwrap();
    let amount = |charge: &Charge, value: &str| {
        let stories = [("a", value, "2026-03-20T10:00:00Z", None)];
        let usage = used(
            charge.outcome.as_ref().unwrap(),
            told_by(&stories, "2026-04-01T00:00:00Z"),
        );
        usage_line(charge, &usage).amount.amount.to_string()
    };
    let [resolved, qualified, recovered] = &plan.charges[..] else {
        panic!("three charges")
    };
    assert_eq!(amount(resolved, "1"), "0.99");
    assert_eq!(amount(qualified, "1"), "25.00");
    assert_eq!(amount(recovered, "83000"), "12450.00");
}

fn told(word: Word, at: &str, id: &str) -> Told {
    Told {
        key: "conversation-1".to_owned(),
        at: at.parse().unwrap(),
        word,
        id: id.to_owned(),
        value: Decimal::ONE,
    }
}

#[test]
fn an_assumption_and_a_confirmation_are_one_outcome_and_a_reversal_undoes_what_came_before() {
    let both = OutcomeTerms {
        bill: BilledStates::ConfirmedAndAssumed,
        ..RULE
    };
    let events = || {
        vec![
            told(Word::Confirmed, "2026-03-03T10:00:00Z", "c"),
            told(Word::Assumed, "2026-03-02T10:00:00Z", "b"),
            told(Word::Reversed, "2026-03-04T10:00:00Z", "d"),
            told(Word::Confirmed, "2026-03-05T10:00:00Z", "e"),
            told(Word::Reversed, "2026-03-01T10:00:00Z", "a"),
        ]
    };
    let [first, second] = &both.pair(events())[..] else {
        panic!("two outcomes")
    };
    assert_eq!(
        (&first.outcome.id, first.outcome.state),
        (&"b".to_owned(), OutcomeState::Confirmed)
    );
    assert_eq!(
        (first.told.join(" "), first.reversed.as_deref()),
        ("b c".to_owned(), Some("d"))
    );
    assert_eq!(
        (second.told.join(" "), second.reversed.as_deref()),
        ("e".to_owned(), None)
    );
    // Where assumed ones are not billed, they are no outcomes.
    let confirmed: Vec<String> = RULE.pair(events()).iter().map(|one| one.told.join(" ")).collect();
    assert_eq!(confirmed, ["c", "e"]);
    // At one moment, what is undone came before.
    let at = "2026-03-03T10:00:00Z";
    let same = RULE.pair(vec![
        told(Word::Reversed, at, "a"),
        told(Word::Confirmed, at, "b"),
    ]);
    assert_eq!(same[0].reversed.as_deref(), Some("a"));
}

#[test]
fn a_plan_refuses_keys_that_are_no_expressions_and_meters_that_are_not_there() {
    let version = |key: &str, reversed: &str| -> PlanVersion {
        serde_json::from_value(serde_json::json!({
            "version": 1, "effective_from": "2026-01-01T00:00:00Z", "currencies": ["USD"], "interval": "monthly",
            "charges": [{"code": "qualified", "name": "Qualified leads", "meter": "leads", "unit": "lead",
                "price": {"model": "standard", "unit_price": {"USD": "25"}},
                "outcome": {"bill": "confirmed", "stability_days": 30, "key": key,
                    "reversed": {"meter": reversed, "key": key}}}],
        }))
        .unwrap()
    };
    let plan = |version| {
        crate::pricing::Plan::try_new("results".parse().unwrap(), "Results".to_owned(), vec![version])
    };
    let refused = plan(version("data.", "back")).unwrap_err().to_string();
    for place in ["charges[0].outcome.key", "charges[0].outcome.reversed.key"] {
        assert!(refused.contains(place), "{refused}");
    }
    let none = BTreeMap::new();
    assert_eq!(version("subject", "back").check_meters(&none), Ok(()));
    let refused = version("subject", "sales.back").check_meters(&none).unwrap_err();
    assert!(
        refused.to_string().contains("charges[0].outcome.reversed.meter"),
        "{refused}"
    );
}
