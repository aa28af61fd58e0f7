//! An event of the log as a CloudEvent: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>.

use std::borrow::Cow;

use domain::RecordedEvent;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::catalog::public_type;
use super::cursor::cursor;
use super::data::data;

/// Whether members that say something about a person leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonalData {
    /// They do.
    Included,
    /// They are absent.
    Withheld,
}

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
    /// The name of the data's schema, for instance `urn:annals:event:lead.captured:1` (`docs/events/`).
    pub dataschema: String,
    /// The version of the data's shape: the newest, whatever was stored.
    pub dataversion: String,
    /// The tenant's ULID.
    pub tenant: String,
    /// Where the gateway's `events(after:)` goes on behind this event.
    pub cursor: String,
    /// The place in the log, ten digits or more, so that texts sort as positions do (`sequence` extension).
    pub sequence: String,
    /// The place in the aggregate's stream: 1, 2, 3, ...
    pub streamsequence: String,
    /// When it was appended (`recordedtime` extension).
    pub recordedtime: Timestamp,
    /// Groups the events of one request, import or run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlationid: Option<&'a str>,
    /// The event that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causationid: Option<String>,
    /// What happened, in the shape that `dataschema` names.
    pub data: Cow<'a, RawValue>,
}

impl<'a> CloudEvent<'a> {
    /// The public form of a recorded event.
    ///
    /// # Errors
    /// When the stored payload is no JSON of an event, which the log does not write.
    pub fn try_new(event: &'a RecordedEvent, personal: PersonalData) -> Result<Self, serde_json::Error> {
        let unknown = || serde::ser::Error::custom(format!("{} is no public type", event.event_type));
        let public = public_type(&event.event_type).ok_or_else(unknown)?;
        Ok(Self {
            specversion: "1.0",
            id: event.event_id.to_string(),
            source: format!("/tenants/{}", event.tenant()),
            kind: format!("annals.{}", event.event_type),
            subject: event.stream.to_string(),
            time: event.occurred_at,
            datacontenttype: "application/json",
            dataschema: public.urn(),
            dataversion: public.version.to_string(),
            tenant: event.tenant().to_string(),
            cursor: cursor(event.tenant(), event.position),
            sequence: format!("{:010}", event.position),
            streamsequence: event.sequence.to_string(),
            recordedtime: event.recorded_at,
            correlationid: event.correlation_id.as_deref(),
            causationid: event.causation_id.map(|id| id.to_string()),
            data: data(event, public, personal)?,
        })
    }

    /// The attributes with their names and texts, without the data: what a binary mode sends beside it. The content
    /// type is not among them, since each binding has a place of its own for it.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let given = [
            ("specversion", self.specversion.into()),
            ("id", self.id.as_str().into()),
            ("source", self.source.as_str().into()),
            ("type", self.kind.as_str().into()),
            ("subject", self.subject.as_str().into()),
            ("time", self.time.to_string().into()),
            ("dataschema", self.dataschema.as_str().into()),
            ("dataversion", self.dataversion.as_str().into()),
            ("tenant", self.tenant.as_str().into()),
            ("cursor", self.cursor.as_str().into()),
            ("sequence", self.sequence.as_str().into()),
            ("streamsequence", self.streamsequence.as_str().into()),
            ("recordedtime", self.recordedtime.to_string().into()),
        ];
        let correlation = self.correlationid.map(|id| ("correlationid", id.into()));
        let causation = self.causationid.as_deref().map(|id| ("causationid", id.into()));
        given.into_iter().chain(correlation).chain(causation)
    }
}
