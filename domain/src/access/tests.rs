//! What is written down of access.

use super::Event;
use crate::given::at;
use crate::kernel::Personal;

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        Event::Denied {
            reason: "not_for_role".to_owned(),
            message: "apiKeys: this is not open to the role analyst".to_owned(),
            asked: Some("apiKeys".to_owned()),
            address: Some(Personal::new("192.0.2.7".to_owned())),
            attempts: 3,
            first_at: at("2026-01-06T12:00:00Z"),
        },
        Event::KeyUsed {
            key: "nightly".to_owned(),
            address: None,
        },
    ]
}

#[test]
fn an_address_shows_in_no_debug_output() {
    let shown = format!("{:?}", examples());
    assert!(
        !shown.contains("192.0.2.7") && shown.contains("apiKeys"),
        "{shown}"
    );
}
