//! The stored JSON of every event version is a committed file in `domain/snapshots/`: a change is visible,
//! and whatever was ever stored decodes for ever.
//!
//! `ANNALS_WRITE_SNAPSHOTS=1 cargo test -p domain snapshots` writes the files that are missing; a file that
//! is there is never rewritten, since events of that shape may lie in somebody's log.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::Event;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("snapshots")
}

fn file_name(event_type: &str, version: &str) -> String {
    format!("{event_type}.v{version}.json")
}

/// Tells whether a name of the catalog, or a family of names (`usage.*`), means this event type.
fn names(name: &str, event_type: &str) -> bool {
    name == event_type
        || name
            .strip_suffix('*')
            .is_some_and(|family| event_type.starts_with(family))
}

/// The aggregate whose events are called so.
fn aggregate_of(event_type: &str) -> &'static str {
    Event::catalog()
        .into_iter()
        .find(|(_, types)| types.iter().any(|(name, _)| names(name, event_type)))
        .map_or_else(
            || panic!("no aggregate has an event type {event_type}"),
            |(aggregate_type, _)| aggregate_type,
        )
}

/// One example of each event, by aggregate type: a slice a line.
fn examples() -> Vec<(&'static str, String, String, String)> {
    macro_rules! of {
        ($($slice:ident),+ $(,)?) => {
            [$(
                crate::$slice::tests::examples().into_iter().map(|event| {
                    let json = serde_json::to_string_pretty(&event).unwrap();
                    let (event_type, version) =
                        (cqrs_es::DomainEvent::event_type(&event), cqrs_es::DomainEvent::event_version(&event));
                    (stringify!($slice), event_type, version, json)
                }).collect::<Vec<_>>()
            ),+].concat()
        };
    }
    of![
        access,
        agent,
        agent_run,
        alert,
        api_key,
        claim,
        connector,
        connector_sync,
        invoice,
        lead,
        member,
        meter,
        model_price,
        opportunity,
        plan,
        retention,
        roi_baseline,
        roi_snapshot,
        saved_filter,
        subject,
        subscription,
        tenant,
        usage,
        webhook_endpoint,
        workspace,
    ]
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the switch that lets a developer write new snapshots"
)]
fn every_event_version_written_now_equals_its_committed_snapshot() {
    let write = std::env::var("ANNALS_WRITE_SNAPSHOTS").is_ok();
    for (_, event_type, version, json) in examples() {
        let file = folder().join(file_name(&event_type, &version));
        if write && !file.exists() {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&file, format!("{json}\n")).unwrap();
        }
        let committed = fs::read_to_string(&file).unwrap_or_else(|_| {
            panic!(
                "{} is missing: run ANNALS_WRITE_SNAPSHOTS=1 cargo test -p domain snapshots",
                file.display()
            )
        });
        assert_eq!(
            committed.trim_end(),
            json,
            "{event_type} v{version} changed its shape: give it a new version and an upcaster"
        );
    }
}

#[test]
fn every_type_in_the_catalog_has_an_example() {
    let shown: BTreeSet<_> = examples()
        .into_iter()
        .map(|(_, event_type, ..)| event_type)
        .collect();
    for (_, types) in Event::catalog() {
        for (name, _) in types {
            assert!(
                shown.iter().any(|event_type| names(name, event_type)),
                "{name} has no example, and so no snapshot"
            );
        }
    }
}

/// A committed file: the stored JSON of one version of an event.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) aggregate_type: &'static str,
    pub(crate) event_type: String,
    pub(crate) version: u16,
    pub(crate) payload: String,
}

impl Snapshot {
    pub(crate) fn decode(&self) -> Event {
        Event::decode(self.aggregate_type, &self.event_type, self.version, &self.payload)
            .unwrap_or_else(|error| panic!("{error}"))
    }
}

/// All committed files, in the order of their names.
pub(crate) fn committed() -> Vec<Snapshot> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (event_type, version) = name.rsplit_once(".v").unwrap();
        Snapshot {
            aggregate_type: aggregate_of(event_type),
            event_type: event_type.to_owned(),
            version: version.parse().unwrap(),
            payload: fs::read_to_string(path).unwrap(),
        }
    };
    paths.iter().map(read).collect()
}

#[test]
fn every_committed_snapshot_of_an_event_decodes_to_the_same_meaning_whatever_its_version() {
    let mut meanings = BTreeMap::new();
    for snapshot in committed() {
        let meaning = snapshot.decode();
        let first = meanings
            .entry(snapshot.event_type.clone())
            .or_insert_with(|| meaning.clone());
        assert_eq!(*first, meaning, "{} v{}", snapshot.event_type, snapshot.version);
    }
    assert_eq!(meanings.len(), examples().len());
}

#[test]
fn every_version_up_to_the_current_one_has_its_snapshot() {
    let committed = committed();
    for (_, event_type, version, _) in examples() {
        for version in 1..=version.parse().unwrap() {
            assert!(
                committed
                    .iter()
                    .any(|snapshot| snapshot.event_type == event_type && snapshot.version == version),
                "{event_type} v{version} was stored once: its snapshot stays"
            );
        }
    }
}
