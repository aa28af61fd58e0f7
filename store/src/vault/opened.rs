//! The keys that a page of events needs, at hand: opening them needs no more statements.

use std::collections::HashMap;

use domain::TenantId;
use domain::personal_fields::personal_fields;

use super::sealed::{Spot, key_id, open};
use super::{DataKey, VaultError, fields};

/// What became of a data key.
#[derive(Clone)]
pub(super) enum Held {
    Key(DataKey),
    /// It is destroyed: what it sealed is erased.
    Destroyed,
}

/// How sealed values are met.
pub(crate) enum Opened {
    /// They are opened with these keys, or shown as erased.
    With(Keys),
    /// They stay as they are: whoever reads has no keys, and says so.
    LeftSealed,
    /// There is no master key in this process, and so nobody may go on as if it had read them.
    Refused,
}

pub(crate) struct Keys(pub(super) HashMap<(TenantId, String), Held>);

impl Opened {
    /// The payload as it may be read: sealed values opened, erased ones null; `None`: there is none in it.
    pub(crate) fn payload(&self, spot: Spot<'_>, payload: &str) -> Result<Option<String>, VaultError> {
        let personal = personal_fields(spot.event_type);
        match self {
            Self::LeftSealed => Ok(None),
            Self::Refused => match fields::sealed_values(payload, personal).first() {
                None => Ok(None),
                Some(_) => Err(VaultError::Closed),
            },
            Self::With(keys) => fields::with_opened(payload, personal, |field, sealed| {
                keys.open(Spot { field, ..spot }, sealed)
            }),
        }
    }
}

impl Keys {
    fn open(&self, spot: Spot<'_>, sealed: &str) -> Result<String, VaultError> {
        let broken = || VaultError::Broken {
            field: spot.field.to_owned(),
        };
        let id = key_id(sealed).ok_or_else(broken)?;
        let tenant: TenantId = spot.tenant.parse().map_err(|_| broken())?;
        match self.0.get(&(tenant, id.to_owned())) {
            Some(Held::Key(key)) => open(key, spot, sealed),
            Some(Held::Destroyed) => Ok("null".to_owned()),
            None => Err(VaultError::UnknownKey {
                field: spot.field.to_owned(),
                key_id: id.to_owned(),
            }),
        }
    }
}
