//! Events in the Open Cybersecurity Schema Framework, version 1.8: what happened at the door as API Activity, what
//! happened to things as Entity Management (<https://schema.ocsf.io/1.8.0>).

use domain::{Actor, ActorKind, TenantId};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

const VERSION: &str = "1.8.0";

/// API Activity, of the category Application Activity.
const API_ACTIVITY: (u32, u32) = (6, 6003);
/// Entity Management, of the category Identity & Access Management.
const ENTITY_MANAGEMENT: (u32, u32) = (3, 3004);

/// Verbs at the end of an event's name by which something came to be.
const CREATING: &[&str] = &[
    "captured",
    "configured",
    "created",
    "invited",
    "issued",
    "opened",
    "provisioned",
    "recorded",
    "registered",
    "started",
    "submitted",
];
/// Verbs by which something ended.
const DELETING: &[&str] = &["archived", "canceled", "closed", "removed", "retired", "revoked"];

/// What was done, in the framework's numbers.
#[derive(Clone, Copy)]
enum Activity {
    Create = 1,
    Read = 2,
    Update = 3,
    Delete = 4,
}

impl Activity {
    fn of(event_type: &str) -> Self {
        let verb = event_type.rsplit('.').next().unwrap_or_default();
        if CREATING.contains(&verb) {
            Self::Create
        } else if DELETING.contains(&verb) {
            Self::Delete
        } else {
            Self::Update
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Read => "Read",
            Self::Update => "Update",
            Self::Delete => "Delete",
        }
    }
}

/// What happened, as an entry of the audit feed tells it.
#[derive(Clone, Copy, Debug)]
pub struct OcsfSource<'a> {
    /// Whose log it is in.
    pub tenant: TenantId,
    /// Where it is there.
    pub position: u64,
    /// The event's ULID.
    pub event_id: &'a str,
    /// The event's stored name.
    pub event_type: &'a str,
    /// What it was done to: the aggregate's stored name, and its id.
    pub entity: (&'a str, &'a str),
    /// Who did it.
    pub actor: &'a Actor,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// The request, import or run that it belongs to.
    pub correlation_id: Option<&'a str>,
    /// What happened, as stored.
    pub payload: &'a str,
    /// The network address by which its actor came.
    pub address: Option<&'a str>,
    /// The program by which its actor came.
    pub user_agent: Option<&'a str>,
}

/// An event as an OCSF event.
#[must_use]
pub fn ocsf(event: &OcsfSource<'_>) -> Value {
    let payload: Value = serde_json::from_str(event.payload).unwrap_or(Value::Null);
    // An event is one variant's name with its fields.
    let payload = payload.as_object().and_then(|event| event.values().next());
    let payload = payload.cloned().unwrap_or(Value::Null);
    let denied = matches!(event.event_type, "access.denied" | "access.refused");
    let mut out = match event.entity.0 {
        "access" => api_activity(event, &payload),
        _ => entity_management(event),
    };
    match event.address {
        Some(address) => {
            out.insert("src_endpoint".to_owned(), json!({ "ip": address }));
        }
        // An API's activity must come from somewhere.
        None if event.entity.0 == "access" => {
            out.insert("src_endpoint".to_owned(), json!({ "name": "unknown" }));
        }
        None => {}
    }
    if let Some(user_agent) = event.user_agent {
        out.insert("http_request".to_owned(), json!({ "user_agent": user_agent }));
    }
    out.insert("actor".to_owned(), actor(event.actor));
    out.insert("time".to_owned(), json!(event.occurred_at.as_millisecond()));
    out.insert("metadata".to_owned(), metadata(event));
    let (severity, name) = if denied {
        (3, "Medium")
    } else {
        (1, "Informational")
    };
    out.insert("severity_id".to_owned(), json!(severity));
    out.insert("severity".to_owned(), json!(name));
    let (status, name) = if denied { (2, "Failure") } else { (1, "Success") };
    out.insert("status_id".to_owned(), json!(status));
    out.insert("status".to_owned(), json!(name));
    if denied && let Some(reason) = payload.get("message").and_then(Value::as_str) {
        out.insert("status_detail".to_owned(), json!(reason));
    }
    out.insert("raw_data".to_owned(), json!(event.payload));
    Value::Object(out)
}

fn class((category, class): (u32, u32), activity: Activity) -> Map<String, Value> {
    let number = activity as u32;
    let fields = [
        ("category_uid", json!(category)),
        ("class_uid", json!(class)),
        ("activity_id", json!(number)),
        ("activity_name", json!(activity.name())),
        ("type_uid", json!(class * 100 + number)),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn api_activity(event: &OcsfSource<'_>, payload: &Value) -> Map<String, Value> {
    let activity = match event.event_type {
        "access.operated" => Activity::Update,
        _ => Activity::Read,
    };
    let mut out = class(API_ACTIVITY, activity);
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let asked = ["asked", "command", "what"].into_iter().find_map(text);
    out.insert(
        "api".to_owned(),
        json!({ "operation": asked.unwrap_or(event.event_type), "service": { "name": "Annals" } }),
    );
    let count = ["attempts", "reads"]
        .into_iter()
        .find_map(|name| payload.get(name)?.as_u64());
    if let Some(count @ 1..) = count {
        out.insert("count".to_owned(), json!(count));
    }
    out
}

fn entity_management(event: &OcsfSource<'_>) -> Map<String, Value> {
    let mut out = class(ENTITY_MANAGEMENT, Activity::of(event.event_type));
    out.insert(
        "entity".to_owned(),
        json!({ "type": event.entity.0, "uid": event.entity.1 }),
    );
    out
}

fn actor(actor: &Actor) -> Value {
    match actor.kind {
        ActorKind::User => json!({ "user": { "uid": actor.id } }),
        ActorKind::ApiKey => json!({ "user": { "uid": actor.to_string(), "credential_uid": actor.id } }),
        ActorKind::Agent | ActorKind::Connector | ActorKind::System => {
            json!({ "app_uid": actor.to_string() })
        }
    }
}

fn metadata(event: &OcsfSource<'_>) -> Value {
    let mut metadata = json!({
        "version": VERSION,
        "product": { "name": "Annals", "vendor_name": "Annals" },
        "uid": event.event_id,
        "event_code": event.event_type,
        "tenant_uid": event.tenant.to_string(),
        "sequence": event.position,
        "logged_time": event.recorded_at.as_millisecond(),
    });
    if let Some(correlation) = &event.correlation_id {
        metadata["correlation_uid"] = json!(correlation);
    }
    metadata
}
