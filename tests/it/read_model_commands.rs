//! `annals read-model` as a person runs it: verification and explanation, refusals, and closed pipes.

mod running;

use std::process::{Command, Output, Stdio};

use domain::lead::{self, Lead};
use serde_json::{Value, json};
use store::Orders;
use testkit::TestDatabase;

use crate::past::ground::Ground;
use crate::support::{capture, lead_id, tenant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

/// Two leads of a tenant, one of them contacted twice, folded; nothing runs any more.
async fn ground() -> TestDatabase {
    let ground = Ground::open().await;
    let caller = tenant(&ground.store, "shop").await;
    let contact = || lead::Command::Contact {
        channel: "phone".to_owned(),
    };
    for (id, command) in [
        ("l1", capture()),
        ("l2", capture()),
        ("l1", contact()),
        ("l1", contact()),
    ] {
        let id = lead_id(id);
        let done = ground.store.execute::<Lead>(&caller, &id, Orders::one(command));
        done.await.unwrap();
    }
    ground.settle().await;
    ground.projector.stop().await;
    ground.database
}

fn command(ground: &TestDatabase, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(["--database-url", ground.url()]);
    command
}

fn run(ground: &TestDatabase, arguments: &[&str]) -> Output {
    command(ground, arguments).output().unwrap()
}

/// What a command that must succeed says.
fn said(ground: &TestDatabase, arguments: &[&str]) -> String {
    let output = run(ground, arguments);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {wrong}");
    String::from_utf8(output.stdout).unwrap()
}

/// Why a command is refused.
fn refused(ground: &TestDatabase, arguments: &[&str]) -> String {
    let output = run(ground, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

async fn behind_the_engines_back(ground: &TestDatabase, statement: &str) {
    let owner = ground.pool().await;
    sqlx::query(statement).execute(&owner).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_verified_and_explained_on_the_command_line() {
    let ground = ground().await;
    let all = said(&ground, &["read-model", "verify"]);
    assert_eq!(all.lines().count(), projections::all().len(), "{all}");
    assert!(all.lines().all(|line| line.ends_with(": 0 differ")), "{all}");
    let story = said(
        &ground,
        &["read-model", "explain", "lead", "--tenant", "shop", "l1"],
    );
    let heads: Vec<&str> = story
        .lines()
        .filter(|line| line.contains(" in lead/l1"))
        .collect();
    assert_eq!(heads.len(), 3, "{story}");
    assert!(
        heads[0].contains("lead.captured") && heads[2].contains("lead.contacted"),
        "{story}"
    );
    assert!(story.ends_with("    contacts = 2\n"), "{story}");
    let story = said(
        &ground,
        &[
            "read-model",
            "explain",
            "lead",
            "--tenant",
            "shop",
            "l1",
            "--json",
        ],
    );
    let last: Value = serde_json::from_str(story.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["changed"], &last["row"]["contacts"]),
        (&json!(["contacts"]), &json!(2)),
        "{last}"
    );

    behind_the_engines_back(&ground, "update lead set contacts = 1 where id = 'l1'").await;
    let output = run(&ground, &["read-model", "verify", "lead", "--tenant", "shop"]);
    let (found, why) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(1), "{found}{why}");
    assert!(
        found.contains("from lead.contacted at position") && found.contains("in contacts"),
        "{found}"
    );
    assert!(found.contains("contacts: 1 is stored, the log says 2"), "{found}");
    assert!(
        why.contains("1 rows differ") && why.contains("annals read-model rebuild"),
        "{why}"
    );
    let output = run(
        &ground,
        &["read-model", "verify", "lead", "--sample", "20", "--json"],
    );
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["different"], &told["parked"]),
        (&json!(1), &json!(0)),
        "{told}"
    );
    let narrow = refused(&ground, &["read-model", "verify", "lead", "--past-rows", "1"]);
    assert!(
        narrow.contains("more than 1 rows of lead") && narrow.contains("past_rows"),
        "{narrow}"
    );
    let nobody = refused(
        &ground,
        &["read-model", "explain", "lead", "--tenant", "shop", "nobody"],
    );
    assert!(
        nobody.contains("lead has no row") && nobody.contains("nobody"),
        "{nobody}"
    );
    let wide = refused(
        &ground,
        &["read-model", "explain", "lead", "--tenant", "shop", "l1", "l2"],
    );
    assert!(wide.contains("is named by 1 values (id); 2 were given"), "{wide}");

    rows_that_differ_from_a_rebuild_name_their_events(&ground).await;
}

