//! A tenant's past, played again with its own timing, over WebSocket, server-sent events and in the terminal.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::Ambient;
use testkit::{TestClock, TestIds};

use super::replay;
use crate::gateway::house::{House, Tenant};
use crate::gateway::socket::Socket;

const REPLAY: &str = "subscription($from: AsOf!, $to: AsOf, $speed: Int, $idleMs: Int, $steps: Int, $after: Cursor, \
    $filter: AuditFeedFilter) { replay(from: $from, to: $to, speed: $speed, idleMs: $idleMs, steps: $steps, \
    after: $after, filter: $filter) { __typename \
    ... on ReplayedEntry { cursor clock waitedMs skippedMs entry { action entityId } } \
    ... on ReplayPaused { cursor } ... on ReplayEnded { cursor } ... on Heartbeat { cursor } } }";
const NOON: Timestamp = Timestamp::constant(1_772_452_800, 0);

/// A house whose clock the test moves, and a tenant whose five leads were captured a minute apart.
pub(super) async fn story(change: impl FnOnce(&mut api::Options)) -> (House, Tenant) {
    let mut house = House::open().await;
    let acme = house.tenant("acme").await;
    let clock = TestClock::at(NOON);
    let ambient = Ambient {
        clock: clock.clone(),
        ids: Arc::new(TestIds::seeded(2)),
    };
    let mut options = house.options.clone();
    options.store = store::Store::open(store::Options::new(house.url(), ambient))
        .await
        .unwrap();
    change(&mut options);
    house.router = api::router(options);
    for number in 0..5 {
        clock.advance(SignedDuration::from_secs(60));
        let lead = json!({ "id": format!("l{number}"), "vertical": "sales", "source": "web" });
        house.done(&acme.token, "captureLead", lead).await;
    }
    clock.advance(SignedDuration::from_hours(1));
    house.settle().await;
    (house, acme)
}

fn range() -> Value {
    json!({ "from": { "time": "2026-03-02T12:00:30Z" }, "to": { "time": "2026-03-02T12:30:00Z" } })
}

fn with(mut variables: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    variables.as_object_mut().unwrap().extend(more);
    variables
}

/// What a replay tells until it is over.
async fn told(socket: &mut Socket, variables: Value) -> Vec<Value> {
    socket.subscribe(REPLAY, variables).await;
    let mut items = Vec::new();
    loop {
        let message = socket.next().await;
        match message["type"].as_str().unwrap() {
            "next" => items.push(message["payload"]["data"]["replay"].clone()),
            "complete" => return items,
            _ => panic!("{message}"),
        }
    }
}

