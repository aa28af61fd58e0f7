//! The one closed union of everything that can be in the log: an aggregate a line.

use crate::any::any_aggregate;
use crate::kernel::{DecodeError, StoredEvent, decode_as};

macro_rules! events {
    ($($variant:ident: $module:ident),+ $(,)?) => {
        /// Any event of any aggregate, as a reader of the whole log meets it.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Event {
            $(
                #[doc = concat!("An event of [`crate::", stringify!($module), "`].")]
                $variant(crate::$module::Event),
            )+
        }

        impl Event {
            /// The stored names of all aggregates.
            pub const AGGREGATE_TYPES: &'static [&'static str] =
                &[$(<crate::$module::$variant as cqrs_es::Aggregate>::TYPE),+];

            /// Every stored event name with its current version, by aggregate.
            #[must_use]
            pub fn catalog() -> Vec<(&'static str, &'static [(&'static str, u16)])> {
                vec![$((
                    <crate::$module::$variant as cqrs_es::Aggregate>::TYPE,
                    <crate::$module::Event as StoredEvent>::TYPES,
                )),+]
            }

            /// Decodes a stored payload, upcasting old versions.
            ///
            /// # Errors
            /// [`DecodeError`] names the type and version that is unknown or does not parse.
            pub fn decode(
                aggregate_type: &str,
                event_type: &str,
                version: u16,
                payload: &str,
            ) -> Result<Self, DecodeError> {
                match aggregate_type {
                    $(<crate::$module::$variant as cqrs_es::Aggregate>::TYPE => {
                        decode_as(event_type, version, payload).map(Self::$variant)
                    })+
                    _ => Err(DecodeError::UnknownAggregate { aggregate_type: aggregate_type.to_owned() }),
                }
            }

            /// The payload as it is written now.
            #[must_use]
            pub fn encode(&self) -> serde_json::Value {
                let encoded = match self {
                    $(Self::$variant(event) => serde_json::to_value(event),)+
                };
                encoded.expect("an event's fields are JSON, as its snapshot shows")
            }

            /// The schema of each aggregate's payloads as they are written now, by aggregate: one object a variant,
            /// under the variant's name. Personal data is marked with `x-personal`, secrets with `x-secret`.
            pub fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema)> {
                vec![$((
                    <crate::$module::$variant as cqrs_es::Aggregate>::TYPE,
                    <crate::$module::Event as schemars::JsonSchema>::json_schema(generator),
                )),+]
            }

            /// The version in which events of this type are written now; `None`: there is no such type.
            #[must_use]
            pub fn version_of(event_type: &str) -> Option<u16> {
                [$(<crate::$module::Event as StoredEvent>::current_version(event_type)),+]
                    .into_iter()
                    .flatten()
                    .next()
            }
        }

        $(impl From<crate::$module::Event> for Event {
            fn from(event: crate::$module::Event) -> Self {
                Self::$variant(event)
            }
        })+

        any_aggregate!($($variant: $module),+);
    };
}

events! {
    Access: access,
    Agent: agent,
    AgentRun: agent_run,
    Alert: alert,
    ApiKey: api_key,
    Claim: claim,
    Connector: connector,
    ConnectorSync: connector_sync,
    Invoice: invoice,
    Lead: lead,
    Member: member,
    Meter: meter,
    ModelPrice: model_price,
    Opportunity: opportunity,
    Plan: plan,
    Retention: retention,
    RoiBaseline: roi_baseline,
    RoiSnapshot: roi_snapshot,
    SavedFilter: saved_filter,
    Subject: subject,
    Subscription: subscription,
    Tenant: tenant,
    Usage: usage,
    WebhookEndpoint: webhook_endpoint,
    Workspace: workspace,
}
