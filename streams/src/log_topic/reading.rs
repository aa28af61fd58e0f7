//! A member of the group: it goes on whatever breaks, until it is to end.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use store::{Feed, Log};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use super::session::Session;
use super::settings::Settings;

/// How long it waits after something broke.
const AGAIN: Duration = Duration::from_secs(1);

/// A running reader of the log's topic.
#[derive(Debug)]
pub struct Reading {
    stop: Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Reading {
    /// Begins to read, on a thread of its own: a feed for each partition, and where to say which partitions are
    /// this member's.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(
        log: &Log,
        settings: Settings,
        feeds: Vec<Feed>,
        own: watch::Sender<BTreeSet<u32>>,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let (end, ended) = oneshot::channel();
        let (log, runtime) = (log.clone(), Handle::current());
        thread::Builder::new()
            .name("kafka-log".to_owned())
            .spawn(move || {
                let session = Session::new((log, runtime), settings, feeds, own);
                work(session, &stopped);
                // Nobody may wait for it any more.
                let _ = end.send(());
            })?;
        Ok(Self { stop, ended })
    }

    /// Ends it, and leaves the group.
    pub async fn stop(self) {
        drop(self.stop);
        drop(self.ended.await);
    }
}

fn work(mut session: Session, stop: &Receiver<()>) {
    let is_over = |within| stop.recv_timeout(within) == Err(RecvTimeoutError::Disconnected);
    while !is_over(Duration::ZERO) {
        if let Err(error) = session.run(|| is_over(Duration::ZERO)) {
            tracing::error!(%error, "streams.log_topic can't be read on, and will be tried again");
            if is_over(AGAIN) {
                return;
            }
        }
    }
}
