//! The brokers that the journeys use: those of `KAFKA_BROKERS`, else one node that this test process starts.

use std::io::Write;

use broker::{Jars, Kafka};
use tokio::sync::OnceCell;

/// Set where journeys that are left out are a failure.
const REQUIRED: &str = "ANNALS_KAFKA";

/// Never dropped: its watchdog ends it with the process.
static SHARED: OnceCell<Kafka> = OnceCell::const_new();

#[expect(
    clippy::disallowed_methods,
    reason = "the tests have no configuration to take it from"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Java and the jars; `None` where the journey `name` is skipped, which it says past the test's capture.
pub(crate) fn jars(name: &str) -> Option<Jars> {
    match Jars::find(variable("PATH").as_deref().map(AsRef::as_ref)) {
        Ok(jars) => Some(jars),
        Err(error) => {
            assert!(variable(REQUIRED).is_none(), "{error}");
            drop(writeln!(std::io::stderr(), "kafka: {name} is skipped: {error}"));
            None
        }
    }
}

/// After how many milliseconds a member of a group that was killed is given up: the least that the brokers allow.
pub(crate) fn session_ms() -> &'static str {
    match variable("KAFKA_BROKERS") {
        Some(_) => "session.timeout.ms=6000",
        None => "session.timeout.ms=1000",
    }
}

/// The addresses of running brokers that all journeys share.
pub(crate) async fn shared(name: &str) -> Option<String> {
    if let Some(brokers) = variable("KAFKA_BROKERS") {
        return Some(brokers);
    }
    let jars = jars(name)?;
    let kafka = SHARED
        .get_or_try_init(|| Kafka::start(jars, 1, &[]))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    Some(kafka.brokers())
}
