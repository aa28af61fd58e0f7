//! The intake's life: it goes on whatever breaks, until it is to end.

use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use store::Store;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::session::Session;
use super::settings::Settings;
use crate::Hearer;

/// How long it waits after something broke.
const AGAIN: Duration = Duration::from_secs(1);

/// A running intake.
#[derive(Debug)]
pub struct Intake {
    stop: Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Intake {
    /// Begins to read topics, on a thread of its own; the hearer is told what can't be taken.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(store: &Store, settings: Settings, hearer: Hearer) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let (end, ended) = oneshot::channel();
        let (store, runtime) = (store.clone(), Handle::current());
        thread::Builder::new()
            .name("kafka-intake".to_owned())
            .spawn(move || {
                let session = Session {
                    store: &store,
                    settings: &settings,
                    hearer: &hearer,
                    runtime: &runtime,
                    stop: &stopped,
                };
                work(&session);
                // Nobody may wait for it any more.
                let _ = end.send(());
            })?;
        Ok(Self { stop, ended })
    }

    /// Ends it, when what is under way is appended and committed.
    pub async fn stop(self) {
        drop(self.stop);
        drop(self.ended.await);
    }
}

fn work(session: &Session<'_>) {
    while !session.is_over(Duration::ZERO) {
        if let Err(error) = session.run() {
            tracing::error!(%error, "ingest.kafka stopped, and will be tried again");
            if session.is_over(AGAIN) {
                return;
            }
        }
    }
}
