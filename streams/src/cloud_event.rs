//! An event of the log as a CloudEvent: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>.

use domain::RecordedEvent;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

/// A CloudEvent in its JSON format; the names are the specification's, extensions in lower case.
#[derive(Debug, Serialize)]
pub struct CloudEvent<'a> {
    /// Always `1.0`.
    pub specversion: &'static str,
    /// The event's ULID.
    pub id: String,
    /// `/tenants/<tenant>`: ids are unique within it.
    pub source: String,
    /// `annals.` and the stored name, for instance `annals.lead.captured`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The aggregate: type and id.
    pub subject: String,
    /// Business time.
    pub time: Timestamp,
    /// Always `application/json`.
    pub datacontenttype: &'static str,
    /// The version of the data's shape.
    pub dataversion: String,
    /// The place in the log, ten digits or more, so that texts sort as positions do (`sequence` extension).
    pub sequence: String,
    /// When it was appended (`recordedtime` extension).
    pub recordedtime: Timestamp,
    /// Groups the events of one request, import or run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlationid: Option<&'a str>,
    /// The event that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causationid: Option<String>,
    /// What happened, as stored.
    pub data: &'a RawValue,
}

impl<'a> CloudEvent<'a> {
    /// The public form of a recorded event.
    ///
    /// # Errors
    /// When the stored payload is no JSON, which the log does not write.
    pub fn try_new(event: &'a RecordedEvent) -> Result<Self, serde_json::Error> {
        Ok(Self {
            specversion: "1.0",
            id: event.event_id.to_string(),
            source: format!("/tenants/{}", event.tenant()),
            kind: format!("annals.{}", event.event_type),
            subject: event.stream.to_string(),
            time: event.occurred_at,
            datacontenttype: "application/json",
            dataversion: event.version.to_string(),
            sequence: format!("{:010}", event.position),
            recordedtime: event.recorded_at,
            correlationid: event.correlation_id.as_deref(),
            causationid: event.causation_id.map(|id| id.to_string()),
            data: serde_json::from_str(&event.payload)?,
        })
    }
}
