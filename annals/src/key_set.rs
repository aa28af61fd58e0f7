//! The identity provider's keys, fetched by HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use api::KeySetSource;
use axum::body::{Body, to_bytes};
use axum::http::header::{ACCEPT, HOST, USER_AGENT};
use axum::http::{Request, StatusCode, Uri};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long a fetch may take in all.
const PATIENCE: Duration = Duration::from_secs(5);
const BYTES_AT_MOST: usize = 256 * 1024;

/// A key set at a URL. Redirects are not followed.
pub struct HttpKeySet {
    url: Uri,
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl HttpKeySet {
    /// The key set at this `https://` or `http://` URL; a server's certificate must be of one of the
    /// authorities in the PEM file, if there is one, else of those that browsers trust.
    ///
    /// # Errors
    /// When the URL or the file can't be read.
    pub fn try_new(url: &str, authorities: Option<&Path>) -> anyhow::Result<Self> {
        let url: Uri = url.parse().with_context(|| format!("{url:?} is no URL"))?;
        let host = url.host().with_context(|| format!("{url} names no host"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let (default_port, tls) = match url.scheme_str() {
            Some("https") => {
                let config =
                    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                        .with_safe_default_protocol_versions()?
                        .with_root_certificates(roots(authorities)?)
                        .with_no_client_auth();
                let name = ServerName::try_from(host.clone())
                    .with_context(|| format!("{host:?} is no host name"))?;
                (443, Some((TlsConnector::from(Arc::new(config)), name)))
            }
            Some("http") => {
                tracing::warn!(%url, "annals.key_set is fetched without TLS: whoever is on the way can make tokens");
                (80, None)
            }
            _ => bail!("{url} is neither https:// nor http://"),
        };
        let port = url.port_u16().unwrap_or(default_port);
        Ok(Self { url, host, port, tls })
    }

    async fn get(&self) -> anyhow::Result<Vec<u8>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        match &self.tls {
            Some((connector, name)) => self.ask(connector.connect(name.clone(), stream).await?).await,
            None => self.ask(stream).await,
        }
    }

    async fn ask(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> anyhow::Result<Vec<u8>> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        let authority = self.url.authority().map_or("", |authority| authority.as_str());
        let request = Request::get(path)
            .header(HOST, authority)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("annals/", env!("CARGO_PKG_VERSION")))
            .body(Body::empty())?;
        let answer = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            ensure!(
                status == StatusCode::OK,
                "the answer's status is {status}, not 200"
            );
            let body = to_bytes(Body::new(response.into_body()), BYTES_AT_MOST).await;
            anyhow::Ok(
                body.context("the answer has more than 262144 bytes, or broke off")?
                    .to_vec(),
            )
        };
        // The connection is driven until the answer is there, and dropped with it.
        tokio::pin!(answer);
        tokio::select! {
            answer = &mut answer => answer,
            ended = connection => {
                ended?;
                answer.await
            }
        }
    }
}

impl KeySetSource for HttpKeySet {
    fn fetch(&self) -> BoxFuture<'_, Result<Vec<u8>, String>> {
        async {
            match timeout(PATIENCE, self.get()).await {
                Ok(Ok(text)) => Ok(text),
                Ok(Err(error)) => Err(format!("{}: {error:#}", self.url)),
                Err(_) => Err(format!("{}: no answer in {} s", self.url, PATIENCE.as_secs())),
            }
        }
        .boxed()
    }
}

fn roots(authorities: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(file) => {
            let named = || format!("certificate authorities {}", file.display());
            for certificate in CertificateDer::pem_file_iter(file).with_context(named)? {
                roots.add(certificate.with_context(named)?).with_context(named)?;
            }
            ensure!(!roots.is_empty(), "{}: there is no certificate in it", named());
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    Ok(roots)
}
