//! TLS for the listener: a certificate and its key from files, read again when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// A certificate in force.
pub struct Tls {
    files: Files,
    texts: (Vec<u8>, Vec<u8>),
    acceptor: TlsAcceptor,
}

/// Where a certificate and its key lie, both in PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Tls {
    /// Reads a certificate and its key.
    ///
    /// # Errors
    /// When a file can't be read, or the two do not belong together: the file is named.
    pub fn open(files: Files) -> anyhow::Result<Self> {
        let texts = files.read()?;
        let acceptor = acceptor(&files, &texts)?;
        Ok(Self {
            files,
            texts,
            acceptor,
        })
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// Takes other files in force, if they are good; connections that are open keep what they have.
    pub(crate) fn renew(&mut self) {
        let renewed = self.files.read().and_then(|texts| {
            if texts == self.texts {
                return Ok(None);
            }
            let acceptor = acceptor(&self.files, &texts)?;
            Ok(Some((texts, acceptor)))
        });
        match renewed {
            Ok(None) => {}
            Ok(Some((texts, acceptor))) => {
                tracing::info!(certificate = %self.files.certificate.display(), "annals.tls renewed");
                (self.texts, self.acceptor) = (texts, acceptor);
            }
            // Both files are rarely written at one moment: the next look may find them good.
            Err(error) => tracing::warn!(
                error = format!("{error:#}"),
                "annals.tls keeps the certificate that it has"
            ),
        }
    }
}

impl Files {
    fn read(&self) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
        let read = |file: &Path| std::fs::read(file).with_context(|| file.display().to_string());
        Ok((
            read(&self.certificate).context("tls_certificate")?,
            read(&self.key).context("tls_key")?,
        ))
    }
}

fn acceptor(files: &Files, (certificate, key): &(Vec<u8>, Vec<u8>)) -> anyhow::Result<TlsAcceptor> {
    let (in_certificate, in_key) = (
        || format!("tls_certificate {}", files.certificate.display()),
        || format!("tls_key {}", files.key.display()),
    );
    let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
    let chain = chain.with_context(in_certificate)?;
    ensure!(
        !chain.is_empty(),
        "{}: there is no certificate in PEM in it",
        in_certificate()
    );
    let key = PrivateKeyDer::from_pem_slice(key).with_context(in_key)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| format!("{} and {}", in_certificate(), in_key()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
