//! The program's own doors: started, asked to forget, restarted without its key.

use std::process::{Command, Output};

use serde_json::Value;

use crate::program::Up;

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

fn annals(data_dir: &std::path::Path, words: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(["--data-dir".as_ref(), data_dir.as_os_str()])
        .env("ANNALS_READ_SECONDS", "0")
        .args(words)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn provision(up: &Up) -> String {
    let query = "mutation { provisionTenant(input: { slug: \"acme\", settings: { name: \"Acme\", timeZone: \
                 \"UTC\", currency: \"EUR\" } }) { localId userErrors { message } } }";
    let done = up.ask(None, query);
    done["provisionTenant"]["localId"]
        .as_str()
        .unwrap_or_else(|| panic!("{done}"))
        .to_owned()
}

#[test]
fn a_person_is_held_then_forgotten_over_graphql_and_the_certificate_verifies_offline() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut up = Up::start(&data);
    let tenant = provision(&up);
    let ask = |query: &str| up.ask(Some(&tenant), query);
    let captured = ask(
        "mutation { captureLead(input: { id: \"l1\", vertical: \"sales\", source: \"fair\", name: \"Ada Lovelace\", \
         email: \"ada@example.org\" }) { cursor userErrors { message } } }",
    );
    assert_eq!(
        captured["captureLead"]["userErrors"],
        Value::Array(vec![]),
        "{captured}"
    );
    let hold = "input: { subject: \"lead/l1\", hold: \"case-1\", reason: \"court\" }";
    ask(&format!(
        "mutation {{ placeLegalHold({hold}) {{ cursor userErrors {{ code }} }} }}"
    ));
    let forget = "mutation { forgetSubject(input: { subject: \"lead/l1\", reason: \"request\" }) \
                  { cursor known certificate userErrors { code message } } }";
    let held = ask(forget);
    let error = &held["forgetSubject"]["userErrors"][0];
    assert_eq!(error["code"], "UNDER_LEGAL_HOLD", "{held}");
    assert!(error["message"].as_str().unwrap().contains("case-1"), "{held}");
    let known = ask("{ dataSubject(subject: \"lead/l1\") { holds keys export } }");
    assert_eq!(known["dataSubject"]["holds"][0], "case-1");
    let export = known["dataSubject"]["export"].as_str().unwrap();
    assert!(
        export.contains("Ada Lovelace") && export.contains("\"read_model\":\"lead\""),
        "{export}"
    );
    ask(&format!(
        "mutation {{ liftLegalHold({hold}) {{ cursor userErrors {{ code }} }} }}"
    ));
    let done = ask(forget);
    let certificate = done["forgetSubject"]["certificate"]
        .as_str()
        .unwrap_or_else(|| panic!("{done}"));
    let cursor = done["forgetSubject"]["cursor"].as_str().unwrap();
    let lead = ask(&format!(
        "{{ lead(id: \"l1\", atLeast: \"{cursor}\") {{ source name email }} }}"
    ));
    assert_eq!(lead["lead"]["name"], Value::Null, "{lead}");
    assert_eq!(lead["lead"]["source"], "fair");
    let again = ask(forget);
    assert_eq!(again["forgetSubject"]["known"], true);
    assert_eq!(again["forgetSubject"]["certificate"], certificate);
    let nobody = ask(
        "mutation { forgetSubject(input: { subject: \"lead/nobody\", reason: \"x\" }) { userErrors { code } } }",
    );
    assert_eq!(nobody["forgetSubject"]["userErrors"][0]["code"], "NOT_FOUND");
    let rule = ask(
        "mutation { setRetentionRule(input: { eventType: \"usage.pages\", days: 30 }) { userErrors { code path } } }",
    );
    assert_eq!(
        rule["setRetentionRule"]["userErrors"][0]["code"], "NOTHING_PERSONAL",
        "{rule}"
    );

    let file = folder.path().join("certificate");
    std::fs::write(&file, certificate).unwrap();
    let keys = annals(&data, &["audit", "keys"]);
    let keys = String::from_utf8(keys.stdout).unwrap();
    let verified = annals(&data, &["verify", file.to_str().unwrap(), "--key", keys.trim()]);
    assert!(
        said(&verified).contains("valid: lead/l1 was erased at position"),
        "{}",
        said(&verified)
    );
    let status = annals(&data, &["keys", "status"]);
    assert!(said(&status).contains("wraps"), "{}", said(&status));
    up.signal("-TERM");

    // Without its master key the program does not start, and says why.
    std::fs::rename(data.join("master.key"), data.join("elsewhere")).unwrap();
    let refused = annals(&data, &["up", "--listen", "127.0.0.1:0"]);
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("personal data that it guards can't be read without it"),
        "{}",
        said(&refused)
    );
    std::fs::rename(data.join("elsewhere"), data.join("master.key")).unwrap();
    for words in [
        &["keys", "rotate"][..],
        &["keys", "remove-old"],
        &["subject", "export", "--tenant", "acme", "lead/l1"],
    ] {
        let done = annals(&data, words);
        assert!(done.status.success(), "{words:?}: {}", said(&done));
        assert!(!said(&done).contains("Lovelace"));
    }
}

