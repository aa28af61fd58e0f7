//! Held against a note of others, and against what is none.

use super::*;

/// The example of Go's golang.org/x/mod/sumdb/note.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn key(name: &str, byte: u8) -> SignerKey {
    SignerKey::of_seed(name, [byte; 32]).unwrap()
}

fn signed(text: &str, signer: &SignerKey) -> String {
    format!(
        "{text}\n{}",
        signature_line(signer.verifier(), &signer.sign(text))
    )
}

#[test]
fn a_note_of_gos_suite_is_verified() {
    let peter: VerifierKey = PETER.parse().unwrap();
    assert_eq!(peter.to_string(), PETER);
    let note = Note::parse(NOTE).unwrap();
    assert_eq!(note.verify(std::slice::from_ref(&peter)).unwrap(), [&peter]);
    let changed = Note::parse(&NOTE.replace("answer", "ANSWER")).unwrap();
    assert!(matches!(changed.verify(&[peter]), Err(NoteError::Forged { .. })));
}

#[test]
fn what_a_key_signs_it_verifies_and_no_other_key_does() {
    let signer = key("example.com/log", 7);
    let note = Note::parse(&signed("a\nb\n", &signer)).unwrap();
    assert_eq!(note.text(), "a\nb\n");
    assert!(note.verify(&[signer.verifier().clone()]).is_ok());
    for other in [key("example.com/log", 8), key("example.com/other", 7)] {
        let error = note.verify(&[other.verifier().clone()]).unwrap_err();
        assert!(
            error.to_string().contains("no known key signed the note"),
            "{error}"
        );
        assert!(error.to_string().contains(&signer.verifier().shown()), "{error}");
    }
}

#[test]
fn a_private_key_reads_back_and_never_shows_itself() {
    let signer = key("example.com/log", 7);
    let again = SignerKey::read(&signer.secret()).unwrap();
    assert_eq!(again.verifier(), signer.verifier());
    assert!(!format!("{signer:?}").contains(&signer.secret()));
    let broken = signer.secret().replace("log", "lag");
    assert!(
        !SignerKey::read(&broken)
            .unwrap_err()
            .to_string()
            .contains(&broken)
    );
}

#[test]
fn what_is_no_note_or_no_key_is_refused() {
    for wrong in [
        "",
        "a\n",
        "a\n\n",
        "a\n\nb\n",
        "a\n\n\u{2014} x AAAA\n",
        "a\n\n\u{2014} x\n",
    ] {
        assert!(Note::parse(wrong).is_err(), "{wrong:?}");
    }
    let whole = signed("a\n", &key("x", 1));
    assert!(Note::parse(&whole[..whole.len() - 1]).is_err());
    for wrong in [
        "",
        "a",
        "a+b+c",
        &PETER.replace("c74f", "c74e"),
        &PETER.replace("+ARpc", "+AS"),
    ] {
        assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong:?}");
    }
}

#[test]
fn a_witness_signs_with_its_time() {
    let witness = key("witness.example/w", 9);
    let verifier = VerifierKey {
        kind: Kind::Witness,
        ..witness.verifier().clone()
    };
    let text = "origin\n1\nroot\n";
    let mut signature = 1_700_000_000_u64.to_be_bytes().to_vec();
    signature.extend(witness.sign(&format!("cosignature/v1\ntime 1700000000\n{text}")));
    let note = |signature: &[u8]| format!("{text}\n{}", signature_line(&verifier, signature));
    let verified = Note::parse(&note(&signature)).unwrap();
    assert_eq!(
        verified.verify(&[verifier.to_string().parse().unwrap()]).unwrap(),
        [&verifier]
    );
    signature[7] += 1;
    assert!(
        Note::parse(&note(&signature))
            .unwrap()
            .verify(std::slice::from_ref(&verifier))
            .is_err()
    );
}
