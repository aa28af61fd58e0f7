//! What says something about persons is not read unseen: at the command line, by an export over HTTP, by a row's evidence.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{Up, folder};
use crate::webhooks_in::localstripe::http;

/// One while that has no end in this century's first third.
const ONE_WHILE: [&str; 2] = ["--read-seconds", "1000000000"];

fn annals(data: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annals-program"));
    let output = command
        .args(arguments)
        .args(ONE_WHILE)
        .arg("--data-dir")
        .arg(data)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("not told"), "{arguments:?}: {said}");
    (output.status.success(), said)
}

fn done(data: &Path, arguments: &[&str]) {
    let (is_done, said) = annals(data, arguments);
    assert!(is_done, "{arguments:?}: {said}");
}

/// What is told of readings in a tenant: by whom, of what kind, and by which commands or fields, in order.
fn told(up: &Up, tenant: &str) -> Vec<Value> {
    let query =
        "{ auditFeed(first: 100, filter: { action: \"access.read\" }) { nodes { actorId payload } } }";
    let answer = up.ask(Some(tenant), query);
    let nodes = answer["auditFeed"]["nodes"].as_array().unwrap().iter();
    nodes
        .map(|node| {
            let read = &node["payload"]["read"];
            json!([node["actorId"], read["what"], read["targets"]])
        })
        .collect()
}

fn of_operator(up: &Up, tenant: &str) -> Vec<Value> {
    let mut told = told(up, tenant);
    told.retain(|read| read[0] == "operator");
    told
}

/// Waits until this is told in a tenant.
fn eventually(up: &Up, tenant: &str, is_right: impl Fn(&[Value]) -> bool) {
    let begun = Instant::now();
    loop {
        let told = told(up, tenant);
        if is_right(&told) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{tenant}: {told:#?}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn captured(up: &Up) {
    let capture = "mutation { captureLead(input: { id: \"l1\", vertical: \"sales\", source: \"fair\", name: \"Ada\" }) \
                   { userErrors { message } } }";
    up.ask(Some("acme"), capture);
}

#[test]
fn what_operators_read_is_told_to_whose_data_it_is_and_the_same_once_in_a_while() {
    let data = folder();
    let up = Up::start_with(data.path(), &ONE_WHILE);
    up.provision("acme");
    up.provision("other");
    captured(&up);
    let period = ["--from", "2020-01-01", "--before", "2021-01-01"];
    let acme = ["--tenant", "acme"];
    let asked: [(&[&str], &str, &str); 9] = [
        (&["log", "tail"], "audit_log", "log tail"),
        (&["log", "show", "lead/l1"], "audit_log", "log show lead/l1"),
        (&["replay", "--entity", "lead/l1"], "audit_log", "replay lead/l1"),
        (
            &["replay", "--entity", "lead/l1", "--as-test", "1"],
            "audit_log",
            "",
        ),
        (
            &["read-model", "explain", "lead", "l1"],
            "read_models",
            "read-model explain lead l1",
        ),
        (
            &["read-model", "verify", "lead"],
            "read_models",
            "read-model verify lead",
        ),
        (&["audit", "report"], "audit_log", "audit report"),
        (&["read-model", "status"], "", ""),
        (&["log", "tail"], "audit_log", ""),
    ];
    let mut wanted = Vec::new();
    for (arguments, what, target) in asked {
        let whose: &[&str] = match arguments {
            ["read-model", "status"] => &[],
            _ => &acme,
        };
        let when: &[&str] = match arguments {
            ["audit", "report"] => &period,
            _ => &[],
        };
        done(data.path(), &[arguments, whose, when].concat());
        if !target.is_empty() {
            wanted.push(json!(["operator", what, [format!("annals {target}")]]));
        }
    }
    assert_eq!(of_operator(&up, "acme"), wanted);
    assert_eq!(of_operator(&up, "other"), Vec::<Value>::new());

    // What is of all tenants is told to each, and what was refused or is of nobody, to nobody.
    done(data.path(), &["ingest", "webhooks", "list", "--json"]);
    assert!(!annals(data.path(), &["log", "show", "--tenant", "nobody", "lead/l1"]).0);
    let all = json!(["operator", "webhooks", ["annals ingest webhooks list"]]);
    assert_eq!(of_operator(&up, "other"), std::slice::from_ref(&all));
    wanted.push(all);
    assert_eq!(of_operator(&up, "acme"), wanted);
}

#[test]
fn who_reads_events_by_a_row_or_takes_all_of_them_over_http_is_told() {
    let data = folder();
    let up = Up::start_with(data.path(), &ONE_WHILE);
    up.provision("acme");
    captured(&up);
    up.ask(
        Some("acme"),
        "{ lead(id: \"l1\") { status evidence(first: 1) { nodes { cursor } } } }",
    );
    let authorization = format!("Bearer {}", up.admin_token);
    let headers = [
        ("Authorization", authorization.as_str()),
        ("X-Annals-Tenant", "acme"),
    ];
    let (status, body) = http(&up.address, "GET", "/v1/export", &headers, "");
    assert!(
        status == 200 && body.contains("lead.captured"),
        "{status}: {body}"
    );
    up.ask(
        Some("acme"),
        "{ lead(id: \"l1\") { evidence(first: 1) { nodes { payload } } } }",
    );
    up.ask(Some("acme"), "{ dataSubject(subject: \"lead/l1\") { export } }");
    let of = |what: &'static str, target: &'static str| {
        move |told: &[Value]| {
            let is_it = |read: &&Value| read[1] == what && read[2].to_string().contains(target);
            told.iter().filter(is_it).count() == 1
        }
    };
    eventually(&up, "acme", of("export", "v1/export"));
    eventually(&up, "acme", of("audit_log", "lead/l1"));
    // It is counted in the while that the first export began, and told when that is over.
    let nothing = told(&up, "acme");
    assert!(
        !nothing.iter().any(|read| read[1] == "contact_data"),
        "{nothing:#?}"
    );
}
