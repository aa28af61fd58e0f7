//! A key's events become its row.

use std::collections::BTreeSet;

use domain::api_key::{Event as Change, Scope};
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
    /// `active` or `revoked`.
    pub state: String,
    /// When it was issued.
    pub created_at: Timestamp,
}

impl ReadModel for ApiKeys {
    const NAME: &'static str = "api_key";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["api_key"];

    type Key = EntityKey;
    type Row = KeyRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
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
            } => {
                let row = KeyRow {
                    tenant_id: event.tenant(),
                    id: event.stream.id.clone(),
                    name: name.clone(),
                    prefix: prefix.clone(),
                    hash: hash.to_string(),
                    scopes: scopes.clone(),
                    state: "active".to_owned(),
                    created_at: event.occurred_at,
                };
                rows.put(key, row);
            }
            Change::Rotated { hash, prefix, .. } => {
                let row = rows.known(&key)?;
                row.hash = hash.to_string();
                row.prefix.clone_from(prefix);
            }
            Change::Revoked { .. } => "revoked".clone_into(&mut rows.known(&key)?.state),
        }
        Ok(())
    }
}
