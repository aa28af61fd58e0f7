//! From a token to who asks.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::Extensions;
use domain::access::{NotTaken, NotTakenRecord};
use domain::workspace::WorkspaceId;
use domain::{Actor, ActorKind, TenantId};
use projections::Reader;
use store::{Filter, Store};
use tokio::sync::broadcast;

use super::cache::{KeyCache, Seen};
use super::calls::Calls;
use super::jwt::Jwt;
use super::recorder::{Knock, Note, Recorder, nobody};
use super::revocations::{ENDS, Ended, hear};
use super::token::{is_api_key, looks_like_jwt};
use super::witness::{AGENT_CHARS, RefusedCommand, Sensitive, Witness};
use super::{Denied, Hosts, Identity, Revocations, lookup, subject, token_hash};
use crate::http::RequestId;
use crate::options::Options;

const ENDS_KEPT: usize = 1_024;

/// Checks tokens. Cheap to clone; all clones share what they have seen.
#[derive(Clone)]
pub struct Authenticator {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) reader: Reader,
    pub(super) keys: KeyCache,
    pub(super) ended: broadcast::Sender<Ended>,
    admin_token_sha256: Option<String>,
    jwt: Option<Jwt>,
    hosts: Hosts,
    recorder: Recorder,
    calls: Calls,
    witness: Witness,
}

/// What a request says of who sent it, and for which tenant.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Credentials<'a> {
    /// The bearer token; empty, if there is none.
    pub(crate) token: &'a str,
    /// The header by which a tenant is named.
    pub(crate) tenant: Option<&'a str>,
    /// The host that was asked.
    pub(crate) host: Option<&'a str>,
    /// The origin of the page that asks.
    pub(crate) origin: Option<&'a str>,
    /// Where the request came from.
    pub(crate) address: Option<IpAddr>,
    /// The program that sent it, as it calls itself.
    pub(crate) user_agent: Option<&'a str>,
}

/// Somebody who is turned away, with what is known of them.
#[derive(Debug)]
pub(super) struct TurnedAway {
    denied: Denied,
    known: Option<(TenantId, Actor)>,
}

impl<D: Into<Denied>> From<D> for TurnedAway {
    fn from(denied: D) -> Self {
        Self {
            denied: denied.into(),
            known: None,
        }
    }
}

impl TurnedAway {
    /// Turned away by a tenant, under the name that the identity provider has for them.
    pub(super) fn knowing(denied: Denied, tenant: Option<TenantId>, subject: String) -> Self {
        let known = tenant.map(|tenant| (tenant, Actor::new(ActorKind::User, subject)));
        Self { denied, known }
    }
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator")
    }
}

