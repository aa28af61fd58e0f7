//! The AsyncAPI 3.1 document: which topics there are, and which events they carry.
//!
//! <https://www.asyncapi.com/docs/reference/specification/v3.1.0>

use serde_json::{Map, Value, json};

use super::catalog::{PublicType, public_types, slices};

/// The attributes that every event has, and those that it may have.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("ce_specversion", "The version of CloudEvents: 1.0."),
    ("ce_id", "The event's ULID."),
    ("ce_source", "/tenants/ and the tenant's ULID."),
    ("ce_type", "annals. and the event's name."),
    ("ce_subject", "The aggregate: its type and its id."),
    ("ce_time", "When it happened (RFC 3339)."),
    ("ce_dataschema", "The name of the data's schema."),
    ("ce_dataversion", "The version of the data's shape."),
    ("ce_tenant", "The tenant's ULID."),
    (
        "ce_cursor",
        "Where the gateway's events(after:) goes on behind this event.",
    ),
    ("ce_sequence", "The place in the log, in ten digits or more."),
    ("ce_streamsequence", "The place in the aggregate's stream."),
    ("ce_recordedtime", "When it was recorded (RFC 3339)."),
    (
        "ce_correlationid",
        "Groups the events of one request, import or run.",
    ),
    ("ce_causationid", "The ULID of the event that caused it."),
];

/// The last two of the attributes are there only when they are known.
const OPTIONAL: usize = 2;

pub(super) fn document() -> Value {
    let mut channels = Map::new();
    let mut operations = Map::new();
    let mut messages = Map::new();
    for slice in slices() {
        let types = public_types().iter().filter(|public| public.slice == slice);
        let mut carried = Map::new();
        for public in types {
            let name = message_name(public);
            carried.insert(name.clone(), reference(&format!("components/messages/{name}")));
            messages.insert(name, message(public));
        }
        channels.insert(
            slice.to_owned(),
            json!({
                "address": format!("annals.{slice}"),
                "title": slice,
                "description": format!("What has happened to each {}. A stream's events have one key, so that their order holds.", slice.replace('_', " ")),
                "messages": carried,
            }),
        );
        operations.insert(
            format!("send_{slice}"),
            json!({
                "action": "send",
                "channel": reference(&format!("channels/{slice}")),
                "title": format!("Send what has happened to each {}", slice.replace('_', " ")),
                "description": "Each event is sent once, in one Kafka transaction with the place up to which the log was sent; read with isolation.level=read_committed.",
            }),
        );
    }
    json!({
        "asyncapi": "3.1.0",
        "id": "urn:annals:events",
        "info": {
            "title": "Annals: public events",
            "version": "1.0.0",
            "description": "What has happened, as CloudEvents 1.0 in Kafka's binary mode: the attributes are headers, the data is the record's value. The topics' names follow the relay's pattern; annals.{slice} is the default.",
            "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
            "contact": { "name": "The operator of this installation", "url": "https://example.org/annals", "email": "annals@example.org" },
            "tags": [{ "name": "cloudevents", "description": "CloudEvents 1.0 over Apache Kafka" }],
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "localhost:9092",
                "protocol": "kafka",
                "description": "The brokers that the relay is given (--kafka-brokers).",
            },
        },
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": { "attributes": attributes() },
        },
    })
}

fn message_name(public: &PublicType) -> String {
    format!("{}.v{}", public.stem(), public.version)
}

fn reference(path: &str) -> Value {
    json!({ "$ref": format!("#/{path}") })
}

fn message(public: &PublicType) -> Value {
    let mut payload = public.schema.clone();
    if let Some(members) = payload.as_object_mut() {
        members.remove("$schema");
    }
    json!({
        "name": format!("annals.{}", public.name),
        "title": public.name,
        "summary": public.schema["description"],
        "contentType": "application/json",
        "headers": reference("components/schemas/attributes"),
        "payload": payload,
    })
}

fn attributes() -> Value {
    let mut properties = Map::new();
    for (name, description) in ATTRIBUTES {
        properties.insert(
            (*name).to_owned(),
            json!({ "type": "string", "description": description }),
        );
    }
    let content_type = "Always application/json.";
    properties.insert(
        "content-type".to_owned(),
        json!({ "type": "string", "description": content_type }),
    );
    let required: Vec<&str> = ATTRIBUTES[..ATTRIBUTES.len() - OPTIONAL]
        .iter()
        .map(|(name, _)| *name)
        .collect();
    json!({ "type": "object", "properties": properties, "required": required })
}