fn with_keys(data_dir: &std::path::Path, keys: &str, words: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.arg("--data-dir").arg(data_dir).args(words);
    command
        .env("ANNALS_READ_SECONDS", "0")
        .env("ANNALS_MASTER_KEYS", keys);
    command.output().unwrap()
}

#[test]
fn master_keys_come_out_of_a_variable_and_are_rotated_there() {
    let folder = tempfile::tempdir().unwrap();
    let (data, elsewhere) = (folder.path().join("data"), folder.path().join("elsewhere"));
    let fresh = || {
        let made = annals(&elsewhere, &["keys", "fresh"]);
        assert!(made.status.success(), "{}", said(&made));
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let (old, new) = (fresh(), fresh());
    let mut up = Up::start_in(&data, &[], &[("ANNALS_MASTER_KEYS", &old)]);
    let tenant = provision(&up);
    for mutation in [
        "captureLead(input: { id: \"l1\", vertical: \"sales\", source: \"fair\", name: \"Ada Lovelace\" })",
        "inviteMember(input: { id: \"m1\", email: \"ada@example.org\", role: MEMBER })",
    ] {
        let done = up.ask(
            Some(&tenant),
            &format!("mutation {{ {mutation} {{ userErrors {{ message }} }} }}"),
        );
        assert!(done.to_string().contains("\"userErrors\":[]"), "{done}");
    }
    up.signal("-TERM");
    assert!(
        !data.join("master.key").exists(),
        "the keys are where the variable says"
    );
    let shown = with_keys(&data, &old, &["config"]);
    assert!(!said(&shown).contains(&old), "{}", said(&shown));

    // A person may be several subjects: all of them are one export, or none is.
    let export = |keys: &str, subjects: &[&str]| {
        let done = with_keys(
            &data,
            keys,
            &[&["subject", "export", "--tenant", "acme"], subjects].concat(),
        );
        (done.status.success(), said(&done))
    };
    let (is_done, both) = export(&old, &["lead/l1", "member/m1"]);
    assert!(
        is_done && both.contains("Ada Lovelace") && both.contains("ada@example.org"),
        "{both}"
    );
    let (is_done, none) = export(&old, &["lead/l1", "member/nobody"]);
    assert!(
        !is_done && none.contains("member/nobody") && !none.contains("Lovelace"),
        "{none}"
    );

    let (is_done, closed) = export(&new, &["lead/l1"]);
    assert!(
        !is_done && !closed.contains("Lovelace"),
        "another key opens nothing: {closed}"
    );
    let rotated = with_keys(&data, &format!("{new},{old}"), &["keys", "rotate", "--go-on"]);
    assert!(rotated.status.success(), "{}", said(&rotated));
    let (is_done, open) = export(&new, &["lead/l1"]);
    assert!(is_done && open.contains("Ada Lovelace"), "{open}");
    let (is_done, closed) = export(&old, &["lead/l1"]);
    assert!(
        !is_done && !closed.contains("Lovelace"),
        "the old one does not any more: {closed}"
    );
}
