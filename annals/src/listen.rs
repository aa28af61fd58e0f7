//! HTTP on a socket: who sends its head too slowly is let go, and the end does not wait for streams for ever.

use std::net::SocketAddr;
use std::time::Duration;

use api::{Drain, Peer, Transport};
use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tower::Layer as _;

use crate::tls::Tls;

/// How long requests in flight, and the last words of subscriptions, may take when the process is to end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long the listener rests when it has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// How often the certificate's files are looked at.
const RENEW_EVERY: Duration = Duration::from_secs(2);

/// What is served, and how.
pub struct Service {
    /// The routes.
    pub router: Router,
    /// The certificate, if TLS is spoken.
    pub tls: Option<Tls>,
    /// Within what time a request's head must be there.
    pub head_within: Duration,
    /// Tells what is open for long that the process is about to end.
    pub drain: Drain,
}

/// Serves until the signal comes, then lets requests end.
pub async fn serve(listener: TcpListener, service: Service, stop: impl Future<Output = ()>) {
    let Service {
        router,
        mut tls,
        head_within,
        drain,
    } = service;
    let mut http = Builder::new(TokioExecutor::new()).http1_only();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head_within);
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    let mut rest = interval(NO_ROOM);
    let mut renew = interval(RENEW_EVERY);
    renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = renew.tick(), if tls.is_some() => {
                tls.iter_mut().for_each(Tls::renew);
                continue;
            }
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let connection = Connection {
                    http: http.clone(),
                    watcher: graceful.watcher(),
                    router: router.clone(),
                    address,
                };
                tokio::spawn(connection.serve(stream, tls.as_ref().map(Tls::acceptor), head_within));
            }
            Err(error) => {
                tracing::warn!(%error, "annals.listen can't accept");
                rest.reset();
                rest.tick().await;
            }
        }
    }
    // Who connects now is refused, and finds another process.
    drop(listener);
    drain.begin();
    let ended = async { tokio::join!(graceful.shutdown(), drain.finished()) };
    if timeout(LAST_WORDS, ended).await.is_err() {
        tracing::info!("annals.listen connections were still open at the end");
    }
}

/// One connection.
struct Connection {
    http: Builder<TokioExecutor>,
    watcher: Watcher,
    router: Router,
    address: SocketAddr,
}

impl Connection {
    async fn serve(self, stream: TcpStream, acceptor: Option<tokio_rustls::TlsAcceptor>, within: Duration) {
        drop(stream.set_nodelay(true));
        let Some(acceptor) = acceptor else {
            return self.speak(stream, Transport::Plain).await;
        };
        match timeout(within, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream, Transport::Tls).await,
            Ok(Err(error)) => tracing::debug!(%error, "annals.listen no TLS came about"),
            Err(_) => tracing::debug!("annals.listen TLS took too long"),
        }
    }

    async fn speak(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, transport: Transport) {
        let peer = Peer {
            address: self.address,
            transport,
        };
        let service = TowerToHyperService::new(Extension(peer).layer(self.router));
        let connection = self
            .http
            .serve_connection_with_upgrades(TokioIo::new(stream), service);
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%error, "annals.listen connection broken");
        }
    }
}
