//! The gateway's cursor of an event: where a reader of a topic goes on with the gateway's `events`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::TenantId;
use sha2::{Digest, Sha256};

/// The cursor as the gateway writes it (`api/src/graphql/kit/cursor.rs`; a journey holds the two together).
pub(crate) fn cursor(tenant: TenantId, position: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}{position}", begin(tenant)))
}

/// The position of a tenant's cursor; `None` when it is none, or another tenant's.
#[must_use]
pub fn position(tenant: TenantId, cursor: &str) -> Option<u64> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix(&begin(tenant))?.parse().ok()
}

fn begin(tenant: TenantId) -> String {
    let digest = Sha256::digest(format!("annals.cursor:{tenant}"));
    let tag = hex::encode(digest.get(..4).unwrap_or_default());
    format!("p:{tag}:")
}