impl Authenticator {
    /// Checks tokens against the read models, and follows the log to hear at once of keys that are revoked and
    /// of members that change.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let shared = Arc::new(Shared {
            store: options.store.clone(),
            reader: options.reader.clone(),
            keys: KeyCache::new(),
            ended: broadcast::Sender::new(ENDS_KEPT),
            admin_token_sha256: options.admin_token_sha256.clone(),
            jwt: options.jwt.clone().map(Jwt::new),
            hosts: options.hosts.clone(),
            recorder: Recorder::start(options.store.clone(), options.record_every),
            calls: Calls::start(options.store.clone(), options.record_every.calls),
            witness: Witness::start(options.store.clone(), options.record_every),
        });
        let tail = options.store.tail();
        let filter = Filter {
            types: ENDS.map(str::to_owned).into(),
            ..Filter::default()
        };
        let follower = tail.follow(tail.position(), filter);
        tokio::spawn(hear(Arc::downgrade(&shared), follower));
        Self { shared }
    }

    /// Who sent a request. Who is turned away is written down, where a tenant is known.
    ///
    /// # Errors
    /// [`Denied`], when the token opens nothing or not this tenant, or can't be checked now.
    pub(crate) async fn identify(&self, credentials: &Credentials<'_>) -> Result<Identity, Denied> {
        let of_host = self.tenant_of_host(credentials.host).await?;
        let identified = self.identify_for(credentials, of_host).await;
        let mut identity = identified.map_err(|away| {
            let known = away.known.or(of_host.map(|tenant| (tenant, nobody())));
            let means = (credentials.address, credentials.user_agent);
            self.note_denied(known, means, &away.denied, None);
            away.denied
        })?;
        identity.address = credentials.address;
        if let Some(tenant) = identity.tenant.filter(|_| !identity.is_platform_admin) {
            let now = self.shared.store.ambient().now();
            self.shared.calls.count(tenant, &identity.actor, now);
        }
        if let (Some(tenant), ActorKind::ApiKey) = (identity.tenant, identity.actor.kind) {
            let used = Note::KeyUsed(tenant, identity.actor.clone(), credentials.address);
            self.shared.recorder.note(used);
        }
        Ok(identity)
    }

    async fn identify_for(
        &self,
        credentials: &Credentials<'_>,
        of_host: Option<TenantId>,
    ) -> Result<Identity, TurnedAway> {
        let named;
        let credentials = match (of_host, credentials.tenant) {
            // The host says what the header would.
            (Some(tenant), None) => {
                named = tenant.to_string();
                &Credentials {
                    tenant: Some(&named),
                    ..*credentials
                }
            }
            _ => credentials,
        };
        let identity = self.holder(credentials).await?;
        let known = || identity.tenant.map(|tenant| (tenant, identity.actor.clone()));
        let refused = |denied| TurnedAway {
            denied,
            known: known(),
        };
        if of_host.is_some() && identity.tenant != of_host {
            return Err(refused(Denied::OtherHost));
        }
        let is_own = |origin: &str| identity.origins.iter().any(|own| own.as_str() == origin);
        if !identity.origins.is_empty() && !credentials.origin.is_some_and(is_own) {
            let origin = credentials.origin.unwrap_or("a program without one");
            return Err(refused(Denied::OtherOrigin(origin.to_owned())));
        }
        Ok(identity)
    }

    /// Who holds the token.
    async fn holder(&self, credentials: &Credentials<'_>) -> Result<Identity, TurnedAway> {
        let shared = &*self.shared;
        let hash = token_hash(credentials.token);
        if shared.admin_token_sha256.as_deref() == Some(hash.as_str()) {
            return Ok(Identity::of_platform_admin(credentials.asked_for(shared).await?));
        }
        if is_api_key(credentials.token) {
            return self.key_holder(&hash).await;
        }
        let Some(jwt) = shared.jwt.as_ref().filter(|_| looks_like_jwt(credentials.token)) else {
            return Err(Denied::Unauthenticated.into());
        };
        // A token may be good for several tenants.
        let hash = format!("{hash} {}", credentials.tenant.unwrap_or_default());
        if let Seen::Good(identity) = shared.keys.get(&hash) {
            return Ok(*identity);
        }
        let identity = subject::identify(shared, jwt, credentials).await?;
        shared.keys.put(&hash, identity.clone());
        Ok(identity)
    }

    async fn key_holder(&self, hash: &str) -> Result<Identity, TurnedAway> {
        let shared = &*self.shared;
        match shared.keys.get(hash) {
            Seen::Good(identity) => return Ok(*identity),
            Seen::Revoked => {}
            Seen::Unknown => {
                if let Some(identity) = self.key_of_hash(hash).await? {
                    shared.keys.put(hash, identity.clone());
                    return Ok(identity);
                }
            }
        }
        // A key that was good once is its tenant's affair.
        let known = lookup::owner(&shared.reader, hash).await?;
        Err(TurnedAway {
            denied: Denied::Unauthenticated,
            known,
        })
    }

    /// The tenant of a request's host, if it is one's.
    async fn tenant_of_host(&self, host: Option<&str>) -> Result<Option<TenantId>, Denied> {
        let Some(host) = host else { return Ok(None) };
        let Some(named) = self.shared.hosts.tenant_of(host) else {
            return Ok(None);
        };
        match self.shared.keys.host(&named) {
            Some(tenant) => Ok(Some(tenant)),
            None => match lookup::tenant_named(&self.shared, &named).await {
                Ok(tenant) => {
                    self.shared.keys.put_host(&named, tenant);
                    Ok(Some(tenant))
                }
                Err(Denied::UnknownTenant(_)) => Err(Denied::UnknownHost(host.to_owned())),
                Err(denied) => Err(denied),
            },
        }
    }

    /// Refuses a workspace that the tenant does not have.
    pub(crate) async fn require_workspace(&self, tenant: TenantId, id: &WorkspaceId) -> Result<(), Denied> {
        lookup::workspace(&self.shared, tenant, id).await
    }

    /// Writes down that somebody who is known was turned away from something.
    pub(crate) fn refused(&self, identity: &Identity, denied: &Denied, asked: &str) {
        let known = identity.tenant.map(|tenant| (tenant, identity.actor.clone()));
        let means = (identity.address, identity.user_agent.as_deref());
        self.note_denied(known, means, denied, Some(asked));
    }

    /// Writes down that somebody was turned away at a door of another room, with the same bounds as at the gateway's: a
    /// connector of the tenant, the kind of reason with its text, and what was asked for.
    pub fn turned_away(
        &self,
        extensions: &Extensions,
        (tenant, connector): (TenantId, String),
        (reason, message): (&'static str, String),
        asked: String,
    ) {
        metrics::counter!("annals_denied_total", "reason" => reason).increment(1);
        let knock = Knock {
            tenant,
            actor: Actor::new(ActorKind::Connector, connector),
            address: extensions.get::<RequestId>().and_then(|request| request.address),
            user_agent: None,
            reason,
            asked: Some(asked),
        };
        self.shared.recorder.note(Note::Denied(knock, message));
    }

    fn note_denied(
        &self,
        known: Option<(TenantId, Actor)>,
        (address, user_agent): (Option<IpAddr>, Option<&str>),
        denied: &Denied,
        asked: Option<&str>,
    ) {
        if !denied.status().is_client_error() {
            return;
        }
        let reason: &'static str = denied.into();
        metrics::counter!("annals_denied_total", "reason" => reason).increment(1);
        let Some((tenant, actor)) = known else {
            return tracing::info!(reason, "api.auth denied somebody whose tenant is not known");
        };
        let knock = Knock {
            tenant,
            actor,
            address,
            user_agent: user_agent.map(|agent| agent.chars().take(AGENT_CHARS).collect()),
            reason,
            asked: asked.map(str::to_owned),
        };
        self.shared.recorder.note(Note::Denied(knock, denied.to_string()));
    }

    /// Writes down that the rules refused a command, of whoever asks for a tenant.
    pub(crate) fn refused_command(&self, identity: &Identity, refused: RefusedCommand<'_>) {
        if let Some(tenant) = identity.tenant {
            self.shared.witness.refused(identity, tenant, refused);
        }
    }

    /// Writes down what a door did not take of somebody's records.
    pub(crate) fn not_taken(&self, identity: &Identity, not_taken: &NotTaken) {
        for (record, message) in reasons(not_taken) {
            self.refused_command(identity, refused_by(record, &message));
        }
    }

    /// Writes down what was not taken of what a connector brought: nobody stands behind it with a token.
    pub fn not_taken_of(&self, tenant: TenantId, connector: &str, not_taken: &NotTaken) {
        for (record, message) in reasons(not_taken) {
            let actor = Actor::new(ActorKind::Connector, connector);
            let refused = refused_by(record, &message);
            self.shared.witness.refused_connector(tenant, actor, refused);
        }
    }

    /// Writes down that sensitive data were asked for.
    pub(crate) fn read(&self, identity: &Identity, sensitive: Sensitive) {
        if let Some(tenant) = identity.tenant {
            self.shared.witness.read(identity, tenant, sensitive);
        }
    }

    pub(crate) fn fresh_request_id(&self) -> String {
        self.shared.store.ambient().fresh_id().to_string()
    }

    /// Hears of the tokens that end from now on.
    pub(crate) fn revocations(&self) -> Revocations {
        Revocations(self.shared.ended.subscribe())
    }

    async fn key_of_hash(&self, hash: &str) -> Result<Option<Identity>, Denied> {
        let found = lookup::api_key(&self.shared, hash).await?;
        if found.is_some() {
            return Ok(found);
        }
        // The key may have been issued a moment ago, and the read model may not have heard of it.
        let known = lookup::catch_up(&self.shared.store, &self.shared.reader).await?;
        known.or_later(lookup::api_key(&self.shared, hash).await?)
    }
}

impl Credentials<'_> {
    /// The tenant that the request itself names.
    pub(super) async fn asked_for(&self, shared: &Shared) -> Result<Option<TenantId>, Denied> {
        match self.tenant {
            Some(named) => Ok(Some(lookup::tenant_named(shared, named).await?)),
            None => Ok(None),
        }
    }
}

/// What was not taken, each reason with its text.
fn reasons(not_taken: &NotTaken) -> impl Iterator<Item = (&NotTakenRecord, String)> {
    not_taken.records().iter().map(|record| {
        let message = match record.records {
            1 => record.message.clone(),
            records => format!(
                "{records} records were not taken, the first one because: {}",
                record.message
            ),
        };
        (record, message)
    })
}

fn refused_by<'a>(record: &'a NotTakenRecord, message: &'a str) -> RefusedCommand<'a> {
    RefusedCommand {
        command: record.door,
        code: &record.code,
        message,
        target: record.door,
    }
}
