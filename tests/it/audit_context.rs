//! Entries know by what means their actors came, and in which workspace they acted; what a door does not take and what
//! an operator exports are entries, too.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::audit_search::classes_of;
use crate::program::{Up, folder};

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

/// Sends a request with these headers; the whole answer.
fn post(up: &Up, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut stream = TcpStream::connect(&up.address).unwrap();
    let mut head = format!(
        "POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head = head + name + ": " + value + "\r\n";
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A tenant with a key that opens it.
fn shop(up: &Up) -> String {
    up.provision("shop");
    let key = "mutation { issueApiKey(input: { id: \"ingest\", name: \"ingest\", scopes: [READ, WRITE, INGEST] }) \
               { token } }";
    let issued = up.ask(Some("shop"), key);
    let token = issued["issueApiKey"]["token"].as_str().unwrap().to_owned();
    eventually("the key is known", || {
        up.ask_as(&token, "{ me { actor } }").get("errors").is_none()
    });
    token
}

fn capture(up: &Up, token: &str, id: &str, headers: &[(&str, &str)]) -> String {
    let document = format!(
        "mutation {{ captureLead(input: {{ id: \"{id}\", vertical: \"sales\", source: \"web\" }}) \
         {{ cursor userErrors {{ message }} }} }}"
    );
    let bearer = format!("Bearer {token}");
    let own = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
    ];
    post(
        up,
        "/graphql",
        &[&own, headers].concat(),
        &json!({ "query": document }).to_string(),
    )
}

fn cloud_event(up: &Up, token: &str, id: &str, data: &Value) -> String {
    let bearer = format!("Bearer {token}");
    let event =
        json!({ "specversion": "1.0", "id": id, "source": "/crawler", "type": "usage.pages", "data": data });
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/cloudevents+json"),
        ("User-Agent", "sender/2"),
    ];
    post(up, "/v1/events", &headers, &event.to_string())
}

/// The entries of a filter, in the order of the log.
fn entries(up: &Up, filter: &str) -> Vec<Value> {
    let document = format!(
        "{{ auditFeed(first: 100, filter: {filter}) {{ nodes {{ action actorId entityId workspaceId payload context \
         {{ address userAgent requestId apiKey }} }} }} }}"
    );
    let nodes = up.ask(Some("shop"), &document)["auditFeed"]["nodes"].clone();
    nodes.as_array().unwrap().clone()
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
    }
}

fn annals(data: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).arg("--data-dir").arg(data);
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn whoever_acts_is_told_with_address_program_request_key_and_workspace_until_forgotten() {
    let data = folder();
    let up = Up::start_with(data.path(), &["--means-seconds", "3600"]);
    let token = shop(&up);
    let workspace =
        "mutation { createWorkspace(input: { id: \"w1\", name: \"One\" }) { userErrors { message } } }";
    up.ask(Some("shop"), workspace);
    let by = [
        ("User-Agent", "probe/7"),
        ("X-Request-Id", "request-1"),
        ("X-Annals-Workspace", "w1"),
    ];
    for id in ["lead-1", "lead-2"] {
        let answer = capture(&up, &token, id, &by);
        assert!(answer.contains("\"userErrors\":[]"), "{answer}");
    }
    let wrong = capture(
        &up,
        &token,
        "lead-3",
        &[("X-Annals-Workspace", "no workspace/id")],
    );
    assert!(
        wrong.contains("X-Annals-Workspace") && wrong.contains("BAD_USER_INPUT"),
        "{wrong}"
    );
    let unknown = capture(&up, &token, "lead-3", &[("X-Annals-Workspace", "w2")]);
    assert!(
        unknown.contains("404 Not Found")
            && unknown.contains("the tenant has no workspace \\\"w2\\\"")
            && unknown.contains("NOT_FOUND"),
        "{unknown}"
    );
    let taken = cloud_event(&up, &token, "1", &json!({ "quantity": "3", "unit": "page" }));
    assert!(taken.contains("202 Accepted"), "{taken}");

    eventually("the events are entries", || {
        entries(&up, "{ action: \"usage.*\" }").len() == 1
    });
    let leads = entries(&up, "{ workspaceId: \"w1\", action: \"lead.*\" }");
    let facets = "{ auditFacets(filter: { action: \"lead.*\" }) { counted workspaces { value count } } }";
    let facets = up.ask(Some("shop"), facets)["auditFacets"].clone();
    let in_it = json!([{ "value": "w1", "count": leads.len() }]);
    assert_eq!(facets["workspaces"], in_it, "{facets}");
    assert_eq!(leads.len(), 2, "{leads:?}");
    let context = json!({
        "address": "127.0.0.1", "userAgent": "probe/7", "requestId": "request-1", "apiKey": "ingest"
    });
    for lead in &leads {
        assert_eq!(
            (&lead["context"], &lead["workspaceId"]),
            (&context, &json!("w1")),
            "{lead}"
        );
    }
    let usage = &entries(&up, "{ action: \"usage.*\" }")[0];
    assert_eq!(
        (
            &usage["context"]["userAgent"],
            &usage["context"]["apiKey"],
            &usage["workspaceId"]
        ),
        (&json!("sender/2"), &json!("ingest"), &Value::Null),
        "{usage}"
    );
    let provisioned = &entries(&up, "{ action: \"tenant.provisioned\" }")[0];
    assert_eq!(provisioned["context"]["address"], "127.0.0.1", "{provisioned}");
    // Means are told once in a while, and not with what is done by them.
    let seen = entries(&up, "{ action: \"access.seen\", actorId: \"ingest\" }");
    assert_eq!(seen.len(), 2, "{seen:?}");
    let stored = annals(data.path(), &["export", "--tenant", "shop", "--type", "lead.*"]);
    assert!(
        !stored.contains("probe/7") && !stored.contains("127.0.0.1"),
        "{stored}"
    );

    // The same in the formats of others.
    let feed = |arguments: &[&str]| {
        annals(
            data.path(),
            &[&["audit", "feed", "--tenant", "shop"], arguments].concat(),
        )
    };
    let line: Value = serde_json::from_str(feed(&["--target", "lead/lead-1"]).trim()).unwrap();
    assert_eq!(
        (&line["address"], &line["user_agent"], &line["workspace_id"]),
        (&json!("127.0.0.1"), &json!("probe/7"), &json!("w1")),
        "{line}"
    );
    let ocsf = feed(&["--action", "lead.*", "--workspace", "w1", "--format", "ocsf"]);
    assert_eq!(ocsf.lines().count(), 2, "{ocsf}");
    let line: Value = serde_json::from_str(ocsf.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&line["src_endpoint"]["ip"], &line["http_request"]["user_agent"]),
        (&json!("127.0.0.1"), &json!("probe/7")),
        "{line}"
    );

    // OCSF's own schema takes them with their context, and what happens at the door as well.
    let ocsf = feed(&["--format", "ocsf"]);
    let with_context = |class: u64| {
        let lines = ocsf
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .filter(|line| line["class_uid"] == class)
            .filter(|line| {
                line["http_request"]["user_agent"].is_string() && line["src_endpoint"]["ip"].is_string()
            })
            .count()
    };
    assert!(with_context(3004) >= 2 && with_context(6003) >= 1, "{ocsf}");
    if let Some(classes) = classes_of(&ocsf) {
        let all = ["api_activity", "entity_management"].map(|class| classes[class].as_u64().unwrap());
        assert_eq!(all.iter().sum::<u64>(), ocsf.lines().count() as u64, "{classes}");
    }

    // Forgotten, the entries stay, and by what means he came is erased. Who comes again is told anew.
    annals(
        data.path(),
        &[
            "forget",
            "--tenant",
            "shop",
            "--subject",
            "api_key/ingest",
            "--reason",
            "request 9",
        ],
    );
    eventually("the means are erased", || {
        let leads = entries(&up, "{ workspaceId: \"w1\", action: \"lead.*\" }");
        leads.len() == 2 && leads.iter().all(|lead| lead["context"]["address"].is_null())
    });
    let leads = entries(&up, "{ workspaceId: \"w1\", action: \"lead.*\" }");
    assert!(
        leads.iter().all(|lead| lead["context"]["userAgent"].is_null()),
        "{leads:?}"
    );
    eventually("he is told anew", || {
        capture(&up, &token, "lead-4", &by);
        entries(&up, "{ entityId: \"lead-4\" }")
            .first()
            .is_some_and(|lead| lead["context"]["userAgent"] == "probe/7")
    });
}

