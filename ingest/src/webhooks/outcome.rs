//! The commands that follow from what is known of a thing. They lead to the state that was told from any state before,
//! so that they can be repeated.

use domain::member::{self, Member, MemberId, Role};
use domain::subscription::{self, PlanCode, Subscription, SubscriptionId};
use domain::tenant::{self, DeploymentMode, Settings, Slug, Tenant, TenantKey};
use domain::{Actor, ActorKind, Caller, Email, Entity, Event, Money, Personal, TenantId};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use store::{Key, Orders, Store, StoreError, Unavailable};

use super::source::{Sender, Source, hex};
use super::told::{About, Kind, Standing, Told, name_of};
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
    Refused(String),
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
            _ => Ok(Outcome::Refused(error.to_string())),
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

    async fn organization(&self, id: &str, told: &Told) -> Ended {
        if self.source.is_mapped(id) {
            return Ok(Outcome::Done);
        }
        let Sender::Clerk(clerk) = &self.source.sender else {
            return Ok(Outcome::Done);
        };
        let Some((version, About::Organization { name, slug })) = &told.newest else {
            return Ok(Outcome::Waits(name_of(Kind::Organization, id)));
        };
        let tenant = self.source.tenant_of(id);
        let key = TenantKey::from(tenant);
        let settings = Settings {
            name: name.clone(),
            time_zone: clerk.time_zone.clone(),
            currency: clerk.currency,
        };
        let provision = tenant::Command::Provision {
            slug: slug_of(slug.as_deref(), id),
            mode: DeploymentMode::Shared,
            settings,
        };
        let began = told.began_ms.unwrap_or(version.at_ms);
        done!(
            self.ask::<Tenant>(tenant, &key, (began, provision), &["ALREADY_PROVISIONED"])
                .await
        );
        // What the tenant's own people set besides the name stays as it is.
        if let Some(settings) = self
            .settings(tenant)
            .await?
            .filter(|settings| settings.name != *name)
        {
            let settings = Settings {
                name: name.clone(),
                ..settings
            };
            let change = tenant::Command::ChangeSettings { settings };
            done!(
                self.ask::<Tenant>(tenant, &key, (version.at_ms, change), &["NOTHING_NEW", NOT_OPEN])
                    .await
            );
        }
        if let Some(end) = &told.end {
            let close = tenant::Command::Close {
                reason: end.reason.clone(),
            };
            done!(
                self.ask::<Tenant>(tenant, &key, (end.at_ms, close), &[NOT_OPEN])
                    .await
            );
        }
        Ok(Outcome::Done)
    }

    /// The settings of a tenant as they are now.
    async fn settings(&self, tenant: TenantId) -> Result<Option<Settings>, Unavailable> {
        let away = |error: store::ReadError| Unavailable {
            reason: error.to_string(),
            retry_after: std::time::Duration::from_secs(1),
        };
        let events = self
            .store
            .log()
            .of_kind(tenant, "tenant", u64::MAX >> 1)
            .await
            .map_err(away)?;
        let settings = events
            .into_iter()
            .rev()
            .find_map(|recorded| match recorded.event {
                Event::Tenant(
                    tenant::Event::Provisioned { settings, .. }
                    | tenant::Event::SettingsChanged { settings, .. },
                ) => Some(settings),
                _ => None,
            });
        Ok(settings)
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

    async fn membership(&self, id: &str, needed: &Needed<'_>) -> Ended {
        let told = needed.told;
        let Some((
            version,
            About::Membership {
                organization,
                user,
                email,
                name,
                role,
            },
        )) = &told.newest
        else {
            return Ok(Outcome::Nothing("nothing is known of the member".to_owned()));
        };
        let tenant = match self.tenant_in(Some(organization), needed.organization) {
            Ok(tenant) => tenant,
            Err(outcome) => return Ok(outcome),
        };
        let (Ok(member), Ok(email)) = (id.parse::<MemberId>(), Email::parse(email.clone())) else {
            return Ok(Outcome::Refused(
                "the membership's id or address can't be a member's".to_owned(),
            ));
        };
        let began = told.began_ms.unwrap_or(version.at_ms);
        let (user, role) = (user.clone(), role_of(role));
        let invite = member::Command::Invite {
            email: Personal::new(email),
            role,
            name: name.clone().map(Personal::new),
        };
        let done = ["ALREADY_INVITED", "ALREADY_JOINED", "SAME_ROLE", "REMOVED"];
        done!(self.ask::<Member>(tenant, &member, (began, invite), &done).await);
        let join = member::Command::Join { user };
        done!(self.ask::<Member>(tenant, &member, (began, join), &done).await);
        let change = member::Command::ChangeRole { role };
        done!(
            self.ask::<Member>(tenant, &member, (version.at_ms, change), &done)
                .await
        );
        let ends = [&told.end, &needed.user.and_then(|user| user.end.clone())];
        if let Some(end) = ends.into_iter().flatten().min() {
            let remove = member::Command::Remove {
                reason: end.reason.clone(),
            };
            done!(
                self.ask::<Member>(tenant, &member, (end.at_ms, remove), &done)
                    .await
            );
        }
        Ok(Outcome::Done)
    }

    async fn subscription(&self, id: &str, needed: &Needed<'_>) -> Ended {
        let told = needed.told;
        let Some((
            version,
            About::Subscription {
                organization,
                plan,
                amount,
                currency,
                customer,
                standing,
            },
        )) = &told.newest
        else {
            return Ok(Outcome::Nothing(
                "nothing is known of the subscription".to_owned(),
            ));
        };
        let tenant = match self.tenant_in(organization.as_deref(), needed.organization) {
            Ok(tenant) => tenant,
            Err(outcome) => return Ok(outcome),
        };
        let (Ok(subscription), Ok(plan)) = (id.parse::<SubscriptionId>(), plan.parse::<PlanCode>()) else {
            return Ok(Outcome::Refused(
                "the id or the plan can't be a subscription's".to_owned(),
            ));
        };
        if *standing == Standing::Pending && told.end.is_none() {
            return Ok(Outcome::Nothing("it has not begun".to_owned()));
        }
        let price = Money::new(*amount, *currency);
        let began = told.began_ms.unwrap_or(version.at_ms);
        let start = subscription::Command::Start {
            plan: plan.clone(),
            price,
            customer: customer.clone(),
        };
        let at_ms = version.at_ms.max(began);
        let send = async |at_ms: i64, command| {
            let done = [
                "ALREADY_STARTED",
                "NOTHING_NEW",
                "NOT_PAUSED",
                "ALREADY_PAUSED",
                "NOT_PAST_DUE",
                "ALREADY_PAST_DUE",
                "CANCELED",
            ];
            self.ask::<Subscription>(tenant, &subscription, (at_ms, command), &done)
                .await
        };
        done!(send(began, start).await);
        done!(send(at_ms, subscription::Command::ChangePlan { plan, price }).await);
        if let Some(end) = &told.end {
            let reason = end.reason.clone();
            done!(send(end.at_ms.max(began), subscription::Command::Cancel { reason }).await);
            return Ok(Outcome::Done);
        }
        match standing {
            Standing::Paused => {
                let reason = format!("paused at {}", self.source.name);
                done!(send(at_ms, subscription::Command::Pause { reason }).await);
            }
            Standing::PastDue => done!(send(at_ms, subscription::Command::MarkPastDue).await),
            Standing::Active | Standing::Pending => {
                done!(send(at_ms, subscription::Command::Resume).await);
                done!(send(at_ms, subscription::Command::MarkCurrent).await);
            }
        }
        Ok(Outcome::Done)
    }

    async fn payment(&self, id: &str, needed: &Needed<'_>) -> Ended {
        let Some(About::Payment {
            organization,
            subscription,
            amount,
            currency,
            invoice,
            failure,
            at_ms,
        }) = needed.told.about()
        else {
            return Ok(Outcome::Nothing("nothing is known of the payment".to_owned()));
        };
        let tenant = match self.tenant_in(organization.as_deref(), needed.organization) {
            Ok(tenant) => tenant,
            Err(outcome) => return Ok(outcome),
        };
        let amount = Money::new(*amount, *currency);
        let command = match failure {
            None => subscription::Command::ReceivePayment {
                amount,
                invoice: invoice.clone(),
            },
            Some(reason) => subscription::Command::FailPayment {
                amount,
                reason: reason.clone(),
                invoice: invoice.clone(),
            },
        };
        self.once(tenant, subscription, needed, (id, *at_ms, command))
            .await
    }

    async fn dispute(&self, id: &str, needed: &Needed<'_>) -> Ended {
        let Some(About::Dispute {
            link,
            amount,
            currency,
            reason,
            at_ms,
        }) = needed.told.about()
        else {
            return Ok(Outcome::Nothing("nothing is known of the dispute".to_owned()));
        };
        let Some((subscription, _)) = needed.subscription else {
            return Ok(Outcome::Waits(name_of(
                Kind::Link,
                needed.missing.unwrap_or(link),
            )));
        };
        let (tenant, amount, dispute) = (self.source.tenant, Money::new(*amount, *currency), id.to_owned());
        let begin = subscription::Command::DisputePayment {
            dispute: dispute.clone(),
            amount,
            reason: reason.clone(),
        };
        done!(
            self.once(
                tenant,
                subscription,
                needed,
                (&format!("{id}.begun"), *at_ms, begin)
            )
            .await
        );
        if let Some(end) = &needed.told.end {
            let close = subscription::Command::CloseDispute {
                dispute,
                outcome: end.reason.clone(),
                amount,
            };
            done!(
                self.once(
                    tenant,
                    subscription,
                    needed,
                    (&format!("{id}.closed"), end.at_ms, close)
                )
                .await
            );
        }
        Ok(Outcome::Done)
    }

    /// Sends what is added up, under a key of its own, as soon as the subscription has begun.
    async fn once(
        &self,
        tenant: TenantId,
        subscription: &str,
        needed: &Needed<'_>,
        (key, at_ms, command): (&str, i64, subscription::Command),
    ) -> Ended {
        let Ok(id) = subscription.parse::<SubscriptionId>() else {
            return Ok(Outcome::Refused("the id can't be a subscription's".to_owned()));
        };
        let waits = || Ok(Outcome::Waits(name_of(Kind::Subscription, subscription)));
        let Some((_, told)) = needed.subscription else {
            return waits();
        };
        let has_begun = match told.about() {
            Some(About::Subscription { standing, .. }) => {
                *standing != Standing::Pending || told.end.is_some()
            }
            _ => false,
        };
        if !has_begun {
            return waits();
        }
        let at = moment(at_ms.max(told.began_ms.unwrap_or(at_ms)));
        let hash = Sha256::digest(serde_json::to_vec(&command).unwrap_or_default());
        let orders = Orders {
            commands: vec![(at, command)],
            key: Some(Key {
                source: format!("webhook:{}", self.source.name),
                id: key.to_owned(),
                hash: hash.into(),
            }),
            expected_version: None,
        };
        match self.send::<Subscription>(tenant, &id, orders, &[]).await? {
            // It was told, and is about to begin.
            Outcome::Refused(reason) if reason == NO_SUBSCRIPTION => waits(),
            other => Ok(other),
        }
    }
}

const NOT_OPEN: &str = "TENANT_NOT_OPEN";
const NO_SUBSCRIPTION: &str = "there is no such subscription";

fn moment(at_ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(at_ms).ok()
}

/// Clerk's roles: `org:admin`, `org:member`, and the names before (`admin`, `basic_member`); own ones are members.
fn role_of(role: &str) -> Role {
    match role.strip_prefix("org:").unwrap_or(role) {
        "admin" => Role::Admin,
        "owner" => Role::Owner,
        "analyst" => Role::Analyst,
        "auditor" => Role::Auditor,
        _ => Role::Member,
    }
}

fn slug_of(slug: Option<&str>, id: &str) -> Slug {
    let of_id: String = id
        .to_ascii_lowercase()
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '-'
            }
        })
        .take(63)
        .collect();
    let given = slug.and_then(|slug| slug.parse().ok());
    let of_id = || of_id.trim_matches('-').parse().ok();
    given
        .or_else(of_id)
        .unwrap_or_else(|| "organization".parse().expect("a word of letters is a slug"))
}
