//! An event as a record: CloudEvents in Kafka's binary mode.
//!
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md#32-binary-content-mode>

use domain::RecordedEvent;
use rdkafka::message::{Header, OwnedHeaders};

use super::error::RelayError;
use super::settings::Settings;
use crate::public::CloudEvent;

/// What is sent for an event.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) topic: String,
    /// Tenant and stream: what happened to one aggregate lies in one partition, in order.
    pub(super) key: String,
    pub(super) value: String,
    pub(super) headers: OwnedHeaders,
}

impl Record {
    pub(super) fn try_new(event: &RecordedEvent, settings: &Settings) -> Result<Self, RelayError> {
        let slice = event.stream.aggregate_type;
        let show = |source| RelayError::Show {
            position: event.position,
            source,
        };
        let public = CloudEvent::try_new(event, settings.personal_data(slice)).map_err(show)?;
        let mut headers = OwnedHeaders::new_with_capacity(17);
        for (name, value) in public.attributes() {
            headers = headers.insert(Header {
                key: header(name),
                value: Some(value.as_bytes()),
            });
        }
        headers = headers.insert(Header {
            key: "content-type",
            value: Some(public.datacontenttype),
        });
        Ok(Self {
            topic: settings.topics.topic(slice),
            key: format!("{}/{}", public.tenant, public.subject),
            value: public.data.get().to_owned(),
            headers,
        })
    }
}

/// An attribute's header, without an allocation for each of an event's.
fn header(attribute: &'static str) -> &'static str {
    match attribute {
        "specversion" => "ce_specversion",
        "id" => "ce_id",
        "source" => "ce_source",
        "type" => "ce_type",
        "subject" => "ce_subject",
        "time" => "ce_time",
        "dataschema" => "ce_dataschema",
        "dataversion" => "ce_dataversion",
        "tenant" => "ce_tenant",
        "cursor" => "ce_cursor",
        "sequence" => "ce_sequence",
        "streamsequence" => "ce_streamsequence",
        "recordedtime" => "ce_recordedtime",
        "correlationid" => "ce_correlationid",
        "causationid" => "ce_causationid",
        other => other,
    }
}
