//! Filling a build with a bar that shows how far it is.

use std::io::{IsTerminal, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use projections::{Build, BuildState, OperationError, Operations, Progress};
use tokio::sync::watch;

use crate::output::say;

const BAR: u64 = 30;
const LOOK: Duration = Duration::from_millis(200);

/// Fills a build, and shows how it goes on: as a bar on a terminal, else as a line at the end.
pub(super) async fn fill(operations: &Operations, build: &Build) -> anyhow::Result<()> {
    let progress = watch::Sender::default();
    let watching = progress.subscribe();
    let filling = operations.fill(build, progress);
    tokio::pin!(filling);
    let mut look = tokio::time::interval(LOOK);
    let is_terminal = std::io::stderr().is_terminal();
    let filled = loop {
        tokio::select! {
            filled = &mut filling => break filled,
            _ = look.tick() => if is_terminal {
                eprint!("\r\x1b[K{}: {}", build.name, bar(&watching.borrow()));
                std::io::stderr().flush()?;
            },
        }
    };
    if is_terminal {
        eprint!("\r\x1b[K");
    }
    match filled {
        // A running projector was quicker.
        Err(OperationError::Busy { .. }) => return follow(operations, build).await,
        filled => filled?,
    }
    let done = *watching.borrow();
    say!(
        "{}: build {} read {} events in {:.1} s ({} events/s)",
        build.name,
        build.build,
        done.events,
        done.seconds,
        rate(&done)
    )?;
    Ok(())
}

/// Looks on while another process fills a build.
async fn follow(operations: &Operations, build: &Build) -> anyhow::Result<()> {
    let (name, number) = (&build.name, build.build);
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        let builds = operations.builds().await?;
        let now = builds
            .iter()
            .find(|other| other.name == *name && other.build == number);
        let now = now.with_context(|| format!("build {number} of {name} was discarded by somebody else"))?;
        if now.state != BuildState::Building {
            say!(
                "{name}: build {number} was filled by a running projector, from {} events",
                now.events
            )?;
            return Ok(());
        }
        if std::io::stderr().is_terminal() {
            let progress = Progress {
                position: now.position,
                target: now.target,
                events: now.events,
                rows: now.rows,
                seconds: now.seconds,
            };
            eprint!("\r\x1b[K{name}: {}", bar(&progress));
            std::io::stderr().flush()?;
        }
    }
}

fn bar(progress: &Progress) -> String {
    let Progress {
        position,
        target,
        events,
        ..
    } = progress;
    let target = (*target).max(1);
    let full = usize::try_from(BAR * (*position).min(target) / target).unwrap_or_default();
    let rest = usize::try_from(BAR).unwrap_or_default() - full;
    let rate = rate(progress);
    let left = (target - (*position).min(target)) / rate.max(1);
    format!(
        "[{}{}] {events} events, {rate} events/s, {left} s left",
        "#".repeat(full),
        "-".repeat(rest)
    )
}

/// Events a second.
fn rate(progress: &Progress) -> u64 {
    let milliseconds =
        u64::try_from(Duration::from_secs_f64(progress.seconds).as_millis()).unwrap_or(u64::MAX);
    progress.events.saturating_mul(1_000) / milliseconds.max(1)
}
