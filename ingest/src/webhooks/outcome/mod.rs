//! The commands that follow from what is known of a thing. They lead to the state that was told from any state before,
//! so that they can be repeated.

mod money;
mod people;

use domain::{Actor, ActorKind, Caller, Entity, TenantId};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use store::{Orders, Store, StoreError, Unavailable};

use super::source::{Sender, Source, hex};
use super::told::{Kind, Told, name_of};
use crate::commands::DispatchError;

/// What became of a thing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The log says what was told.
    Done,
    /// It waits for this thing.
    Waits(String),
    /// Nothing follows, and this is why.
    Nothing(String),
    /// The rules say no.
    Refused(No),
}

/// What the rules say no to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct No {
    /// In whose log it belongs.
    pub(super) tenant: TenantId,
    /// The refusal's name for machines.
    pub(super) code: &'static str,
    /// The refusal for people.
    pub(super) why: String,
}

impl Outcome {
    /// What was told can't be: no command follows.
    fn invalid(tenant: TenantId, why: &str) -> Self {
        let (code, why) = ("INVALID", why.to_owned());
        Self::Refused(No { tenant, code, why })
    }
}

/// What is known of another thing that a thing needs.
pub(super) struct Needed<'a> {
    pub(super) told: &'a Told,
    /// What it belongs to or leads to: the organization, the user, the subscription.
    pub(super) organization: Option<&'a Told>,
    pub(super) user: Option<&'a Told>,
    /// The subscription, by its id.
    pub(super) subscription: Option<(&'a str, &'a Told)>,
    /// The link that is missing on the way to it.
    pub(super) missing: Option<&'a str>,
}

/// Whose things they are, and on whose behalf commands are sent.
pub(super) struct Desk<'a> {
    pub(super) store: &'a Store,
    pub(super) source: &'a Source,
    /// Groups what follows from one delivery.
    pub(super) delivery: &'a str,
}

type Ended = Result<Outcome, Unavailable>;

/// Puts `?` on what ends the work with a thing.
macro_rules! done {
    ($asked:expr) => {
        match $asked? {
            Outcome::Done => {}
            other => return Ok(other),
        }
    };
}
use done;

impl Desk<'_> {
    fn caller(&self, tenant: TenantId) -> Caller {
        let actor = Actor::new(ActorKind::Connector, self.source.name.clone());
        let mark = hex(&Sha256::digest(self.delivery)[..8]);
        Caller::new(tenant, actor).correlated(format!("webhook:{}:{mark}", self.source.name))
    }

    /// Sends a command; a refusal with one of these codes says that its work is done already.
    async fn ask<A>(&self, tenant: TenantId, id: &A::Id, order: (i64, A::Order), done: &[&str]) -> Ended
    where
        A: Entity,
        A::Order: Clone + Sync,
    {
        let (at_ms, command) = order;
        let orders = Orders {
            commands: vec![(moment(at_ms), command)],
            key: None,
            expected_version: None,
        };
        self.send::<A>(tenant, id, orders, done).await
    }

    async fn send<A>(&self, tenant: TenantId, id: &A::Id, orders: Orders<A::Order>, done: &[&str]) -> Ended
    where
        A: Entity,
        A::Order: Clone + Sync,
    {
        let error = match self.store.execute::<A>(&self.caller(tenant), id, orders).await {
            Ok(_) => return Ok(Outcome::Done),
            Err(StoreError::Unavailable(unavailable)) => return Err(unavailable),
            Err(error) => DispatchError::from(error),
        };
        match &error {
            DispatchError::Refused { code, .. } if done.contains(code) => Ok(Outcome::Done),
            // The same payment told in another way.
            DispatchError::Rejected(store::Rejection::KeyReused { .. }) => Ok(Outcome::Done),
            passing if passing.is_passing() => Err(Unavailable {
                reason: passing.to_string(),
                retry_after: std::time::Duration::from_millis(250),
            }),
            _ => {
                let code = match &error {
                    DispatchError::Refused { code, .. } => *code,
                    _ => "REJECTED",
                };
                // What does not admit commands may be no tenant yet.
                let tenant = match error.is_tenant_not_open() {
                    true => self.source.tenant,
                    false => tenant,
                };
                let why = error.to_string();
                Ok(Outcome::Refused(No { tenant, code, why }))
            }
        }
    }

    /// Brings a thing to the state that was told of it.
    pub(super) async fn settle(&self, kind: Kind, id: &str, needed: &Needed<'_>) -> Ended {
        match kind {
            Kind::Organization => self.organization(id, needed.told).await,
            Kind::User | Kind::Link => Ok(Outcome::Done),
            Kind::Membership => self.membership(id, needed).await,
            Kind::Subscription => self.subscription(id, needed).await,
            Kind::Payment => self.payment(id, needed).await,
            Kind::Dispute => self.dispute(id, needed).await,
        }
    }

    /// The tenant of an organization, when it is there.
    fn tenant_in(&self, organization: Option<&str>, told: Option<&Told>) -> Result<TenantId, Outcome> {
        let Some(id) = organization else {
            return match &self.source.sender {
                Sender::Clerk(_) => Err(Outcome::Nothing(
                    "who pays is a person, not an organization".to_owned(),
                )),
                Sender::Stripe(_) | Sender::Hmac(_) => Ok(self.source.tenant),
            };
        };
        if self.source.is_mapped(id) || told.is_some_and(|told| told.newest.is_some()) {
            return Ok(self.source.tenant_of(id));
        }
        Err(Outcome::Waits(name_of(Kind::Organization, id)))
    }
}

/// The refusal of a tenant that is unknown, suspended or closed.
const NOT_OPEN: &str = "TENANT_NOT_OPEN";

fn moment(at_ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(at_ms).ok()
}
