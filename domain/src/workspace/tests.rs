//! Given what happened, when something is asked, then this follows.

use super::{Command, Event, Refusal, Workspace};
use crate::given::when;
use crate::kernel::Blank;

const NOW: &str = "2026-01-06T12:00:00Z";

fn created() -> Event {
    Event::Created {
        name: "Claims".to_owned(),
    }
}

fn renamed() -> Event {
    Event::Renamed {
        name: "Claims EU".to_owned(),
        previous: "Claims".to_owned(),
    }
}

fn archived(name: &str) -> Event {
    Event::Archived {
        name: name.to_owned(),
    }
}

fn create(name: &str) -> Command {
    Command::Create {
        name: name.to_owned(),
    }
}

fn rename(name: &str) -> Command {
    Command::Rename {
        name: name.to_owned(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![created(), renamed(), archived("Claims EU")]
}

#[test]
fn a_workspace_is_created_once_and_has_a_name() {
    when::<Workspace>(vec![], NOW, create("Claims")).then_expect_events(vec![created()]);
    when::<Workspace>(vec![created()], NOW, create("Claims")).then_expect_error(Refusal::AlreadyCreated);
    when::<Workspace>(vec![], NOW, create(" ")).then_expect_error(Refusal::Blank(Blank("name")));
}

#[test]
fn a_new_name_repeats_the_previous_and_the_same_is_refused() {
    when::<Workspace>(vec![created()], NOW, rename("Claims EU")).then_expect_events(vec![renamed()]);
    when::<Workspace>(vec![created()], NOW, rename("Claims"))
        .then_expect_error(Refusal::SameName("Claims".to_owned()));
}

#[test]
fn an_archived_workspace_keeps_its_last_name_and_takes_nothing_more() {
    let given = || vec![created(), renamed()];
    when::<Workspace>(given(), NOW, Command::Archive).then_expect_events(vec![archived("Claims EU")]);
    let given = || [given(), vec![archived("Claims EU")]].concat();
    when::<Workspace>(given(), NOW, Command::Archive).then_expect_error(Refusal::Archived);
    when::<Workspace>(given(), NOW, rename("Claims")).then_expect_error(Refusal::Archived);
    when::<Workspace>(given(), NOW, create("Claims")).then_expect_error(Refusal::AlreadyCreated);
}

#[test]
fn a_workspace_that_nobody_created_cannot_be_renamed() {
    when::<Workspace>(vec![], NOW, rename("Claims")).then_expect_error(Refusal::NotFound);
}
