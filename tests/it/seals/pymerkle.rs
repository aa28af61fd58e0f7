//! Roots and proofs beside those of pymerkle, which somebody else wrote.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use store::At;

use super::ground::ground;
use crate::clients::are_installed;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pymerkle_has_the_same_roots_and_proofs() {
    if !are_installed("pymerkle", ".venv/bin/python") {
        return;
    }
    let ground = ground().await;
    for step in 0..5 {
        ground.capture(step * 21..step * 21 + 21).await;
        ground.seal().await;
    }
    let (acme, seals) = (ground.acme.tenant, ground.seals());
    let newest = seals.checkpoint(acme, At::Newest).await.unwrap();
    let (mut leaves, mut inclusions, mut signed) = (Vec::new(), Vec::new(), Vec::new());
    for size in 1..=newest.checkpoint.size {
        if let Ok(checkpoint) = seals.checkpoint(acme, At::Size(size)).await {
            signed.push(checkpoint.checkpoint);
        }
    }
    assert_eq!(signed.len(), 5);
    for position in 1..=newest.position {
        for checkpoint in &signed {
            let Ok(proof) = seals.inclusion(acme, position, At::Size(checkpoint.size)).await else {
                continue;
            };
            if checkpoint.size == newest.checkpoint.size {
                leaves.push(hex(&proof.leaf.bytes()));
            }
            let path: Vec<String> = proof.hashes.iter().map(|hash| hex(hash)).collect();
            inclusions.push(json!([proof.index, checkpoint.size, hex(&checkpoint.root), path]));
        }
    }
    assert_eq!(leaves.len() as u64, newest.checkpoint.size);
    let roots: Vec<_> = signed
        .iter()
        .map(|one| json!([one.size, hex(&one.root)]))
        .collect();
    let pairs = signed.iter().flat_map(|old| {
        let newer = signed.iter().filter(|new| new.size >= old.size);
        newer.map(|new| json!([old.size, hex(&old.root), new.size, hex(&new.root)]))
    });
    let given = json!({
        "leaves": leaves, "roots": roots, "inclusions": inclusions, "consistencies": pairs.collect::<Vec<_>>(),
    });

    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
    let mut python = Command::new(clients.join(".venv/bin/python"))
        .arg(clients.join("merkle.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python
        .stdin
        .take()
        .unwrap()
        .write_all(given.to_string().as_bytes())
        .unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "pymerkle does not agree");
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.starts_with("5 roots, ") && told.ends_with(" 15 consistencies\n"),
        "{told}"
    );
}