#[test]
fn what_a_door_does_not_take_and_what_an_operator_exports_are_entries() {
    let data = folder();
    let up = Up::start(data.path());
    let token = shop(&up);
    for number in 0..60 {
        let refused = cloud_event(
            &up,
            &token,
            &format!("bad-{number}"),
            &json!({ "quantity": "many" }),
        );
        assert!(refused.contains(" 4"), "{refused}");
    }
    let bearer = format!("Bearer {token}");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
    ];
    let refused = post(&up, "/v1/traces", &headers, "no spans");
    assert!(refused.contains("400 Bad Request"), "{refused}");
    let told = |command: &str| {
        let entries = entries(&up, "{ action: \"access.refused\" }");
        let of = |entry: &&Value| entry["payload"]["refused"]["command"] == command;
        entries.iter().filter(of).cloned().collect::<Vec<_>>()
    };
    eventually("both are told", || {
        !told("cloudEvents").is_empty() && !told("otlp").is_empty()
    });
    // A flood does not flood the log: the first time at once, all others of a minute together.
    let refused = told("cloudEvents");
    assert!(refused.len() <= 2, "{refused:?}");
    let first = &refused[0];
    assert_eq!(
        (
            &first["actorId"],
            &first["context"]["userAgent"],
            &first["context"]["address"]
        ),
        (&json!("ingest"), &json!("sender/2"), &json!("127.0.0.1")),
        "{first}"
    );
    let message = first["payload"]["refused"]["message"].as_str().unwrap();
    assert!(message.contains("quantity"), "{message}");

    let exported = annals(data.path(), &["export", "--tenant", "shop"]);
    assert!(
        !exported.contains("annals export"),
        "what tells of an export is not in it"
    );
    annals(data.path(), &["audit", "feed", "--tenant", "shop"]);
    eventually("the exports are told", || {
        let reads = entries(&up, "{ action: \"access.read\", actorId: \"operator\" }");
        let targets: Vec<&Value> = reads
            .iter()
            .map(|read| &read["payload"]["read"]["targets"][0])
            .collect();
        targets == [&json!("annals export"), &json!("annals audit feed")]
    });
    annals(
        data.path(),
        &["export", "--tenant", "shop", "--read-seconds", "0"],
    );
    let reads = entries(&up, "{ action: \"access.read\", actorId: \"operator\" }");
    assert_eq!(reads.len(), 2, "nor is it told where reads are not");
}
