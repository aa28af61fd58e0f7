//! Witnesses: what they sign of a checkpoint is verified far from the database, and must be there.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};
use store::{At, AuditOrder, VerifierKey};

use super::ground::{Ground, ground, told};

/// A witness of its own making, as <https://c2sp.org/tlog-cosignature> says.
struct Witness {
    name: &'static str,
    pair: Ed25519KeyPair,
}

impl Witness {
    fn new(name: &'static str, seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        Self { name, pair }
    }

    fn key(&self) -> Vec<u8> {
        [&[4], self.pair.public_key().as_ref()].concat()
    }

    fn id(&self) -> Vec<u8> {
        let named = [self.name.as_bytes(), b"\n", &self.key()].concat();
        Sha256::digest(named)[..4].to_vec()
    }

    /// Name and id, as people are told of it.
    fn shown(&self) -> String {
        let id: String = self.id().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}+{id}", self.name)
    }

    fn verifier(&self) -> String {
        format!("{}+{}", self.shown(), BASE64.encode(self.key()))
    }

    /// The line by which it signs a text.
    fn line(&self, text: &str) -> String {
        let time = 1_772_452_800_u64;
        let message = format!("cosignature/v1\ntime {time}\n{text}");
        let signature = self.pair.sign(message.as_bytes());
        let bytes = [&self.id()[..], &time.to_be_bytes(), signature.as_ref()].concat();
        format!("\u{2014} {} {}\n", self.name, BASE64.encode(bytes))
    }
}

/// Runs `annals verify`: what it says, or what it complains of.
fn verify(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annals-program"));
    let output = command
        .current_dir(folder)
        .arg("verify")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.code() {
        Some(0) => Ok(text(&output.stdout)),
        Some(1) => Err(text(&output.stderr)),
        code => panic!("{code:?}: {}", text(&output.stderr)),
    }
}

/// A log that one witness signed, with its files: a checkpoint, an event, an export, and the growth of both.
async fn witnessed(witness: &Witness) -> Ground {
    let ground = ground().await;
    ground.capture(0..6).await;
    ground.seal().await;
    let (acme, seals) = (ground.acme.tenant, ground.seals());
    let signed = seals.checkpoint(acme, At::Newest).await.unwrap();
    let text = signed.checkpoint.text();
    let key: VerifierKey = witness.verifier().parse().unwrap();
    let witnesses = std::slice::from_ref(&key);
    let cosignature = format!("{text}\n{}", witness.line(&text));
    let cosigned = seals.cosign(acme, &cosignature, witnesses).await.unwrap();
    assert_eq!(cosigned.note, format!("{}{}", signed.note, witness.line(&text)));
    let again = seals.cosign(acme, &cosignature, witnesses).await.unwrap();
    assert_eq!(again.note, cosigned.note, "once is enough");

    let other = text.replace("\n5\n", "\n6\n");
    assert_ne!(other, text);
    let other = format!("{other}\n{}", witness.line(&other));
    let refused = seals.cosign(acme, &other, witnesses).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("no checkpoint was signed at the size 6"),
        "{refused}"
    );
    let changed = cosigned.note.replace(&text, &text.replace("\n5\n", "\n9\n"));
    let refused = seals.cosign(acme, &changed, witnesses).await.unwrap_err();
    assert!(refused.to_string().contains("does not fit the text"), "{refused}");

    let write = |name: &str, text: &str| std::fs::write(ground.file(name), text).unwrap();
    write("note", &cosigned.note);
    let event = seals.inclusion(acme, 3, At::Newest).await.unwrap();
    write("event", &event.file().unwrap());
    let size = signed.checkpoint.size;
    let growth = seals.consistency(acme, size, At::Newest).await.unwrap();
    write("growth", &growth.file().unwrap());
    write("keys", &ground.trusted().await.keys()[0].to_string());
    ground.export("export", (0, 99)).await;
    ground
}

