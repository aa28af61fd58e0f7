//! Cursors: opaque to clients, versioned inside.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A place to go on from: in the log (what mutations and events return) or in a list (what connections
/// return). Opaque: take it from an answer and give it back as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
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
}

impl Cursor {
    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(match self {
            Self::Position(position) => format!("p:{position}"),
            Self::Row(row) => format!("r:{row}"),
        })
    }

    pub(crate) fn decode(text: &str) -> Result<Self, InvalidCursor> {
        let malformed = || InvalidCursor::Malformed(text.to_owned());
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed())?;
        let inside = String::from_utf8(bytes).map_err(|_| malformed())?;
        match inside.split_once(':') {
            Some(("p", position)) => position.parse().map(Self::Position).map_err(|_| malformed()),
            Some(("r", row)) => Ok(Self::Row(row.to_owned())),
            _ => Err(malformed()),
        }
    }

    /// The position in the log that the argument `name` means.
    pub(crate) fn position(&self, name: &'static str) -> Result<u64, InvalidCursor> {
        match self {
            Self::Position(position) => Ok(*position),
            Self::Row(_) => Err(InvalidCursor::NotAPosition(name)),
        }
    }

    /// The row of a list that the argument `name` means.
    pub(crate) fn row(self, name: &'static str) -> Result<String, InvalidCursor> {
        match self {
            Self::Row(row) => Ok(row),
            Self::Position(_) => Err(InvalidCursor::NotARow(name)),
        }
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
    use super::{Cursor, InvalidCursor};

    #[test]
    fn a_cursor_reads_back() {
        for cursor in [
            Cursor::Position(0),
            Cursor::Position(u64::MAX),
            Cursor::Row("2026:ab:c".into()),
        ] {
            assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
        }
    }

    #[test]
    fn a_malformed_cursor_is_named() {
        for wrong in ["", "!", "abc", "cDo", "cDotMQ", "eDox", "17"] {
            let error = Cursor::decode(wrong).unwrap_err();
            assert_eq!(error, InvalidCursor::Malformed(wrong.to_owned()), "{wrong}");
            assert!(error.to_string().contains(&format!("{wrong:?}")));
        }
    }

    #[test]
    fn a_lists_cursor_is_no_position() {
        assert!(Cursor::Row("x".into()).position("atLeast").is_err());
        assert!(Cursor::Position(1).row("after").is_err());
    }
}
