//! Events in, rows out.

use std::collections::BTreeMap;

use domain::Personal;
use domain::lead::Event;

use super::LeadList;
use crate::engine::rehearsal::Story;

fn captured() -> Story {
    let event = Event::Captured {
        vertical: "sales".parse().unwrap(),
        source: "web".to_owned(),
        name: None,
        email: None,
        phone: None,
        captured_at: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    Story::default().then("2026-01-01T00:00:00Z", "lead.captured", "l1", event)
}

#[test]
fn a_lead_shows_who_has_it_and_how_far_it_has_come() {
    let story = captured()
        .then(
            "2026-01-02T00:00:00Z",
            "lead.enriched",
            "l1",
            Event::Enriched {
                attributes: Personal::new(BTreeMap::from([("size".to_owned(), "10".to_owned())])),
            },
        )
        .then(
            "2026-01-02T00:00:00Z",
            "lead.assigned",
            "l1",
            Event::Assigned {
                assignee: "ada".to_owned(),
                previous: None,
            },
        )
        .then(
            "2026-01-03T00:00:00Z",
            "lead.qualified",
            "l1",
            Event::Qualified {
                vertical: "sales".parse().unwrap(),
                score: 80,
                captured_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            },
        );
    let lead = story.row::<LeadList>();
    assert_eq!(
        (lead.id.as_str(), lead.status.as_str(), lead.score),
        ("l1", "qualified", Some(80))
    );
    assert_eq!(lead.assignee.as_deref(), Some("ada"));
    assert_eq!(lead.attributes["size"], "10");
}

#[test]
fn a_lead_that_nobody_captured_is_no_row() {
    let assigned = Event::Assigned {
        assignee: "ada".to_owned(),
        previous: None,
    };
    let story = Story::default().then("2026-01-02T00:00:00Z", "lead.assigned", "l1", assigned);
    assert!(
        story
            .refusal::<LeadList>()
            .to_string()
            .contains("no event before it made")
    );
}
