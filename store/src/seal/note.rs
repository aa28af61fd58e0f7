//! Signed notes (<https://c2sp.org/signed-note>): a text, and lines that sign it, by Ed25519.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

/// What a signature says by its key's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// That the signer wrote the text.
    Author,
    /// That a witness saw no other history (<https://c2sp.org/tlog-cosignature>, version 1).
    Witness,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Author => 1,
            Self::Witness => 4,
        }
    }
}

/// What is wrong with a key or a note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// A text that is no key.
    #[error("{0:?} is no key: NAME+ID+BASE64 is, as `annals audit keys` prints it")]
    Key(String),
    /// A text that is no note.
    #[error("no signed note: {0}")]
    Malformed(&'static str),
    /// Nobody signed whom we know.
    #[error("no known key signed the note: it was signed by {signed}; known are {known}")]
    UnknownKey {
        /// The names and ids of the keys that signed.
        signed: String,
        /// The names and ids of the keys that are known.
        known: String,
    },
    /// A witness who must have signed did not.
    #[error("the witness {witness} did not sign the note: it was signed by {signed}")]
    NotCosigned {
        /// The witness's name and id.
        witness: String,
        /// The names and ids of the keys that signed.
        signed: String,
    },
    /// A signature by a known key that is none.
    #[error("the signature of {key} does not fit the text: the note was changed, or signed by somebody else")]
    Forged {
        /// The key's name and id.
        key: String,
    },
}

/// A public key with its name: `NAME+ID+BASE64`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: String,
    kind: Kind,
    public: [u8; 32],
}

impl VerifierKey {
    /// The key under this name.
    #[must_use]
    pub fn new(name: impl Into<String>, public: [u8; 32]) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Author,
            public,
        }
    }

    /// The same key under another name.
    #[must_use]
    pub fn named(&self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self.clone()
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key itself.
    #[must_use]
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The first four bytes of SHA-256 over name, type and key.
    #[must_use]
    pub fn id(&self) -> u32 {
        let mut hasher = Sha256::new();
        hasher.update(&self.name);
        hasher.update([b'\n', self.kind.byte()]);
        hasher.update(self.public);
        let digest: [u8; 32] = hasher.finalize().into();
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
    }

    /// Whether it is a witness's: it signs that it saw no other history, and for no log.
    #[must_use]
    pub const fn is_witness(&self) -> bool {
        matches!(self.kind, Kind::Witness)
    }

    /// Its name and id, as people are told of it.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}+{:08x}", self.name, self.id())
    }

    /// Whether a signature line of this key signs the text.
    fn signs(&self, text: &str, signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.public);
        match self.kind {
            Kind::Author => key.verify(text.as_bytes(), signature).is_ok(),
            Kind::Witness => match signature.split_first_chunk::<8>() {
                Some((time, signature)) => {
                    let message = format!("cosignature/v1\ntime {}\n{text}", u64::from_be_bytes(*time));
                    key.verify(message.as_bytes(), signature).is_ok()
                }
                None => false,
            },
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.kind.byte()];
        key.extend(self.public);
        write!(f, "{}+{}", self.shown(), BASE64.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let wrong = || NoteError::Key(text.to_owned());
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let bytes = BASE64.decode(key).map_err(|_| wrong())?;
        let (kind, public) = bytes.split_first().ok_or_else(wrong)?;
        let key = Self {
            name: is_name(name).then(|| name.to_owned()).ok_or_else(wrong)?,
            kind: match kind {
                1 => Kind::Author,
                4 => Kind::Witness,
                _ => return Err(wrong()),
            },
            public: public.try_into().map_err(|_| wrong())?,
        };
        if u32::from_str_radix(id, 16) != Ok(key.id()) {
            return Err(wrong());
        }
        Ok(key)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+' || c.is_control())
}

/// A private key with its name. What it prints as is the public key.
pub(crate) struct SignerKey {
    pair: Ed25519KeyPair,
    public: VerifierKey,
    seed: [u8; 32],
}

impl SignerKey {
    const PREFIX: &'static str = "PRIVATE+KEY+";

