//! Webhook endpoints over GraphQL.

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::{Enum, ID, InputObject, InputType, Object, Result, SimpleObject, TypeName};
use domain::webhook_endpoint::{Command, Secret, Settings, WebhookEndpoint as Aggregate};
use projections::webhook_endpoint::{WebhookEndpointList, WebhookEndpointRow};
use serde_json::json;

use super::kit::{
    Asked, Changing, Context, Creating, Cursor, DateTime, Head, IntoFault, May, NodeId, Outcome, Payload,
    UserError, evidence, mutations, parsed, payload_name, queries, run,
};
use crate::auth::Identity;
use crate::options::Options;

/// In which order deliveries are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::webhook_endpoint::Delivery", name = "WebhookDeliveryOrder")]
pub(crate) enum Order {
    /// One after the other: what fails holds up what follows.
    Ordered,
    /// Several at once: what fails is tried again later, besides.
    Unordered,
}

/// Whether members that say something about persons are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(
    remote = "domain::webhook_endpoint::PersonalMembers",
    name = "WebhookPersonalData"
)]
pub(crate) enum PersonalData {
    /// They are.
    Included,
    /// They are left out.
    Withheld,
}

/// How webhooks are signed (Standard Webhooks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::webhook_endpoint::Scheme", name = "WebhookScheme")]
pub(crate) enum Scheme {
    /// `v1`: HMAC-SHA256 under a secret that the receiver has, too.
    Hmac,
    /// `v1a`: Ed25519; the receiver has the public key.
    #[graphql(name = "ED25519")]
    Ed25519,
}

mutations! {
    /// What may be asked of webhook endpoints that makes no new secret.
    WebhookEndpointMutation: Aggregate, Admin;

    /// Sets a webhook endpoint in another way.
    change_webhook_endpoint(Changing, ChangeWebhookEndpointInput {
        /// Where events are sent: https://...
        url: String,
        /// What it is for.
        description: Option<String>,
        /// Which events are sent: types (`lead.captured`), families (`lead.*`), or all (`*`).
        events: Vec<String>,
        /// In which order.
        #[graphql(default_with = "Order::Ordered")]
        delivery: Order,
        /// Whether members that say something about persons are sent.
        #[graphql(default_with = "PersonalData::Withheld")]
        personal_data: PersonalData,
    })
    |input| Command::Change {
        settings: settings(input.url, input.description, input.events, (input.delivery, input.personal_data))?,
    };

    /// Sends nothing to an endpoint until it is resumed; what happens meanwhile waits.
    pause_webhook_endpoint(Changing, PauseWebhookEndpointInput {
        /// Why.
        reason: String,
    })
    |input| Command::Pause { reason: input.reason };

    /// Sends what waits for an endpoint, and what happens from now on.
    resume_webhook_endpoint(Changing, ResumeWebhookEndpointInput {})
    |_| Command::Resume;

    /// Sends a test to an endpoint: the event `annals.webhook_endpoint.pinged`.
    ping_webhook_endpoint(Changing, PingWebhookEndpointInput {})
    |_| Command::Ping;

    /// Takes an endpoint away, with what waits for it.
    remove_webhook_endpoint(Changing, RemoveWebhookEndpointInput {
        /// Why.
        reason: String,
    })
    |input| Command::Remove { reason: input.reason };
}

fn settings(
    url: String,
    description: Option<String>,
    events: Vec<String>,
    (delivery, personal_data): (Order, PersonalData),
) -> Result<Settings, UserError> {
    let events: Result<_, UserError> = events.iter().map(|filter| parsed("events", filter)).collect();
    Ok(Settings {
        url: parsed("url", &url)?,
        description,
        events: events?,
        delivery: delivery.into(),
        personal_data: personal_data.into(),
    })
}

/// Sets up an endpoint to which events are sent from now on.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct CreateWebhookEndpointInput {
    #[graphql(flatten)]
    head: Creating,
    /// Where events are sent: https://...
    url: String,
    /// What it is for.
    description: Option<String>,
    /// Which events are sent: types (`lead.captured`), families (`lead.*`), or all (`*`).
    events: Vec<String>,
    /// In which order.
    #[graphql(default_with = "Order::Ordered")]
    delivery: Order,
    /// Whether members that say something about persons are sent.
    #[graphql(default_with = "PersonalData::Withheld")]
    personal_data: PersonalData,
    /// How they are signed.
    #[graphql(default_with = "Scheme::Hmac")]
    scheme: Scheme,
}

