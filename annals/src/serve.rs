//! `annals serve`: some roles in this process, beside others elsewhere, on an external database.

use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::ambient;
use crate::cli::Role;
use crate::config::Settings;
use crate::embedded::Database;
use crate::rooms::Rooms;

/// Runs the roles until Ctrl-C or SIGTERM.
///
/// # Errors
/// Without a database URL, or when the database or the address is not to be had.
pub async fn run(settings: &Settings, roles: &[Role]) -> anyhow::Result<()> {
    if settings.database_url.is_none() {
        bail!(
            "serve needs --database-url (or ANNALS_DATABASE_URL): only `annals up` brings a PostgreSQL along"
        );
    }
    let listener = bind(settings).await?;
    let database = Database::open(settings).await?;
    let token = settings.admin_token.as_deref();
    let rooms = Rooms::open(&database.url, ambient::system(), settings, token, roles).await?;
    tracing::info!(address = %listener.local_addr()?, ?roles, "annals.serve listening");
    rooms.serve(listener, stop_signal()?).await;
    database.close().await
}

/// How often a taken address is tried again, a tenth of a second apart: a process that was just killed
/// holds it for a moment.
const TRIES: u32 = 10;

/// Takes the address, before anything else is started.
pub(crate) async fn bind(settings: &Settings) -> anyhow::Result<TcpListener> {
    let mut again = tokio::time::interval(Duration::from_millis(100));
    for _ in 1..TRIES {
        again.tick().await;
        match TcpListener::bind(settings.listen).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            bound => return bound.with_context(|| format!("{} can't be listened on", settings.listen)),
        }
    }
    let taken = || format!("{} is taken; choose another with --listen", settings.listen);
    TcpListener::bind(settings.listen).await.with_context(taken)
}

/// Ends at Ctrl-C or SIGTERM.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("annals.serve stopping: requests in flight may end");
    })
}