    /// The key of 32 secret random bytes, under a name.
    ///
    /// # Errors
    /// [`NoteError::Key`] when it can't be a key's name.
    pub(crate) fn of_seed(name: &str, seed: [u8; 32]) -> Result<Self, NoteError> {
        let wrong = || NoteError::Key(name.to_owned());
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| wrong())?;
        let public: [u8; 32] = pair.public_key().as_ref().try_into().map_err(|_| wrong())?;
        if !is_name(name) {
            return Err(wrong());
        }
        Ok(Self {
            pair,
            public: VerifierKey::new(name, public),
            seed,
        })
    }

    /// Reads what [`SignerKey::secret`] wrote.
    ///
    /// # Errors
    /// [`NoteError::Key`], without the text: it may be a secret.
    pub(crate) fn read(secret: &str) -> Result<Self, NoteError> {
        let wrong = || NoteError::Key("the text of the private key".to_owned());
        let rest = secret.trim().strip_prefix(Self::PREFIX).ok_or_else(wrong)?;
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let bytes = BASE64.decode(key).map_err(|_| wrong())?;
        let seed = match bytes.split_first() {
            Some((1, seed)) => seed.try_into().map_err(|_| wrong())?,
            _ => return Err(wrong()),
        };
        let key = Self::of_seed(name, seed).map_err(|_| wrong())?;
        if u32::from_str_radix(id, 16) != Ok(key.public.id()) {
            return Err(wrong());
        }
        Ok(key)
    }

    /// The secret as a file keeps it: `PRIVATE+KEY+NAME+ID+BASE64`, as Go's `note` has it.
    #[must_use]
    pub(crate) fn secret(&self) -> String {
        let mut key = vec![Kind::Author.byte()];
        key.extend(self.seed);
        format!("{}{}+{}", Self::PREFIX, self.public.shown(), BASE64.encode(key))
    }

    /// Its public half.
    #[must_use]
    pub(crate) const fn verifier(&self) -> &VerifierKey {
        &self.public
    }

    /// Signs bytes.
    #[must_use]
    pub(crate) fn sign(&self, text: &str) -> [u8; 64] {
        let signature = self.pair.sign(text.as_bytes());
        let mut bytes = [0; 64];
        bytes.copy_from_slice(signature.as_ref());
        bytes
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.public)
    }
}

/// The line that signs a note.
#[must_use]
pub(crate) fn signature_line(key: &VerifierKey, signature: &[u8]) -> String {
    let mut bytes = key.id().to_be_bytes().to_vec();
    bytes.extend(signature);
    format!("\u{2014} {} {}\n", key.name, BASE64.encode(bytes))
}

/// A note: a text that ends with a line end, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    text: String,
    signatures: Vec<(String, u32, Vec<u8>)>,
}

impl Note {
    /// Reads a note. Nothing is verified.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] when it is none.
    pub(crate) fn parse(note: &str) -> Result<Self, NoteError> {
        let malformed = NoteError::Malformed;
        let split = note
            .rfind("\n\n")
            .ok_or(malformed("an empty line before the signatures is missing"))?;
        let (text, lines) = (&note[..=split], &note[split + 2..]);
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(malformed("there is a control character in its text"));
        }
        if lines.is_empty() || !lines.ends_with('\n') {
            return Err(malformed("it ends before its last signature does"));
        }
        let mut signatures = Vec::new();
        for line in lines.lines() {
            let wrong = || malformed("a line of a signature is none");
            let rest = line.strip_prefix("\u{2014} ").ok_or_else(wrong)?;
            let (name, signature) = rest.split_once(' ').ok_or_else(wrong)?;
            let bytes = BASE64.decode(signature).map_err(|_| wrong())?;
            let (id, signature) = bytes.split_first_chunk::<4>().ok_or_else(wrong)?;
            if !is_name(name) || signature.is_empty() {
                return Err(wrong());
            }
            signatures.push((name.to_owned(), u32::from_be_bytes(*id), signature.to_vec()));
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }

    /// What was signed.
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Which of the keys signed it; others' signatures are ignored.
    ///
    /// # Errors
    /// [`NoteError::UnknownKey`] when none of them did, [`NoteError::Forged`] when a signature of one of them is
    /// none.
    pub(crate) fn verify<'a>(&self, keys: &'a [VerifierKey]) -> Result<Vec<&'a VerifierKey>, NoteError> {
        let mut signed = Vec::new();
        for (name, id, signature) in &self.signatures {
            for key in keys.iter().filter(|key| key.name == *name && key.id() == *id) {
                if !key.signs(&self.text, signature) {
                    return Err(NoteError::Forged { key: key.shown() });
                }
                signed.push(key);
            }
        }
        if signed.is_empty() {
            return Err(NoteError::UnknownKey {
                signed: self.signers(),
                known: listed(keys.iter().map(VerifierKey::shown)),
            });
        }
        Ok(signed)
    }

    /// Whether each of the witnesses signed it.
    ///
    /// # Errors
    /// [`NoteError::NotCosigned`] when one of them did not, [`NoteError::Forged`] when the signature of one is none.
    pub(crate) fn cosigned(&self, witnesses: &[VerifierKey]) -> Result<(), NoteError> {
        for witness in witnesses {
            match self.verify(std::slice::from_ref(witness)) {
                Ok(_) => {}
                Err(NoteError::UnknownKey { signed, .. }) => {
                    let witness = witness.shown();
                    return Err(NoteError::NotCosigned { witness, signed });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The names and ids of the keys that signed, as they say.
    fn signers(&self) -> String {
        let signers = self.signatures.iter();
        listed(signers.map(|(name, id, _)| format!("{name}+{id:08x}")))
    }

    /// The lines of those signatures that are of these keys.
    #[must_use]
    pub(crate) fn lines_of(&self, keys: &[VerifierKey]) -> String {
        let of_keys = self.signatures.iter().filter_map(|(name, id, signature)| {
            let key = keys.iter().find(|key| key.name == *name && key.id() == *id)?;
            Some(signature_line(key, signature))
        });
        of_keys.collect()
    }
}

fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}

#[cfg(test)]
mod tests;
