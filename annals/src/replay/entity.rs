//! An entity's history in the terminal.

use anyhow::bail;
use domain::StreamId;
use projections::audit_feed::{CAUSES_AT_MOST, Of};
use projections::{Past, Reader, Step};
use serde_json::{Value, json};
use store::Role;

use super::ReplayArgs;
use crate::output::{say, write};

/// Shows the steps of a stream, or what caused them.
pub(super) async fn run(past: &Past, url: &str, stream: &StreamId, args: &ReplayArgs) -> anyhow::Result<()> {
    if args.dot {
        let reader = Reader::new(store::pool(url, Role::Projector, 2)?);
        let of = Of::Entity(stream.aggregate_type.to_owned(), stream.id.clone());
        let causes = reader.causes(stream.tenant, &of, CAUSES_AT_MOST).await?;
        return Ok(write(format_args!("{}", causes.dot()))?);
    }
    let mut replay = past.replay(stream, args.as_of.unwrap_or(u64::MAX)).await?;
    let mut is_there = false;
    while let Some(steps) = replay.next().await? {
        is_there = true;
        for step in steps {
            if args.json {
                say!("{}", as_json(&step))?;
            } else {
                print(&step)?;
            }
        }
    }
    if !is_there {
        bail!("nothing has happened to {stream} of this tenant");
    }
    Ok(())
}

fn as_json(step: &Step) -> Value {
    let event = &step.event;
    json!({
        "step": event.sequence,
        "position": event.position,
        "event_id": event.event_id.to_string(),
        "type": event.event_type,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "actor": event.actor.to_string(),
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id.map(|id| id.to_string()),
        "changes": step.changes,
        "state": step.state,
    })
}

fn print(step: &Step) -> std::io::Result<()> {
    let event = &step.event;
    say!(
        "{:>4}  {}  {:<28} {}  at position {}",
        event.sequence,
        event.occurred_at.strftime("%Y-%m-%d %H:%M:%S"),
        event.event_type,
        event.actor,
        event.position
    )?;
    if let Some(correlation) = &event.correlation_id {
        say!("      within {correlation}")?;
    }
    if let Some(cause) = event.causation_id {
        say!("      because of {cause}")?;
    }
    for change in &step.changes {
        let text = |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_string);
        say!(
            "      {}: {} -> {}",
            change.pointer,
            text(&change.before),
            text(&change.after)
        )?;
    }
    Ok(())
}
