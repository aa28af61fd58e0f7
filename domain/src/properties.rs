//! What holds for every event with any values: it is written and read back the same, as whatever version it
//! was written. The values grow from the committed snapshots, so a new event takes part by its snapshot.

use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::Event;
use crate::kernel::Currency;
use crate::snapshots::{Snapshot, committed};

/// How an event of the version after was written in this version: the upcast, undone.
type Downcast = fn(&mut Map<String, Value>);

/// Event type and version, and how that version was written: a version that is no longer written, a line.
const DOWNCASTS: &[(&str, u16, Downcast)] = &[
    ("api_key.issued", 1, without_origins),
    ("api_key.rotated", 1, without_overlap),
    ("claim.adjudicated", 1, initial_for_determination),
    ("claim.denied", 1, initial_for_determination),
    ("lead.enriched", 1, as_it_is),
];

const fn as_it_is(_fields: &mut Map<String, Value>) {}

fn without_origins(fields: &mut Map<String, Value>) {
    fields.remove("origins").unwrap();
}

fn without_overlap(fields: &mut Map<String, Value>) {
    fields.remove("previous_until").unwrap();
}

fn initial_for_determination(fields: &mut Map<String, Value>) {
    let determination = fields.remove("determination").unwrap();
    fields.insert("initial".to_owned(), (determination == "initial").into());
}

/// The fields of an event's JSON.
fn fields(event: &mut Value) -> &mut Map<String, Value> {
    let variant = event.as_object_mut().unwrap().values_mut().next().unwrap();
    variant.as_object_mut().unwrap()
}

/// The values that one leaf of an event's JSON may take; each type of leaf picks its own.
#[derive(Clone, Debug)]
struct Leaf {
    text: String,
    number: u64,
    decimal: (i64, u32),
    instant: (i64, i32),
}

fn leaves() -> impl Strategy<Value = Vec<Leaf>> {
    let leaf = (
        "\\PC{0,20}",
        prop_oneof![any::<u64>(), 0..100_u64],
        (any::<i64>(), 0..10_u32),
        (-60_000_000_000..200_000_000_000_i64, 0..1_000_000_000_i32),
    );
    let leaf = leaf.prop_map(|(text, number, decimal, instant)| Leaf {
        text,
        number,
        decimal,
        instant,
    });
    prop::collection::vec(leaf, 1..16)
}

impl Leaf {
    /// Values to try in place of a value: the likeliest first.
    fn instead_of(&self, value: &Value) -> Vec<Value> {
        let instant = Timestamp::new(self.instant.0, self.instant.1).unwrap_or_default();
        let texts = [self.text.clone(), format!("a{}", self.number)];
        match value {
            Value::Bool(_) => vec![self.number.is_multiple_of(2).into()],
            Value::Number(_) => vec![self.number.into(), (self.number % 100).into()],
            Value::String(text) if text.parse::<Timestamp>().is_ok() => vec![instant.to_string().into()],
            Value::String(text) if text.parse::<Date>().is_ok() => {
                vec![instant.to_string()[..10].into()]
            }
            Value::String(text) if text.parse::<Decimal>().is_ok() => {
                vec![Decimal::new(self.decimal.0, self.decimal.1).to_string().into()]
            }
            Value::String(text) if text.parse::<Currency>().is_ok() => {
                let codes = ["USD", "EUR", "JPY", "KWD", "CHF"];
                vec![codes[usize::try_from(self.number % 5).unwrap()].into()]
            }
            Value::String(text) if text.len() == 64 => vec![format!("{:064x}", self.number).into()],
            Value::String(_) => texts.map(Value::from).into(),
            Value::Null => texts.map(Value::from).into(),
            Value::Array(_) | Value::Object(_) => vec![],
        }
    }
}

/// The JSON pointers of all leaves.
fn pointers(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointers(item, format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                pointers(member, format!("{at}/{name}"), found);
            }
        }
        _ => found.push(at),
    }
}

