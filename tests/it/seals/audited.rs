//! `annals audit verify` as an operator runs it on a log that somebody changed: what it prints, how it ends, what it
//! leaves in the tenants' logs, and what the report of the period says of it.

use std::path::Path;
use std::process::{Command, Output};

use domain::access::Event;
use serde_json::Value;
use store::Filter;

use super::ground::{Ground, ground};
use crate::clients::pdf_text;
use crate::personal::ground as personal;

fn annals((url, folder): (&str, &Path), arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annals-program"));
    command
        .args(arguments)
        .args(["--database-url", url, "--data-dir"]);
    command.arg(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The verifications that a tenant's log tells of, each with what was found.
async fn verifications(ground: &Ground, tenant: domain::TenantId) -> Vec<Vec<String>> {
    let filter = Filter {
        types: vec!["access.operated".to_owned()],
        ..Filter::tenant(tenant)
    };
    let page = ground.house.store.log().page(0, &filter, 100).await.unwrap();
    let findings = page.into_iter().map(|event| match event.event {
        domain::Event::Access(Event::Operated {
            command, findings, ..
        }) => {
            assert_eq!(command, "audit verify");
            findings
        }
        other => panic!("{other:?}"),
    });
    findings.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_names_what_was_done_to_the_log_fails_and_tells_the_tenants() {
    let ground = ground().await;
    ground.capture(0..20).await;
    ground.seal().await;
    let url = ground.house.database.url().to_owned();
    let keys = ground.trusted().await.keys()[0].to_string();
    let verify = |more: &[&str]| {
        let arguments = [&["audit", "verify", "--key", &keys][..], more].concat();
        annals((&url, ground.folder.path()), &arguments)
    };
    let (acme, other) = (ground.acme.tenant, ground.other.tenant);
    let whole = verify(&[]);
    assert!(whole.status.success(), "{}", text(&whole.stderr));
    let said = text(&whole.stdout);
    let first = "22 events of 2 tenants held against their trees, 2 checkpoints verified";
    assert_eq!(said.lines().collect::<Vec<_>>(), [first]);
    let mut expected = vec![Vec::<String>::new()];
    assert_eq!(verifications(&ground, acme).await, expected);

    let deeds = [
        (
            "update events set actor = 'system:nobody' where position = 10",
            "update events set actor = 'user:ada' where position = 10",
            "changed: position 10 (lead.captured) does not match its own hash",
        ),
        (
            "update seal_checkpoints set root = overlay(root placing '\\x00ff' from 3) where tenant_id = 'ACME'",
            "",
            "the checkpoint of 15 events: the signature of KEY does not fit the text: the note was changed, or signed by \
             somebody else",
        ),
        (
            "delete from events where position = 13",
            "",
            "removed: position 13 was sealed and is gone",
        ),
    ];
    let actor: String = sqlx::query_scalar("select actor from events where position = 10")
        .fetch_one(&ground.house.database.pool().await)
        .await
        .unwrap();
    let key = ground
        .trusted()
        .await
        .for_origin(&format!("example.com/annals/{acme}"))[0]
        .shown();
    for (deed, back, finding) in deeds {
        let deed = deed.replace("ACME", &acme.to_string());
        let finding = finding.replace("KEY", &key);
        ground.tamper(&[&deed]).await;
        let output = verify(&[]);
        assert_eq!(output.status.code(), Some(1), "{deed}");
        let said = text(&output.stdout);
        assert!(
            said.lines()
                .any(|line| line == format!("tenant {acme}: {finding}")),
            "{deed}: {said}"
        );
        let found = said.lines().filter(|line| line.contains(": ")).count();
        let complaint = match found {
            1 => "annals: the log is not what was sealed: 1 finding\n".to_owned(),
            found => format!("annals: the log is not what was sealed: {found} findings\n"),
        };
        assert_eq!(text(&output.stderr), complaint, "{deed}: {said}");

        // The same for machines, of the one tenant.
        let output = verify(&["--tenant", "acme", "--json"]);
        assert_eq!(output.status.code(), Some(1), "{deed}");
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = said["findings"].as_array().unwrap();
        assert!(
            findings
                .iter()
                .any(|one| one["tenant"] == acme.to_string() && one["finding"] == finding),
            "{said}"
        );
        // Of another tenant's events nobody is told.
        let told = verifications(&ground, acme).await;
        assert_eq!(told.len(), expected.len() + 2, "{deed}");
        assert!(
            told[expected.len()..].iter().all(|told| told.contains(&finding)),
            "{deed}: {told:?}"
        );
        expected = told;
        let theirs = verifications(&ground, other).await;
        assert!(!theirs.last().unwrap().contains(&finding), "{deed}: {theirs:?}");
        if !back.is_empty() {
            ground.tamper(&[&back.replace("user:ada", &actor)]).await;
        }
    }
    assert_eq!(
        verifications(&ground, other).await.len(),
        4,
        "one of each that looked at all"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_tells_of_erasures_checkpoints_and_each_verification_of_the_period() {
    let ground = personal::ground().await;
    ground.everything().await;
    ground.seal().await;
    let url = ground.database.url().to_owned();
    let run = |arguments: &[&str]| annals((&url, ground.folder.path()), arguments);
    let done = |arguments: &[&str]| {
        let output = run(arguments);
        let error = text(&output.stderr);
        assert!(
            output.status.success() && error.is_empty(),
            "{arguments:?}: {error}"
        );
        text(&output.stdout)
    };
    let forget = [
        "forget",
        "--tenant",
        "acme",
        "--subject",
        "lead/l1",
        "--reason",
        "asked",
    ];
    let output = run(&forget);
    assert!(output.status.success(), "{}", text(&output.stderr));
    ground.seal().await;
    done(&["audit", "verify"]);
    // Somebody changes an event, is found, and puts it back before the report is made.
    let actor: String = sqlx::query_scalar("select actor from events where position = 2")
        .fetch_one(&ground.owner().await)
        .await
        .unwrap();
    ground
        .tamper("update events set actor = 'system:nobody' where position = 2")
        .await;
    let note = ground.folder.path().join("kept.checkpoint");
    std::fs::write(&note, done(&["audit", "checkpoint", "--tenant", "acme"])).unwrap();
    let found = run(&["audit", "verify", "--against", note.to_str().unwrap()]);
    assert_eq!(found.status.code(), Some(1), "{}", text(&found.stdout));
    ground
        .tamper(&format!("update events set actor = '{actor}' where position = 2"))
        .await;

    let period = [
        "audit",
        "report",
        "--tenant",
        "acme",
        "--from",
        "2026-01-01",
        "--before",
        "2100-01-01",
    ];
    let report = done(&period);
    let section = |heading: &str| {
        let (_, after) = report.split_once(&format!("## {heading}\n")).unwrap();
        after.split("\n## ").next().unwrap()
    };
    let erased = section("Erasures and retention");
    assert!(
        erased
            .lines()
            .any(|line| line.ends_with(" | system:operator | subject.forgotten | lead/l1 |")),
        "{erased}"
    );
    let checkpoints = section("Checkpoints");
    let origin = format!("example.com/annals/{}", ground.acme.tenant);
    assert!(
        checkpoints
            .contains("2 checkpoints were signed in the period: from 8 events (up to position 8, at 2026-")
            && checkpoints.contains("There was no gap: ")
            && checkpoints.lines().any(|line| line == format!("| {origin} |")),
        "{checkpoints}"
    );
    let verified = section("Verification");
    let rows: Vec<&str> = verified.lines().filter(|line| line.starts_with("| 20")).collect();
    assert!(
        rows.len() == 2
            && rows[0].ends_with(" |  | nothing was found |")
            && rows[1].contains(" | kept.checkpoint | ")
            && rows[1].contains("changed: position 2 (lead.captured) does not match its own hash"),
        "{verified}"
    );
    assert!(
        verified.contains("Nothing was found: the log is what was signed."),
        "{verified}"
    );
    // A period before has none of them.
    let before = [
        "audit",
        "report",
        "--tenant",
        "acme",
        "--from",
        "2020-01-01",
        "--before",
        "2020-02-01",
    ];
    let before = done(&before);
    for said in [
        "Nothing was erased.",
        "None was signed in the period.",
        "The log was not verified in the period.",
    ] {
        assert!(before.contains(said), "{said}: {before}");
    }
    let file = ground.folder.path().join("report.pdf");
    done(&[&period[..], &["--to", file.to_str().unwrap()]].concat());
    let Some(read) = pdf_text(&file) else {
        return;
    };
    // Cells break where they are full.
    let read: String = read.split_whitespace().collect();
    for said in [
        "subject.forgotten",
        "lead/l1",
        "2checkpointsweresignedintheperiod:from8events",
        &origin,
        "nothingwasfound",
        "changed:position2(lead.captured)doesnotmatchitsownhash",
        "kept.checkpoint",
    ] {
        let said: String = said.split_whitespace().collect();
        assert!(read.contains(&said), "{said}: {read}");
    }
}