/// Lets another secret sign.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RotateWebhookSecretInput {
    #[graphql(flatten)]
    head: Changing,
    /// How the new one signs.
    #[graphql(default_with = "Scheme::Hmac")]
    scheme: Scheme,
    /// How many seconds the secret before signs, too, at most 2592000 (30 days); left out, a day.
    overlap_seconds: Option<u32>,
}

/// Sends events to an endpoint once more.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RedeliverWebhooksInput {
    #[graphql(flatten)]
    head: Changing,
    /// Only the event with this cursor.
    only: Option<Cursor>,
    /// All events after this cursor that the endpoint wants; with neither, all there are.
    after: Option<Cursor>,
}

/// What came of making a secret.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub(crate) struct SecretPayload<I: InputType> {
    /// The endpoint's id, for `node`; null when the command left no trace.
    id: Option<ID>,
    /// The endpoint's id inside the tenant; null when the command left no trace.
    local_id: Option<String>,
    /// The version after it, to be given as `expectedVersion`.
    version: Option<u64>,
    /// The place of its event in the log: give it as `atLeast` to see its effect.
    cursor: Option<Cursor>,
    /// Whether it had taken effect before, under the same idempotency key.
    known: bool,
    /// Why it left no trace; empty when it did.
    user_errors: Vec<UserError>,
    /// What the receiver verifies with, shown this once: `whsec_...`, or the public key `whpk_...`. Null when the command
    /// left no trace or was known.
    secret: Option<String>,
    #[graphql(skip)]
    input: PhantomData<fn() -> I>,
}

impl<I: InputType> TypeName for SecretPayload<I> {
    fn type_name() -> Cow<'static, str> {
        payload_name::<I>()
    }
}

impl<I: InputType> SecretPayload<I> {
    fn new(ctx: &Context<'_>, outcome: Outcome, secret: &Secret) -> Result<Self> {
        let caller = ctx.data::<Identity>()?.caller().map_err(IntoFault::into_fault)?;
        let is_in_force = outcome.user_errors.is_empty() && !outcome.known;
        let key = ctx
            .data::<Options>()?
            .webhook_key
            .as_ref()
            .filter(|_| is_in_force);
        let shown = key
            .zip(outcome.local_id.as_deref())
            .map(|(key, endpoint)| key.shown(caller.tenant, endpoint, secret));
        Ok(Self {
            id: outcome.id,
            local_id: outcome.local_id,
            version: outcome.version,
            cursor: outcome.cursor,
            known: outcome.known,
            user_errors: outcome.user_errors,
            secret: shown,
            input: PhantomData,
        })
    }
}

/// A fresh secret, if this installation can make one.
fn fresh(ctx: &Context<'_>, scheme: Scheme) -> Result<(Secret, Result<(), UserError>)> {
    let options = ctx.data::<Options>()?;
    let secret = Secret {
        id: options.store.ambient().fresh_id().to_string(),
        scheme: scheme.into(),
    };
    let no_key = || {
        let message =
            "this installation has no key of which secrets are made: set ANNALS_WEBHOOK_KEY".to_owned();
        UserError::refusal("NO_WEBHOOK_KEY", message)
    };
    Ok((
        secret,
        options.webhook_key.as_ref().map(|_| ()).ok_or_else(no_key),
    ))
}

/// What may be asked of webhook endpoints that makes a new secret, or looks at the log.
#[derive(Default)]
pub(crate) struct WebhookSecretMutation;

