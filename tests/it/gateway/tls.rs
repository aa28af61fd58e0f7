//! TLS on the listener: the certificate of the files, and the next one when they change.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use annals::listen;
use annals::tls::{Files, Tls};
use api::Drain;
use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// Asks by TLS, trusting one certificate alone.
async fn ask(address: SocketAddr, trusted: &str) -> Result<String, std::io::Error> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(Path::new(FIXTURES).join(trusted)).unwrap();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn put(folder: &Path, name: &str) {
    for (from, to) in [
        (format!("{name}.pem"), "cert.pem"),
        (format!("{name}.key.pem"), "key.pem"),
    ] {
        std::fs::copy(Path::new(FIXTURES).join(from), folder.join(to)).unwrap();
    }
}

#[tokio::test]
async fn the_certificate_of_the_files_is_shown_and_the_next_one_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "localhost");
    let files = Files {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    let tls = Tls::open(files).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = Router::new().route("/", get(|| async { "here" }));
    let service = listen::Service {
        router,
        tls: Some(tls),
        head_within: Duration::from_secs(1),
        drain: Drain::default(),
    };
    let server = tokio::spawn(listen::serve(listener, service, async {
        drop(stopped.await);
    }));
    assert!(ask(address, "localhost.pem").await.unwrap().ends_with("here"));
    assert!(
        ask(address, "other.pem").await.is_err(),
        "another certificate is not ours"
    );

    // Who says nothing does not keep the others from it, and is let go.
    let mut silent = TcpStream::connect(address).await.unwrap();
    assert!(ask(address, "localhost.pem").await.is_ok());
    assert_eq!(silent.read(&mut [0; 16]).await.unwrap_or(0), 0);

    std::fs::write(folder.path().join("cert.pem"), "half of a certificate").unwrap();
    assert!(
        ask(address, "localhost.pem").await.is_ok(),
        "what can't be read is not taken"
    );
    put(folder.path(), "other");
    let mut tries = tokio::time::interval(Duration::from_millis(100));
    let renewed = async {
        while ask(address, "other.pem").await.is_err() {
            tries.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), renewed)
        .await
        .unwrap();
    stop.send(()).unwrap();
    server.await.unwrap();
}

#[test]
fn files_that_do_not_fit_are_named() {
    let file = |name: &str| Path::new(FIXTURES).join(name);
    for (certificate, key, wanted) in [
        ("localhost.pem", "other.key.pem", "other.key.pem"),
        ("nowhere.pem", "other.key.pem", "nowhere.pem"),
        ("README.md", "other.key.pem", "README.md"),
        ("localhost.pem", "README.md", "README.md"),
    ] {
        let files = Files {
            certificate: file(certificate),
            key: file(key),
        };
        let error = format!("{:#}", Tls::open(files).err().unwrap());
        assert!(error.contains(wanted), "{error}");
    }
}
