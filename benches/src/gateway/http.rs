//! Load over HTTP/1.1: connections that each send one request after the other, and count.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use futures::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::served::Served;
use crate::cpu::per_second;

/// What so many connections got.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Load {
    pub(super) rate: u64,
    pub(super) p50_us: u64,
    pub(super) p99_us: u64,
    /// The server's CPU time of a request, without its database's.
    pub(super) cpu_us: u64,
}

/// The bytes of a POST of a GraphQL document.
pub(super) fn post(document: &str, tenant: Option<&str>) -> Vec<u8> {
    let body = format!("{{\"query\":\"{}\"}}", document.replace('"', "\\\""));
    let who = tenant.map_or(String::new(), |tenant| {
        format!(
            "Authorization: Bearer {}\r\nX-Annals-Tenant: {tenant}\r\n",
            super::served::ADMIN
        )
    });
    format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json\r\n\
         {who}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends one request and gives the body of its answer.
///
/// # Errors
/// When the answer is no 200 or has errors.
pub(super) async fn ask(address: SocketAddr, request: &[u8]) -> anyhow::Result<String> {
    let mut connection = Connection::open(address).await?;
    let body = connection.exchange(request).await?;
    let text = String::from_utf8(body.to_vec())?;
    ensure!(!text.contains("\"errors\""), "{text}");
    Ok(text)
}

/// Runs requests in turns on so many connections for so long. Every answer must be as long as the first one of
/// its request was, give or take the digits of what it cost.
pub(super) async fn load(
    served: &Served,
    requests: &[Vec<u8>],
    connections: usize,
    span: Duration,
) -> anyhow::Result<Load> {
    let requests: Arc<Vec<Vec<u8>>> = Arc::new(requests.to_vec());
    let mut lengths = Vec::new();
    for request in requests.iter() {
        lengths.push(ask(served.address, request).await?.len());
    }
    let lengths = Arc::new(lengths);
    let cpu = served.cpu_us();
    let begun = Instant::now();
    let tasks = (0..connections).map(|number| {
        let (requests, lengths, address) = (Arc::clone(&requests), Arc::clone(&lengths), served.address);
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut took = Vec::new();
            let mut turn = number;
            while begun.elapsed() < span {
                let one = turn % requests.len();
                turn += 1;
                let sent = Instant::now();
                let length = connection.exchange(&requests[one]).await?.len();
                took.push(u64::try_from(sent.elapsed().as_micros())?);
                ensure!(length.abs_diff(lengths[one]) < 100, "an answer of {length} bytes");
            }
            anyhow::Ok(took)
        })
    });
    let mut took = Vec::new();
    for task in join_all(tasks).await {
        took.extend(task??);
    }
    let count = took.len() as u64;
    took.sort_unstable();
    let at = |hundredth: usize| {
        took.get(took.len() * hundredth / 100)
            .copied()
            .unwrap_or_default()
    };
    Ok(Load {
        rate: per_second(count, begun.elapsed()),
        p50_us: at(50),
        p99_us: at(99),
        cpu_us: (served.cpu_us() - cpu) / count.max(1),
    })
}

/// A connection that is kept, with what was read from it.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    /// Sends a request and reads its answer; gives the answer's body.
    async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.buffer.clear();
        self.stream.write_all(request).await?;
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let text = std::str::from_utf8(&self.buffer[..head])?;
        if !text.starts_with("HTTP/1.1 200") {
            bail!("{text}{}", String::from_utf8_lossy(&self.buffer[head..]));
        }
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        let length: usize = length.context("an answer without Content-Length")?;
        while self.buffer.len() < head + length {
            self.more().await?;
        }
        Ok(&self.buffer[head..head + length])
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the server closed the connection");
        Ok(())
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
