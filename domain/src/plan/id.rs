//! How a plan of a tenant's own is called.

use ulid::Ulid;

use crate::kernel::{EntityId, is_code, text_type};

/// The codes of the bundled plans: a tenant's own have others.
const BUNDLED: &[&str] = &["enterprise", "professional", "starter"];

text_type!(
    /// The code of a tenant's own plan: 1 to 40 characters (a-z, 0-9, `_`, `-`), and none of a bundled plan's.
    PlanId,
    |text| is_code(text, 40, b"_-") && !BUNDLED.contains(&text),
    "a plan's code of 1 to 40 characters (a-z, 0-9, '_', '-') other than starter, professional and enterprise"
);

impl EntityId for PlanId {
    fn as_str(&self) -> &str {
        Self::as_str(self)
    }

    fn from_ulid(ulid: Ulid) -> Self {
        Self(ulid.to_string().to_lowercase())
    }
}
