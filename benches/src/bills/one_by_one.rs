//! The running total of prices that rate events one by one: a share of each transaction, and outcomes.

use std::time::{Duration, Instant};

use anyhow::ensure;
use domain::meter::{Aggregation, Command as MeterCommand, Definition, Meter, MeterId};
use domain::pricing::PlanVersion;
use projections::Past;
use serde_json::json;
use store::Orders;

use super::{LOOKS, NOW, past, plan, row, subscribe};
use crate::server::Server;
use crate::usage_log::{METERS, UsageLog, record};

pub(super) async fn rows(server: &Server, events: u64) -> anyhow::Result<Vec<Vec<String>>> {
    let log = UsageLog::empty(server).await?;
    let (summed, counted) = (Some("decimal(data.quantity)".to_owned()), None);
    define(&log, ("shared", METERS[0]), (summed, Aggregation::Sum), "token").await?;
    define(
        &log,
        ("resolved", METERS[1]),
        (counted, Aggregation::Count),
        "token",
    )
    .await?;
    let version: PlanVersion = serde_json::from_value(json!({
        "version": 1, "effective_from": "2026-01-01T00:00:00Z", "currencies": ["USD"], "interval": "monthly",
        "charges": [
            { "code": "shared", "name": "Shared", "meter": "shared", "unit": "token",
              "price": { "model": "percentage", "rate_percent": "1.5", "fixed_fee": { "USD": "0.10" }, "free_transactions": 100 } },
            { "code": "resolved", "name": "Resolved", "meter": "resolved", "unit": "token",
              "price": { "model": "standard", "unit_price": { "USD": "0.99" } },
              "outcome": { "bill": "confirmed", "stability_days": 14 } },
        ],
    }))?;
    plan(&log, "one-by-one", version).await?;
    subscribe(&log.store, &log.caller, "one-by-one").await?;
    log.fill(events).await?;
    let projector = log.projector();
    projector.wait_for(log.store.log().head().await?).await?;
    let (past, _) = past(&log.url, &log.store)?;
    let first = vec![look(&past, &log).await?];
    let mut later = Vec::new();
    for number in 0..(LOOKS as u64 / 10) {
        // Two facts that both charges have to read.
        let head = log
            .append((4 * number..4 * number + 2).map(record).collect())
            .await?;
        projector.wait_for(head).await?;
        later.push(look(&past, &log).await?);
    }
    projector.stop().await;
    log.close().await;
    let of = format!("a share and an outcome price over {} events each", events / 4);
    Ok(vec![
        row(&format!("live total of {of}: the first"), first),
        row("each later one, two new facts before it", later),
    ])
}

async fn look(past: &Past, log: &UsageLog) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let statement = past.statement(log.caller.tenant, "s1", (NOW, NOW)).await?;
    let took = begun.elapsed();
    let lines = statement.map_or_else(Vec::new, |one| one.draft.lines);
    for code in ["shared", "resolved"] {
        let is_rated = lines
            .iter()
            .any(|line| line.code == code && !line.amount.amount.is_zero());
        ensure!(is_rated, "nothing is rated of {code}: {lines:?}");
    }
    Ok(took)
}

async fn define(
    log: &UsageLog,
    (id, event_type): (&str, &str),
    (value, aggregation): (Option<String>, Aggregation),
    unit: &str,
) -> anyhow::Result<()> {
    let definition = Definition {
        label: id.to_owned(),
        event_type: event_type.to_owned(),
        also_event_types: Vec::new(),
        filter: None,
        value,
        aggregation,
        group_by: std::collections::BTreeMap::new(),
        unit: unit.to_owned(),
    };
    let id: MeterId = id.parse()?;
    let define = MeterCommand::Define { definition };
    log.store
        .execute::<Meter>(&log.caller, &id, Orders::one(define))
        .await?;
    Ok(())
}
