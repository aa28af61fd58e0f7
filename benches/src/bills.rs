//! Bills: a live invoice of 50 charges, prices that rate events one by one, the check of a limit, and a month of 1,000 tenants.

mod month;
mod one_by_one;

use std::time::{Duration, Instant};

use anyhow::ensure;
use domain::meter::{Aggregation, Command as MeterCommand, Definition, Meter, MeterId};
use domain::plan::{Command as PlanCommand, Plan, PlanId};
use domain::pricing::PlanVersion;
use domain::subscription::{Command as Terms, Subscription, SubscriptionId};
use domain::{Caller, Money};
use jiff::Timestamp;
use projections::entitlement::{Asked, Entitlements};
use projections::{Past, PastLimits, Reader};
use serde_json::json;
use store::{Orders, Role, Store};

use crate::cpu::per_second;
use crate::server::Server;
use crate::table::print;
use crate::usage_log::{METERS, UsageLog};

const CHARGES: usize = 50;
const LOOKS: usize = 500;
const CHECKS: usize = 1_000_000;
/// When the log of usage ends.
const NOW: Timestamp = Timestamp::constant(1_772_452_800, 0);
const STARTED: &str = "2026-01-05T00:00:00Z";

pub(crate) async fn measure(server: &Server, events: u64) -> anyhow::Result<()> {
    let mut rows = vec![live(server, events).await?, limit(server).await?];
    rows.extend(one_by_one::rows(server, events).await?);
    rows.extend(month::rows(server).await?);
    print(
        "Bills",
        &["work", "how many", "p50 µs", "p99 µs", "a second"],
        &rows,
    );
    Ok(())
}

fn row(work: &str, mut took: Vec<Duration>) -> Vec<String> {
    took.sort_unstable();
    let all: Duration = took.iter().sum();
    let at = |share: usize| took[(took.len() * share / 100).min(took.len() - 1)].as_nanos();
    let micros = |nanos: u128| format!("{}.{:03}", nanos / 1_000, nanos % 1_000);
    vec![
        work.to_owned(),
        took.len().to_string(),
        micros(at(50)),
        micros(at(99)),
        per_second(took.len() as u64, all).to_string(),
    ]
}

fn past(url: &str, store: &Store) -> anyhow::Result<(Past, Reader)> {
    let reader = Reader::new(store::pool(url, Role::Gateway, 8)?);
    let past = Past::new(reader.clone(), store.log().clone(), PastLimits::default());
    Ok((past, reader))
}

/// Defines a plan of one version; gives it its id as a name.
async fn plan(log: &UsageLog, id: &str, version: PlanVersion) -> anyhow::Result<()> {
    let define = PlanCommand::Define {
        name: id.to_owned(),
        version,
    };
    let id: PlanId = id.parse()?;
    log.store
        .execute::<Plan>(&log.caller, &id, Orders::one(define))
        .await?;
    Ok(())
}

async fn subscribe(store: &Store, caller: &Caller, plan: &str) -> anyhow::Result<()> {
    let start = Terms::Start {
        plan: plan.parse()?,
        price: Money::new(2_000.into(), "USD".parse()?),
        customer: None,
    };
    let id: SubscriptionId = "s1".parse()?;
    let orders = Orders::one(start).at(Some(STARTED.parse()?));
    store.execute::<Subscription>(caller, &id, orders).await?;
    Ok(())
}

