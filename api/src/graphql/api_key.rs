//! API keys over GraphQL.

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::{Enum, ID, InputObject, InputType, Object, Result, SimpleObject, TypeName};
use domain::api_key::{ApiKey as Aggregate, Command};
use projections::api_key::{ApiKeys, KeyRow};
use serde_json::json;

use super::kit::{
    Asked, Changing, Context, Creating, Cursor, DateTime, Head, May, NodeId, Outcome, UserError, evidence,
    mutations, parsed, payload_name, queries, run,
};
use crate::auth::FreshToken;
use crate::options::Options;

/// What a key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::api_key::Scope", name = "ApiKeyScope")]
pub(crate) enum Scope {
    /// Queries and subscriptions.
    Read,
    /// Commands.
    Write,
    /// Events and facts from outside.
    Ingest,
    /// Members, keys and settings.
    Admin,
}

mutations! {
    /// What may be asked of API keys that makes no new token.
    ApiKeyMutation: Aggregate, Admin;

    /// Puts an API key out of force for good.
    revoke_api_key(Changing, RevokeApiKeyInput {
        /// Why.
        reason: String,
    })
    |input| Command::Revoke { reason: input.reason };
}

/// Puts a new API key in force.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct IssueApiKeyInput {
    #[graphql(flatten)]
    head: Creating,
    /// What it is for.
    name: String,
    /// What it opens.
    scopes: Vec<Scope>,
    /// Only pages of these origins may use it, for instance https://shop.example.org: for keys that lie open in a
    /// widget. Left out, whoever has it may.
    origins: Option<Vec<String>>,
}

/// Replaces an API key by another with the same scopes and origins.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RotateApiKeyInput {
    #[graphql(flatten)]
    head: Changing,
    /// How many seconds the token before goes on, at most 2592000 (30 days); left out, it stops at once.
    overlap_seconds: Option<u32>,
}

/// What came of making a token.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub(crate) struct TokenPayload<I: InputType> {
    /// The key's id, for `node`; null when the command left no trace.
    id: Option<ID>,
    /// The key's id inside the tenant; null when the command left no trace.
    local_id: Option<String>,
    /// The version after it, to be given as `expectedVersion`.
    version: Option<u64>,
    /// The place of its event in the log: give it as `atLeast` to see its effect.
    cursor: Option<Cursor>,
    /// Whether it had taken effect before, under the same idempotency key.
    known: bool,
    /// Why it left no trace; empty when it did.
    user_errors: Vec<UserError>,
    /// The token, shown this once and kept nowhere; null when the command left no trace or was known.
    token: Option<String>,
    #[graphql(skip)]
    input: PhantomData<fn() -> I>,
}

impl<I: InputType> TypeName for TokenPayload<I> {
    fn type_name() -> Cow<'static, str> {
        payload_name::<I>()
    }
}

impl<I: InputType> TokenPayload<I> {
    fn new(outcome: Outcome, token: String) -> Self {
        let is_in_force = outcome.user_errors.is_empty() && !outcome.known;
        Self {
            id: outcome.id,
            local_id: outcome.local_id,
            version: outcome.version,
            cursor: outcome.cursor,
            known: outcome.known,
            user_errors: outcome.user_errors,
            token: is_in_force.then_some(token),
            input: PhantomData,
        }
    }
}

/// What may be asked of API keys that makes a new token.
#[derive(Default)]
pub(crate) struct ApiKeyTokenMutation;

#[Object]
impl ApiKeyTokenMutation {
    /// Puts a new API key in force, and shows its token once.
    async fn issue_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: IssueApiKeyInput,
    ) -> Result<TokenPayload<IssueApiKeyInput>> {
        let fresh = FreshToken::of(ctx.data::<Options>()?.tokens.token());
        let scopes: std::collections::BTreeSet<_> = input.scopes.into_iter().map(Into::into).collect();
        // Each try makes another token, so what counts under a key is the wish.
        let texts = input.origins.unwrap_or_default();
        let mut under_key = json!({ "name": input.name, "scopes": scopes });
        if !texts.is_empty() {
            under_key["origins"] = json!(texts);
        }
        let origins: Result<_, UserError> = texts.iter().map(|origin| parsed("origins", origin)).collect();
        let command = parsed("hash", &fresh.hash).and_then(|hash| {
            Ok(Command::Issue {
                name: input.name,
                hash,
                prefix: fresh.shown.clone(),
                scopes,
                origins: origins?,
            })
        });
        let asked = Asked {
            mutation: "issue_api_key",
            head: Head::from(input.head),
            command,
            under_key: Some(under_key),
        };
        let outcome = run::<Aggregate>(ctx, May::Admin, asked).await?;
        Ok(TokenPayload::new(outcome, fresh.token))
    }

    /// Replaces an API key by another, and shows its token once; the one before stops at once, or goes on for a while.
    async fn rotate_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: RotateApiKeyInput,
    ) -> Result<TokenPayload<RotateApiKeyInput>> {
        let fresh = FreshToken::of(ctx.data::<Options>()?.tokens.token());
        let overlap_seconds = input.overlap_seconds.unwrap_or(0);
        let command = parsed("hash", &fresh.hash).map(|hash| Command::Rotate {
            hash,
            prefix: fresh.shown.clone(),
            overlap_seconds,
        });
        let under_key = match overlap_seconds {
            0 => Some(json!({})),
            seconds => Some(json!({ "overlapSeconds": seconds })),
        };
        let asked = Asked {
            mutation: "rotate_api_key",
            head: Head::from(input.head),
            command,
            under_key,
        };
        let outcome = run::<Aggregate>(ctx, May::Admin, asked).await?;
        Ok(TokenPayload::new(outcome, fresh.token))
    }
}

/// An API key as it is now. Its token is kept nowhere.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct ApiKey {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// What it is for.
    name: String,
    /// The token's first characters after `annals_`, to recognise it.
    prefix: String,
    /// What it opens.
    scopes: Vec<Scope>,
    /// Only pages of these origins may use it; empty: whoever has it.
    origins: Vec<String>,
    /// `active` or `revoked`.
    status: String,
    /// When it was issued.
    issued_at: DateTime,
    /// Until when the token before the last rotation goes on, if it does.
    previous_until: Option<DateTime>,
    /// When it was seen in use last, to the hour.
    last_used_at: Option<DateTime>,
}

impl From<KeyRow> for ApiKey {
    fn from(row: KeyRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<ApiKeys>(row.tenant_id, &row.id),
            local_id: row.id,
            name: row.name,
            prefix: row.prefix,
            scopes: row.scopes.into_iter().map(Into::into).collect(),
            origins: row.origins.into_iter().map(Into::into).collect(),
            previous_until: row.previous_until.map(Into::into),
            last_used_at: row.last_used_at.map(Into::into),
            status: row.state,
            issued_at: row.created_at.into(),
        }
    }
}

evidence!(ApiKey of ApiKeys, |row| vec![("id", row.local_id.clone())]);

queries! {
    ApiKeyQuery: ApiKeys, Admin => ApiKey, ApiKeyConnection, ApiKeyEdge;
    api_key("An API key of the tenant; null when there is none of this id."),
    api_keys("The tenant's API keys, newest first.", "the tenant's API keys"),
    ApiKeyFilter {
        /// In this state: `active` or `revoked`.
        state,
    },
    ApiKeyOrder, ApiKeyOrderField {
        /// When it was issued.
        IssuedAt => Moments created_at,
        /// Its name.
        Name => Texts name,
    }
}
