//! The end of tokens, as it happens.

use std::sync::{Arc, Weak};

use domain::{Event, RecordedEvent, TenantId, api_key, member};
use store::Follower;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use super::authenticator::Shared;
use super::{Identity, Role};

/// The events that end a token, or change what it opens.
pub(super) const ENDS: [&str; 4] = [
    "api_key.revoked",
    "api_key.rotated",
    "member.removed",
    "member.role_changed",
];

/// Whose token does not open any more what it did.
#[derive(Clone, Debug)]
pub(super) enum Ended {
    /// The token of this hash.
    Token(Arc<str>),
    /// All tokens of this key, those before it included.
    Key(TenantId, Arc<str>),
    /// The tokens of this member.
    Member(TenantId, Arc<str>),
}

impl Ended {
    fn concerns(&self, identity: &Identity) -> bool {
        match self {
            Self::Token(hash) => identity.token_hash.as_deref() == Some(hash),
            Self::Key(tenant, id) => {
                identity.token_hash.is_some() && identity.tenant == Some(*tenant) && identity.actor.id == **id
            }
            Self::Member(tenant, id) => {
                identity.tenant == Some(*tenant) && identity.member.as_deref() == Some(id)
            }
        }
    }
}

/// Forgets whoever's token ends or changes, as long as somebody checks tokens.
pub(super) async fn hear(shared: Weak<Shared>, mut follower: Follower) {
    loop {
        let step = follower.next().await;
        let Some(shared) = shared.upgrade() else { return };
        let events = match step {
            Ok(step) => step.events,
            Err(error) => {
                tracing::error!(%error, "api.auth.hear stopped: revoked keys last a second longer");
                return;
            }
        };
        for event in events {
            if let Some(ended) = take_in(&shared, &event) {
                // Nobody may be listening.
                let _listeners = shared.ended.send(ended);
            }
        }
    }
}

fn take_in(shared: &Shared, event: &RecordedEvent) -> Option<Ended> {
    let (tenant, id) = (event.tenant(), event.stream.id.as_str());
    let role = match &event.event {
        // The token before goes on for a while; whoever is let in by it knows until when.
        Event::ApiKey(api_key::Event::Rotated {
            previous_until: Some(until),
            previous,
            ..
        }) => {
            let now = shared.store.ambient().now();
            let ends = instant_in(until.as_second() - now.as_second());
            let (sender, previous) = (shared.ended.clone(), Arc::<str>::from(previous.as_str()));
            tokio::spawn(async move {
                sleep_until(ends).await;
                let _listeners = sender.send(Ended::Token(previous));
            });
            return None;
        }
        Event::ApiKey(api_key::Event::Rotated { previous, .. }) => {
            shared.keys.revoke(previous.as_str());
            return Some(Ended::Token(previous.as_str().into()));
        }
        Event::ApiKey(api_key::Event::Revoked { previous, .. }) => {
            shared.keys.revoke(previous.as_str());
            shared.keys.forget_key(tenant, id);
            return Some(Ended::Key(tenant, id.into()));
        }
        Event::Member(member::Event::RoleChanged { role, .. }) => Some(Role::from(*role)),
        Event::Member(member::Event::Removed { .. }) => None,
        _ => return None,
    };
    shared.keys.member_changed(tenant, id, role);
    Some(Ended::Member(tenant, id.into()))
}

/// The ends of tokens from now on.
///
/// Whoever keeps something open for an identity waits on [`Revocations::of`] beside its work. When it returns,
/// the identity is no longer to be trusted: look at the token again, or let the client go (4403 on a WebSocket).
pub(crate) struct Revocations(pub(super) broadcast::Receiver<Ended>);

impl Revocations {
    /// Waits until the token behind `identity` ends: its key is revoked or rotated, it expires, its member is
    /// removed or gets another role; for ever, if it never does.
    pub(crate) async fn of(&mut self, identity: &Identity) {
        let expires = async {
            match identity.good_until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = expires => {}
            () = self.told(identity) => {}
        }
    }

    async fn told(&mut self, identity: &Identity) {
        if identity.token_hash.is_none() && identity.member.is_none() {
            return std::future::pending().await;
        }
        loop {
            match self.0.recv().await {
                Ok(ended) if ended.concerns(identity) => return,
                Ok(_) => {}
                // So many at once that some were missed: better one client too many has to come again.
                Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}

/// The instant that is this many seconds from now.
pub(super) fn instant_in(seconds: i64) -> Instant {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    // A token that is good for longer than a year outlives every connection.
    Instant::now() + std::time::Duration::from_secs(seconds.min(365 * 24 * 60 * 60))
}