/// One row is forged by now, and another one was made by no event.
async fn rows_that_differ_from_a_rebuild_name_their_events(ground: &TestDatabase) {
    let ghost = "insert into lead select (jsonb_populate_record(l, '{\"id\": \"ghost\"}')).* from lead l where id = 'l1'";
    behind_the_engines_back(ground, ghost).await;
    said(ground, &["read-model", "rebuild", "lead", "--policy", "empty"]);
    let diff = said(ground, &["read-model", "diff", "lead"]);
    assert!(diff.contains("0 rows added, 1 changed, 1 gone"), "{diff}");
    assert!(
        diff.contains("l1 (changed)") && diff.contains("contacts: 1 -> 2"),
        "{diff}"
    );
    assert!(diff.contains("ghost (gone)"), "{diff}");
    // Two behind the one row; the ghost has the event that its row names as its last.
    assert_eq!(diff.matches("    by lead.contacted ").count(), 3, "{diff}");
    let diff: Value = serde_json::from_str(&said(ground, &["read-model", "diff", "lead", "--json"])).unwrap();
    let types = |row: &Value| -> Vec<String> {
        let events = row["events"].as_array().unwrap().iter();
        events
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect()
    };
    let (gone, changed) = (&diff["differences"][0], &diff["differences"][1]);
    assert_eq!(
        (&gone["change"], &changed["change"]),
        (&json!("gone"), &json!("changed")),
        "{diff:#}"
    );
    assert_eq!(types(gone), ["lead.contacted"]);
    assert_eq!(
        types(changed),
        ["lead.captured", "lead.contacted", "lead.contacted"]
    );
    assert_eq!(changed["further_events"], false);
    let forbidden = refused(ground, &["read-model", "switch", "lead"]);
    assert!(
        forbidden.contains("its policy is `empty`: look at the diff"),
        "{forbidden}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_done_is_refused_with_what_is_wrong_and_what_to_do() {
    let ground = ground().await;
    for (arguments, told) in [
        (
            &["rebuild", "leads"][..],
            "there is no read model leads; there are account_history, agent, agent_run, ",
        ),
        (
            &["verify", "leads"],
            "there is no read model \"leads\": there are account_history, agent, agent_run, ",
        ),
        (
            &["explain", "leads", "--tenant", "shop", "l1"],
            "there is no read model leads; there are account_history, agent, ",
        ),
        (
            &["rebuild", "lead", "--tenant", "nobody"],
            "there is no tenant \"nobody\"",
        ),
        (&["status", "--tenant", "nobody"], "there is no tenant \"nobody\""),
        (
            &["switch", "lead"],
            "no build that is ready: `annals read-model rebuild` makes one",
        ),
        (
            &["rollback", "lead"],
            "no build that is kept from before: there was no switch",
        ),
        (
            &["resume", "lead", "--tenant", "shop", "lead/l1"],
            "lead/l1 is not parked in lead: `annals read-model parked` lists those that are",
        ),
        (
            &["resume", "lead", "lead/l1"],
            "name the tenant and the stream, or neither",
        ),
        (
            &["resume", "lead", "--tenant", "shop", "leads/l1"],
            "there is no aggregate leads; there are ",
        ),
    ] {
        let arguments: Vec<&str> = [&["read-model"], arguments].concat();
        let why = refused(&ground, &arguments);
        assert!(why.contains(told), "{arguments:?}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_seen_enough_ends_a_command_in_peace() {
    let ground = ground().await;
    said(&ground, &["read-model", "rebuild", "lead"]);
    for arguments in [
        &["read-model", "list"][..],
        &["read-model", "status"],
        &["read-model", "status", "--json"],
        &["read-model", "status", "--tenant", "shop"],
        &["read-model", "status", "--tenants"],
        &["read-model", "diff", "lead"],
        &["read-model", "diff", "lead", "--json"],
        &["read-model", "verify"],
        &["read-model", "verify", "--json"],
        &["read-model", "explain", "lead", "--tenant", "shop", "l1"],
        &["read-model", "rebuild", "audit_feed", "--dry-run"],
        &["read-model", "accept", "lead"],
        &["read-model", "switch", "lead"],
        &["read-model", "rollback", "lead"],
        &["read-model", "discard", "lead"],
        &["log", "stats"],
        &["log", "tail"],
        &["config"],
        &["schema"],
        &["doctor"],
    ] {
        let mut child = command(&ground, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Nobody reads, from before the first line on.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!told.contains("panicked"), "{arguments:?}: {told}");
        assert!(output.status.success(), "{arguments:?}: {told}");
    }
}
