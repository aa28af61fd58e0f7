//! Whoever needs data keys that are not in memory waits for a turn; whose turn it is, asks for all who wait.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use tokio::sync::{Mutex as Queue, MutexGuard as Place};

use super::keys::Use;

/// The uses for which keys are wanted, and the queue of those who want them, first come first served.
#[derive(Default)]
pub(super) struct Turns {
    wanted: Mutex<HashSet<(Use, Date)>>,
    queue: Queue<()>,
}

impl Turns {
    /// Says what is wanted, and waits until it is one's turn to look whether it is there by now.
    pub(super) async fn wait(&self, uses: &[Use], month: Date) -> Place<'_, ()> {
        let wanted = uses.iter().map(|of| (of.clone(), month));
        self.wanted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(wanted);
        self.queue.lock().await
    }

    /// What everybody who waits wants of a month, the asker's own among it.
    pub(super) fn taken(&self, own: Vec<Use>, month: Date) -> Vec<Use> {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken: HashSet<Use> = own.into_iter().collect();
        wanted.retain(|(of, when)| {
            let is_taken = *when == month;
            if is_taken {
                taken.insert(of.clone());
            }
            !is_taken
        });
        taken.into_iter().collect()
    }
}
