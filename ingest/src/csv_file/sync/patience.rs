//! Waiting for a log that can't take anything now: longer each time, and not for ever.

use std::time::Duration;

use crate::commands::DispatchError;

const TRIES: u32 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How often the log was asked in vain: up to ten times, in about 20 seconds.
///
/// Used as `Err(error) if patience.lasts(&error).await => {}` in a loop around the question. (A function that
/// takes the question as a closure would be shorter, but the compiler can't tell that its future is `Send`.)
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
}

impl Patience {
    /// Whether to ask again, after a wait that is over when this returns.
    pub(super) async fn lasts(&mut self, error: &DispatchError) -> bool {
        self.tries += 1;
        if !error.is_passing() || self.tries == TRIES {
            return false;
        }
        tracing::debug!(%error, tries = self.tries, "ingest.csv_file.sync waits for the log");
        let wait = LONGEST_WAIT.min(FIRST_WAIT * 2_u32.pow(self.tries - 1));
        #[expect(clippy::disallowed_methods, reason = "a back-off waits for nothing but time")]
        tokio::time::sleep(wait).await;
        true
    }

    /// Whether it was asked in vain before: what it finds done now, it may have done itself.
    pub(super) const fn was_tried(&self) -> bool {
        self.tries > 0
    }
}