fn leads(items: &[Value]) -> Vec<&str> {
    let entries = items.iter().filter(|item| item["__typename"] == "ReplayedEntry");
    entries
        .map(|item| item["entry"]["entityId"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_past_is_played_in_its_order_and_with_its_own_timing() {
    let (house, acme) = story(|_| ()).await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    let begun = Instant::now();
    let items = told(&mut socket, with(range(), json!({ "speed": 1000 }))).await;
    assert_eq!(leads(&items), ["l0", "l1", "l2", "l3", "l4"]);
    assert_eq!(items[5]["__typename"], "ReplayEnded");
    let waited: Vec<&Value> = items[..5].iter().map(|item| &item["waitedMs"]).collect();
    assert_eq!(waited, [30, 60, 60, 60, 60], "a minute a thousand times as fast");
    assert!(
        begun.elapsed() >= Duration::from_millis(270),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(items[1]["clock"], "2026-03-02T12:02:00Z");
    // Idle time is skipped.
    let items = told(
        &mut socket,
        with(range(), json!({ "speed": 100, "idleMs": 1000 })),
    )
    .await;
    assert_eq!(
        (&items[1]["waitedMs"], &items[1]["skippedMs"]),
        (&json!(10), &json!(59_000))
    );
    // Only what is wanted.
    let one = json!({ "idleMs": 0, "filter": { "entityId": "l3" } });
    assert_eq!(leads(&told(&mut socket, with(range(), one)).await), ["l3"]);
    // A range by cursors: right after the one, up to the other.
    let (first, third) = (&items[0]["cursor"], &items[2]["cursor"]);
    let cursors = json!({ "from": { "cursor": first }, "to": { "cursor": third }, "idleMs": 0 });
    assert_eq!(leads(&told(&mut socket, cursors).await), ["l1", "l2"]);
}

#[tokio::test]
async fn a_replay_pauses_after_its_steps_and_goes_on_behind_its_cursor_at_another_speed() {
    let (house, acme) = story(|_| ()).await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    let items = told(&mut socket, with(range(), json!({ "idleMs": 0, "steps": 2 }))).await;
    assert_eq!(leads(&items), ["l0", "l1"]);
    assert_eq!(items[2]["__typename"], "ReplayPaused");
    assert_eq!(items[2]["cursor"], items[1]["cursor"]);
    let on = json!({ "speed": 1000, "after": items[2]["cursor"] });
    let items = told(&mut socket, with(range(), on)).await;
    assert_eq!(leads(&items), ["l2", "l3", "l4"]);
    assert_eq!(items[0]["waitedMs"], 60, "the clock goes on where it stood");
    // As server-sent events, each with its cursor as its id.
    let body = json!({ "query": REPLAY, "variables": with(range(), json!({ "idleMs": 0 })) });
    let request = axum::http::Request::post("/graphql")
        .header("authorization", format!("Bearer {}", acme.token))
        .header("content-type", "application/json")
        .header("accept", "text/event-stream")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    let (_, _, text) = house.send(request).await;
    let cursor = items[2]["cursor"].as_str().unwrap();
    assert!(
        text.contains(&format!("id: {cursor}")) && text.contains("event: complete"),
        "{text}"
    );
    assert_eq!(text.matches("ReplayedEntry").count(), 5, "{text}");
}

#[tokio::test]
async fn while_nothing_is_due_there_are_heartbeats_and_whoever_leaves_makes_room() {
    let (house, acme) = story(|options| {
        options.limits.heartbeat_ms = 20;
        options.limits.tenant_replays = 1;
    })
    .await;
    let mut slow = Socket::open(house.router.clone(), &acme.token).await;
    slow.subscribe(REPLAY, range()).await;
    let first = slow.result().await;
    assert_eq!(first["data"]["replay"]["__typename"], "Heartbeat", "{first}");
    let mut other = Socket::open(house.router.clone(), &acme.token).await;
    other
        .subscribe(REPLAY, with(range(), json!({ "idleMs": 0 })))
        .await;
    let refused = other.next().await;
    let extensions = &refused["payload"][0]["extensions"];
    assert_eq!(
        (&extensions["code"], &extensions["limit"]),
        (&json!("LIMIT_EXCEEDED"), &json!("tenant_replays")),
        "{refused}"
    );
    slow.send(&json!({ "id": "1", "type": "complete" })).await;
    let begun = Instant::now();
    loop {
        let mut again = Socket::open(house.router.clone(), &acme.token).await;
        again
            .subscribe(REPLAY, with(range(), json!({ "idleMs": 0 })))
            .await;
        if again.next().await["type"] == "next" {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "nobody made room");
    }
}

#[tokio::test]
async fn a_range_without_an_end_and_other_nonsense_is_refused_with_what_to_do() {
    let (house, acme) = story(|_| ()).await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    let future = json!({ "time": "2999-01-01T00:00:00Z" });
    for (more, message) in [
        (
            json!({ "to": null }),
            "to: a replay needs an end: give a cursor or a time that has come",
        ),
        (
            json!({ "to": future }),
            "to: 2999-01-01T00:00:00Z lies in the future",
        ),
        (
            json!({ "from": future }),
            "from: 2998-12-31T23:59:59.999999Z lies in the future",
        ),
        (
            json!({ "to": { "time": "2026-03-02T11:00:00Z" } }),
            "to: this lies before `from`",
        ),
        (
            json!({ "speed": 0 }),
            "speed: 0 is no speed: give 1 (as it was) to 1000",
        ),
        (json!({ "speed": 1001 }), "speed: 1001 is no speed"),
        (json!({ "steps": 0 }), "steps: 0 is not 1 or more"),
        (json!({ "idleMs": -1 }), "idleMs: -1 is negative"),
    ] {
        socket.subscribe(REPLAY, with(range(), more)).await;
        let refused = socket.next().await;
        assert_eq!(refused["type"], "error", "{refused}");
        let text = refused["payload"][0]["message"].as_str().unwrap_or_default();
        assert!(text.starts_with(message), "{refused}");
        assert_eq!(refused["payload"][0]["extensions"]["code"], "BAD_USER_INPUT");
    }
}

#[tokio::test]
async fn the_terminal_plays_the_past_and_its_keys_pause_step_and_end_it() {
    let (house, acme) = story(|_| ()).await;
    let positions = house.positions(&acme, 0).await;
    let last = positions[positions.len() - 1].to_string();
    let (url, before) = (house.url(), positions[positions.len() - 6].to_string());
    let range = ["--tenant", "acme", "--from", &before, "--to", &last];
    let played = |more: &[&str]| replay(url, &[&range, more].concat());
    let text = played(&["--speed", "1000", "--skip-idle", "1"]).unwrap();
    assert_eq!(text.matches("lead.captured").count(), 5, "{text}");
    let text = played(&["--skip-idle", "0", "--steps", "2"]).unwrap();
    assert_eq!(text.matches("lead.captured").count(), 2, "{text}");
    let endless = replay(url, &range[..4]).unwrap_err();
    assert!(endless.contains("a replay needs an end: give --to"), "{endless}");
    let wrong = played(&["--speed", "2000"]).unwrap_err();
    assert!(wrong.contains("--speed: 2000 is no speed"), "{wrong}");
    // Two steps, and the end, whatever the timing is.
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args(["replay", "--database-url", url, "--paused", "--data-dir"])
        .arg(folder.path())
        .args(range)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(b"s+-sq").unwrap();
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("lead.captured").count(), 2, "{text}");
}
