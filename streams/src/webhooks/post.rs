//! One request to an endpoint: to an address that was looked at, within a time, and with an answer that is read no further
//! than its first bytes. Redirects are not followed: an endpoint that moved is to be changed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::webhook_endpoint::EndpointUrl;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::addresses::Reach;

/// How many bytes of an answer are kept.
const ANSWER_BYTES: usize = 512;

/// What is sent.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) timestamp_s: i64,
    pub(super) signatures: String,
    pub(super) body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// How long the receiver asks to be left alone.
    pub(super) after: Option<Duration>,
    /// The first bytes, as text.
    pub(super) text: String,
}

/// Sends requests.
#[derive(Clone)]
pub(super) struct Post {
    tls: TlsConnector,
    reach: Reach,
    within: Duration,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post")
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

impl Post {
    /// Who sends requests to the addresses of a reach, each within a time.
    ///
    /// # Errors
    /// When this build has no TLS.
    pub(super) fn try_new(reach: Reach, within: Duration) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            reach,
            within,
        })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Why there is no answer, for whoever looks after the endpoint.
    pub(super) async fn send(
        &self,
        url: &EndpointUrl,
        message: Message,
        now: Timestamp,
    ) -> Result<Answer, String> {
        match timeout(self.within, self.ask(url, message, now)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer in {} ms", self.within.as_millis())),
        }
    }

    async fn ask(&self, url: &EndpointUrl, message: Message, now: Timestamp) -> Result<Answer, String> {
        let uri: Uri = url
            .as_str()
            .parse()
            .map_err(|error| format!("the URL can't be read: {error}"))?;
        let is_tls = uri.scheme_str() == Some("https");
        if !is_tls && self.reach == Reach::Public {
            return Err("the URL is not https://, which this installation demands".to_owned());
        }
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = self.connect(&host, port).await?;
        if !is_tls {
            return exchange(stream, &uri, message, now).await;
        }
        let name = ServerName::try_from(host).map_err(|_| "the URL's host is no name".to_owned())?;
        let stream = self
            .tls
            .connect(name, stream)
            .await
            .map_err(|error| format!("TLS: {error}"))?;
        exchange(stream, &uri, message, now).await
    }

    /// Connects to the first address of a name that answers, out of those that are allowed: what was looked at is what is
    /// connected to, whatever the name leads to a moment later.
    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        let found = lookup_host((host, port)).await;
        let found: Vec<SocketAddr> = found
            .map_err(|error| format!("{host} is not found: {error}"))?
            .collect();
        let mut failure =
            format!("{host} leads to no address outside, and this installation sends to no other");
        for address in found
            .into_iter()
            .filter(|address| self.reach.allows(address.ip()))
        {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = format!("{host} can't be reached: {error}"),
            }
        }
        Err(failure)
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    uri: &Uri,
    message: Message,
    now: Timestamp,
) -> Result<Answer, String> {
    let broken = |error: hyper::Error| format!("the connection broke: {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let request = Request::post(path)
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
        .header(USER_AGENT, concat!("annals/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", message.timestamp_s)
        .header("webhook-signature", &message.signatures)
        .body(Full::new(Bytes::from(message.body)))
        .map_err(|error| format!("the request can't be made: {error}"))?;
    let answer = async {
        let mut response = sender.send_request(request).await.map_err(broken)?;
        let (status, after) = (response.status().as_u16(), retry_after(response.headers(), now));
        let mut text = Vec::new();
        while text.len() < ANSWER_BYTES {
            match response.body_mut().frame().await {
                Some(Ok(frame)) => text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
                // What counts is the status, which is there.
                Some(Err(_)) | None => break,
            }
        }
        text.truncate(ANSWER_BYTES);
        let text = String::from_utf8_lossy(&text).replace('\0', "\u{fffd}");
        Ok(Answer { status, after, text })
    };
    // The connection is driven until the answer is there, and dropped with it.
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        ended = connection => {
            ended.map_err(broken)?;
            answer.await
        }
    }
}

/// `Retry-After`, in seconds or as a date.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    at.duration_since(now).try_into().ok()
}
