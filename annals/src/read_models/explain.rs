//! `annals read-model explain`: the events that made a row, and the row after each.

use anyhow::{Context as _, bail};
use clap::Args;
use domain::TenantId;
use projections::{Past, Touch};
use serde_json::{Value, json};

use super::print::Shape;
use crate::output::say;

/// Which row to explain.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// The read model
    pub name: String,
    /// The row's tenant: its slug or its id
    #[arg(long)]
    pub tenant: String,
    /// The values of the key's columns after the tenant, in order
    pub key: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// Shows each event that wrote the row.
pub(super) async fn run(past: &Past, tenant: TenantId, args: ExplainArgs) -> anyhow::Result<()> {
    let key = named(&args.name, args.key)?;
    let mut story = past.story(&args.name, tenant, &key, None).await?;
    while let Some(touches) = story.next().await? {
        for touch in touches {
            let told = match Shape::from(args.json) {
                Shape::Json => as_json(&touch).to_string(),
                Shape::People => as_text(&touch),
            };
            say!("{told}")?;
        }
    }
    Ok(())
}

/// The values with the names of their columns.
fn named(name: &str, values: Vec<String>) -> anyhow::Result<Vec<(String, String)>> {
    let models = projections::all();
    let model = models.iter().find(|model| model.name() == name);
    let model = model.with_context(|| {
        let names: Vec<&str> = models.iter().map(|model| model.name()).collect();
        format!("there is no read model {name}; there are {}", names.join(", "))
    })?;
    let columns: Vec<&str> = model
        .key()
        .iter()
        .copied()
        .filter(|column| *column != "tenant_id")
        .collect();
    if columns.len() != values.len() {
        bail!(
            "beside its tenant, a row of {name} is named by {} values ({}); {} were given",
            columns.len(),
            columns.join(", "),
            values.len()
        );
    }
    let columns = columns.into_iter().map(str::to_owned);
    Ok(columns.zip(values).collect())
}

fn as_text(touch: &Touch) -> String {
    let event = &touch.event;
    let head = format!(
        "{} {} at position {} in {}/{}",
        event.occurred_at, event.event_type, event.position, event.stream.aggregate_type, event.stream.id
    );
    match &touch.row {
        None => format!("{head}\n    the row is gone"),
        Some(_) if touch.changed.is_empty() => format!("{head}\n    the row stays as it was"),
        Some(row) => {
            let values = touch.changed.iter().map(|column| {
                let value = row.get(column).unwrap_or(&Value::Null);
                format!("\n    {column} = {value}")
            });
            head + &values.collect::<String>()
        }
    }
}

fn as_json(touch: &Touch) -> Value {
    let event = &touch.event;
    json!({
        "position": event.position,
        "type": event.event_type,
        "occurred_at": event.occurred_at.to_string(),
        "stream": format!("{}/{}", event.stream.aggregate_type, event.stream.id),
        "changed": touch.changed,
        "row": touch.row,
    })
}
