//! A key's events become its row.

use std::collections::BTreeSet;

use domain::access::Event as AccessEvent;
use domain::api_key::{Event as Change, Origin, Scope};
use domain::{Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which keys open a tenant.
#[derive(Debug)]
pub struct ApiKeys;

/// A key as it is now. Only a hash of its token is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The tenant that it opens.
    pub tenant_id: TenantId,
    /// Its id inside the tenant.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// The token's first characters, to recognise it.
    pub prefix: String,
    /// SHA-256 of the token, in hex.
    pub hash: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// Only pages of these origins may use it; empty: whoever has it.
    pub origins: BTreeSet<Origin>,
    /// `active` or `revoked`.
    pub state: String,
    /// SHA-256 of the token before, in hex, that goes on for a while.
    pub previous_hash: Option<String>,
    /// Until when it does.
    pub previous_until: Option<Timestamp>,
    /// When it was seen in use last, to the hour or so.
    pub last_used_at: Option<Timestamp>,
    /// When it was issued.
    pub created_at: Timestamp,
}

impl ReadModel for ApiKeys {
    const NAME: &'static str = "api_key";
    const VERSION: i32 = 2;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["access", "api_key"];

    type Key = EntityKey;
    type Row = KeyRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        match &event.event {
            Event::Access(access) => used(event, access).into_iter().collect(),
            _ => vec![EntityKey::of(event)],
        }
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        if let Event::Access(access) = &event.event {
            // The key itself may be archived, or never have been.
            if let Some(key) = used(event, access).filter(|key| rows.get(key).is_some()) {
                rows.known(&key)?.last_used_at = Some(event.occurred_at);
            }
            return Ok(());
        }
        let Event::ApiKey(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        match change {
            Change::Issued {
                name,
                hash,
                prefix,
                scopes,
                origins,
            } => {
                let row = KeyRow {
                    tenant_id: event.tenant(),
                    id: event.stream.id.clone(),
                    name: name.clone(),
                    prefix: prefix.clone(),
                    hash: hash.to_string(),
                    scopes: scopes.clone(),
                    origins: origins.clone(),
                    state: "active".to_owned(),
                    previous_hash: None,
                    previous_until: None,
                    last_used_at: None,
                    created_at: event.occurred_at,
                };
                rows.put(key, row);
            }
            Change::Rotated {
                hash,
                prefix,
                previous,
                previous_until,
            } => {
                let row = rows.known(&key)?;
                row.previous_hash = previous_until.map(|_| previous.to_string());
                row.previous_until = *previous_until;
                row.hash = hash.to_string();
                row.prefix.clone_from(prefix);
            }
            Change::Revoked { .. } => "revoked".clone_into(&mut rows.known(&key)?.state),
        }
        Ok(())
    }
}

/// The key that was used.
fn used(event: &RecordedEvent, access: &AccessEvent) -> Option<EntityKey> {
    match access {
        AccessEvent::KeyUsed { key, .. } => Some(EntityKey {
            tenant_id: event.tenant(),
            id: key.clone(),
        }),
        AccessEvent::Denied { .. }
        | AccessEvent::Operated { .. }
        | AccessEvent::Read { .. }
        | AccessEvent::Refused { .. }
        | AccessEvent::Seen { .. } => None,
    }
}
