//! Many who follow one program: one execution for all of them, bounded memory, and an end in order.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::gateway::follow::{EVENTS, Seen};
use crate::gateway::house::House;
use crate::gateway::socket::Socket;

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

/// A gateway in a process of its own.
pub(crate) struct Gateway {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Gateway {
    /// Starts one, and waits until it listens.
    pub(crate) async fn start(url: &str, settings: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args([
                "serve",
                "--role",
                "api",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                url,
            ])
            .args(["--log", "info", "--log-format", "json"])
            // Each use of a key, and each read of the log, that is told is an event between the others.
            .args([
                "--key-use-seconds",
                "0",
                "--read-seconds",
                "0",
                "--calls-seconds",
                "0",
            ])
            .args(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = tokio::process::ChildStderr::from_std(child.stderr.take().unwrap()).unwrap();
        let mut lines = BufReader::new(stderr).lines();
        let address = loop {
            let line = lines
                .next_line()
                .await
                .unwrap()
                .expect("it listens before it ends");
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = line["fields"]["address"].as_str() {
                break address.parse().unwrap();
            }
        };
        // What it says further is read, so that it does not wait for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, address }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let killed = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A line of `/proc/PID/status`, in kilobytes.
    fn kilobytes(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// The counters of `/metrics` by their name with labels.
    async fn metrics(&self) -> HashMap<String, f64> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let lines = text.lines().filter_map(|line| line.rsplit_once(' '));
        lines
            .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
            .collect()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const SHARED: &str = "annals_live_executions_total{by=\"shared\"}";

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_subscribers_share_one_execution() {
    const SUBSCRIBERS: usize = 1_000;
    const EVENTS_WRITTEN: usize = 100;
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let gateway = Gateway::start(house.url(), &["--heartbeat-ms", "3600000"]).await;
    let mut sockets = Vec::new();
    let before = gateway.kilobytes("VmRSS");
    for _ in 0..SUBSCRIBERS {
        let mut socket = Socket::connect_to(gateway.address).await;
        socket.introduce(&acme.token).await;
        let mut seen = Seen::default();
        socket.send(&seen.subscribe()).await;
        seen.until_sign(&mut socket, "CaughtUp").await;
        sockets.push((socket, seen));
    }
    let metrics = gateway.metrics().await;
    assert_eq!(metrics["annals_live_topics"], 1.0);
    assert_eq!(metrics["annals_live_subscribers"], 1_000.0);
    let connected = gateway.kilobytes("VmRSS");
    let head = house.store.log().head().await.unwrap();
    house
        .capture(&acme, (0..EVENTS_WRITTEN).map(|index| format!("l{index}")))
        .await;
    let wanted = house.positions(&acme, head).await;
    let last = *wanted.last().unwrap();
    let readers = sockets.into_iter().map(|(mut socket, mut seen)| {
        tokio::spawn(async move {
            seen.until(&mut socket, last).await;
            (socket, seen)
        })
    });
    let readers: Vec<_> = readers.collect();
    let mut open = Vec::new();
    for reader in readers {
        let (socket, seen) = reader.await.unwrap();
        assert!(
            seen.positions == wanted,
            "{} of {} events",
            seen.positions.len(),
            wanted.len()
        );
        open.push(socket);
    }
    let metrics = gateway.metrics().await;
    assert_eq!(metrics[SHARED], 100.0, "one execution for each event");
    let after = gateway.kilobytes("VmRSS");
    println!(
        "1,000 sockets: {} KB each when connected, {} KB each after 100 events",
        (connected - before) / 1_000,
        (after - before) / 1_000
    );
    assert!(
        (after - before) / 1_000 <= 40,
        "{} KB a connection",
        (after - before) / 1_000
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_do_not_fill_the_memory() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let gateway = Gateway::start(house.url(), &["--live-responses", "64", "--ping-ms", "600000"]).await;
    let many: String = (0..40).map(|index| format!("p{index}: payload ")).collect();
    let document = EVENTS.replacen("cursor position", &format!("cursor position {many}"), 1);
    let mut slow = Vec::new();
    for _ in 0..10 {
        let mut socket = Socket::connect_to(gateway.address).await;
        socket.introduce(&acme.token).await;
        socket.subscribe(&document, json!({})).await;
        let mut seen = Seen::default();
        seen.until_sign(&mut socket, "CaughtUp").await;
        slow.push((socket, seen));
    }
    let before = gateway.kilobytes("VmRSS");
    let head = house.store.log().head().await.unwrap();
    house
        .capture(&acme, (0..2_000).map(|index| format!("l{index}")))
        .await;
    let wanted = house.positions(&acme, head).await;
    // One that reads is through: by then the gateway has offered all of it to everybody.
    let (mut socket, mut seen) = slow.pop().unwrap();
    seen.until(&mut socket, *wanted.last().unwrap()).await;
    assert!(
        seen.positions == wanted,
        "{} of {} events",
        seen.positions.len(),
        wanted.len()
    );
    let grown = gateway.kilobytes("VmHWM") - before;
    println!(
        "9 slow clients: {grown} KB more, of about {} KB that each has not read",
        2_000 * 6
    );
    assert!(grown < 40_000, "{grown} KB");
    let read = slow
        .iter_mut()
        .map(|(socket, seen)| seen.until(socket, *wanted.last().unwrap()));
    futures::future::join_all(read).await;
    for (_, seen) in slow {
        assert!(
            seen.positions == wanted,
            "{} of {} events",
            seen.positions.len(),
            wanted.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_told_to_end_tells_its_clients_where_to_go_on() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let mut gateway = Gateway::start(house.url(), &[]).await;
    let mut socket = Socket::connect_to(gateway.address).await;
    socket.introduce(&acme.token).await;
    let mut seen = Seen::default();
    socket.send(&seen.subscribe()).await;
    seen.until_sign(&mut socket, "CaughtUp").await;
    let body = json!({ "query": EVENTS }).to_string();
    let mut sse = TcpStream::connect(gateway.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Accept: text/event-stream\r\nContent-Length: {}\r\n\r\n{body}",
        acme.token,
        body.len()
    );
    sse.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    while !text.contains("CaughtUp") {
        let mut buffer = [0; 4096];
        let length = sse.read(&mut buffer).await.unwrap();
        assert!(length > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    let began = Instant::now();
    gateway.signal("-TERM");
    assert_eq!(seen.take(&socket.next().await), "Heartbeat");
    assert_eq!(socket.next().await["closed"], 1012);
    assert!(
        TcpStream::connect(gateway.address).await.is_err(),
        "new connections are refused"
    );
    drop(socket);
    sse.read_to_string(&mut text).await.unwrap();
    assert!(
        text.contains("Heartbeat") && text.ends_with("0\r\n\r\n"),
        "a clean end: {text}"
    );
    assert!(!text.contains("event: complete"), "{text}");
    assert!(gateway.child.wait().unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());

    house.capture(&acme, ["next".to_owned()].into_iter()).await;
    let next = Gateway::start(house.url(), &[]).await;
    let mut socket = Socket::connect_to(next.address).await;
    socket.introduce(&acme.token).await;
    socket.send(&seen.subscribe()).await;
    let mut rest = Seen::default();
    rest.until_sign(&mut socket, "CaughtUp").await;
    assert_eq!(rest.positions.len(), 1);
}
