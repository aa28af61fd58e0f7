//! Waiting for a log that can't take anything now: longer each time, and not for ever.

use std::time::Duration;

use crate::commands::DispatchError;

const TRIES: u32 = 10;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Asks until the answer is more than "not now": up to ten times, in about 20 seconds.
///
/// The question hears how often it was asked before: what it finds done then, it may have done itself.
///
/// # Errors
/// The last answer, if it is an error.
pub(super) async fn patiently<T, E: Into<DispatchError>>(
    mut ask: impl AsyncFnMut(u32) -> Result<T, E>,
) -> Result<T, DispatchError> {
    let mut wait = FIRST_WAIT;
    for before in 0.. {
        match ask(before).await.map_err(Into::into) {
            Err(error) if error.is_passing() && before + 1 < TRIES => {
                tracing::debug!(%error, "ingest.csv_file.sync waits for the log");
            }
            answer => return answer,
        }
        #[expect(clippy::disallowed_methods, reason = "a back-off waits for nothing but time")]
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    unreachable!("the last try returns")
}
