//! Sealing in the background, as long as the process lives.

use anyhow::Context as _;
use store::{Role, SealOptions, Sealer, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The running sealer.
#[derive(Debug)]
pub struct Sealing {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sealing {
    /// Begins to seal what the log has and gets.
    ///
    /// # Errors
    /// When the key that signs is not in its file, or the database is away.
    pub async fn start(url: &str, store: &Store, options: SealOptions) -> anyhow::Result<Self> {
        let pool = store::pool(url, Role::Projector, 1)?;
        let sealer = Sealer::open(pool, store.ambient().clone(), options)
            .await
            .context("the seal's key")?;
        let (stop, stopping) = watch::channel(false);
        let task = tokio::spawn(sealer.run(store.tail().clone(), stopping));
        Ok(Self { stop, task })
    }

    /// Ends it when what it seals is sealed.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        drop(self.task.await);
    }
}
