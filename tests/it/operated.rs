//! What an operator does to the installation at the command line is in the audit feeds of the tenants that it bears on.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{Up, folder};

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

fn annals(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).arg("--data-dir").arg(data);
    command.output().unwrap()
}

fn done(data: &Path, arguments: &[&str]) {
    let output = annals(data, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !error.contains("not told"),
        "{arguments:?}: {error}"
    );
}

/// What is told in a tenant of an operator's acts: command, targets and account, in order.
fn told(up: &Up, tenant: &str) -> Vec<Value> {
    let query = "{ auditFeed(first: 50, filter: { action: \"access.operated\", actorId: \"operator\" }) \
                 { nodes { actorKind outcome payload } } }";
    let answer = up.ask(Some(tenant), query);
    let nodes = answer["auditFeed"]["nodes"].as_array().unwrap().iter();
    nodes
        .map(|node| {
            assert_eq!(
                (&node["actorKind"], &node["outcome"]),
                (&json!("SYSTEM"), &json!("SUCCEEDED"))
            );
            node["payload"]["operated"].clone()
        })
        .collect()
}

fn eventually(up: &Up, tenant: &str, wanted: &[Value]) {
    let begun = Instant::now();
    loop {
        let told = told(up, tenant);
        if told == wanted {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{tenant}: {told:#?}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn what_an_operator_does_is_told_to_the_tenants_that_it_bears_on_with_the_account() {
    let data = folder();
    let up = Up::start(data.path());
    up.provision("shop");
    up.provision("other");
    let name = Command::new("id").arg("-un").output().unwrap();
    let account = String::from_utf8(name.stdout).unwrap().trim().to_owned();
    let act = |command: &str, targets: &[&str]| json!({ "command": command, "targets": targets, "operator": account });

    done(
        data.path(),
        &["read-model", "rebuild", "lead", "--tenant", "shop"],
    );
    done(data.path(), &["read-model", "discard", "lead"]);
    done(data.path(), &["read-model", "rebuild", "lead", "--dry-run"]);
    done(data.path(), &["read-model", "status"]);
    // What is refused was not done.
    let refused = annals(data.path(), &["read-model", "switch", "lead"]);
    assert!(!refused.status.success());
    done(data.path(), &["keys", "rotate"]);
    done(data.path(), &["audit", "rotate-key"]);

    let all = [
        act("read-model discard", &["lead"]),
        act("keys rotate", &[]),
        act("audit rotate-key", &[]),
    ];
    let of_shop = [&[act("read-model rebuild", &["lead"])], &all[..]].concat();
    eventually(&up, "shop", &of_shop);
    eventually(&up, "other", &all);

    // The account's name says something about a person: it is sealed, and can be forgotten.
    let forget = [
        "forget",
        "--tenant",
        "shop",
        "--subject",
        "system/operator",
        "--reason",
        "left",
    ];
    done(data.path(), &forget);
    let erased: Vec<Value> = of_shop
        .into_iter()
        .map(|mut act| {
            act["operator"] = Value::Null;
            act
        })
        .collect();
    eventually(&up, "shop", &erased);
    eventually(&up, "other", &all);
}
