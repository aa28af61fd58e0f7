//! Verification in the background: some keys of each read model in turn, gently, as long as the process lives.

use std::num::NonZeroU32;
use std::time::Duration;

use projections::{Check, Extent, Past, PastError};
use store::Ambient;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::read_models;

/// How many keys of a read model are compared in its turn.
const KEYS: u32 = 8;

/// How long the turns of two read models lie apart, at least.
const TURN: Duration = Duration::from_secs(5);

/// The running verification. It ends when it is dropped.
#[derive(Debug)]
pub struct Verification(JoinSet<()>);

impl Verification {
    /// Begins to compare rows with the log, reading no more events a second than this.
    #[must_use]
    pub fn start(past: Past, ambient: Ambient, events_per_second: NonZeroU32) -> Self {
        Self::start_in_turns(past, ambient, events_per_second, TURN)
    }

    /// The same with so much time between the turns of two read models, at least.
    #[must_use]
    pub fn start_in_turns(
        past: Past,
        ambient: Ambient,
        events_per_second: NonZeroU32,
        turn: Duration,
    ) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(verify_in_turn(past, ambient, events_per_second, turn));
        Self(tasks)
    }

    /// Ends it: what it reads is let go.
    pub async fn stop(mut self) {
        self.0.shutdown().await;
    }
}

async fn verify_in_turn(past: Past, ambient: Ambient, events_per_second: NonZeroU32, turn: Duration) {
    let names: Vec<&'static str> = projections::all().iter().map(|model| model.name()).collect();
    for name in &names {
        tell(name, 0, 0);
    }
    let mut turns = interval(turn);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // At the start a projector has better things to do.
    turns.tick().await;
    for name in names.iter().copied().cycle() {
        turns.tick().await;
        let check = Check {
            tenant: None,
            extent: Extent::Sample {
                keys: KEYS,
                seed: ambient.now().as_microsecond().unsigned_abs(),
            },
            events_per_second: Some(events_per_second),
            told: 1,
        };
        verify(&past, name, &check).await;
    }
}

async fn verify(past: &Past, name: &'static str, check: &Check) {
    let verified = match past.verify(name, check).await {
        Ok(verified) => verified,
        // Until a new version of a fold has filled its table there is nothing to compare.
        Err(PastError::OtherVersion { .. }) => return,
        Err(error) => {
            tracing::warn!(read_model = name, %error, "annals.verification skipped {name}");
            return;
        }
    };
    tell(name, verified.keys, verified.different);
    if let Some(first) = verified.differences.first() {
        tracing::error!(
            read_model = name,
            different = verified.different,
            "annals.verification found rows of {name} that are not what the log says; the first: {}",
            read_models::place(first)
        );
    }
}

/// Counts compared keys, and those that differed, since the process began.
fn tell(name: &'static str, keys: u64, different: u64) {
    metrics::counter!("annals_read_model_verified_keys_total", "read_model" => name).increment(keys);
    metrics::counter!("annals_read_model_differences", "read_model" => name).increment(different);
}
