//! Documents that were read, by the SHA-256 of their text: each is parsed and validated once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use sha2::{Digest, Sha256};

use super::{Checker, Prepared, Refused};
use crate::limits::Limits;
use crate::options::PersistedDocuments;

/// How many bytes of text the kept documents may have together; read, they take about ten times that.
const BYTES_AT_MOST: usize = 4 * 1024 * 1024;

type Hash = [u8; 32];

/// A document as a request names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Its text.
    pub(crate) text: Option<&'a str>,
    /// The SHA-256 of its text, in hexadecimal digits.
    pub(crate) hash: Option<&'a str>,
}

/// Why there is no document for a request.
#[derive(Debug)]
pub(crate) enum Missing {
    /// The request names none.
    NotNamed,
    /// The hash is not known; send the text with it.
    NotFound,
    /// The hash is not the text's.
    OtherHash,
    /// The document is not on the list.
    NotListed,
    /// The text is refused.
    Refused(Refused),
}

impl From<Refused> for Missing {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// All documents that are known.
#[derive(Clone)]
pub(crate) struct Documents {
    shared: Arc<Shared>,
}

struct Shared {
    checker: Checker,
    limits: Limits,
    persisted: PersistedDocuments,
    kept: Mutex<Kept>,
}

/// The documents that were asked for last, and how many bytes of text they have together.
struct Kept {
    documents: LruCache<Hash, Arc<Prepared>>,
    bytes: usize,
}

impl Kept {
    fn put(&mut self, hash: Hash, prepared: Arc<Prepared>) {
        self.bytes += prepared.text_bytes;
        let replaced = self.documents.put(hash, prepared);
        self.bytes -= replaced.map_or(0, |replaced| replaced.text_bytes);
        while self.bytes > BYTES_AT_MOST
            && let Some((_, oldest)) = self.documents.pop_lru()
        {
            self.bytes -= oldest.text_bytes;
        }
    }
}

impl Documents {
    pub(crate) fn new(checker: Checker, limits: Limits, persisted: PersistedDocuments) -> Self {
        Self {
            shared: Arc::new(Shared {
                checker,
                limits,
                persisted,
                kept: Mutex::new(Kept {
                    documents: LruCache::unbounded(),
                    bytes: 0,
                }),
            }),
        }
    }

    pub(crate) fn checker(&self) -> &Checker {
        &self.shared.checker
    }

    /// The document of a request.
    pub(crate) async fn get(&self, wanted: Wanted<'_>) -> Result<Arc<Prepared>, Missing> {
        match (wanted.text, wanted.hash) {
            (None, None) => Err(Missing::NotNamed),
            (None, Some(hash)) => self.by_hash(&parsed(hash)?).await,
            (Some(text), None) => self.by_text(text).await,
            (Some(text), Some(hash)) => {
                if parsed(hash)? != hash_of(text) {
                    return Err(Missing::OtherHash);
                }
                self.by_text(text).await
            }
        }
    }

    async fn by_hash(&self, hash: &Hash) -> Result<Arc<Prepared>, Missing> {
        if let Some(known) = self.kept().documents.get(hash) {
            return Ok(Arc::clone(known));
        }
        match &self.shared.persisted {
            PersistedDocuments::Listed(list) => {
                let text = list.get(hash).ok_or(Missing::NotFound)?;
                self.read(*hash, text).await
            }
            PersistedDocuments::Automatic => Err(Missing::NotFound),
        }
    }

    async fn by_text(&self, text: &str) -> Result<Arc<Prepared>, Missing> {
        let hash = hash_of(text);
        if let PersistedDocuments::Listed(list) = &self.shared.persisted
            && !list.contains_key(&hash)
        {
            return Err(Missing::NotListed);
        }
        if let Some(known) = self.kept().documents.get(&hash) {
            return Ok(Arc::clone(known));
        }
        self.read(hash, text).await
    }

    async fn read(&self, hash: Hash, text: &str) -> Result<Arc<Prepared>, Missing> {
        let prepared = Prepared::read(text, &self.shared.limits, &self.shared.checker).await?;
        let prepared = Arc::new(prepared);
        self.kept().put(hash, Arc::clone(&prepared));
        metrics::counter!("annals_graphql_documents_read_total").increment(1);
        Ok(prepared)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash_of(text: &str) -> Hash {
    Sha256::digest(text).into()
}

fn parsed(hash: &str) -> Result<Hash, Missing> {
    let mut parsed = Hash::default();
    hex::decode_to_slice(hash, &mut parsed).map_err(|_| Missing::NotFound)?;
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_graphql::parser::parse_query;

    use super::{BYTES_AT_MOST, Kept, LruCache, Prepared, hash_of};

    #[test]
    fn the_kept_documents_are_bounded_by_their_bytes() {
        let mut kept = Kept {
            documents: LruCache::unbounded(),
            bytes: 0,
        };
        let prepared = |text_bytes| {
            Arc::new(Prepared {
                hash: hash_of("{ a }"),
                document: parse_query("{ a }").unwrap(),
                text_bytes,
            })
        };
        for number in 0..100 {
            kept.put(hash_of(&number.to_string()), prepared(BYTES_AT_MOST / 10));
            kept.put(hash_of("again"), prepared(1));
        }
        assert!(kept.bytes <= BYTES_AT_MOST);
        assert_eq!(kept.documents.len(), 11, "ten tenths, and the small one");
        kept.put(hash_of("huge"), prepared(BYTES_AT_MOST + 1));
        assert_eq!((kept.bytes, kept.documents.len()), (0, 0));
    }
}
