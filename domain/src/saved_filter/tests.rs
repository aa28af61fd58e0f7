//! Given what happened, when something is asked, then this follows.

use super::{Command, EntryFilter, EntryOutcome, Event, Refusal, SavedFilter, Sharing};
use crate::given::{at, when};
use crate::kernel::Blank;

const NOW: &str = "2026-01-06T12:00:00Z";

fn denials() -> EntryFilter {
    EntryFilter {
        outcome: Some(EntryOutcome::Denied),
        from: Some(at("2026-01-01T00:00:00Z")),
        ..EntryFilter::default()
    }
}

fn leads() -> EntryFilter {
    EntryFilter {
        action: Some("lead.*".to_owned()),
        ..EntryFilter::default()
    }
}

fn saved() -> Event {
    Event::Saved {
        name: "denials".to_owned(),
        sharing: Sharing::Own,
        filter: denials(),
    }
}

fn changed() -> Event {
    Event::Changed {
        name: "leads".to_owned(),
        sharing: Sharing::Tenant,
        filter: leads(),
        previous: "denials".to_owned(),
    }
}

fn removed() -> Event {
    Event::Removed {
        name: "leads".to_owned(),
    }
}

fn save(name: &str, filter: EntryFilter) -> Command {
    Command::Save {
        name: name.to_owned(),
        sharing: Sharing::Own,
        filter,
    }
}

fn change() -> Command {
    Command::Change {
        name: "leads".to_owned(),
        sharing: Sharing::Tenant,
        filter: leads(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![saved(), changed(), removed()]
}

#[test]
fn a_filter_is_saved_once_with_a_name_and_something_to_filter_by() {
    when::<SavedFilter>(vec![], NOW, save("denials", denials())).then_expect_events(vec![saved()]);
    when::<SavedFilter>(vec![saved()], NOW, save("denials", denials()))
        .then_expect_error(Refusal::AlreadySaved);
    when::<SavedFilter>(vec![], NOW, save(" ", denials())).then_expect_error(Refusal::Blank(Blank("name")));
    when::<SavedFilter>(vec![], NOW, save(&"x".repeat(101), denials())).then_expect_error(Refusal::TooLong);
    when::<SavedFilter>(vec![], NOW, save("all", EntryFilter::default())).then_expect_error(Refusal::Empty);
}

#[test]
fn a_filter_becomes_another_until_it_is_removed() {
    when::<SavedFilter>(vec![saved()], NOW, change()).then_expect_events(vec![changed()]);
    when::<SavedFilter>(vec![saved(), changed()], NOW, change()).then_expect_error(Refusal::Same);
    when::<SavedFilter>(vec![saved(), changed()], NOW, Command::Remove).then_expect_events(vec![removed()]);
    let given = || vec![saved(), changed(), removed()];
    when::<SavedFilter>(given(), NOW, change()).then_expect_error(Refusal::Removed);
    when::<SavedFilter>(given(), NOW, Command::Remove).then_expect_error(Refusal::Removed);
    when::<SavedFilter>(vec![], NOW, change()).then_expect_error(Refusal::NotFound);
}