#[tokio::test(flavor = "multi_thread")]
async fn every_witness_that_is_given_must_have_signed_and_is_named() {
    let (witness, stranger) = (
        Witness::new("witness.example/w", 42),
        Witness::new("witness.example/x", 43),
    );
    let ground = witnessed(&witness).await;
    let folder = ground.folder.path();
    let (key, other) = (witness.verifier(), stranger.verifier());
    let by_witness = ["--key", "keys", "--witness", &key];
    for file in ["note", "event", "growth", "export"] {
        let told = verify(folder, &[&[file][..], &by_witness].concat()).unwrap();
        assert!(
            told.starts_with("valid: ") && told.ends_with(&format!("\ncosigned by {}\n", witness.shown())),
            "{file}: {told}"
        );
        let told = verify(folder, &[file, "--key", "keys"]).unwrap();
        assert!(!told.contains("cosigned"), "nobody asked for one: {told}");
        let both = [&[file][..], &by_witness, &["--witness", &other]].concat();
        let refused = verify(folder, &both).unwrap_err();
        let expected = format!(
            "the witness {} did not sign the note: it was signed by ",
            stranger.shown()
        );
        assert!(
            refused.contains(&expected) && refused.contains(&witness.shown()),
            "{file}: {refused}"
        );

        // The line taken away, and another's signature in its place, wherever the checkpoint stands.
        let text = std::fs::read_to_string(ground.file(file)).unwrap();
        let own = std::fs::read_to_string(ground.file("note")).unwrap();
        let (signed, line) = own.split_at(own.rfind('\u{2014}').unwrap());
        let checkpoint = signed.split_once("\n\n").unwrap().0.to_owned() + "\n";
        assert_eq!(line, witness.line(&checkpoint));
        // A signature of the right shape, by the right name and id, over something else.
        let forged = witness.line(&checkpoint.replace("\n5\n", "\n4\n"));
        assert_ne!(forged, line);
        let within = |line: &str| match file {
            "growth" | "export" => serde_json::to_string(line).unwrap().trim_matches('"').to_owned(),
            _ => line.to_owned(),
        };
        let changed = |to: &str| {
            let changed = text.replace(&within(line), &within(to));
            assert_ne!(changed, text, "{file}");
            std::fs::write(ground.file("changed"), changed).unwrap();
        };
        changed("");
        assert!(verify(folder, &["changed", "--key", "keys"]).is_ok(), "{file}");
        let refused = verify(folder, &[&["changed"][..], &by_witness].concat()).unwrap_err();
        let expected = format!("the witness {} did not sign the note: ", witness.shown());
        assert!(refused.contains(&expected), "{file}: {refused}");
        changed(&forged);
        let refused = verify(folder, &[&["changed"][..], &by_witness].concat()).unwrap_err();
        let expected = format!("the signature of {} does not fit the text", witness.shown());
        assert!(refused.contains(&expected), "{file}: {refused}");
    }

    // A key says whose it is: one that only saw a log does not sign it, and one that signs it does not witness.
    let refused = verify(folder, &["note", "--key", &key]).unwrap_err();
    let expected = format!(
        "--key: {} is a witness's key: give it as --witness",
        witness.shown()
    );
    assert!(refused.contains(&expected), "{refused}");
    let refused = verify(folder, &["note", "--key", "keys", "--witness", "keys"]).unwrap_err();
    assert!(
        refused.contains(" is no witness's key: give it as --key"),
        "{refused}"
    );
    let refused = verify(folder, &["note", "--key", "keys", "--witness", "nobody"]).unwrap_err();
    assert!(
        refused.contains("--witness \"nobody\" is neither a public key"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witnesss_line_that_was_changed_in_postgresql_is_found() {
    let witness = Witness::new("witness.example/w", 42);
    let ground = witnessed(&witness).await;
    let order = AuditOrder {
        witnesses: vec![witness.verifier().parse().unwrap()],
        ..ground.without_kept().await
    };
    let audited = ground.seals().audit(&order).await.unwrap();
    assert_eq!(told(&audited), Vec::<String>::new());
    let forged = witness.line("example.com/annals/other\n5\n");
    ground
        .tamper(&[&format!(
            "update seal_checkpoints set cosignatures = '{forged}' where cosignatures <> ''"
        )])
        .await;
    let audited = ground.seals().audit(&order).await.unwrap();
    assert_eq!(
        told(&audited),
        [format!(
            "tenant {}: the checkpoint of 5 events: the signature of {} does not fit the text: the note was changed, or \
             signed by somebody else",
            ground.acme.tenant,
            witness.shown()
        )]
    );
}
