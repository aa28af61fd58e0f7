//! Given what happened, when something is asked, then this follows.

use super::{Command, Event, Member, Refusal, Role};
use crate::given::when;
use crate::kernel::{Email, Personal};

const NOW: &str = "2026-01-06T12:00:00Z";

fn invited() -> Event {
    Event::Invited {
        email: Personal::new(Email::parse("Ada@Example.org").unwrap()),
        role: Role::Analyst,
        name: Some(Personal::new("Ada Lovelace".to_owned())),
    }
}

fn joined(role: Role) -> Event {
    Event::Joined {
        user: "idp|ada".to_owned(),
        role,
    }
}

fn role_changed() -> Event {
    Event::RoleChanged {
        role: Role::Admin,
        previous: Role::Analyst,
    }
}

fn removed(previous: Role) -> Event {
    Event::Removed {
        reason: "left".to_owned(),
        previous,
    }
}

fn join() -> Command {
    Command::Join {
        user: "idp|ada".to_owned(),
    }
}

fn remove() -> Command {
    Command::Remove {
        reason: "left".to_owned(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        invited(),
        joined(Role::Analyst),
        role_changed(),
        removed(Role::Admin),
    ]
}

#[test]
fn an_invitation_is_sent_once_and_keeps_the_address_as_it_came() {
    let invite = || {
        serde_json::from_str::<Command>(
            r#"{"invite": {"email": "Ada@Example.org", "role": "analyst", "name": "Ada Lovelace"}}"#,
        )
        .unwrap()
    };
    when::<Member>(vec![], NOW, invite()).then_expect_events(vec![invited()]);
    when::<Member>(vec![invited()], NOW, invite()).then_expect_error(Refusal::AlreadyInvited);
}

#[test]
fn an_invited_person_joins_once_in_the_role_that_stands_then() {
    when::<Member>(vec![invited()], NOW, join()).then_expect_events(vec![joined(Role::Analyst)]);
    when::<Member>(vec![invited(), role_changed()], NOW, join())
        .then_expect_events(vec![joined(Role::Admin)]);
    when::<Member>(vec![invited(), joined(Role::Analyst)], NOW, join())
        .then_expect_error(Refusal::AlreadyJoined);
    when::<Member>(vec![], NOW, join()).then_expect_error(Refusal::NotFound);
}

#[test]
fn a_role_changes_to_another_and_names_the_previous() {
    let change = |role| Command::ChangeRole { role };
    when::<Member>(vec![invited()], NOW, change(Role::Admin)).then_expect_events(vec![role_changed()]);
    when::<Member>(vec![invited()], NOW, change(Role::Analyst))
        .then_expect_error_message("role: the member is analyst already");
}

#[test]
fn a_removed_member_stays_out() {
    when::<Member>(vec![invited(), role_changed()], NOW, remove())
        .then_expect_events(vec![removed(Role::Admin)]);
    let given = || vec![invited(), removed(Role::Analyst)];
    when::<Member>(given(), NOW, join()).then_expect_error(Refusal::Removed);
    when::<Member>(given(), NOW, remove()).then_expect_error(Refusal::Removed);
}

#[test]
fn nothing_personal_shows_in_debug_output() {
    let shown = format!("{:?}", invited());
    assert!(!shown.to_lowercase().contains("ada"), "{shown}");
}
