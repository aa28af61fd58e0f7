//! The envelope around every event, and how a stored payload becomes an event again.

use std::fmt;

use cqrs_es::DomainEvent;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Actor, EventId, TenantId};
use crate::Event;

/// A stream: one aggregate of one tenant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// The aggregate's stored name, for instance `lead`.
    pub aggregate_type: &'static str,
    /// The tenant that owns it.
    pub tenant: TenantId,
    /// The aggregate's id inside its tenant.
    pub id: String,
}

impl StreamId {
    /// The `aggregate_id` under which the log stores it: built from tenant and id, so that a stolen
    /// id opens an empty stream of the thief's own.
    #[must_use]
    pub fn stored_id(&self) -> String {
        format!("{}:{}", self.tenant, self.id)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.aggregate_type, self.id)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.aggregate_type, self.tenant, self.id)
    }
}

/// An event as it lies in the log: the one envelope that every reader meets.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEvent {
    /// Its place in the whole log: 1, 2, 3, ... without gaps, in the order of commits.
    pub position: u64,
    /// Unique in the whole log.
    pub event_id: EventId,
    /// The aggregate it happened to, with its tenant.
    pub stream: StreamId,
    /// Its place in its stream: 1, 2, 3, ...
    pub sequence: u64,
    /// Its stored name, for instance `agent_run.completed`.
    pub event_type: String,
    /// The version of the payload's shape as stored.
    pub version: u16,
    /// Business time: when it happened.
    pub occurred_at: Timestamp,
    /// When it was appended; never runs backwards along the positions.
    pub recorded_at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// The request, import or run that it belongs to.
    pub correlation_id: Option<String>,
    /// The event that caused it.
    pub causation_id: Option<EventId>,
    /// The workspace in which its actor acted, where it said so.
    pub workspace: Option<String>,
    /// The event that tells by what means its actor came (`access.seen`), where that is known.
    pub context: Option<EventId>,
    /// What happened.
    pub event: Event,
    /// What happened, as it may be read: the stored bytes, but for personal fields, which are opened, or null once
    /// they are erased.
    pub payload: Box<str>,
    /// SHA-256 over the content: everything here but position, sequence and recorded time, with the
    /// payload as it is stored.
    pub hash: [u8; 32],
}

impl RecordedEvent {
    /// The tenant that owns the event.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.stream.tenant
    }
}

/// Why a stored payload is not an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No aggregate of that name.
    #[error("there is no aggregate type {aggregate_type:?} in this version of the program")]
    UnknownAggregate {
        /// As stored.
        aggregate_type: String,
    },
    /// A version that somebody's newer program wrote.
    #[error(
        "{event_type} version {version} is newer than version {known}, the last that this version of the \
         program knows: upgrade the program"
    )]
    Newer {
        /// As stored.
        event_type: String,
        /// As stored.
        version: u16,
        /// The version in which this program writes it.
        known: u16,
    },
    /// No event of that name, or no such version of it.
    #[error("there is no event type {event_type:?} version {version} in this version of the program")]
    UnknownType {
        /// As stored.
        event_type: String,
        /// As stored.
        version: u16,
    },
    /// The payload is not of the type's shape.
    #[error("the payload of {event_type} version {version} does not parse: {reason}")]
    Malformed {
        /// As stored.
        event_type: String,
        /// As stored.
        version: u16,
        /// What the parser says.
        reason: String,
    },
}

/// Takes the fields of a stored event one version further, or says what is wrong with them.
pub type Upcast = fn(&mut Map<String, Value>) -> Result<(), String>;

/// An aggregate's events as the log keeps them.
pub trait StoredEvent: DomainEvent {
    /// Every stored name with the version in which it is written now.
    const TYPES: &'static [(&'static str, u16)];

    /// The version in which `event_type` is written now; `None` when there is no such type.
    #[must_use]
    fn current_version(event_type: &str) -> Option<u16> {
        Self::TYPES
            .iter()
            .find(|(name, _)| *name == event_type)
            .map(|(_, version)| *version)
    }

    /// The steps that lead from version 1 of `event_type` to the current one, in order.
    #[must_use]
    fn upcasts(_event_type: &str) -> &'static [Upcast] {
        &[]
    }
}

/// Decodes a stored payload of one aggregate, taking old versions forward step by step.
///
/// # Errors
/// [`DecodeError::UnknownType`], [`DecodeError::Newer`] or [`DecodeError::Malformed`].
pub fn decode_as<E: StoredEvent>(event_type: &str, version: u16, payload: &str) -> Result<E, DecodeError> {
    let malformed = |error| malformed(event_type, version, error);
    if E::current_version(event_type) == Some(version) {
        return serde_json::from_str(payload).map_err(malformed);
    }
    decode_value_as(
        event_type,
        version,
        serde_json::from_str(payload).map_err(malformed)?,
    )
}

/// The same, of a payload that is parsed already.
///
/// # Errors
/// [`DecodeError::UnknownType`], [`DecodeError::Newer`] or [`DecodeError::Malformed`].
pub fn decode_value_as<E: StoredEvent>(
    event_type: &str,
    version: u16,
    mut payload: Value,
) -> Result<E, DecodeError> {
    let unknown = || DecodeError::UnknownType {
        event_type: event_type.to_owned(),
        version,
    };
    let known = E::current_version(event_type).ok_or_else(unknown)?;
    if version > known {
        return Err(DecodeError::Newer {
            event_type: event_type.to_owned(),
            version,
            known,
        });
    }
    let passed = usize::from(version.checked_sub(1).ok_or_else(unknown)?);
    for upcast in E::upcasts(event_type).iter().skip(passed) {
        // An event is one variant's name with its fields; any other shape is for the parser to refuse.
        let fields = payload
            .as_object_mut()
            .and_then(|event| event.values_mut().next()?.as_object_mut());
        if let Some(fields) = fields {
            upcast(fields).map_err(|reason| malformed(event_type, version, reason))?;
        }
    }
    serde_json::from_value(payload).map_err(|error| malformed(event_type, version, error))
}

fn malformed(event_type: &str, version: u16, reason: impl fmt::Display) -> DecodeError {
    DecodeError::Malformed {
        event_type: event_type.to_owned(),
        version,
        reason: reason.to_string(),
    }
}

/// Names a slice's events: the variant, its stored name and the version in which it is written; after a
/// version above 1 the upcasts that lead there from version 1, one a version.
macro_rules! event_types {
    ($($variant:ident => $name:literal v $version:literal $([$($upcast:path),+])?),+ $(,)?) => {
        impl cqrs_es::DomainEvent for Event {
            fn event_type(&self) -> String {
                match self {
                    $(Self::$variant { .. } => $name.to_owned(),)+
                }
            }
            fn event_version(&self) -> String {
                match self {
                    $(Self::$variant { .. } => stringify!($version).to_owned(),)+
                }
            }
        }

        impl $crate::kernel::StoredEvent for Event {
            const TYPES: &'static [(&'static str, u16)] = &[$(($name, $version)),+];

            fn upcasts(event_type: &str) -> &'static [$crate::kernel::Upcast] {
                match event_type {
                    $($name => {
                        const UPCASTS: &[$crate::kernel::Upcast] = &[$($($upcast),+)?];
                        const { assert!(UPCASTS.len() + 1 == $version, "one upcast a version after the first") };
                        UPCASTS
                    })+
                    _ => &[],
                }
            }
        }
    };
}
pub(crate) use event_types;
