//! Given what happened, when something is asked, then this follows.

use cqrs_es::test::TestFramework;
use jiff::Timestamp;

use super::{Command, DeploymentMode, Event, NotOpen, Refusal, Settings, Tenant};
use crate::kernel::At;

fn settings(name: &str) -> Settings {
    Settings {
        name: name.to_owned(),
        time_zone: "Europe/Berlin".parse().unwrap(),
        currency: "EUR".parse().unwrap(),
    }
}

fn provisioned() -> Event {
    Event::Provisioned {
        slug: "acme".parse().unwrap(),
        mode: DeploymentMode::Shared,
        settings: settings("Acme"),
    }
}

fn suspended() -> Event {
    Event::Suspended {
        reason: "unpaid".to_owned(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        provisioned(),
        Event::SettingsChanged {
            settings: settings("Acme AG"),
            previous: settings("Acme"),
        },
        Event::VerticalEnabled {
            vertical: "sales".parse().unwrap(),
        },
        Event::VerticalDisabled {
            vertical: "sales".parse().unwrap(),
        },
        suspended(),
        Event::Reactivated {},
        Event::Closed {
            reason: "merged".to_owned(),
        },
    ]
}

fn expect(given: Vec<Event>, command: Command) -> cqrs_es::test::AggregateResultValidator<Tenant> {
    let at: Timestamp = "2026-01-05T09:00:00Z".parse().unwrap();
    TestFramework::with(()).given(given).when(At::new(at, command))
}

#[test]
fn a_tenant_is_provisioned_once() {
    let provision = || Command::Provision {
        slug: "acme".parse().unwrap(),
        mode: DeploymentMode::Shared,
        settings: settings("Acme"),
    };
    expect(vec![], provision()).then_expect_events(vec![provisioned()]);
    expect(vec![provisioned()], provision()).then_expect_error(Refusal::AlreadyProvisioned);
}

#[test]
fn a_suspended_tenant_takes_no_change_but_its_reactivation_or_close() {
    let given = || vec![provisioned(), suspended()];
    let enable = Command::EnableVertical {
        vertical: "sales".parse().unwrap(),
    };
    expect(given(), enable).then_expect_error(Refusal::Tenant(NotOpen::Suspended));
    expect(given(), Command::Reactivate).then_expect_events(vec![Event::Reactivated {}]);
    expect(
        given(),
        Command::Close {
            reason: "left".to_owned(),
        },
    )
    .then_expect_events(vec![Event::Closed {
        reason: "left".to_owned(),
    }]);
}

#[test]
fn a_closed_tenant_stays_closed() {
    let given = vec![
        provisioned(),
        Event::Closed {
            reason: "left".to_owned(),
        },
    ];
    expect(given, Command::Reactivate).then_expect_error(Refusal::Tenant(NotOpen::Closed));
}

#[test]
fn settings_that_change_nothing_are_refused_and_others_name_the_previous() {
    let change = |name: &str| Command::ChangeSettings {
        settings: settings(name),
    };
    expect(vec![provisioned()], change("Acme")).then_expect_error(Refusal::NothingNew);
    expect(vec![provisioned()], change("Acme AG")).then_expect_events(vec![Event::SettingsChanged {
        settings: settings("Acme AG"),
        previous: settings("Acme"),
    }]);
    expect(vec![provisioned()], change("  ")).then_expect_error_message("name: must not be empty");
}

#[test]
fn a_vertical_is_enabled_once_and_disabled_once() {
    let vertical = || "sales".parse().unwrap();
    let enabled = || vec![provisioned(), Event::VerticalEnabled { vertical: vertical() }];
    expect(enabled(), Command::EnableVertical { vertical: vertical() })
        .then_expect_error(Refusal::AlreadyEnabled(vertical()));
    expect(enabled(), Command::DisableVertical { vertical: vertical() })
        .then_expect_events(vec![Event::VerticalDisabled { vertical: vertical() }]);
    expect(
        vec![provisioned()],
        Command::DisableVertical { vertical: vertical() },
    )
    .then_expect_error(Refusal::NotEnabled(vertical()));
}
