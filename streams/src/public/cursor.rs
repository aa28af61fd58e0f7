//! The gateway's cursor of an event: where a reader of a topic goes on with the gateway's `events`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::TenantId;
use sha2::{Digest, Sha256};

/// The cursor as the gateway writes it (`api/src/graphql/kit/cursor.rs`; a journey holds the two together).
pub(super) fn cursor(tenant: TenantId, position: u64) -> String {
    let digest = Sha256::digest(format!("annals.cursor:{tenant}"));
    let tag = hex::encode(digest.get(..4).unwrap_or_default());
    URL_SAFE_NO_PAD.encode(format!("p:{tag}:{position}"))
}
