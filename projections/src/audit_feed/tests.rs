//! Events in, rows out.

use domain::workspace::Event;

use super::AuditFeed;
use crate::engine::rehearsal::Story;

#[test]
fn every_event_is_an_entry_that_says_who_did_what_to_what() {
    let event = Event::Created {
        name: "Sales".to_owned(),
    };
    let entry = Story::default()
        .then("2026-01-01T00:00:00Z", "workspace.created", "w1", event)
        .row::<AuditFeed>();
    assert_eq!(entry.action, "workspace.created");
    assert_eq!(
        (entry.entity_type.as_str(), entry.entity_id.as_str()),
        ("workspace", "w1")
    );
    assert_eq!(entry.actor_id, "ada");
    assert_eq!(entry.correlation_id.as_deref(), Some("request-1"));
    assert_eq!(entry.payload, r#"{"created":{"name":"Sales"}}"#);
}
