//! What is written down of access.

use super::Event;
use crate::given::at;
use crate::kernel::Personal;

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        Event::Denied {
            reason: "not_for_role".to_owned(),
            message: Personal::new("apiKeys: this is not open to the role analyst".to_owned()),
            asked: Some("apiKeys".to_owned()),
            address: Some(Personal::new("192.0.2.7".to_owned())),
            user_agent: None,
            attempts: 3,
            first_at: at("2026-01-06T12:00:00Z"),
        },
        Event::KeyUsed {
            key: "nightly".to_owned(),
            address: None,
        },
        Event::Operated {
            command: "archive write".to_owned(),
            targets: vec!["2023".to_owned(), "2023.ndjson.zst".to_owned()],
            operator: Some(Personal::new("ops".to_owned())),
            findings: Vec::new(),
        },
        Event::Read {
            what: "contact_data".to_owned(),
            targets: vec!["lead/l1".to_owned(), "members".to_owned()],
            address: Some(Personal::new("192.0.2.7".to_owned())),
            user_agent: Some(Personal::new("curl/8".to_owned())),
            reads: 2,
            first_at: at("2026-01-06T12:00:00Z"),
        },
        Event::Refused {
            command: "qualifyLead".to_owned(),
            code: "NOT_FOUND".to_owned(),
            message: Personal::new("there is no such lead".to_owned()),
            target: Some("lead/l1".to_owned()),
            address: Some(Personal::new("192.0.2.7".to_owned())),
            user_agent: None,
            attempts: 1,
            first_at: at("2026-01-06T12:00:00Z"),
        },
        Event::Seen {
            address: Some(Personal::new("192.0.2.7".to_owned())),
            user_agent: Some(Personal::new("curl/8".to_owned())),
        },
    ]
}

#[test]
fn an_address_and_a_program_show_in_no_debug_output() {
    let shown = format!("{:?}", examples());
    let hidden = ["192.0.2.7", "curl", "apiKeys: "];
    assert!(
        hidden.iter().all(|text| !shown.contains(text)) && shown.contains("not_for_role"),
        "{shown}"
    );
}
