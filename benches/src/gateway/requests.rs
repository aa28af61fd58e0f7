//! What a request costs: 100 events with 4 fields, and 100 runs with the agent of each by a loader, beside mercurius
//! with its JIT on the same tables.

use std::time::Duration;

use super::http::{Load, ask, load, post};
use super::served::Served;
use super::story::{CONNECTIONS, Story};
use crate::server::Server;
use crate::table::{median, print, ratio};

const ROWS: usize = 100;
const AGENTS: usize = 10;
/// Enough to keep both servers busy, few enough to wait for none.
const LOADED: usize = 16;
/// More than a page, so that the page is a part of a list.
const EVENTS: u64 = 1_000;

const REQUESTS: [(&str, &str); 2] = [
    (
        "100 events, 4 fields",
        "{ auditFeed(first: 100) { nodes { eventId occurredAt actorId action } } }",
    ),
    (
        "100 runs, 4 fields, the agent of each",
        "{ agentRuns(first: 100) { nodes { localId status startedAt vertical agent { name } } } }",
    ),
];

pub(crate) async fn measure(server: &Server, seconds: u64, runs: usize) -> anyhow::Result<()> {
    let story = Story::of(server, EVENTS).await?;
    let tenant = story.tenant.as_str();
    let ours = Served::ours(&story.url, &["api", "projector"]).await?;
    fill(&ours, tenant).await?;
    let theirs = Served::peer("mercurius.mjs", &[&story.url, CONNECTIONS, tenant]).await?;
    let span = Duration::from_secs(seconds);
    let mut rows = Vec::new();
    for (name, document) in REQUESTS {
        let [our_request, their_request] = [post(document, Some(tenant)), post(document, None)];
        same(
            &ask(ours.address, &our_request).await?,
            &ask(theirs.address, &their_request).await?,
        )?;
        let mut got = [Vec::new(), Vec::new()];
        for _ in 0..runs {
            got[0].push(load(&ours, std::slice::from_ref(&our_request), LOADED, span).await?);
            got[1].push(load(&theirs, std::slice::from_ref(&their_request), LOADED, span).await?);
        }
        let middle = |whose: usize, of: fn(&Load) -> u64| median(got[whose].iter().map(of).collect());
        let (rate, cpu) = (|load: &Load| load.rate, |load: &Load| load.cpu_us);
        let [our_cpu, their_cpu] = [middle(0, cpu), middle(1, cpu)];
        rows.push(vec![
            name.to_owned(),
            our_cpu.to_string(),
            format!("{their_cpu} ({}x)", ratio(their_cpu, our_cpu)),
            middle(0, rate).to_string(),
            middle(1, rate).to_string(),
        ]);
    }
    print(
        "The CPU time of a request",
        &[
            "request",
            "ours, CPU µs",
            "mercurius",
            "ours, requests a second",
            "mercurius",
        ],
        &rows,
    );
    story.close().await;
    Ok(())
}

/// Agents, and runs of them.
async fn fill(ours: &Served, tenant: &str) -> anyhow::Result<()> {
    for agent in 0..AGENTS {
        let document = format!(
            "mutation {{ configureAgent(input: {{ id: \"a{agent}\", name: \"Agent {agent}\", vertical: \"sales\", \
             prompt: \"p\", model: \"m\" }}) {{ cursor userErrors {{ message }} }} }}"
        );
        ask(ours.address, &post(&document, Some(tenant))).await?;
    }
    let mut cursor = String::new();
    for run in 0..ROWS {
        let document = format!(
            "mutation {{ startAgentRun(input: {{ id: \"r{run}\", agent: \"a{}\", vertical: \"sales\" }}) \
             {{ cursor userErrors {{ message }} }} }}",
            run % AGENTS
        );
        let answer = ask(ours.address, &post(&document, Some(tenant))).await?;
        let told: serde_json::Value = serde_json::from_str(&answer)?;
        cursor = told["data"]["startAgentRun"]["cursor"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        anyhow::ensure!(!cursor.is_empty(), "{answer}");
    }
    let seen = format!("{{ agentRuns(first: 1, atLeast: \"{cursor}\") {{ nodes {{ localId }} }} }}");
    ask(ours.address, &post(&seen, Some(tenant))).await.map(drop)
}

/// Both tell the same rows, but for how moments are written.
fn same(ours: &str, theirs: &str) -> anyhow::Result<()> {
    let rows = |answer: &str| -> anyhow::Result<Vec<serde_json::Value>> {
        let told: serde_json::Value = serde_json::from_str(answer)?;
        let list = told["data"]
            .as_object()
            .and_then(|data| data.values().next())
            .cloned();
        let mut rows = list.unwrap_or_default()["nodes"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for row in rows.iter_mut().filter_map(serde_json::Value::as_object_mut) {
            row.retain(|name, _| !name.ends_with("At"));
        }
        Ok(rows)
    };
    let [ours, theirs] = [rows(ours)?, rows(theirs)?];
    anyhow::ensure!(ours == theirs, "the answers differ: {ours:?} {theirs:?}");
    anyhow::ensure!(ours.len() == ROWS, "{} rows", ours.len());
    Ok(())
}
