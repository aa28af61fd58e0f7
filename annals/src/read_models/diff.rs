//! `annals read-model diff`: the rows in which two builds differ, each with the events behind it.

use projections::{Diff, Explained, Past, RowChange, RowDifference, Touch};
use serde_json::{Value, json};

use super::print::{Shape, counts, shown};
use crate::output::say;

/// So many events behind a row are shown; `explain` shows all of them.
const EVENTS: usize = 5;

/// Shows the difference and its rows.
pub(super) async fn show(past: &Past, diff: &Diff, shape: Shape) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    if shape == Shape::People {
        say!(
            "{}: build {} beside the live build {} {}",
            diff.name,
            diff.build,
            diff.live,
            counts(diff)
        )?;
    }
    for row in &diff.differences {
        let of = (diff.name.as_str(), diff.position);
        let events = past.behind(of, row, 0, EVENTS).await?;
        match shape {
            Shape::Json => rows.push(as_json(row, &events)?),
            Shape::People => say!("{}", as_text(&diff.name, row, &events))?,
        }
    }
    if shape == Shape::Json {
        let mut told = serde_json::to_value(diff)?;
        told["differences"] = Value::Array(rows);
        say!("{told}")?;
        return Ok(());
    }
    let listed = diff.differences.len() as u64;
    let all = diff.added + diff.changed + diff.gone;
    if listed < all {
        say!("  and {} more (`--limit`)", all - listed)?;
    }
    Ok(())
}

fn as_text(read_model: &str, row: &RowDifference, events: &Explained) -> String {
    let change = match row.change {
        RowChange::Added => "added",
        RowChange::Changed => "changed",
        RowChange::Gone => "gone",
    };
    let mut text = format!("  {} ({change})", row.key.join(" "));
    for column in &row.columns {
        let (live, build) = (shown(column.left.as_ref()), shown(column.right.as_ref()));
        text += &format!("\n    {}: {live} -> {build}", column.column);
    }
    for Touch { event, .. } in &events.touches {
        text += &format!(
            "\n    by {} {} at position {} in {}/{}",
            event.event_type, event.event_id, event.position, event.stream.aggregate_type, event.stream.id
        );
    }
    if events.more {
        let (tenant, key) = row
            .key
            .split_first()
            .map_or(("", [].as_slice()), |(tenant, key)| (tenant, key));
        let key = key.join(" ");
        text += &format!(
            "\n    and further events: `annals read-model explain {read_model} --tenant {tenant} {key}`"
        );
    }
    text
}

fn as_json(row: &RowDifference, events: &Explained) -> anyhow::Result<Value> {
    let mut told = serde_json::to_value(row)?;
    let event = |Touch { event, .. }: &Touch| {
        json!({
            "position": event.position,
            "id": event.event_id.to_string(),
            "type": event.event_type,
            "stream": format!("{}/{}", event.stream.aggregate_type, event.stream.id),
        })
    };
    told["events"] = events.touches.iter().map(event).collect();
    told["further_events"] = json!(events.more);
    Ok(told)
}
