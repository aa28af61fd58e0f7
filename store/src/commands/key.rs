//! Idempotency: a key and the hash of what was asked under it.

use std::fmt::Write as _;

use domain::TenantId;

use crate::error::Rejection;
use crate::log::{ReceiptMark, platform_receipt_key, receipt_key};

/// Where a key is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// In the caller's tenant: what others do under the same key is none of its business.
    #[default]
    Tenant,
    /// On the whole platform: of all tenants, the first takes it. Never for keys that a client names.
    Platform,
}

/// Names a command or record for ever: the same key with the same hash takes effect once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Who gave the id: a connector's source, a CloudEvents `source`, or a caller's idempotency keys.
    pub source: String,
    /// The id inside the source.
    pub id: String,
    /// SHA-256 of what is asked.
    pub hash: [u8; 32],
}

impl Key {
    pub(crate) fn mark(&self, tenant: TenantId) -> ReceiptMark {
        self.mark_in(tenant, Reach::Tenant)
    }

    pub(super) fn mark_in(&self, tenant: TenantId, reach: Reach) -> ReceiptMark {
        match reach {
            Reach::Tenant => ReceiptMark {
                key: receipt_key(tenant, &self.source, &self.id),
                hash: self.hash,
            },
            Reach::Platform => self.platform_mark(),
        }
    }

    pub(super) fn platform_mark(&self) -> ReceiptMark {
        ReceiptMark {
            key: platform_receipt_key(&self.source, &self.id),
            hash: self.hash,
        }
    }

    /// Refuses another payload under a key that was used before.
    pub(crate) fn check(&self, first: [u8; 32]) -> Result<(), Rejection> {
        if first == self.hash {
            return Ok(());
        }
        Err(Rejection::KeyReused {
            source_name: self.source.clone(),
            id: self.id.clone(),
            first: in_hex(&first),
            now: in_hex(&self.hash),
        })
    }
}

fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
