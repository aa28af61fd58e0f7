//! A step as a given/when/then test, with personal data masked.

use anyhow::{Context as _, bail};
use domain::case::Case;
use domain::{Event, RecordedEvent, StreamId};
use store::{Log, Part, Place};

use super::masked::Masks;
use crate::output::say;

const PAGE: u32 = 500;
/// So many events one command makes at most, to be looked for.
const FOLLOWING: u64 = 20;

/// Prints the case of a step; it is a file of `domain/cases/`.
pub(super) async fn run(log: &Log, stream: &StreamId, step: u64, name: Option<&str>) -> anyhow::Result<()> {
    let events = first_of(log, stream, step + FOLLOWING).await?;
    let Some(wanted) = events.iter().find(|event| event.sequence == step) else {
        bail!("{stream} has no step {step}: it has {}", events.len());
    };
    let mut masks = Masks::default();
    let masked = events.iter().map(|event| masks.mask(event));
    let masked: Vec<Event> = masked.collect::<anyhow::Result<_>>()?;
    let at = events
        .iter()
        .position(|event| event.sequence == step)
        .unwrap_or_default();
    let (before, following) = masked.split_at(at);
    let mut case = Case::of(stream.aggregate_type, before, following, wanted.occurred_at)?;
    if let Some(name) = name {
        name.clone_into(&mut case.name);
    }
    case.check().context("the test does not hold")?;
    say!("{}", serde_json::to_string_pretty(&case)?)?;
    Ok(())
}

/// The first events of a stream.
async fn first_of(log: &Log, stream: &StreamId, count: u64) -> anyhow::Result<Vec<RecordedEvent>> {
    let part = Part::Stream(stream.clone());
    let (mut events, mut place) = (Vec::new(), Place::default());
    loop {
        let page = log.part(&part, place, u64::MAX, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(events);
        };
        place = Place::after(last);
        events.extend(page.into_iter().filter(|event| event.sequence <= count));
        if place_is_beyond(&events, count) {
            return Ok(events);
        }
    }
}

fn place_is_beyond(events: &[RecordedEvent], count: u64) -> bool {
    events.last().is_some_and(|last| last.sequence >= count)
}
