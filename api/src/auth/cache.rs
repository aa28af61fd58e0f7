//! Recently seen tokens, bounded in number and time.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::TenantId;
use lru::LruCache;
use tokio::time::Instant;

use super::{Identity, Role};

const AT_MOST: NonZeroUsize = NonZeroUsize::new(10_000).expect("10,000 is not zero");
/// How long a token is good without a look at the read model.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// How long what was heard counts more than the read model, which knows it too by then.
const HEARD_FOR: Duration = Duration::from_secs(60);

enum Known {
    Good(Box<Identity>),
    Revoked,
}

/// What is known of the hash of a token.
#[derive(Debug)]
pub(super) enum Seen {
    /// It opens this.
    Good(Box<Identity>),
    /// It was put out of force a moment ago.
    Revoked,
    /// Nothing: look at the read model.
    Unknown,
}

/// Tokens by their hash, and what was heard of members a moment ago.
pub(super) struct KeyCache(Mutex<Caches>);

struct Caches {
    keys: LruCache<String, (Instant, Known)>,
    members: LruCache<(TenantId, String), (Instant, Option<Role>)>,
    /// By id or short name, which never become another's.
    hosts: LruCache<String, TenantId>,
    /// Those that were found: a workspace is archived, and never gone.
    workspaces: LruCache<(TenantId, String), ()>,
}

impl Caches {
    fn forget(&mut self, whose: impl Fn(&Identity) -> bool) {
        let is_theirs = |known: &Known| matches!(known, Known::Good(identity) if whose(identity));
        let keys = self.keys.iter();
        let theirs = keys.filter(|(_, (_, known))| is_theirs(known));
        let theirs: Vec<String> = theirs.map(|(hash, _)| hash.clone()).collect();
        for hash in theirs {
            self.keys.pop(&hash);
        }
    }
}

impl KeyCache {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Caches {
            keys: LruCache::new(AT_MOST),
            members: LruCache::new(AT_MOST),
            hosts: LruCache::new(AT_MOST),
            workspaces: LruCache::new(AT_MOST),
        }))
    }

    pub(super) fn get(&self, hash: &str) -> Seen {
        let mut caches = self.caches();
        match caches.keys.get(hash) {
            Some((until, known)) if *until > Instant::now() => match known {
                Known::Good(identity) => Seen::Good(identity.clone()),
                Known::Revoked => Seen::Revoked,
            },
            _ => Seen::Unknown,
        }
    }

    /// Keeps a token for a moment, unless it was revoked meanwhile, or its member has changed.
    pub(super) fn put(&self, hash: &str, identity: Identity) {
        let mut caches = self.caches();
        let now = Instant::now();
        let is_revoked = caches
            .keys
            .peek(hash)
            .is_some_and(|(until, known)| *until > now && matches!(known, Known::Revoked));
        let member = identity.tenant.zip(identity.member.clone());
        let is_changing = member.is_some_and(|member| caches.members.contains(&member));
        if !is_revoked && !is_changing {
            let until = identity
                .good_until
                .map_or(now + GOOD_FOR, |until| until.min(now + GOOD_FOR));
            let known = Known::Good(Box::new(identity));
            caches.keys.put(hash.to_owned(), (until, known));
        }
    }

    pub(super) fn revoke(&self, hash: &str) {
        let known = (Instant::now() + HEARD_FOR, Known::Revoked);
        self.caches().keys.put(hash.to_owned(), known);
    }

    /// The tenant of this name, if it was looked up before.
    pub(super) fn host(&self, named: &str) -> Option<TenantId> {
        self.caches().hosts.get(named).copied()
    }

    pub(super) fn put_host(&self, named: &str, tenant: TenantId) {
        self.caches().hosts.put(named.to_owned(), tenant);
    }

    /// Whether a tenant's workspace was found before.
    pub(super) fn has_workspace(&self, tenant: TenantId, id: &str) -> bool {
        let workspace = (tenant, id.to_owned());
        self.caches().workspaces.get(&workspace).is_some()
    }

    pub(super) fn put_workspace(&self, tenant: TenantId, id: &str) {
        self.caches().workspaces.put((tenant, id.to_owned()), ());
    }

    /// A member has another role, or none any more.
    pub(super) fn member_changed(&self, tenant: TenantId, id: &str, role: Option<Role>) {
        let mut caches = self.caches();
        let heard = (Instant::now() + HEARD_FOR, role);
        caches.members.put((tenant, id.to_owned()), heard);
        caches.forget(|identity| identity.tenant == Some(tenant) && identity.member.as_deref() == Some(id));
    }

    /// All tokens of a key are looked up again.
    pub(super) fn forget_key(&self, tenant: TenantId, id: &str) {
        self.caches().forget(|identity| {
            identity.token_hash.is_some() && identity.tenant == Some(tenant) && identity.actor.id == id
        });
    }

    /// What was heard of a member a moment ago: its role, or that it is none any more.
    pub(super) fn heard_of(&self, tenant: TenantId, id: &str) -> Option<Option<Role>> {
        let mut caches = self.caches();
        let member = (tenant, id.to_owned());
        match caches.members.get(&member) {
            Some((until, role)) if *until > Instant::now() => Some(*role),
            Some(_) => {
                caches.members.pop(&member);
                None
            }
            None => None,
        }
    }

    fn caches(&self) -> MutexGuard<'_, Caches> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
