//! The log as its readers see it: live while all is killed, and at the end against what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{Event, lead};
use store::{Filter, Role, Store};

use super::writers::Acknowledged;

/// Reads all events as they come, asserts that each comes once and in order, and ends at `end`.
pub(super) async fn follow(store: Store, end: Arc<AtomicU64>) -> u64 {
    let mut follower = store.tail().follow(0, Filter::default());
    let mut last = 0;
    while last < end.load(Ordering::SeqCst) {
        let step = tokio::time::timeout(Duration::from_millis(500), follower.next()).await;
        // While the server is down, there is nothing to read: the follower goes on where it was.
        let Ok(Ok(step)) = step else { continue };
        for event in step.events {
            assert_eq!(event.position, last + 1, "a follower skipped or repeated");
            last = event.position;
        }
    }
    last
}

/// Holds the log against what was acknowledged.
pub(super) async fn judge(acknowledged: &Acknowledged, url: &str) {
    let log = store::Log::new(store::pool(url, Role::Projector, 2).unwrap());
    let (mut position, mut seen) = (0, BTreeMap::new());
    let mut streams: BTreeMap<String, u64> = BTreeMap::new();
    let mut event_ids = BTreeSet::new();
    loop {
        let page = log.page(position, &Filter::default(), 5_000).await.unwrap();
        let Some(last) = page.last().map(|event| event.position) else {
            break;
        };
        for event in page {
            position += 1;
            assert_eq!(event.position, position, "positions have a gap");
            assert!(event_ids.insert(event.event_id));
            let version = streams.entry(event.stream.to_string()).or_default();
            *version += 1;
            assert_eq!(event.sequence, *version, "{:?}", event.stream);
            let written = match event.event {
                Event::Lead(lead::Event::Captured { source, .. }) => source,
                Event::Lead(lead::Event::Contacted { channel, .. }) => channel,
                _ => continue,
            };
            let twice = seen.insert(written.clone(), event.position);
            assert!(
                twice.is_none() || written == "test",
                "{written} took effect twice"
            );
        }
        assert_eq!(position, last);
    }
    let mut count = 0;
    for ((writer, task), numbers) in acknowledged {
        for (number, position) in numbers {
            assert_eq!(
                seen.get(&format!("{writer}-{task}-{number}")),
                Some(position),
                "acknowledged, and lost"
            );
            count += 1;
        }
    }
    assert!(count > 100, "the log took {count} commands only");
}
