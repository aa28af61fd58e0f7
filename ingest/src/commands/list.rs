//! The list, a line an aggregate. Who administers a tenant is not in it: only business records come from outside.

use domain::agent::Agent;
use domain::agent_run::AgentRun;
use domain::claim::Claim;
use domain::lead::Lead;
use domain::opportunity::Opportunity;
use domain::subscription::Subscription;
use domain::{Caller, Entity, fields_of};
use store::{Committed, Store};

use super::dispatch::{Request, execute};
use super::error::DispatchError;

macro_rules! aggregates {
    ($($stored:literal => $aggregate:ty),+ $(,)?) => {
        /// The stored names of the aggregates that foreign records may change.
        pub const AGGREGATE_TYPES: &[&str] = &[$($stored),+];

        /// The commands of an aggregate, each with its fields; none if it isn't in the list.
        pub(super) fn commands_of(aggregate_type: &str) -> Option<Vec<(&'static str, Vec<&'static str>)>> {
            match aggregate_type {
                $($stored => Some(fields_of::<<$aggregate as Entity>::Order>()),)+
                _ => None,
            }
        }

        /// Reads commands and asks the aggregate that they are for; they take effect together or not at all.
        ///
        /// # Errors
        /// [`DispatchError`] says what is wrong with the request, or why the log did not take it.
        pub async fn dispatch(
            store: &Store,
            caller: &Caller,
            request: Request<'_>,
        ) -> Result<Committed, DispatchError> {
            match request.aggregate_type {
                $($stored => execute::<$aggregate>(store, caller, request).await,)+
                unknown => Err(DispatchError::UnknownAggregate { name: unknown.to_owned() }),
            }
        }
    };
}

aggregates! {
    "agent" => Agent,
    "agent_run" => AgentRun,
    "claim" => Claim,
    "lead" => Lead,
    "opportunity" => Opportunity,
    "subscription" => Subscription,
}
