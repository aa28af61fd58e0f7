//! What an operator does to the installation at the command line is in the audit feeds of the tenants that it bears on.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{Up, folder};
use crate::support::{house, tenant};

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

/// What is told in a tenant of what was refused to operators: command, code, target and whether its text is told.
fn refusals(up: &Up, tenant: &str) -> Vec<Value> {
    let query = "{ auditFeed(first: 100, filter: { outcome: REFUSED, actorId: \"operator\" }) \
                 { nodes { actorKind payload } } }";
    let answer = up.ask(Some(tenant), query);
    let nodes = answer["auditFeed"]["nodes"].as_array().unwrap().iter();
    nodes
        .map(|node| {
            assert_eq!(node["actorKind"], "SYSTEM");
            let refused = &node["payload"]["refused"];
            json!([
                refused["command"],
                refused["code"],
                refused["target"],
                refused["message"]
            ])
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

/// Waits until what is refused to operators is told, and compares it but for its texts.
fn eventually_refused(up: &Up, tenant: &str, wanted: &[[&str; 3]]) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let refused = refusals(up, tenant);
        let short = refused
            .iter()
            .map(|refused| json!([refused[0], refused[1], refused[2]]));
        if short.eq(wanted.iter().map(|wanted| json!(wanted))) {
            return refused;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{tenant}: {refused:#?}"
        );
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn what_is_refused_to_an_operator_is_told_once_in_a_while_to_whom_it_bears_on() {
    let data = folder();
    let up = Up::start(data.path());
    up.provision("shop");
    up.provision("other");
    let lead = "mutation { captureLead(input: { id: \"l1\", vertical: \"sales\", source: \"web\", name: \"Ada\" }) \
                { userErrors { message } } }";
    up.ask(Some("shop"), lead);
    // A while of a thousand days, so that no test runs from one into the next.
    let refused = |arguments: &[&str]| {
        let output = annals(
            data.path(),
            &[arguments, &["--refused-seconds", "86400000"]].concat(),
        );
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && !error.contains("not told"),
            "{arguments:?}: {error}"
        );
        error
    };
    let of_shop = [
        "--tenant", "shop", "lead/l1", "--hold", "case-1", "--reason", "court",
    ];
    done(data.path(), &[&["subject", "hold"][..], &of_shop].concat());
    let forget = [
        "forget",
        "--tenant",
        "shop",
        "--subject",
        "lead/l1",
        "--reason",
        "asked",
    ];
    let error = refused(&forget);
    assert!(error.contains("under legal hold (case-1)"), "{error}");
    refused(&[&["subject", "hold"][..], &of_shop].concat());
    for _ in 0..3 {
        refused(&forget);
    }
    refused(&[
        "forget",
        "--tenant",
        "shop",
        "--subject",
        "lead/nobody",
        "--reason",
        "asked",
    ]);
    refused(&[
        "retention",
        "set",
        "--tenant",
        "shop",
        "--type",
        "usage.pages",
        "--days",
        "30",
    ]);
    refused(&[
        "retention",
        "set",
        "--tenant",
        "shop",
        "--type",
        "usage.pages",
        "--days",
        "0",
    ]);
    let issue = ["invoices", "issue", "--tenant", "shop", "--subscription", "s1"];
    refused(&[&issue[..], &["--at", "2026-01-15T00:00:00Z"]].concat());
    refused(&["read-model", "switch", "lead"]);
    refused(&["archive", "write", "--year", "2001", "--to", "/nowhere/2001.zst"]);

    let all = [
        ["read-model switch", "NO_BUILD", "lead"],
        ["archive write", "NOT_FOUND", "2001 2001.zst"],
    ];
    let own = [
        ["forget", "UNDER_LEGAL_HOLD", "subject/lead/l1"],
        ["subject hold", "ALREADY_HELD", "subject/lead/l1"],
        ["forget", "NOT_FOUND", "subject/lead/nobody"],
        ["retention set", "NOTHING_PERSONAL", "retention/usage.pages"],
        ["invoices issue", "NOT_FOUND", "subscription/s1"],
    ];
    let told = eventually_refused(&up, "shop", &[&own[..], &all].concat());
    let message = told[0][3].as_str().unwrap();
    assert!(message.contains("under legal hold (case-1)"), "{message}");
    eventually_refused(&up, "other", &all);
    // What could not be done for another reason was not refused by anybody.
    let broken = annals(
        data.path(),
        &[
            "import",
            "/nowhere.csv",
            "--mapping",
            "/nowhere.toml",
            "--tenant",
            "shop",
        ],
    );
    assert!(!broken.status.success());
    // Where refusals are not told, neither are these.
    let silent = annals(data.path(), &[&forget[..], &["--refused-seconds", "0"]].concat());
    assert!(!silent.status.success());
    // However many there are, a while has fifty of them.
    for number in 0..48 {
        let nobody = format!("lead/nobody-{number}");
        let arguments = [
            "forget",
            "--tenant",
            "shop",
            "--subject",
            &nobody,
            "--reason",
            "asked",
        ];
        let output = annals(
            data.path(),
            &[&arguments[..], &["--refused-seconds", "86400000"]].concat(),
        );
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            error.contains("this one is not told"),
            number >= 43,
            "{number}: {error}"
        );
    }
    let begun = Instant::now();
    while refusals(&up, "shop").len() < 50 {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::park_timeout(Duration::from_millis(20));
    }
    assert_eq!(refusals(&up, "shop").len(), 50);

    // Both kinds are in the report.
    done(data.path(), &["audit", "rotate-key"]);
    let today = ["--from", "2026-01-01", "--before", "2100-01-01"];
    let output = annals(
        data.path(),
        &[&["audit", "report", "--tenant", "shop"][..], &today].concat(),
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, section) = text.split_once("## What operators did").unwrap();
    let section = section.split("\n## ").next().unwrap();
    for row in [
        "| forget | subject/lead/l1 |  | refused: UNDER\\_LEGAL\\_HOLD |",
        "| audit rotate-key |  |",
        "| done |",
    ] {
        assert!(section.contains(row), "{row}: {section}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_schema_and_a_repetition_of_webhooks_are_told() {
    let house = house().await;
    tenant(&house.store, "shop").await;
    tenant(&house.store, "other").await;
    let data = folder();
    let path = data.path().to_owned();
    let url = house.database.url().to_owned();
    let done = async |arguments: &'static [&'static str]| {
        let (path, url) = (path.clone(), url.clone());
        let ended = tokio::task::spawn_blocking(move || {
            done(&path, &[arguments, &["--database-url", &url]].concat());
        });
        ended.await.unwrap();
    };
    done(&["ingest", "webhooks", "replay", "--source", "crm"]).await;
    done(&[
        "ingest",
        "webhooks",
        "replay",
        "--source",
        "crm",
        "--webhook-source",
        "crm=github@shop",
        "--webhook-secret",
        "crm=secret",
    ])
    .await;
    done(&["ingest", "webhooks", "list"]).await;
    // Nothing is to be done, so nothing is told.
    done(&["migrate"]).await;
    // As if this version of the schema had not come yet.
    let pool = house.database.pool().await;
    let back = "delete from _sqlx_migrations where version = 40";
    sqlx::raw_sql(back).execute(&pool).await.unwrap();
    done(&["migrate"]).await;
    done(&["migrate"]).await;
    let told =
        "select payload::text, tenant_id from events where event_type = 'access.operated' order by position";
    let told: Vec<(String, String)> = sqlx::query_as(told).fetch_all(&pool).await.unwrap();
    let mut by_tenant = BTreeMap::<String, Vec<Value>>::new();
    for (payload, tenant) in told {
        let payload: Value = serde_json::from_str(&payload).unwrap();
        let act = &payload["operated"];
        let act = json!([act["command"], act["targets"]]);
        by_tenant.entry(tenant).or_default().push(act);
    }
    let replayed = json!(["ingest webhooks replay", ["crm"]]);
    let migrated = json!(["migrate", ["0040"]]);
    let mut all: Vec<Vec<Value>> = by_tenant.into_values().collect();
    all.sort_by_key(Vec::len);
    assert_eq!(
        all,
        [
            vec![replayed.clone(), migrated.clone()],
            // The settings name the source's tenant.
            vec![replayed.clone(), replayed, migrated]
        ]
    );
}
