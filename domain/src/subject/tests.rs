//! Given what happened, when something is asked, then this follows.

use super::{Command, Event, HoldName, Refusal, Subject, SubjectId};
use crate::given::when;
use crate::kernel::{Actor, ActorKind, StreamId};

const NOW: &str = "2026-03-01T00:00:00Z";

fn hold(name: &str) -> HoldName {
    name.parse().unwrap()
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        Event::Forgotten {
            reason: "request 17".to_owned(),
            number: 1,
        },
        Event::HoldPlaced {
            hold: hold("case-4711"),
            reason: "court order".to_owned(),
        },
        Event::HoldLifted {
            hold: hold("case-4711"),
            reason: "case closed".to_owned(),
        },
    ]
}

fn forget() -> Command {
    Command::Forget {
        reason: "request 17".to_owned(),
    }
}

fn placed(name: &str) -> Event {
    Event::HoldPlaced {
        hold: hold(name),
        reason: "court order".to_owned(),
    }
}

#[test]
fn a_subject_is_forgotten_and_again_when_more_came_in() {
    when::<Subject>(vec![], NOW, forget()).then_expect_events(vec![examples().remove(0)]);
    let again = Event::Forgotten {
        reason: "request 17".to_owned(),
        number: 2,
    };
    when::<Subject>(vec![examples().remove(0)], NOW, forget()).then_expect_events(vec![again]);
    let blank = Command::Forget {
        reason: " ".to_owned(),
    };
    assert!(matches!(
        when::<Subject>(vec![], NOW, blank).inspect_result(),
        Err(Refusal::Blank(_))
    ));
}

#[test]
fn a_subject_under_legal_hold_is_not_forgotten_and_the_answer_names_the_holds() {
    let held = vec![placed("case-1"), placed("case-2")];
    when::<Subject>(held.clone(), NOW, forget())
        .then_expect_error(Refusal::UnderLegalHold("case-1, case-2".to_owned()));
    let lift = |name: &str| Command::LiftHold {
        hold: hold(name),
        reason: "closed".to_owned(),
    };
    let lifted = |name: &str| Event::HoldLifted {
        hold: hold(name),
        reason: "closed".to_owned(),
    };
    when::<Subject>(held.clone(), NOW, lift("case-1")).then_expect_events(vec![lifted("case-1")]);
    when::<Subject>(held.clone(), NOW, lift("case-3")).then_expect_error(Refusal::NotHeld(hold("case-3")));
    let again = Command::PlaceHold {
        hold: hold("case-1"),
        reason: "twice".to_owned(),
    };
    when::<Subject>(held.clone(), NOW, again).then_expect_error(Refusal::AlreadyHeld(hold("case-1")));
    let free = [held, vec![lifted("case-1"), lifted("case-2")]].concat();
    when::<Subject>(free, NOW, forget()).then_expect_events(vec![examples().remove(0)]);
}

#[test]
fn a_subject_is_the_person_of_a_stream_or_the_actor_of_a_fact_of_access() {
    let stream = |aggregate_type, id: &str| StreamId {
        aggregate_type,
        tenant: "01KJQ6PSG00000008000000001".parse().unwrap(),
        id: id.to_owned(),
    };
    let ada = Actor::new(ActorKind::User, "auth0|ada");
    let lead = SubjectId::of(&stream("lead", "l-7"), &ada);
    assert_eq!(lead.to_string(), "lead/l-7");
    assert_eq!(lead.stream(), Some(("lead", "l-7")));
    assert_eq!(lead.actor(), None);
    let actor = SubjectId::of(&stream("access", "01X"), &ada);
    assert_eq!(actor.to_string(), "user/auth0|ada");
    assert_eq!((actor.stream(), actor.actor()), (None, Some(ada)));
    for wrong in ["", "lead", "lead/", "/x", "person/x", "lead/a\u{7}", "Lead/x"] {
        assert!(wrong.parse::<SubjectId>().is_err(), "{wrong}");
    }
}
