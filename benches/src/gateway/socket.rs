//! A subscriber over graphql-transport-ws that costs next to nothing: it counts frames, and parses no JSON.

use std::net::SocketAddr;

use anyhow::{bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// The first bytes of a message tell what it is.
const BEGINNING: usize = 64;

/// A connection with one subscription.
pub(super) struct Subscriber {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// How much of the buffer was looked at.
    seen: usize,
}

impl Subscriber {
    /// Connects, introduces itself with a payload, and subscribes.
    pub(super) async fn join(
        address: SocketAddr,
        path: &str,
        payload: &str,
        document: &str,
    ) -> anyhow::Result<Self> {
        let mut subscriber = Self {
            stream: TcpStream::connect(address).await?,
            buffer: Vec::with_capacity(4 * 1024),
            seen: 0,
        };
        subscriber.upgrade(path).await?;
        let init = format!(r#"{{"type":"connection_init","payload":{payload}}}"#);
        subscriber.send(TEXT, init.as_bytes()).await?;
        let acknowledged = subscriber.message().await?;
        ensure!(
            has(&acknowledged, "connection_ack"),
            "{}",
            String::from_utf8_lossy(&acknowledged)
        );
        let subscribe = format!(
            r#"{{"type":"subscribe","id":"1","payload":{{"query":"{}"}}}}"#,
            document.replace('"', "\\\"")
        );
        subscriber.send(TEXT, subscribe.as_bytes()).await?;
        Ok(subscriber)
    }

    /// Reads until so many events with this text in them have come.
    pub(super) async fn count(&mut self, events: u64, mark: &str) -> anyhow::Result<()> {
        let mut left = events;
        while left > 0 {
            let message = self.message().await?;
            if has(&message, "\"next\"") {
                left -= u64::from(
                    message
                        .windows(mark.len())
                        .any(|window| window == mark.as_bytes()),
                );
            } else {
                bail!("{}", String::from_utf8_lossy(&message));
            }
        }
        Ok(())
    }

    async fn upgrade(&mut self, path: &str) -> anyhow::Result<()> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        ensure!(
            self.buffer.starts_with(b"HTTP/1.1 101"),
            "{}",
            String::from_utf8_lossy(&self.buffer)
        );
        self.seen = end;
        Ok(())
    }

    /// The next text; pings are answered.
    async fn message(&mut self) -> anyhow::Result<Vec<u8>> {
        loop {
            let Some((opcode, payload)) = self.frame() else {
                self.more().await?;
                continue;
            };
            let text = self.buffer[payload.clone()].to_vec();
            self.seen = payload.end;
            match opcode {
                TEXT => return Ok(text),
                PING => self.send(PONG, &text).await?,
                CLOSE => bail!("closed: {}", String::from_utf8_lossy(&text)),
                _ => {}
            }
        }
    }

    /// The next frame that is in the buffer whole: its opcode, and where its payload is.
    fn frame(&self) -> Option<(u8, std::ops::Range<usize>)> {
        let bytes = &self.buffer[self.seen..];
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        let (head, length) = match second & 0x7f {
            126 => (
                4,
                usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
            ),
            127 => (
                10,
                usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?,
            ),
            short => (2, usize::from(short)),
        };
        let begin = self.seen + head;
        (self.buffer.len() >= begin + length).then(|| (first & 0x0f, begin..begin + length))
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        self.buffer.drain(..self.seen);
        self.seen = 0;
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the server closed the connection");
        Ok(())
    }

    /// Sends a frame, masked with zeros.
    async fn send(&mut self, opcode: u8, payload: &[u8]) -> anyhow::Result<()> {
        let mut frame = vec![0x80 | opcode];
        match u8::try_from(payload.len()) {
            Ok(short) if short < 126 => frame.push(0x80 | short),
            _ => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(payload.len())?.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        Ok(self.stream.write_all(&frame).await?)
    }
}

fn has(message: &[u8], what: &str) -> bool {
    let beginning = &message[..message.len().min(BEGINNING)];
    beginning
        .windows(what.len())
        .any(|window| window == what.as_bytes())
}
