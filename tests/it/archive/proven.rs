//! An archive carries what proves its events, and `annals verify` needs nothing but the public key for it.

use std::num::NonZeroUsize;
use std::path::Path;

use domain::lead::Lead;
use sha2::{Digest, Sha256};
use store::{At, Invalid, NoteError, Orders, Proven, Trusted, verify_file};

use super::years::{Years, lines, years};
use crate::support::{capture, lead_id, tenant};

async fn trusted(years: &Years) -> Trusted {
    let keys = years.store.log().seals().keys().await.unwrap();
    keys.unwrap().trusted()
}

fn verify(file: &Path, trusted: &Trusted) -> Result<Proven, Invalid> {
    verify_file(file, trusted, NonZeroUsize::MIN)
}

/// Packs lines, with a last one that fits them.
fn write(file: &Path, lines: &[String]) {
    let text = lines.join("\n") + "\n";
    let digest = Sha256::digest(&text);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("{text}{{\"sha256\":\"{digest}\"}}\n");
    std::fs::write(file, zstd::encode_all(text.as_bytes(), 3).unwrap()).unwrap();
}

/// A second tenant, whose events lie between those of the first in 2026.
async fn with_a_neighbour(years: &Years) -> domain::Caller {
    let other = tenant(&years.store, "other").await;
    for number in 0..3 {
        for caller in [&other, &years.caller] {
            let id = lead_id(&format!("l2026-{number}"));
            let orders = Orders::one(capture());
            years.store.execute::<Lead>(caller, &id, orders).await.unwrap();
        }
    }
    years.seal().await;
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_are_verified_with_the_public_key_alone_and_so_are_their_parts() {
    let years = years().await;
    with_a_neighbour(&years).await;
    let trusted = trusted(&years).await;
    for (year, positions) in [(2023, (1, 14)), (2024, (15, 28)), (2025, (29, 42))] {
        years.archive(year).await.unwrap();
        let proven = verify(&years.file(year), &trusted).unwrap();
        let Proven::Archive {
            year: of,
            positions: between,
            events,
            checkpoints,
        } = proven
        else {
            panic!("{proven:?}")
        };
        assert_eq!((of, between, events, checkpoints.len()), (year, positions, 14, 1));
        let part = years.folder.path().join("part.ndjson");
        let mut out = std::fs::File::create(&part).unwrap();
        let exported = store::export_archived(&years.file(year), years.caller.tenant, &mut out);
        assert_eq!(exported.unwrap(), 14);
        let proven = verify(&part, &trusted).unwrap();
        assert!(
            matches!(proven, Proven::Export { after, upto, events: 14, .. } if (after + 1, upto) == positions),
            "{proven:?}"
        );
    }
    // What comes behind the archives is proven without them.
    let seals = years.store.log().seals();
    let mut out = Vec::new();
    let enclosed = seals
        .export(years.caller.tenant, (42, u64::MAX), &mut out)
        .await
        .unwrap();
    assert_eq!((enclosed.before.unwrap().position, enclosed.events), (42, 3));
    let checkpoint = seals.checkpoint(years.caller.tenant, At::Newest).await.unwrap();
    assert_eq!(checkpoint.checkpoint.size, 45);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_in_an_archive_is_named_whatever_its_hashes_say() {
    let years = years().await;
    years.archive(2023).await.unwrap();
    let trusted = trusted(&years).await;
    let file = years.folder.path().join("changed.zst");
    let mut whole = lines(&years.file(2023));
    whole.pop();
    write(&file, &whole);
    verify(&file, &trusted).unwrap();
    let said = |what: &str| {
        let error = verify(&file, &trusted).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(what), "{what}: {text}");
    };

    // An event that was never sealed, hashed as those that were: another one's row at its place.
    let mut twin = whole.clone();
    let position = |line: &str| -> u64 {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        row["position"].as_u64().unwrap()
    };
    let (fifth, sixth) = (twin[6].clone(), position(&twin[7]));
    twin[7] = fifth.replace(
        &format!("\"position\":{}", position(&fifth)),
        &format!("\"position\":{sixth}"),
    );
    write(&file, &twin);
    said("the proof of tenant");

    // The last event is gone, and the header says so.
    let mut shorter = whole.clone();
    shorter.pop();
    shorter[0] = shorter[0].replace(
        "\"last_position\":14,\"events\":14",
        "\"last_position\":13,\"events\":13",
    );
    write(&file, &shorter);
    said("another range than the archive's");

    // Signed again by somebody else, under the same name and under the same id.
    let stranger = trusted_by_nobody();
    let error = verify(&years.file(2023), &stranger).unwrap_err();
    assert!(
        matches!(error, Invalid::Note(NoteError::UnknownKey { .. })),
        "{error}"
    );
    assert!(
        error.to_string().contains("no known key signed the note"),
        "{error}"
    );
    let mut forged = whole.clone();
    let mut proof: serde_json::Value = serde_json::from_str(&forged[1]).unwrap();
    let note = proof["proof"]["checkpoint"]
        .as_str()
        .unwrap()
        .trim_end()
        .to_owned();
    let (before, signature) = note.rsplit_once(' ').unwrap();
    let other = if &signature[20..21] == "A" { "B" } else { "A" };
    let signature = format!("{}{other}{}", &signature[..20], &signature[21..]);
    proof["proof"]["checkpoint"] = format!("{before} {signature}\n").into();
    forged[1] = proof.to_string();
    write(&file, &forged);
    let error = verify(&file, &trusted).unwrap_err();
    assert!(
        matches!(error, Invalid::Note(NoteError::Forged { .. })),
        "{error}"
    );

    // Without its proofs it proves nothing, and says so.
    let mut bare = whole.clone();
    bare.remove(1);
    bare[0] = bare[0]
        .replace("\"annals_archive\":2", "\"annals_archive\":1")
        .replace(",\"tenants\":1", "");
    write(&file, &bare);
    said("wrote no proofs");

    let bytes = std::fs::read(years.file(2023)).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 9]).unwrap();
    said("incomplete frame");
}

fn trusted_by_nobody() -> Trusted {
    let key = "example.com/other+9c08b9f3+AQo=";
    assert!(key.parse::<store::VerifierKey>().is_err());
    Trusted::new(vec![store::VerifierKey::new("example.com/other", [9; 32])])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_without_events_in_an_archive_gets_nothing_out_of_it() {
    let years = years().await;
    let other = with_a_neighbour(&years).await;
    years.archive(2023).await.unwrap();
    let mut out = Vec::new();
    let refused = store::export_archived(&years.file(2023), other.tenant, &mut out).unwrap_err();
    assert!(
        refused.to_string().contains("has no events of the tenant"),
        "{refused}"
    );
    assert!(out.is_empty());
}
