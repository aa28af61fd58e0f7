//! Numbers without gaps: with many at once, from two processes, and killed while they are given.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::process::Command;

use super::ground::{acme, issue, issued_by, subscribe, wish};
use crate::gateway::house::{House, Tenant};

const SUBSCRIPTIONS: usize = 12;

async fn subscribed(house: &House) -> Tenant {
    let acme = acme(house).await;
    for index in 0..SUBSCRIPTIONS {
        subscribe(house, &acme, &format!("s{index}"), "2025-03-01T00:00:00+01:00").await;
    }
    acme
}

/// Number, subscription and first day of all invoices.
async fn all(house: &House, acme: &Tenant) -> Vec<(i64, String)> {
    let document = "{ invoices(first: 100, orderBy: { field: NUMBER, direction: ASCENDING }) {
        nodes { number subscriptionId firstDay } } }";
    let data = house.ask(&acme.token, document, json!({})).await;
    let told = |node: &Value| {
        let of = format!("{} {}", node["subscriptionId"], node["firstDay"]);
        (node["number"].as_i64().unwrap(), of)
    };
    data["invoices"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(told)
        .collect()
}

fn without_gaps(invoices: &[(i64, String)], expected: usize) {
    let numbers: Vec<i64> = invoices.iter().map(|(number, _)| *number).collect();
    let gapless: Vec<i64> = (1..).take(expected).collect();
    assert_eq!(numbers, gapless, "{invoices:?}");
    let of: BTreeSet<&String> = invoices.iter().map(|(_, of)| of).collect();
    assert_eq!(of.len(), expected, "each period once: {invoices:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_through_two_gateways_get_numbers_without_gaps_and_each_period_once() {
    let house = House::open_wide().await;
    let acme = subscribed(&house).await;
    let elsewhere = house.elsewhere(2).await;
    let mut wishes = Vec::new();
    for index in 0..SUBSCRIPTIONS {
        for at in ["2025-03-20T00:00:00Z", "2025-04-20T00:00:00Z"] {
            for router in [&house.router, &elsewhere] {
                wishes.push((router.clone(), wish(&format!("s{index}"), at)));
            }
        }
    }
    let token = &acme.token;
    let answers =
        futures::stream::iter(wishes.into_iter().map(|(router, input)| async move {
            (input.to_string(), issued_by(router, token, input).await)
        }))
        .buffer_unordered(8)
        .collect::<BTreeSet<_>>()
        .await;
    assert_eq!(
        answers.len(),
        2 * SUBSCRIPTIONS,
        "who asks twice is told the same: {answers:?}"
    );
    house.settle().await;
    without_gaps(&all(&house, &acme).await, 2 * SUBSCRIPTIONS);
}

pub(super) fn program(house: &House, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annals-program"));
    command
        .args(arguments)
        .args(["--database-url", house.url()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_months_run_that_is_killed_again_and_again_leaves_no_gap_and_bills_nothing_twice() {
    let house = House::open_wide().await;
    let acme = subscribed(&house).await;
    house.settle().await;
    let arguments = ["invoices", "issue", "--period", "2025-03", "--all"];
    let mut killed = 0;
    for round in 0_u64.. {
        let mut run = program(&house, &arguments).spawn().unwrap();
        // A little longer each time, so that it is met at every stage.
        let over = tokio::time::timeout(Duration::from_millis(60 + round * 8), run.wait()).await;
        if over.is_ok() {
            break;
        }
        run.kill().await.unwrap();
        killed += 1;
    }
    assert!(killed > 0);
    let output = program(&house, &arguments).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        said,
        format!("2025-03: 0 issued, {SUBSCRIPTIONS} were issued before, 0 could not be billed\n")
    );
    house.settle().await;
    without_gaps(&all(&house, &acme).await, SUBSCRIPTIONS);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_issues_lists_and_prints() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    subscribe(&house, &acme, "s1", "2025-03-01T00:00:00+01:00").await;
    let broken = json!({
        "id": "s2", "plan": "unheard-of", "price": { "amount": "310", "currency": "EUR" },
        "occurredAt": "2025-03-01T00:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", broken).await;
    issue(&house, &acme, "2025-03-20T00:00:00Z").await;
    let output = program(
        &house,
        &["invoices", "issue", "--period", "2025-04", "--tenant", "acme"],
    )
    .output()
    .await
    .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("acme: s2 could not be billed: there is no plan unheard-of"),
        "{said}"
    );
    assert!(
        said.ends_with("2025-04: 1 issued, 0 were issued before, 1 could not be billed\n"),
        "{said}"
    );
    house.settle().await;
    let output = program(&house, &["invoices", "list", "--tenant", "acme"])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = "INV-000001  s1  2025-03-01 to 2025-03-31  310.00 EUR  issued\n\
                    INV-000002  s1  2025-04-01 to 2025-04-30  310.00 EUR  issued\n";
    assert_eq!(said, expected);
    let output = program(&house, &["invoices", "csv", "INV-000002", "--tenant", "acme"])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.lines().count(), 3, "{said}");
    let output = program(&house, &["invoices", "issue", "--period", "2025-13", "--all"])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("\"2025-13\" is not a month"), "{said}");
}
