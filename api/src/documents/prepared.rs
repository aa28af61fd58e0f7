//! A document that was read: parsed, within the limits, valid.

use async_graphql::ServerError;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use sha2::{Digest, Sha256};

use super::{Checker, check_declarations};
use crate::limits::{self, Limits, Over, RefusedDocument, Unreadable, check_merging, scan};

/// How many errors of one document are told.
const ERRORS_AT_MOST: usize = 10;

/// A valid document.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) document: ExecutableDocument,
    /// The SHA-256 of its text.
    pub(crate) hash: [u8; 32],
    /// The length of its text.
    pub(super) text_bytes: usize,
}

/// Why a document is refused.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is over a limit.
    Over(Over),
    /// It is no valid document of this schema.
    Invalid(Vec<ServerError>),
}

impl From<Over> for Refused {
    fn from(over: Over) -> Self {
        Self::Over(over)
    }
}

impl From<ServerError> for Refused {
    fn from(error: ServerError) -> Self {
        Self::Invalid(vec![error])
    }
}

impl Prepared {
    /// Reads a document: what is over a limit never gets to the parser, or never to the validation.
    pub(crate) async fn read(text: &str, limits: &Limits, checker: &Checker) -> Result<Self, Refused> {
        scan(text, limits).map_err(|unreadable| match unreadable {
            Unreadable::Over(over) => Refused::Over(over),
            Unreadable::OpenString { .. } => Refused::from(ServerError::new(unreadable.to_string(), None)),
        })?;
        let document = parse_query(text).map_err(ServerError::from)?;
        limits::check(&document, limits)?;
        check_declarations(&document, checker.types())?;
        check_merging(&document, checker.types())?;
        checker.check(&document).await.map_err(|mut errors| {
            errors.truncate(ERRORS_AT_MOST);
            Refused::Invalid(errors)
        })?;
        Ok(Self {
            document,
            hash: Sha256::digest(text).into(),
            text_bytes: text.len(),
        })
    }
}

impl From<RefusedDocument> for Refused {
    fn from(refused: RefusedDocument) -> Self {
        match refused {
            RefusedDocument::Over(over) => Self::Over(over),
            RefusedDocument::Wrong(error) => error.into(),
        }
    }
}
