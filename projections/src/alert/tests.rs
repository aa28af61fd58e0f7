//! Events in, rows out.

use domain::alert::{Event, Range, Sighting, Watch};

use super::AlertList;
use crate::engine::rehearsal::Story;

#[test]
fn an_alert_shows_what_it_said_last_first() {
    let watch = || Watch::Anomaly {
        meter: "platform.agent_runs".to_owned(),
    };
    let defined = Event::Defined {
        name: "Runs".to_owned(),
        watch: watch(),
        thresholds: Vec::new(),
    };
    let seen = |figure: i64| Event::AnomalySeen {
        name: "Runs".to_owned(),
        watch: watch(),
        expected: Range {
            least: 8.into(),
            most: 12.into(),
        },
        seen: Sighting {
            first_day: "2026-03-10".parse().unwrap(),
            last_day: "2026-03-10".parse().unwrap(),
            figure: figure.into(),
            unit: "run".to_owned(),
            position: 7,
        },
    };
    let at = "2026-03-10T00:00:00Z";
    let row = Story::default()
        .then(at, "alert.defined", "a1", defined)
        .then(at, "alert.anomaly_seen", "a1", seen(40))
        .then("2026-03-17T00:00:00Z", "alert.anomaly_seen", "a1", seen(50))
        .row::<AlertList>();
    assert_eq!(
        (row.kind.as_str(), row.status.as_str(), row.raised),
        ("anomaly", "watching", 2)
    );
    assert_eq!(row.last[0].seen.figure, 50.into());
    assert_eq!(row.raised_at, Some("2026-03-17T00:00:00Z".parse().unwrap()));
}