/// The running total over 50 meters and their charges, in a log of usage.
async fn live(server: &Server, events: u64) -> anyhow::Result<Vec<String>> {
    let log = UsageLog::empty(server).await?;
    for number in 0..CHARGES {
        let id: MeterId = format!("meter-{number}").parse()?;
        let definition = Definition {
            label: format!("Meter {number}"),
            event_type: METERS[number % METERS.len()].to_owned(),
            also_event_types: Vec::new(),
            filter: None,
            value: Some("decimal(data.quantity) * 0.001".to_owned()),
            aggregation: Aggregation::Sum,
            group_by: std::collections::BTreeMap::new(),
            unit: "token".to_owned(),
        };
        let define = MeterCommand::Define { definition };
        log.store
            .execute::<Meter>(&log.caller, &id, Orders::one(define))
            .await?;
    }
    let charge = |number: usize| {
        let tiers = json!([{ "up_to": "1000", "unit_price": { "USD": "0.01" } }, { "unit_price": { "USD": "0.005" } }]);
        json!({
            "code": format!("charge-{number}"), "name": "Charge", "meter": format!("meter-{number}"), "unit": "token",
            "price": { "model": "graduated", "tiers": tiers },
        })
    };
    let version: PlanVersion = serde_json::from_value(json!({
        "version": 1, "effective_from": "2026-01-01T00:00:00Z", "currencies": ["USD"], "interval": "monthly",
        "fees": [{ "code": "platform", "name": "Platform", "price": { "USD": "2000" } }],
        "charges": (0..CHARGES).map(charge).collect::<Vec<_>>(),
    }))?;
    plan(&log, "fifty", version).await?;
    subscribe(&log.store, &log.caller, "fifty").await?;
    log.fill(events).await?;
    let projector = log.projector();
    projector.wait_for(log.store.log().head().await?).await?;
    let (past, _) = past(&log.url, &log.store)?;
    let mut took = Vec::new();
    for _ in 0..LOOKS {
        let begun = Instant::now();
        let statement = past.statement(log.caller.tenant, "s1", (NOW, NOW)).await?;
        took.push(begun.elapsed());
        ensure!(
            statement.is_some_and(|one| one.draft.lines.len() == CHARGES + 1),
            "lines are missing"
        );
    }
    projector.stop().await;
    log.close().await;
    Ok(row("live invoice of 50 charges", took))
}

/// A database with a tenant that pays for pages; its URL and the tenant.
pub(crate) async fn subscribed(server: &Server) -> anyhow::Result<(String, String)> {
    let log = UsageLog::empty(server).await?;
    sum_of(&log.store, &log.caller, "usage.pages").await?;
    let version: PlanVersion = serde_json::from_value(json!({
        "version": 1, "effective_from": "2026-01-01T00:00:00Z", "currencies": ["USD"], "interval": "monthly",
        "charges": [{
            "code": "pages", "name": "Pages", "meter": "usage-pages", "unit": "page",
            "price": { "model": "standard", "unit_price": { "USD": "0.01" } },
        }],
    }))?;
    plan(&log, "pages", version).await?;
    let start = Terms::Start {
        plan: "pages".parse()?,
        price: Money::new(0.into(), "USD".parse()?),
        customer: None,
    };
    let id: SubscriptionId = "s1".parse()?;
    let orders = Orders::one(start).at(Some(STARTED.parse()?));
    log.store
        .execute::<Subscription>(&log.caller, &id, orders)
        .await?;
    let (url, tenant) = (log.url.clone(), log.caller.tenant.to_string());
    log.close().await;
    Ok((url, tenant))
}

/// Defines the meter that sums the facts of a type, in pages; gives its id.
async fn sum_of(store: &Store, caller: &Caller, event_type: &str) -> anyhow::Result<MeterId> {
    let definition = Definition {
        label: event_type.to_owned(),
        event_type: event_type.to_owned(),
        also_event_types: Vec::new(),
        filter: None,
        value: Some("decimal(data.quantity)".to_owned()),
        aggregation: Aggregation::Sum,
        group_by: std::collections::BTreeMap::new(),
        unit: "page".to_owned(),
    };
    let define = MeterCommand::Define { definition };
    let id: MeterId = event_type.replace('.', "-").parse()?;
    store.execute::<Meter>(caller, &id, Orders::one(define)).await?;
    Ok(id)
}

/// A command's limit, from memory.
async fn limit(server: &Server) -> anyhow::Result<Vec<String>> {
    let log = UsageLog::empty(server).await?;
    subscribe(&log.store, &log.caller, "starter").await?;
    let projector = log.projector();
    projector.wait_for(log.store.log().head().await?).await?;
    let (past, reader) = past(&log.url, &log.store)?;
    let gate = Entitlements::new(past, reader, log.store.tail().clone());
    let tenant = log.caller.tenant;
    drop(gate.admit(tenant, Asked::Member, NOW).await?);
    let mut took = Vec::with_capacity(CHECKS);
    for _ in 0..CHECKS {
        let begun = Instant::now();
        let admitted = gate.admit_at_once(tenant, Asked::Member, NOW);
        took.push(begun.elapsed());
        ensure!(matches!(admitted, Some(Ok(_))), "it was not admitted from memory");
    }
    projector.stop().await;
    log.close().await;
    Ok(row("check of a limit, from memory", took))
}
