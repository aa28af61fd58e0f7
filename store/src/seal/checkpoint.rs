//! Checkpoints (<https://c2sp.org/tlog-checkpoint>): the root of a tenant's tree at a size, signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::TenantId;

use super::note::{Note, NoteError, SignerKey, VerifierKey, signature_line};
use super::tree::Hash;

/// The root of a tree at a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which tree: the installation's name and the tenant's id, with a slash between.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// What a tenant's tree is called in an installation of this name.
#[must_use]
pub(crate) fn origin(name: &str, tenant: TenantId) -> String {
    format!("{name}/{tenant}")
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root))
    }

    /// The note of a signature over [`Checkpoint::text`], with the lines of others behind it.
    #[must_use]
    pub fn note(&self, key: &VerifierKey, signature: &[u8], cosignatures: &str) -> String {
        let key = key.named(&self.origin);
        format!(
            "{}\n{}{cosignatures}",
            self.text(),
            signature_line(&key, signature)
        )
    }

    /// Signs it.
    #[must_use]
    pub(super) fn sign(&self, key: &SignerKey) -> [u8; 64] {
        key.sign(&self.text())
    }

    /// The checkpoint that a note says, unverified.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] when it says none.
    pub(super) fn of(note: &Note) -> Result<Self, NoteError> {
        let malformed =
            || NoteError::Malformed("its text is no checkpoint: origin, size and root, a line each");
        let mut lines = note.text().lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(malformed());
        };
        let number: u64 = size.parse().map_err(|_| malformed())?;
        let root = BASE64.decode(root).map_err(|_| malformed())?;
        if origin.is_empty() || number.to_string() != size {
            return Err(malformed());
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root: root.try_into().map_err(|_| malformed())?,
        })
    }

    /// The checkpoint of a note that one of the trusted keys signed, and each of the witnesses.
    ///
    /// # Errors
    /// [`NoteError`] when it is no checkpoint, none of the keys signed it, or a witness did not.
    pub fn open(note: &str, trusted: &Trusted) -> Result<Self, NoteError> {
        let note = Note::parse(note)?;
        let checkpoint = Self::of(&note)?;
        note.verify(&trusted.for_origin(&checkpoint.origin))?;
        note.cosigned(trusted.witnesses())?;
        Ok(checkpoint)
    }
}

/// The installation's public keys that a verifier trusts, those that these endorse, and the witnesses that must have signed
/// besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trusted {
    keys: Vec<VerifierKey>,
    witnesses: Vec<VerifierKey>,
}

/// The note by which a key endorses its successor.
#[must_use]
pub(super) fn endorsement(key: &SignerKey, successor: &VerifierKey) -> String {
    let text = endorsing(key.verifier().name(), successor);
    let signature = key.sign(&text);
    format!("{text}\n{}", signature_line(key.verifier(), &signature))
}

fn endorsing(name: &str, successor: &VerifierKey) -> String {
    format!("{name}/next-key\n{successor}\n")
}

impl Trusted {
    /// These keys.
    #[must_use]
    pub const fn new(keys: Vec<VerifierKey>) -> Self {
        Self {
            keys,
            witnesses: Vec::new(),
        }
    }

    /// The same, where each of these witnesses must have signed whatever is opened.
    #[must_use]
    pub fn witnessed_by(self, witnesses: Vec<VerifierKey>) -> Self {
        Self { witnesses, ..self }
    }

