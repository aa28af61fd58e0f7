//! How meters are called.

use std::str::FromStr;

use ulid::Ulid;

use crate::kernel::{EntityId, InvalidValue, is_code, text_type};

text_type!(
    /// Any meter's code: a tenant's own (`pages`) or a bundled one, which has a vertical in front (`sales.leads_captured`).
    MeterCode,
    |text| text.len() <= 80 && text.split('.').count() <= 2 && text.split('.').all(|word| is_code(word, 64, b"_-")),
    "a meter's code: words of a-z, 0-9, '_' and '-', with at most one dot between"
);

text_type!(
    /// The code of a tenant's own meter: 1 to 64 characters (a-z, 0-9, `_`, `-`). It has no dot, so it never meets a
    /// bundled one.
    MeterId,
    |text| is_code(text, 64, b"_-"),
    "a meter's code of 1 to 64 characters (a-z, 0-9, '_', '-')"
);

impl EntityId for MeterId {
    fn as_str(&self) -> &str {
        Self::as_str(self)
    }

    fn from_ulid(ulid: Ulid) -> Self {
        Self(ulid.to_string().to_lowercase())
    }
}

impl MeterCode {
    /// The vertical of a bundled meter, for instance `sales`.
    #[must_use]
    pub fn bundle(&self) -> Option<&str> {
        self.as_str().split_once('.').map(|(bundle, _)| bundle)
    }
}

impl From<&MeterId> for MeterCode {
    fn from(id: &MeterId) -> Self {
        Self(id.as_str().to_owned())
    }
}

impl MeterCode {
    /// The code that a text spells.
    ///
    /// # Errors
    /// [`InvalidValue`] with the rule.
    pub fn try_new(text: &str) -> Result<Self, InvalidValue> {
        Self::from_str(text)
    }
}
