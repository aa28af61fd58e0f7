//! The relay's life: one of a name works at a time, and goes on whatever breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::{Store, Turn};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::session;
use super::settings::Settings;

/// How long it waits after something broke.
const AGAIN: Duration = Duration::from_secs(1);
/// How often the lag is told.
const TELL: Duration = Duration::from_secs(1);
/// Where nothing is known yet.
const UNKNOWN: u64 = u64::MAX;

/// A running relay.
#[derive(Debug)]
pub struct Relay {
    stop: watch::Sender<bool>,
    relayed: Arc<AtomicU64>,
    tasks: [JoinHandle<()>; 2],
}

impl Relay {
    /// Begins to relay the log of a database. It waits while another process relays it under the same name.
    #[must_use]
    pub fn start(store: &Store, url: &str, settings: Settings) -> Self {
        let (stop, stopped) = watch::channel(false);
        let relayed = Arc::new(AtomicU64::new(UNKNOWN));
        let works = work(
            store.clone(),
            url.to_owned(),
            settings,
            Arc::clone(&relayed),
            stopped.clone(),
        );
        let tells = tell(store.clone(), Arc::clone(&relayed), stopped);
        Self {
            stop,
            relayed,
            tasks: [tokio::spawn(works), tokio::spawn(tells)],
        }
    }

    /// The position that was relayed last; `None` until the brokers have said where they are.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        known(&self.relayed)
    }

    /// Ends it: what is under way is finished, or given up where the brokers do not answer.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            drop(task.await);
        }
    }
}

fn known(relayed: &AtomicU64) -> Option<u64> {
    Some(relayed.load(Ordering::Acquire)).filter(|position| *position != UNKNOWN)
}

async fn work(
    store: Store,
    url: String,
    settings: Settings,
    relayed: Arc<AtomicU64>,
    mut stop: watch::Receiver<bool>,
) {
    let name = format!("annals.relay:{}", settings.name);
    while !*stop.borrow() {
        let turn = tokio::select! {
            turn = Turn::wait(&url, &name) => turn,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match turn {
            Ok(turn) => {
                metrics::gauge!("annals_relay_active").set(1.0);
                let outcome = session::run(&store, &settings, &relayed, stop.clone()).await;
                metrics::gauge!("annals_relay_active").set(0.0);
                turn.give_back().await;
                match outcome {
                    Ok(()) => {}
                    Err(error) if error.is_fenced() => {
                        tracing::warn!(%error, "streams.relay was replaced by another of its name");
                    }
                    Err(error) => tracing::error!(%error, "streams.relay stopped, and will be tried again"),
                }
            }
            Err(error) => tracing::error!(%error, "streams.relay waits for the log"),
        }
        drop(timeout(AGAIN, stop.wait_for(|stop| *stop)).await);
    }
}

/// Tells how far the relay is, also while it waits.
async fn tell(store: Store, relayed: Arc<AtomicU64>, mut stop: watch::Receiver<bool>) {
    let mut beat = interval(TELL);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if let Some(position) = known(&relayed) {
            let lag = store.tail().position().saturating_sub(position);
            metrics::gauge!("annals_relay_position").set(figure(position));
            metrics::gauge!("annals_relay_lag_events").set(figure(lag));
        }
    }
}

/// A count as metrics take it; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
fn figure(count: u64) -> f64 {
    count as f64
}