    /// The witnesses, each of which must have signed.
    #[must_use]
    pub fn witnesses(&self) -> &[VerifierKey] {
        &self.witnesses
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    /// Trusts the successor that an endorsement names, if it is of a key that is trusted.
    ///
    /// # Errors
    /// [`NoteError`] when it is no endorsement, or a trusted key's that was changed. An endorsement by a key that
    /// is not trusted adds nothing, and is no error.
    pub fn endorse(&mut self, note: &str) -> Result<(), NoteError> {
        let note = Note::parse(note)?;
        let malformed = NoteError::Malformed("its text endorses no key");
        let mut lines = note.text().lines();
        let (Some(_), Some(successor), None) = (lines.next(), lines.next(), lines.next()) else {
            return Err(malformed);
        };
        let successor: VerifierKey = successor.parse()?;
        match note.verify(&self.keys) {
            Ok(signers) => {
                let named = |key: &&VerifierKey| {
                    key.name() == successor.name() && note.text() == endorsing(key.name(), &successor)
                };
                if !signers.iter().any(named) {
                    return Err(malformed);
                }
                if !self.keys.contains(&successor) {
                    self.keys.push(successor);
                }
                Ok(())
            }
            Err(NoteError::UnknownKey { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The keys by the name that they sign this tree under: a key of the installation signs for all its tenants, and a
    /// witness's for none.
    #[must_use]
    pub fn for_origin(&self, origin: &str) -> Vec<VerifierKey> {
        let fits = |key: &&VerifierKey| {
            let is_of = origin
                .strip_prefix(key.name())
                .is_some_and(|rest| rest.is_empty() || (rest.starts_with('/') && !rest[1..].contains('/')));
            is_of && !key.is_witness()
        };
        self.keys
            .iter()
            .filter(fits)
            .map(|key| key.named(origin))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SignerKey {
        SignerKey::of_seed("annals/one", [byte; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            origin: "annals/one/01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
            size: 3,
            root: [5; 32],
        }
    }

    fn note(signer: &SignerKey) -> String {
        let checkpoint = checkpoint();
        checkpoint.note(signer.verifier(), &checkpoint.sign(signer), "")
    }

    #[test]
    fn a_checkpoint_opens_under_the_installations_key_and_the_tenants() {
        let installation = key(1).verifier().clone();
        let tenant = installation.named(checkpoint().origin);
        for trusted in [installation, tenant] {
            let opened = Checkpoint::open(&note(&key(1)), &Trusted::new(vec![trusted]));
            assert_eq!(opened, Ok(checkpoint()));
        }
        let other = Trusted::new(vec![key(1).verifier().named("annals/on")]);
        assert!(Checkpoint::open(&note(&key(1)), &other).is_err());
    }

    #[test]
    fn a_size_is_written_in_one_way() {
        let signer = key(1);
        for size in ["03", "+3", "-1", "3 ", ""] {
            let text = checkpoint().text().replace("\n3\n", &format!("\n{size}\n"));
            let verifier = signer.verifier().named(checkpoint().origin);
            let note = format!("{text}\n{}", signature_line(&verifier, &signer.sign(&text)));
            let opened = Checkpoint::open(&note, &Trusted::new(vec![signer.verifier().clone()]));
            assert!(matches!(opened, Err(NoteError::Malformed(_))), "{size:?}");
        }
    }

    #[test]
    fn whoever_trusts_the_first_key_trusts_its_successors_and_nobody_else() {
        let (first, second, third, stranger) = (key(1), key(2), key(3), key(4));
        let mut trusted = Trusted::new(vec![first.verifier().clone()]);
        trusted
            .endorse(&endorsement(&stranger, third.verifier()))
            .unwrap();
        assert!(Checkpoint::open(&note(&third), &trusted).is_err());
        trusted.endorse(&endorsement(&first, second.verifier())).unwrap();
        trusted.endorse(&endorsement(&second, third.verifier())).unwrap();
        for signer in [&first, &second, &third] {
            assert!(Checkpoint::open(&note(signer), &trusted).is_ok());
        }
        assert!(Checkpoint::open(&note(&stranger), &trusted).is_err());
        let forged = endorsement(&first, second.verifier())
            .replace(&second.verifier().to_string(), &stranger.verifier().to_string());
        assert!(matches!(trusted.endorse(&forged), Err(NoteError::Forged { .. })));
    }

    #[test]
    fn a_checkpoint_is_no_endorsement() {
        let mut trusted = Trusted::new(vec![key(1).verifier().clone()]);
        assert!(trusted.endorse(&note(&key(1))).is_err());
    }
}
