//! Of whom a message tells, for the day on which somebody is to be forgotten.

use std::collections::BTreeSet;

use serde_json::Value;
use store::Mention;

use crate::webhooks::source::{Sender, Source};

/// The people whose ids stand anywhere in a message of Clerk's, each in the message's organization. Other senders' people are
/// nobody's members.
pub(in crate::webhooks) fn people(source: &Source, event_type: &str, body: &[u8]) -> Vec<Mention> {
    let (Sender::Clerk(_), Ok(message)) = (&source.sender, serde_json::from_slice::<Value>(body)) else {
        return Vec::new();
    };
    let text = |pointer: &str| {
        let value = message.pointer(pointer)?;
        value.as_str().map(str::to_owned)
    };
    let mut persons = BTreeSet::new();
    if event_type.starts_with("user.") {
        persons.extend(text("/data/id"));
    }
    named(&message, &mut persons);
    let organization = [
        "/data/organization/id",
        "/data/payer/organization_id",
        "/data/organization_id",
    ];
    let organization = organization.into_iter().find_map(text);
    let mention = |person| Mention {
        person,
        organization: organization.clone(),
    };
    persons.into_iter().map(mention).collect()
}

fn named(value: &Value, persons: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(person) if name == "user_id" => drop(persons.insert(person.clone())),
                    _ => named(value, persons),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, persons)),
        _ => {}
    }
}