/// The variants that the parser names when it finds none of them.
fn variants(reason: &str) -> Vec<&str> {
    match reason
        .split_once("unknown variant")
        .and_then(|(_, rest)| rest.split_once("expected"))
    {
        Some((_, expected)) => expected.split('`').skip(1).step_by(2).collect(),
        None => vec![],
    }
}

/// The snapshot with other values, wherever its event's rules allow them.
fn vary(snapshot: &Snapshot, leaves: &[Leaf]) -> Snapshot {
    let mut json: Value = serde_json::from_str(&snapshot.payload).unwrap();
    let mut found = Vec::new();
    pointers(&json, String::new(), &mut found);
    let decode = |json: &Value| {
        Event::decode(
            snapshot.aggregate_type,
            &snapshot.event_type,
            snapshot.version,
            &json.to_string(),
        )
    };
    for (pointer, leaf) in found.iter().zip(leaves.iter().cycle()) {
        let before = json.pointer(pointer).unwrap().clone();
        let mut candidates = leaf.instead_of(&before);
        candidates.reverse();
        while let Some(candidate) = candidates.pop() {
            *json.pointer_mut(pointer).unwrap() = candidate;
            let Err(error) = decode(&json) else { break };
            let reason = error.to_string();
            let named = variants(&reason);
            if !named.is_empty() {
                candidates = vec![named[usize::try_from(leaf.number).unwrap_or(0) % named.len()].into()];
            }
            json.pointer_mut(pointer).unwrap().clone_from(&before);
        }
    }
    Snapshot {
        payload: json.to_string(),
        ..snapshot.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_event_with_any_values_reads_back_as_it_was_written(leaves in leaves()) {
        let committed = committed();
        for snapshot in &committed {
            let event = vary(snapshot, &leaves).decode();
            let current = committed.iter().rfind(|other| other.event_type == snapshot.event_type).unwrap();
            let written = Snapshot { payload: event.encode().to_string(), ..current.clone() };
            prop_assert_eq!(&written.decode(), &event);
            prop_assert_eq!(written.decode().encode(), event.encode());
        }
    }

    #[test]
    fn every_event_with_any_values_decodes_to_the_same_whatever_version_wrote_it(leaves in leaves()) {
        let mut old = 0;
        for (_, types) in Event::catalog() {
            for (event_type, version) in types.iter().filter(|(_, version)| *version > 1) {
                let current = committed()
                    .into_iter()
                    .find(|snapshot| snapshot.event_type == *event_type && snapshot.version == *version)
                    .unwrap();
                let event = vary(&current, &leaves).decode();
                let mut json = event.encode();
                for version in (1..*version).rev() {
                    let downcast = DOWNCASTS
                        .iter()
                        .find(|(name, of, _)| name == event_type && *of == version);
                    let Some((.., downcast)) = downcast else {
                        panic!("say in DOWNCASTS how {event_type} version {version} was written");
                    };
                    downcast(fields(&mut json));
                    let stored = Snapshot { version, payload: json.to_string(), ..current.clone() };
                    prop_assert_eq!(stored.decode(), event.clone());
                    old += 1;
                }
            }
        }
        prop_assert_eq!(old, DOWNCASTS.len());
    }
}

#[test]
fn the_values_of_every_event_do_vary() {
    let leaf = Leaf {
        text: "\u{e4} \"other\" text".to_owned(),
        number: 7,
        decimal: (-123_456, 3),
        instant: (1_800_000_000, 5_000),
    };
    for snapshot in committed() {
        let mut found = Vec::new();
        pointers(
            &serde_json::from_str(&snapshot.payload).unwrap(),
            String::new(),
            &mut found,
        );
        let varied = vary(&snapshot, std::slice::from_ref(&leaf)).decode();
        assert!(found.is_empty() || varied != snapshot.decode(), "{snapshot:?}");
    }
}
