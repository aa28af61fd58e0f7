//! Metering: what eight meters of a tenant's own read of a log of usage, in memory and as a read model's rows.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use domain::meter::{Aggregation, Command, Definition, Gauge, Gauges, Meter, MeterId};
use store::{Filter, Orders};

use crate::cpu::per_second;
use crate::rebuild::rebuild;
use crate::server::Server;
use crate::table::{median, print};
use crate::usage_log::{METERS, UsageLog};

pub(crate) async fn measure(server: &Server, events: u64, runs: usize) -> anyhow::Result<()> {
    let log = UsageLog::empty(server).await?;
    let definitions: Vec<(String, Definition)> = (0..8).map(definition).collect();
    for (id, definition) in &definitions {
        let id: MeterId = id.parse()?;
        let define = Command::Define {
            definition: definition.clone(),
        };
        log.store
            .execute::<Meter>(&log.caller, &id, Orders::one(define))
            .await?;
    }
    log.fill(events).await?;
    let mut memory = Vec::new();
    for _ in 0..runs {
        memory.push(in_memory(&log, &definitions).await?);
    }
    let projector = log.projector();
    projector.wait_for(log.store.log().head().await?).await?;
    projector.stop().await;
    let mut took = Vec::new();
    for _ in 0..runs {
        took.push(rebuild(server, &log, "metered_usage", events).await?);
    }
    let rate = |each_ns: u64| (1_000_000_000 / each_ns.max(1)).to_string();
    let cpu = median(took.iter().map(|took| took.client_ns).collect());
    let wall = median(took.iter().map(|took| took.wall_ns).collect());
    print(
        "Metering of usage events over 8 meters of a tenant's own",
        &["work", "events", "events a second", "a second of CPU, ours"],
        &[
            vec![
                "read and summed in memory, one core".to_owned(),
                events.to_string(),
                median(memory.clone()).to_string(),
                median(memory).to_string(),
            ],
            vec![
                "rebuild of metered_usage".to_owned(),
                events.to_string(),
                rate(wall),
                rate(cpu),
            ],
        ],
    );
    log.close().await;
    Ok(())
}

/// Two meters for each type of fact: one sums all, the other some in groups.
fn definition(number: usize) -> (String, Definition) {
    let is_grouped = number >= METERS.len();
    let definition = Definition {
        label: format!("Meter {number}"),
        event_type: METERS[number % METERS.len()].to_owned(),
        also_event_types: Vec::new(),
        filter: is_grouped.then(|| "data.unit == \"token\" && decimal(data.quantity) >= 10".to_owned()),
        value: Some("decimal(data.quantity) * 0.001".to_owned()),
        aggregation: Aggregation::Sum,
        group_by: is_grouped
            .then(|| ("customer".to_owned(), "data.dimensions.customer".to_owned()))
            .into_iter()
            .collect(),
        unit: "token".to_owned(),
    };
    (format!("meter-{number}"), definition)
}

/// How many events a second one core takes that are decoded already.
async fn in_memory(log: &UsageLog, definitions: &[(String, Definition)]) -> anyhow::Result<u64> {
    let mut own = Vec::new();
    for (id, definition) in definitions {
        own.push(Arc::new(Gauge::try_new(id.parse()?, 1, definition.clone())?));
    }
    let gauges = Gauges::default().with(own);
    let mut sums = HashMap::new();
    let (mut position, mut count, mut took) = (0, 0, std::time::Duration::ZERO);
    loop {
        let page = log.store.log().page(position, &Filter::default(), 5_000).await?;
        let Some(last) = page.last() else { break };
        (position, count) = (last.position, count + page.len() as u64);
        let begun = Instant::now();
        for event in &page {
            for reading in gauges.read(event) {
                if let Ok(counted) = reading.outcome {
                    let hour = event.occurred_at.as_second() / 3_600;
                    let sum = sums.entry((reading.gauge.code().clone(), counted.group, hour));
                    *sum.or_insert(rust_decimal::Decimal::ZERO) += counted.value;
                }
            }
        }
        took += begun.elapsed();
    }
    anyhow::ensure!(!sums.is_empty(), "nothing was metered");
    Ok(per_second(count, took))
}