#[Object]
impl WebhookSecretMutation {
    /// Sets up an endpoint to which events are sent from now on, and shows its secret once.
    async fn create_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: CreateWebhookEndpointInput,
    ) -> Result<SecretPayload<CreateWebhookEndpointInput>> {
        let (secret, can) = fresh(ctx, input.scheme)?;
        let choices = (input.delivery, input.personal_data);
        let settings = can.and_then(|()| settings(input.url, input.description, input.events, choices));
        // Each try makes another secret, so what counts under a key is the wish.
        let under_key = settings
            .as_ref()
            .ok()
            .map(|settings| json!({ "settings": settings, "scheme": secret.scheme }));
        let asked = Asked {
            mutation: "create_webhook_endpoint",
            head: Head::from(input.head),
            command: settings.map(|settings| Command::Create {
                settings,
                secret: secret.clone(),
            }),
            under_key,
        };
        let outcome = run::<Aggregate>(ctx, May::Admin, asked).await?;
        SecretPayload::new(ctx, outcome, &secret)
    }

    /// Lets another secret sign, and shows it once; the one before signs beside it for a while.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: RotateWebhookSecretInput,
    ) -> Result<SecretPayload<RotateWebhookSecretInput>> {
        let (secret, can) = fresh(ctx, input.scheme)?;
        let overlap_seconds = input.overlap_seconds.unwrap_or(DAY_S);
        let asked = Asked {
            mutation: "rotate_webhook_secret",
            head: Head::from(input.head),
            command: can.map(|()| Command::RotateSecret {
                secret: secret.clone(),
                overlap_seconds,
            }),
            under_key: Some(json!({ "overlapSeconds": overlap_seconds, "scheme": secret.scheme })),
        };
        let outcome = run::<Aggregate>(ctx, May::Admin, asked).await?;
        SecretPayload::new(ctx, outcome, &secret)
    }

    /// Sends events to an endpoint once more: one, or all after a cursor.
    async fn redeliver_webhooks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: RedeliverWebhooksInput,
    ) -> Result<Payload<RedeliverWebhooksInput>> {
        let options = ctx.data::<Options>()?;
        let caller = ctx.data::<Identity>()?.caller().map_err(IntoFault::into_fault)?;
        let head = options.store.log().head().await.map_err(IntoFault::into_fault)?;
        let place = |name: &'static str, cursor: &Cursor| {
            cursor
                .position(name, caller.tenant)
                .map_err(|invalid| UserError::invalid(&[name], &invalid))
        };
        let command = match (&input.only, &input.after) {
            (Some(only), None) => place("only", only).map(|position| Command::Redeliver {
                after: position.saturating_sub(1),
                upto: position,
            }),
            (None, Some(after)) => {
                place("after", after).map(|after| Command::Redeliver { after, upto: head })
            }
            (None, None) => Ok(Command::Redeliver { after: 0, upto: head }),
            (Some(_), Some(_)) => Err(UserError::invalid(&["only"], &"give `only` or `after`, not both")),
        };
        let asked = Asked {
            mutation: "redeliver_webhooks",
            head: Head::from(input.head),
            command,
            under_key: None,
        };
        run::<Aggregate>(ctx, May::Admin, asked).await.map(Into::into)
    }
}

const DAY_S: u32 = 24 * 60 * 60;

/// A webhook endpoint as it is now. Its secrets are kept nowhere.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct WebhookEndpoint {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// Where events are sent.
    url: String,
    /// What it is for.
    description: Option<String>,
    /// Which events are sent: types, families, or all.
    events: Vec<String>,
    /// In which order.
    delivery: Order,
    /// Whether members that say something about persons are sent.
    personal_data: PersonalData,
    /// `active`, `paused` or `removed`.
    status: String,
    /// Why it is paused, or was removed.
    reason: Option<String>,
    /// How the newest secret signs.
    scheme: Scheme,
    /// Until when the secret before the last rotation signs, too.
    previous_secret_until: Option<DateTime>,
    /// When it was created.
    created_at: DateTime,
    /// When it changed last.
    changed_at: DateTime,
}

impl From<WebhookEndpointRow> for WebhookEndpoint {
    fn from(row: WebhookEndpointRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<WebhookEndpointList>(row.tenant_id, &row.id),
            local_id: row.id,
            url: row.url,
            description: row.description,
            events: row.events.into_iter().map(Into::into).collect(),
            delivery: row.delivery.into(),
            personal_data: row.personal_data.into(),
            status: row.status,
            reason: row.reason,
            scheme: row.scheme.into(),
            previous_secret_until: row.previous_until.map(Into::into),
            created_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}

evidence!(WebhookEndpoint of WebhookEndpointList, |row| vec![("id", row.local_id.clone())]);

queries! {
    WebhookEndpointQuery: WebhookEndpointList, Admin =>
        WebhookEndpoint, WebhookEndpointConnection, WebhookEndpointEdge;
    webhook_endpoint("A webhook endpoint of the tenant; null when there is none of this id."),
    webhook_endpoints("The tenant's webhook endpoints, newest first.", "the tenant's webhook endpoints"),
    WebhookEndpointFilter {
        /// In this status: `active`, `paused` or `removed`.
        status,
    },
    WebhookEndpointOrder, WebhookEndpointOrderField {
        /// When it was created.
        CreatedAt => Moments created_at,
    }
}
