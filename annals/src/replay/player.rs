//! A tenant's past in the terminal, with its own timing.

use std::io::stdout;
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::{RecordedEvent, TenantId};
use jiff::{SignedDuration, Timestamp};
use projections::{AsOf, Past, Timing, Wait};
use store::{Filter, Log};
use tokio::time::{Instant, sleep_until};

use super::ReplayArgs;
use super::keys::{Key, Keys};
use crate::log_command::{Shape, print};

const PAGE: u32 = 500;
/// What the keys are, for whoever sits there.
const HELP: &str = "space: pause or go on   s: step   n: the next at once   + -: faster, slower   q: end";

/// How the playback goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Plays,
    Paused,
    /// The next event is told at once, and then it pauses.
    Steps,
}

struct Player {
    timing: Timing,
    mode: Mode,
    keys: Keys,
    shape: Shape,
    /// So many more, then it ends.
    left: Option<u64>,
}

/// Plays a tenant's past.
pub(super) async fn run(
    past: &Past,
    now: Timestamp,
    tenant: TenantId,
    args: &ReplayArgs,
) -> anyhow::Result<()> {
    let from = args
        .from
        .as_deref()
        .context("say what to replay: --entity lead/ID, or --from TIME --to TIME")?;
    let Some(to) = args.to.as_deref() else {
        bail!(
            "a replay needs an end: give --to a time that has come, or a position; `annals log tail --follow` shows what \
             comes from now on"
        );
    };
    let start = match point("--from", from)? {
        AsOf::Position(position) => AsOf::Position(position),
        // What was recorded at this very moment belongs to it.
        AsOf::Time(at) => AsOf::Time(at.saturating_sub(SignedDuration::from_micros(1))?),
    };
    let whose = Some(tenant);
    let after = past.position(whose, start, now).await.context("--from")?;
    let end = point("--to", to)?;
    let upto = past.position(whose, end, now).await.context("--to")?;
    if after > upto {
        bail!("--to lies before --from");
    }
    let idle = args.skip_idle.map(Duration::from_secs);
    let mut player = Player {
        timing: Timing::try_new(args.speed, idle).context("--speed")?,
        mode: if args.paused { Mode::Paused } else { Mode::Plays },
        keys: Keys::listen(),
        shape: args.json.into(),
        left: args.steps,
    };
    if player.keys.is_terminal() {
        eprintln!("{HELP}");
    }
    let filter = Filter {
        types: args.types.clone(),
        ..Filter::tenant(tenant)
    };
    player.play(past.log(), &filter, (after, upto)).await
}

/// A position, or a time.
fn point(flag: &'static str, text: &str) -> anyhow::Result<AsOf> {
    if let Ok(position) = text.parse() {
        return Ok(AsOf::Position(position));
    }
    let time = text.parse().map(AsOf::Time);
    time.with_context(|| format!("{flag}: {text:?} is neither a position nor a time (RFC 3339)"))
}

impl Player {
    async fn play(
        &mut self,
        log: &Log,
        filter: &Filter,
        (mut after, upto): (u64, u64),
    ) -> anyhow::Result<()> {
        let mut clock = None;
        loop {
            let page = log.page(after, filter, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            for event in page.into_iter().filter(|event| event.position <= upto) {
                after = event.position;
                if self.left == Some(0) {
                    eprintln!("paused; go on with --from {}", before(after));
                    return Ok(());
                }
                let wait = self
                    .timing
                    .between(clock.unwrap_or(event.recorded_at), event.recorded_at);
                if !self.wait_for(&event, wait).await {
                    eprintln!("ended before position {after}");
                    return Ok(());
                }
                clock = Some(event.recorded_at);
                print(&mut stdout().lock(), &event, self.shape)?;
                self.left = self.left.map(|left| left.saturating_sub(1));
            }
            if is_last || after >= upto {
                return Ok(());
            }
        }
    }

    fn play_at(&mut self, speed: u32) {
        self.timing = self.timing.at(speed);
        eprintln!("speed {}x", self.timing.speed());
    }

    /// Waits until an event is due, and does what the keys say meanwhile; `false`: that was the end.
    async fn wait_for(&mut self, event: &RecordedEvent, wait: Wait) -> bool {
        if !wait.skipped.is_zero() {
            eprintln!(
                "... {}",
                SignedDuration::try_from(wait.skipped).unwrap_or_default()
            );
        }
        // What is left of the wait, at the speed of 1.
        let mut left = wait.wait * self.timing.speed();
        loop {
            if self.mode == Mode::Steps {
                self.mode = Mode::Paused;
                return true;
            }
            let begun = Instant::now();
            let due = begun + left / self.timing.speed();
            let key = tokio::select! {
                biased;
                key = self.keys.next() => key,
                () = sleep_until(due), if self.mode == Mode::Plays => return true,
            };
            if self.mode == Mode::Plays {
                left = left.saturating_sub(begun.elapsed() * self.timing.speed());
            }
            let speed = self.timing.speed();
            match key {
                Key::Pause if self.mode == Mode::Plays => {
                    self.mode = Mode::Paused;
                    eprintln!("paused before position {}, {}", event.position, event.recorded_at);
                }
                Key::Pause => {
                    self.mode = Mode::Plays;
                    eprintln!("goes on");
                }
                Key::Step => self.mode = Mode::Steps,
                Key::Next => return true,
                Key::Faster => self.play_at(speed.saturating_mul(2)),
                Key::Slower => self.play_at(speed / 2),
                Key::Quit => return false,
            }
        }
    }
}

/// The position right before one.
const fn before(position: u64) -> u64 {
    position.saturating_sub(1)
}
