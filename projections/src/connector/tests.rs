//! Events in, rows out.

use domain::connector::Event as Connector;
use domain::connector_sync::Event as Sync;

use super::ConnectorList;
use crate::engine::rehearsal::Story;

const AT: &str = "2026-01-01T00:00:00Z";

fn completed(recorded: u64, cursor: Option<&str>) -> Sync {
    Sync::Completed {
        connector: "crm".to_owned(),
        recorded,
        known: 1,
        rejected: 0,
        cursor: cursor.map(str::to_owned),
        started_at: AT.parse().unwrap(),
        duration_ms: 1,
    }
}

#[test]
fn a_connector_shows_its_last_sync_and_the_totals_of_all() {
    let registered = Connector::Registered {
        name: "CRM".to_owned(),
        kind: "csv_file".to_owned(),
        settings: [].into(),
    };
    let failed = Sync::Failed {
        connector: "crm".to_owned(),
        reason: "broken".to_owned(),
        started_at: AT.parse().unwrap(),
        duration_ms: 1,
    };
    let row = Story::default()
        .then(AT, "connector.registered", "crm", registered)
        .then(
            AT,
            "connector_sync.completed",
            "s1",
            completed(10, Some("row 10")),
        )
        .then(AT, "connector_sync.completed", "s2", completed(5, None))
        .then(AT, "connector_sync.failed", "s3", failed)
        .row::<ConnectorList>();
    assert_eq!((row.syncs, row.recorded, row.known), (2, 15, 2));
    assert_eq!(
        (row.last_sync.as_deref(), row.last_sync_status.as_deref()),
        (Some("s3"), Some("failed"))
    );
    assert_eq!(row.last_cursor.as_deref(), Some("row 10"));
}

#[test]
fn a_sync_of_a_connector_that_nobody_registered_changes_nothing() {
    let story = Story::default().then(AT, "connector_sync.completed", "s1", completed(1, None));
    assert!(story.rows::<ConnectorList>().is_empty());
}
