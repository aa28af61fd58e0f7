//! Given what happened, when something is asked, then this follows.

use super::{
    Command, Delivery, EndpointUrl, Event, EventFilter, PersonalMembers, Refusal, Scheme, Secret, Settings,
    WebhookEndpoint,
};
use crate::given::{at, when};

const NOW: &str = "2026-03-01T00:00:00Z";

fn settings(url: &str) -> Settings {
    Settings {
        url: url.parse().unwrap(),
        description: Some("analytics".to_owned()),
        events: vec!["lead.*".parse().unwrap()],
        delivery: Delivery::Ordered,
        personal_data: PersonalMembers::Withheld,
    }
}

fn secret(id: &str) -> Secret {
    Secret {
        id: id.to_owned(),
        scheme: Scheme::Hmac,
    }
}

fn created() -> Event {
    Event::Created {
        settings: settings("https://example.org/hooks"),
        secret: secret("one"),
    }
}

fn rotated() -> Event {
    Event::SecretRotated {
        secret: secret("two"),
        previous: secret("one"),
        previous_until: at("2026-03-01T01:00:00Z"),
    }
}

fn paused() -> Event {
    Event::Paused {
        reason: "maintenance".to_owned(),
    }
}

fn removed() -> Event {
    Event::Removed {
        reason: "not needed".to_owned(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        created(),
        Event::Changed {
            settings: settings("https://example.org/other"),
            previous: settings("https://example.org/hooks"),
        },
        rotated(),
        paused(),
        Event::Resumed {},
        Event::Pinged {},
        Event::RedeliveryAsked { after: 7, upto: 9 },
        removed(),
    ]
}

#[test]
fn an_endpoint_is_created_once_and_changed_to_something_new() {
    let settings = || settings("https://example.org/hooks");
    let create = || Command::Create {
        settings: settings(),
        secret: secret("one"),
    };
    when::<WebhookEndpoint>(vec![], NOW, create()).then_expect_events(vec![created()]);
    when::<WebhookEndpoint>(vec![created()], NOW, create()).then_expect_error(Refusal::AlreadyCreated);
    let same = Command::Change { settings: settings() };
    when::<WebhookEndpoint>(vec![created()], NOW, same).then_expect_error(Refusal::NothingNew);
    let deaf = Command::Change {
        settings: Settings {
            events: vec![],
            ..settings()
        },
    };
    when::<WebhookEndpoint>(vec![created()], NOW, deaf).then_expect_error(Refusal::Filters);
    when::<WebhookEndpoint>(vec![], NOW, Command::Ping).then_expect_error(Refusal::NotFound);
}

#[test]
fn a_secret_goes_on_for_a_while_beside_the_next() {
    let rotate = |overlap_seconds| Command::RotateSecret {
        secret: secret("two"),
        overlap_seconds,
    };
    when::<WebhookEndpoint>(vec![created()], NOW, rotate(3_600)).then_expect_events(vec![rotated()]);
    let refused = Refusal::OverlapTooLong(2_592_001);
    when::<WebhookEndpoint>(vec![created()], NOW, rotate(2_592_001)).then_expect_error(refused);
}

#[test]
fn an_endpoint_rests_goes_on_and_ends() {
    let pause = || Command::Pause {
        reason: "maintenance".to_owned(),
    };
    when::<WebhookEndpoint>(vec![created()], NOW, pause()).then_expect_events(vec![paused()]);
    when::<WebhookEndpoint>(vec![created(), paused()], NOW, pause())
        .then_expect_error(Refusal::AlreadyPaused);
    let resumed = vec![Event::Resumed {}];
    when::<WebhookEndpoint>(vec![created(), paused()], NOW, Command::Resume).then_expect_events(resumed);
    when::<WebhookEndpoint>(vec![created()], NOW, Command::Resume).then_expect_error(Refusal::NotPaused);
    let again = Command::Redeliver { after: 9, upto: 9 };
    let refused = Refusal::NothingBetween { after: 9, upto: 9 };
    when::<WebhookEndpoint>(vec![created()], NOW, again).then_expect_error(refused);
    when::<WebhookEndpoint>(vec![created(), removed()], NOW, Command::Ping)
        .then_expect_error(Refusal::Removed);
}

#[test]
fn urls_and_filters_follow_their_rules() {
    for url in ["https://a", "http://[::1]:80/x?y=z", "https://example.org/a/b"] {
        assert!(url.parse::<EndpointUrl>().is_ok(), "{url}");
    }
    for url in [
        "ftp://a",
        "https://",
        "https://me:pw@a",
        "https://a#b",
        "https://a b",
        "a",
        "https:///x",
    ] {
        assert!(url.parse::<EndpointUrl>().is_err(), "{url}");
    }
    for filter in ["*", "lead.*", "lead.captured", "usage.tokens.input", "custom.*"] {
        assert!(filter.parse::<EventFilter>().is_ok(), "{filter}");
    }
    for filter in ["", "**", "lea.*", "lead.*.x", "lead*", "Lead.*"] {
        assert!(filter.parse::<EventFilter>().is_err(), "{filter}");
    }
    let accepts = |filter: &str, name: &str| filter.parse::<EventFilter>().unwrap().accepts(name);
    assert!(accepts("*", "lead.captured") && accepts("lead.*", "lead.captured"));
    assert!(!accepts("lead.*", "leads.captured") && !accepts("lead.captured", "lead.captured2"));
}
