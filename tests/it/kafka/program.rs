//! The program with one role, in a process of its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

/// A role in a process of its own; it is killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    address: SocketAddr,
    /// What it says, a line of JSON each.
    pub(crate) lines: mpsc::UnboundedReceiver<serde_json::Value>,
}

impl Program {
    /// Starts a relay, and waits until it listens. Its topics and its name begin with `prefix`.
    pub(crate) async fn start(url: &str, brokers: &str, prefix: &str, settings: &[&str]) -> Self {
        let (name, topics) = (format!("{prefix}relay"), format!("{prefix}{{slice}}"));
        let own = [
            "--kafka-partitions",
            "3",
            "--relay-name",
            &name,
            "--kafka-topics",
            &topics,
        ];
        Self::serve("relay", url, brokers, &[&own, settings].concat()).await
    }

    /// Starts a role, and waits until it listens.
    pub(crate) async fn serve(role: &str, url: &str, brokers: &str, settings: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--role", role, "--listen", "127.0.0.1:0"])
            .args(["--database-url", url, "--log", "info", "--log-format", "json"])
            .args(["--kafka-brokers", brokers])
            .env("ANNALS_KAFKA_CREATE_TOPICS", "true")
            // Refusals are sealed, and most tests read the log without keys.
            .env("ANNALS_REFUSED_SECONDS", "0")
            .args(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = tokio::process::ChildStderr::from_std(child.stderr.take().unwrap()).unwrap();
        let mut lines = BufReader::new(stderr).lines();
        let (tell, mut told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                // What is no JSON is why it ends.
                let said = serde_json::from_str(&line).unwrap_or(serde_json::Value::String(line));
                drop(tell.send(said));
            }
        });
        let mut said = Vec::new();
        let address = loop {
            let Some(line) = told.recv().await else {
                panic!("it ended before it listened: {said:?}");
            };
            said.push(line.to_string());
            if let Some(address) = line["fields"]["address"].as_str() {
                break address.parse().unwrap();
            }
        };
        Self {
            child,
            address,
            lines: told,
        }
    }

    /// Waits until it says something with these words in it.
    pub(crate) async fn says(&mut self, words: &str) -> String {
        let heard = async {
            loop {
                let line = self.lines.recv().await.expect("it has not ended").to_string();
                if line.contains(words) {
                    return line;
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), heard)
            .await
            .unwrap_or_else(|_| panic!("it never said {words:?}"))
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, signal: &str) {
        let killed = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
    }

    /// Whether it has ended by itself, and well.
    pub(crate) fn wait(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// The figures of `/metrics` by their name with labels.
    pub(crate) async fn metrics(&self) -> HashMap<String, f64> {
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

    /// Waits until a figure is as wanted.
    pub(crate) async fn measures(&self, name: &str, wanted: impl Fn(f64) -> bool) {
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(100));
        let mut last = None;
        for _ in 0..900 {
            beat.tick().await;
            last = self.metrics().await.get(name).copied();
            if last.is_some_and(&wanted) {
                return;
            }
        }
        panic!("{name} was {last:?} at last");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
