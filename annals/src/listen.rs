//! HTTP on a socket: who sends its head too slowly is let go, and at the end everybody is told where to go on.

use std::net::SocketAddr;
use std::time::Duration;

use api::{ClientAddress, Drain};
use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower::util::MapRequest;

/// How long requests in flight, and the last words of subscriptions, may take when the process is to end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long the listener rests when it has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Serves until the signal comes, then lets requests end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    head_within: Duration,
    drain: &Drain,
    stop: impl Future<Output = ()>,
) {
    let mut http = Builder::new(TokioExecutor::new()).http1_only();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head_within);
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    let mut rest = tokio::time::interval(NO_ROOM);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, address)) => one(&http, &graceful, stream, address, &router),
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

fn one(
    http: &Builder<TokioExecutor>,
    graceful: &GracefulShutdown,
    stream: TcpStream,
    address: SocketAddr,
    router: &Router,
) {
    drop(stream.set_nodelay(true));
    let (http, watcher) = (http.clone(), graceful.watcher());
    let address = ClientAddress(address.ip());
    let service = MapRequest::new(router.clone(), move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(address);
        request
    });
    let service = TowerToHyperService::new(service);
    tokio::spawn(async move {
        let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "annals.listen connection broken");
        }
    });
}
