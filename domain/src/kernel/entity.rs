//! The frame of an aggregate: what the store needs to know of any of them, and of no one in particular.

use cqrs_es::Aggregate;
use jiff::Timestamp;

use super::{EntityId, StoredEvent};

/// A command together with the business time at which it takes effect (may lie in the past).
#[derive(Clone, Debug, PartialEq)]
pub struct At<C> {
    /// When it happened, or should count as having happened.
    pub at: Timestamp,
    /// What should happen.
    pub command: C,
}

impl<C> At<C> {
    /// `command`, taking effect at `at`.
    pub const fn new(at: Timestamp, command: C) -> Self {
        Self { at, command }
    }
}

/// A refusal's name for machines.
pub trait RefusalCode {
    /// The name in upper case with underscores, for instance `NOT_RUNNING`; it never changes.
    fn code(&self) -> &'static str;
}

/// An aggregate of this house: cqrs-es's, with a typed id and a gate.
pub trait Entity:
    Aggregate<Services = (), Command = At<Self::Order>, Event: StoredEvent, Error: RefusalCode + Send + Sync>
    + Clone
    + 'static
{
    /// What may be asked of it.
    type Order: Send;
    /// How it is named inside its tenant.
    type Id: EntityId;
    /// The aggregate whose state must admit every command first. It has one instance a tenant,
    /// named by the tenant's id.
    type Gate: Aggregate<Services = (), Event: StoredEvent> + Clone + 'static;

    /// Lets a command of this aggregate pass, or refuses it, by the gate's state.
    ///
    /// # Errors
    /// The refusal that the caller reads, for instance that the tenant is suspended.
    fn admit(gate: &Self::Gate) -> Result<(), Self::Error>;

    /// What the rules make of a command: what `handle` does, for whoever waits for nothing.
    ///
    /// # Errors
    /// The refusal that the caller reads.
    fn judge(&self, order: At<Self::Order>) -> Result<Vec<Self::Event>, Self::Error>;
}

/// Frames a slice's `decide` and `apply` as an aggregate whose gate is its tenant.
macro_rules! aggregate {
    ($name:ident, $stored:literal, $id:ty) => {
        $crate::kernel::aggregate!($name, $stored, $id, |tenant: &$crate::tenant::Tenant| Ok(
            tenant.admit()?
        ));
    };
    ($name:ident, $stored:literal, $id:ty, $admit:expr) => {
        impl cqrs_es::Aggregate for $name {
            const TYPE: &'static str = $stored;
            type Command = $crate::kernel::At<Command>;
            type Event = Event;
            type Error = Refusal;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &(),
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Refusal> {
                for event in self.decide(command.command, command.at)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Event) {
                self.evolve(event);
            }
        }

        impl $crate::kernel::Entity for $name {
            type Order = Command;
            type Id = $id;
            type Gate = $crate::tenant::Tenant;

            fn admit(gate: &Self::Gate) -> Result<(), Refusal> {
                let admit: fn(&Self::Gate) -> Result<(), Refusal> = $admit;
                admit(gate)
            }

            fn judge(&self, order: $crate::kernel::At<Command>) -> Result<Vec<Event>, Refusal> {
                self.decide(order.command, order.at)
            }
        }

        impl $crate::kernel::RefusalCode for Refusal {
            fn code(&self) -> &'static str {
                self.into()
            }
        }
    };
}
pub(crate) use aggregate;
