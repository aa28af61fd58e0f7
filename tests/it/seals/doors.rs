//! The doors: GraphQL and the command line of a running program, and `annals verify` far from it.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{Up, folder};

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

fn annals(data_dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.current_dir(data_dir).args(arguments);
    command.env("ANNALS_READ_SECONDS", "0");
    command.arg("--data-dir").arg(data_dir).output().unwrap()
}

/// What it prints, if it succeeds.
fn said(data_dir: &Path, arguments: &[&str]) -> String {
    let output = annals(data_dir, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it complains of.
fn refused(data_dir: &Path, arguments: &[&str]) -> String {
    let output = annals(data_dir, arguments);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

fn capture(up: &Up, tenant: &str, leads: std::ops::Range<u32>) -> String {
    let mut cursor = String::new();
    for number in leads {
        let document = format!(
            "mutation {{ captureLead(input: {{ id: \"lead-{number}\", vertical: \"sales\", source: \"test\" }}) {{ cursor }} }}"
        );
        up.ask(Some(tenant), &document)["captureLead"]["cursor"]
            .as_str()
            .unwrap()
            .clone_into(&mut cursor);
    }
    cursor
}

/// Asks until what was just written is sealed.
fn proof(up: &Up, tenant: &str, cursor: &str) -> Value {
    let document = format!(
        "{{ inclusionProof(cursor: \"{cursor}\") {{ index leafHash hashes file checkpoint {{ size note origin rootHash }} }} }}"
    );
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        match up.answer(Some(tenant), &document) {
            answer if answer.get("errors").is_none() => return answer["data"]["inclusionProof"].clone(),
            answer => assert_eq!(
                answer["errors"][0]["extensions"]["code"], "NOT_THERE_YET",
                "{answer}"
            ),
        }
    }
    panic!("{cursor} was not sealed in time");
}

#[test]
fn an_auditor_verifies_what_graphql_and_the_command_line_give_with_the_public_key_alone() {
    let (data, desk) = (folder(), folder());
    // What is read is not written down here, so that each event is one of the test's own.
    let up = Up::start_with(data.path(), &["--read-seconds", "0", "--calls-seconds", "0"]);
    up.provision("shop");
    up.provision("other");
    let first = capture(&up, "shop", 0..3);
    capture(&up, "other", 0..3);
    let early = proof(&up, "shop", &first);
    let last = capture(&up, "shop", 3..40);
    let proven = proof(&up, "shop", &last);
    let (from, to) = (&early["checkpoint"]["size"], &proven["checkpoint"]["size"]);

    let keys = said(data.path(), &["audit", "keys"]);
    std::fs::write(desk.path().join("keys"), &keys).unwrap();
    let verify = |name: &str, text: &str| {
        std::fs::write(desk.path().join(name), text).unwrap();
        said(desk.path(), &["verify", name, "--key", "keys"])
    };
    let told = verify("event", proven["file"].as_str().unwrap());
    assert!(told.starts_with("valid: lead.captured of lead/"), "{told}");
    assert!(verify("note", proven["checkpoint"]["note"].as_str().unwrap()).contains("at 41 events"));

    let document = format!("{{ consistencyProof(from: {from}, to: {to}) {{ hashes file }} sealKeys }}");
    let answer = up.ask(Some("shop"), &document);
    assert_eq!(answer["sealKeys"][0].as_str().unwrap(), keys.trim());
    let told = verify(
        "consistency",
        answer["consistencyProof"]["file"].as_str().unwrap(),
    );
    assert!(told.contains(&format!("the {from} events of")), "{told}");

    let document =
        format!("{{ completenessProof(after: \"{first}\") {{ events proof file checkpoint {{ size }} }} }}");
    let complete = &up.ask(Some("shop"), &document)["completenessProof"];
    assert_eq!(complete["events"], 37);
    let export = complete["file"].as_str().unwrap();
    assert!(export.starts_with(complete["proof"].as_str().unwrap()));
    assert!(verify("export", export).starts_with("valid: these 37 events are all of annals/"));

    for name in ["export.ndjson", "export.ndjson.zst"] {
        let path = desk.path().join(name);
        let path = path.to_str().unwrap();
        let told = said(
            data.path(),
            &["audit", "export", "--tenant", "shop", "--to", path],
        );
        assert!(told.starts_with("41 events after position 0"), "{told}");
        let told = said(desk.path(), &["verify", name, "--key", keys.trim()]);
        assert!(told.starts_with("valid: these 41 events"), "{told}");
    }
    let text = std::fs::read_to_string(desk.path().join("export.ndjson")).unwrap();
    let cut = &text[..text.len() - 1000];
    std::fs::write(desk.path().join("cut"), cut).unwrap();
    assert!(refused(desk.path(), &["verify", "cut", "--key", "keys"]).contains("it is truncated"));
    let stranger = store::VerifierKey::new("example.com/other", [9; 32]).to_string();
    // A name that is not the log's is not even looked at; a key of its name and another id did not sign it.
    let told = refused(desk.path(), &["verify", "export", "--key", &stranger]);
    let (installation, id) = {
        let mut parts = keys.trim().splitn(3, '+');
        (parts.next().unwrap().to_owned(), parts.next().unwrap().to_owned())
    };
    let unknown = format!("annals: export: no known key signed the note: it was signed by {installation}/");
    assert!(
        told.starts_with(&unknown) && told.trim_end().ends_with("; known are none"),
        "{told}"
    );
    let unknown = store::VerifierKey::new(installation.clone(), [9; 32]).to_string();
    let told = refused(desk.path(), &["verify", "export", "--key", &unknown]);
    let known = told.rsplit("; known are ").next().unwrap();
    assert!(
        known.starts_with(&format!("{installation}/")) && !told.contains(&format!("+{id}")),
        "{told}"
    );
    assert!(refused(desk.path(), &["verify", "export", "--key", "nothing"]).contains("neither a public key"));

    for arguments in [
        &["audit", "checkpoint", "--tenant", "shop"][..],
        &["audit", "prove", "--tenant", "shop", "--position", "1"],
        &[
            "audit",
            "consistency",
            "--tenant",
            "shop",
            "--from",
            &from.to_string(),
        ],
    ] {
        assert!(
            verify("proof", &said(data.path(), arguments)).starts_with("valid: "),
            "{arguments:?}"
        );
    }
    let told = said(
        data.path(),
        &[
            "audit",
            "verify",
            "--key",
            desk.path().join("keys").to_str().unwrap(),
        ],
    );
    assert!(
        told.contains(" of 2 tenants held against their trees, "),
        "{told}"
    );

    // Another tenant's cursor, and sizes that were never signed.
    let theirs = "this cursor is not this tenant's: take one from an answer to this tenant";
    let never = "no checkpoint was signed at the size 77; none is larger";
    for (document, code, message) in [
        (
            format!("{{ inclusionProof(cursor: \"{first}\") {{ index }} }}"),
            "BAD_USER_INPUT",
            theirs,
        ),
        (
            format!("{{ completenessProof(after: \"{first}\") {{ events }} }}"),
            "BAD_USER_INPUT",
            theirs,
        ),
        ("{ checkpoint(size: 77) { size } }".to_owned(), "NOT_FOUND", never),
        (
            "{ consistencyProof(from: 77) { hashes } }".to_owned(),
            "NOT_FOUND",
            never,
        ),
    ] {
        let answer = up.answer(Some("other"), &document);
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], code, "{answer}");
        assert!(error["message"].as_str().unwrap().contains(message), "{answer}");
        assert!(answer["data"].is_null(), "{answer}");
    }
    let rotated = said(data.path(), &["audit", "rotate-key"]);
    let last = capture(&up, "shop", 50..51);
    let proven = proof(&up, "shop", &last);
    assert!(
        verify("event", proven["file"].as_str().unwrap()).starts_with("valid: "),
        "under the first key"
    );
    assert_eq!(said(data.path(), &["audit", "keys"]), format!("{keys}{rotated}"));
}
