//! The audit feed's search, its facets, and its export in the formats of others.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clients::are_installed;
use crate::program::{Up, folder};

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

/// A tenant with leads of three sources, and somebody who was turned away from it.
fn story(up: &Up) -> String {
    up.provision("shop");
    let mut last = Value::Null;
    for number in 0..9 {
        let source = ["Fair, \\\"Köln\\\"", "web", "walk-in"][number % 3];
        let document = format!(
            "mutation {{ captureLead(input: {{ id: \"lead-{number}\", vertical: \"sales\", source: \"{source}\" }}) \
             {{ cursor userErrors {{ message }} }} }}"
        );
        last = up.ask(Some("shop"), &document)["captureLead"]["cursor"].clone();
    }
    let key =
        "mutation { issueApiKey(input: { id: \"ingest\", name: \"ingest\", scopes: [INGEST] }) { token } }";
    let token = up.ask(Some("shop"), key)["issueApiKey"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let refused = up.ask_as(&token, "{ leads(first: 1) { nodes { id } } }");
    assert_eq!(
        refused["errors"][0]["extensions"]["code"], "FORBIDDEN",
        "{refused}"
    );
    last.as_str().unwrap().to_owned()
}

/// The positions of the entries of a filter, newest first.
fn found(up: &Up, filter: &str) -> Vec<Value> {
    let document = format!(
        "{{ auditFeed(first: 100, filter: {filter}, orderBy: {{ field: RECORDED, direction: DESCENDING }}) \
         {{ nodes {{ action outcome entityId actorKind payload }} }} }}"
    );
    let nodes = &up.ask(Some("shop"), &document)["auditFeed"]["nodes"];
    nodes.as_array().unwrap().clone()
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
    }
}

#[test]
fn entries_are_found_by_outcome_text_and_facets_and_exported_in_three_formats() {
    let data = folder();
    let up = Up::start(data.path());
    let last = story(&up);
    eventually("the denial is told", || {
        !found(&up, "{ outcome: DENIED }").is_empty()
    });

    let denied = found(&up, "{ outcome: DENIED }");
    assert_eq!(
        (denied.len(), &denied[0]["action"]),
        (1, &json!("access.denied")),
        "{denied:?}"
    );
    assert!(
        found(&up, "{ outcome: SUCCEEDED }")
            .iter()
            .all(|entry| entry["action"] != "access.denied")
    );
    assert!(found(&up, "{ outcome: DENIED, action: \"lead.*\" }").is_empty());
    let by_text = |text: &str| found(&up, &format!("{{ text: \"{text}\" }}")).len();
    assert_eq!(
        (
            by_text("WALK-IN"),
            by_text("Köln"),
            by_text("lead-4"),
            by_text("no such")
        ),
        (3, 3, 1, 0)
    );
    assert_eq!(by_text("100%"), 0, "no sign means anything else");
    assert_eq!(found(&up, "{ text: \"walk-in\", entityId: \"lead-5\" }").len(), 1);

    let facets = |filter: &str| {
        let document = format!(
            "{{ auditFacets(filter: {filter}, atLeast: \"{last}\") {{ counted more actions {{ value count }} \
             actors {{ value count }} entityTypes {{ value count }} outcomes {{ outcome count }} }} }}"
        );
        up.ask(Some("shop"), &document)["auditFacets"].clone()
    };
    let all = facets("{}");
    assert_eq!(all["actions"][0], json!({ "value": "lead.captured", "count": 9 }));
    assert_eq!(all["entityTypes"][0], json!({ "value": "lead", "count": 9 }));
    assert_eq!(all["outcomes"][1], json!({ "outcome": "DENIED", "count": 1 }));
    let sum = |facet: &str| -> u64 {
        all[facet]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["count"].as_u64().unwrap())
            .sum()
    };
    for facet in ["actions", "actors", "entityTypes", "outcomes"] {
        assert_eq!(sum(facet), all["counted"], "{facet}");
    }
    let some = facets("{ text: \"walk-in\" }");
    assert_eq!((&some["counted"], &some["more"]), (&json!(3), &json!(false)));

    // The same filters in the terminal, in the formats of others.
    let written = |arguments: &[&str]| {
        let output = Command::new(PROGRAM)
            .args(["audit", "feed", "--tenant", "shop", "--data-dir"])
            .arg(data.path())
            .args(arguments)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let lines = |text: &str| text.lines().count();
    assert_eq!(lines(&written(&["--text", "walk-in"])), 3);
    assert_eq!(lines(&written(&["--outcome", "denied", "--format", "ocsf"])), 1);
    assert_eq!(lines(&written(&["--target", "lead/lead-4"])), 1);
    assert_eq!(lines(&written(&["--actor", "user:nobody"])), 0);
    let line: Value = serde_json::from_str(written(&["--target", "lead/lead-0"]).trim()).unwrap();
    assert_eq!(
        (&line["outcome"], &line["payload"]["captured"]["source"]),
        (&json!("succeeded"), &json!("Fair, \"Köln\""))
    );
    let csv = written(&["--target", "lead/lead-0", "--format", "csv"]);
    assert!(
        csv.starts_with("position,event_id,") && csv.ends_with("\",,,\r\n"),
        "{csv}"
    );
    assert!(csv.contains(r#"""source"":""Fair, \""Köln\"""""#), "{csv}");

    let events = written(&["--format", "ocsf"]);
    let Some(classes) = classes_of(&events) else {
        return;
    };
    assert!(classes["api_activity"].as_u64().unwrap() >= 1, "{classes}");
    let all = classes["api_activity"].as_u64().unwrap() + classes["entity_management"].as_u64().unwrap();
    assert_eq!(all, lines(&events) as u64, "{classes}");
}

/// How many events of each class there are among lines of OCSF that others' package finds valid; `None` where it is not
/// installed.
pub(crate) fn classes_of(events: &str) -> Option<Value> {
    if !are_installed("OCSF", ".venv/bin/python") {
        return None;
    }
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
    let mut python = Command::new(clients.join(".venv/bin/python"))
        .arg(clients.join("ocsf.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(events.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "OCSF's own schema does not take it");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
