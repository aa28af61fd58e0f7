//! Cursors: opaque to clients, versioned inside.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::TenantId;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A place to go on from: in the log (what mutations and events return) or in a list (what connections
/// return), and whose it is. Opaque: take it from an answer and give it back as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    tag: Tag,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A position in the log.
    Position(u64),
    /// A row's place in a list.
    Row(String),
}

/// Says what is wrong with a cursor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidCursor {
    /// Nothing that was ever given out.
    #[error("{0:?} is not a cursor of this API: take one from an earlier answer")]
    Malformed(String),
    /// A cursor of a list where one of the log is wanted.
    #[error("{0}: this is the cursor of a list's row; the cursor of an event or a mutation is wanted")]
    NotAPosition(&'static str),
    /// A cursor of the log where one of a list is wanted.
    #[error("{0}: this is the cursor of an event; the cursor of a row of this list is wanted")]
    NotARow(&'static str),
    /// A cursor of another list.
    #[error("{0}: this is the cursor of another list's row")]
    OtherList(&'static str),
    /// A cursor that another tenant was given.
    #[error("{0}: this cursor is not this tenant's: take one from an answer to this tenant")]
    OtherTenant(&'static str),
}

/// Tells the cursors of tenants apart; it is no secret.
type Tag = [u8; 4];

fn tag(tenant: TenantId) -> Tag {
    let digest: [u8; 32] = Sha256::digest(format!("annals.cursor:{tenant}")).into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

/// Makes the cursors of a tenant's rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursors(Tag);

impl Cursors {
    /// Of this tenant.
    pub(crate) fn of(tenant: TenantId) -> Self {
        Self(tag(tenant))
    }

    /// The cursor of a row at this place of a list.
    pub(crate) fn of_row(self, place: &impl Serialize) -> Cursor {
        Cursor {
            tag: self.0,
            // Places are timestamps, numbers and texts, which always have a JSON form.
            place: Place::Row(serde_json::to_string(place).unwrap_or_default()),
        }
    }
}

impl Cursor {
    /// The cursor of a tenant's event.
    pub(crate) fn at(tenant: TenantId, position: u64) -> Self {
        Self {
            tag: tag(tenant),
            place: Place::Position(position),
        }
    }

    pub(crate) fn encode(&self) -> String {
        let tag = hex::encode(self.tag);
        URL_SAFE_NO_PAD.encode(match &self.place {
            Place::Position(position) => format!("p:{tag}:{position}"),
            Place::Row(row) => format!("r:{tag}:{row}"),
        })
    }

    pub(crate) fn decode(text: &str) -> Result<Self, InvalidCursor> {
        let malformed = || InvalidCursor::Malformed(text.to_owned());
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed())?;
        let inside = String::from_utf8(bytes).map_err(|_| malformed())?;
        let mut parts = inside.splitn(3, ':');
        let (Some(kind), Some(tag), Some(place)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed());
        };
        let mut known = Tag::default();
        hex::decode_to_slice(tag, &mut known).map_err(|_| malformed())?;
        let place = match kind {
            "p" => Place::Position(place.parse().map_err(|_| malformed())?),
            "r" => Place::Row(place.to_owned()),
            _ => return Err(malformed()),
        };
        Ok(Self { tag: known, place })
    }

    /// The position in the tenant's log that the argument `name` means.
    pub(crate) fn position(&self, name: &'static str, tenant: TenantId) -> Result<u64, InvalidCursor> {
        self.check(name, tenant)?;
        self.position_of_any(name)
    }

    /// The position in the log that the argument `name` means, whosever it is.
    pub(crate) const fn position_of_any(&self, name: &'static str) -> Result<u64, InvalidCursor> {
        match self.place {
            Place::Position(position) => Ok(position),
            Place::Row(_) => Err(InvalidCursor::NotAPosition(name)),
        }
    }

    /// The row of the tenant's list that the argument `name` means.
    pub(crate) fn row(self, name: &'static str, tenant: TenantId) -> Result<String, InvalidCursor> {
        self.check(name, tenant)?;
        match self.place {
            Place::Row(row) => Ok(row),
            Place::Position(_) => Err(InvalidCursor::NotARow(name)),
        }
    }

    fn check(&self, name: &'static str, tenant: TenantId) -> Result<(), InvalidCursor> {
        if self.tag == tag(tenant) {
            return Ok(());
        }
        Err(InvalidCursor::OtherTenant(name))
    }
}

/// A place to go on from. Opaque: take it from an answer and give it back as it is.
#[Scalar]
impl ScalarType for Cursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Self::decode(text).map_err(InputValueError::custom),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.encode())
    }
}

#[cfg(test)]
mod tests {
    use domain::TenantId;
    use ulid::Ulid;

    use super::{Cursor, Cursors, InvalidCursor};

    const fn tenant(number: u128) -> TenantId {
        TenantId::new(Ulid(number))
    }

    #[test]
    fn a_cursor_reads_back() {
        for cursor in [
            Cursor::at(tenant(1), 0),
            Cursor::at(tenant(1), u64::MAX),
            Cursors::of(tenant(1)).of_row(&"2026:ab:c"),
        ] {
            assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
        }
        assert_eq!(Cursor::at(tenant(1), 7).position("atLeast", tenant(1)), Ok(7));
    }

    #[test]
    fn a_malformed_cursor_is_named() {
        for wrong in [
            "",
            "!",
            "abc",
            "cDo",
            "cDotMQ",
            "eDox",
            "17",
            "cDoxNw",
            "cDphYjpjZA",
        ] {
            let error = Cursor::decode(wrong).unwrap_err();
            assert_eq!(error, InvalidCursor::Malformed(wrong.to_owned()), "{wrong}");
            assert!(error.to_string().contains(&format!("{wrong:?}")));
        }
    }

    #[test]
    fn a_lists_cursor_is_no_position() {
        let row = Cursors::of(tenant(1)).of_row(&"x");
        assert!(row.position("atLeast", tenant(1)).is_err());
        assert!(Cursor::at(tenant(1), 1).row("after", tenant(1)).is_err());
    }

    #[test]
    fn a_cursor_of_another_tenant_is_refused_and_the_argument_named() {
        let position = Cursor::at(tenant(1), 7).position("atLeast", tenant(2));
        assert_eq!(position, Err(InvalidCursor::OtherTenant("atLeast")));
        let row = Cursors::of(tenant(1)).of_row(&"x").row("after", tenant(2));
        assert_eq!(row, Err(InvalidCursor::OtherTenant("after")));
        assert!(
            row.unwrap_err()
                .to_string()
                .starts_with("after: this cursor is not this tenant's")
        );
    }
}
