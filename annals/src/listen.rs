//! HTTP on a socket: who sends its head too slowly is let go, and the end does not wait for streams for ever.

use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long requests in flight may take when the process is to end; streams do not end by themselves.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long the listener rests when it has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Serves until the signal comes, then lets requests end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    head_within: Duration,
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
            Ok((stream, _)) => one(&http, &graceful, stream, &router),
            Err(error) => {
                tracing::warn!(%error, "annals.listen can't accept");
                rest.reset();
                rest.tick().await;
            }
        }
    }
    drop(listener);
    if timeout(LAST_WORDS, graceful.shutdown()).await.is_err() {
        tracing::info!("annals.listen streams were still open at the end");
    }
}

fn one(http: &Builder<TokioExecutor>, graceful: &GracefulShutdown, stream: TcpStream, router: &Router) {
    drop(stream.set_nodelay(true));
    let (http, watcher) = (http.clone(), graceful.watcher());
    let service = TowerToHyperService::new(router.clone());
    tokio::spawn(async move {
        let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "annals.listen connection broken");
        }
    });
}
