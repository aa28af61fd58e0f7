//! An aggregate of any kind, by its stored name: for whoever replays a stream without knowing what it is of.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::kernel::{At, Entity, RefusalCode};

/// Why a command has made no events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// It is no command of this aggregate.
    #[error("this is no command of it: {0}")]
    Malformed(String),
    /// The rules refuse it.
    #[error("it is refused ({code}): {reason}")]
    Refused {
        /// The refusal's name for machines.
        code: &'static str,
        /// The refusal as a client reads it.
        reason: String,
    },
}

/// What an aggregate makes of a command that is given as JSON; it has taken in the events then.
pub(crate) fn decided<A>(aggregate: &mut A, at: Timestamp, command: Value) -> Result<Vec<A::Event>, Undecided>
where
    A: Entity,
    A::Order: DeserializeOwned,
{
    let command = serde_json::from_value(command).map_err(|error| Undecided::Malformed(error.to_string()))?;
    let events = aggregate.judge(At::new(at, command));
    let events = events.map_err(|refusal| Undecided::Refused {
        code: refusal.code(),
        reason: refusal.to_string(),
    })?;
    for event in events.clone() {
        aggregate.apply(event);
    }
    Ok(events)
}

/// Makes the union of all aggregates from the list of them.
macro_rules! any_aggregate {
    ($($variant:ident: $module:ident),+) => {
        /// An aggregate of any kind, as its events make it.
        #[derive(Clone, Debug)]
        pub enum AnyAggregate {
            $(
                #[doc = concat!("One of [`crate::", stringify!($module), "`].")]
                $variant(Box<crate::$module::$variant>),
            )+
        }

        impl AnyAggregate {
            /// The aggregate of a stored name before its first event; `None`: there is none of that name.
            #[must_use]
            pub fn new(aggregate_type: &str) -> Option<Self> {
                match aggregate_type {
                    $(<crate::$module::$variant as cqrs_es::Aggregate>::TYPE => {
                        Some(Self::$variant(Box::default()))
                    })+
                    _ => None,
                }
            }

            /// Takes in what happened to it. An event of another kind of aggregate changes nothing.
            pub fn apply(&mut self, event: Event) {
                match (self, event) {
                    $((Self::$variant(aggregate), Event::$variant(event)) => {
                        cqrs_es::Aggregate::apply(&mut **aggregate, event);
                    })+
                    _ => {}
                }
            }

            /// Its state, as far as its rules need it, as JSON.
            #[must_use]
            pub fn state(&self) -> serde_json::Value {
                let state = match self {
                    $(Self::$variant(aggregate) => serde_json::to_value(aggregate),)+
                };
                // The names of its maps are texts, so it always has a JSON form.
                state.unwrap_or_default()
            }

            /// Asks it for a command, given as JSON: `{"qualify": {"score": 80}}`. It has taken in the events then.
            ///
            /// # Errors
            /// [`Undecided`](crate::Undecided): it is no command of this aggregate, or its rules refuse it.
            pub fn decide(
                &mut self,
                at: jiff::Timestamp,
                command: serde_json::Value,
            ) -> Result<Vec<Event>, crate::Undecided> {
                match self {
                    $(Self::$variant(aggregate) => {
                        let events = crate::any::decided(&mut **aggregate, at, command)?;
                        Ok(events.into_iter().map(Event::$variant).collect())
                    })+
                }
            }

            /// The commands that it takes, each with its fields.
            #[must_use]
            pub fn commands(&self) -> Vec<(&'static str, Vec<&'static str>)> {
                match self {
                    $(Self::$variant(_) => {
                        crate::fields_of::<<crate::$module::$variant as crate::Entity>::Order>()
                    })+
                }
            }
        }

        impl Event {
            /// Its stored name, for instance `lead.captured`.
            #[must_use]
            pub fn stored_name(&self) -> String {
                match self {
                    $(Self::$variant(event) => cqrs_es::DomainEvent::event_type(event),)+
                }
            }
        }
    };
}
pub(crate) use any_aggregate;
