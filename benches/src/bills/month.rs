//! A month of 1,000 tenants, by the program: with a fee alone, and with usage that three charges bill.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use domain::Caller;
use domain::plan::{Command as PlanCommand, Plan, PlanId};
use domain::pricing::PlanVersion;
use domain::usage::{self, Fact, Usage};
use futures::stream::{self, TryStreamExt as _};
use jiff::{Timestamp, ToSpan as _};
use serde_json::json;
use store::{FactRecord, Orders, Store};
use tokio::process::Command;

use super::subscribe;
use crate::commands::provision;
use crate::cpu::per_second;
use crate::server::Server;
use crate::usage_log::UsageLog;

const TENANTS: u64 = 1_000;
/// So many facts of the month each tenant has, in turns of the three types.
const FACTS: u64 = 60;
const TYPES: [&str; 3] = ["usage.pages", "usage.minutes", "usage.seats"];
/// The first of the month that is billed.
const MONTH: Timestamp = Timestamp::constant(1_769_904_000, 0);

/// What a tenant of the month has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bought {
    Fee,
    Usage,
}

pub(super) async fn rows(server: &Server) -> anyhow::Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    for (bought, told) in [
        (Bought::Fee, "a fee each".to_owned()),
        (
            Bought::Usage,
            format!("a fee and 3 charges over {FACTS} facts each"),
        ),
    ] {
        let rate = month(server, bought).await?;
        rows.push(vec![
            format!("month of 1,000 tenants invoiced, by the program: {told}"),
            TENANTS.to_string(),
            String::new(),
            String::new(),
            rate.to_string(),
        ]);
    }
    Ok(rows)
}

async fn month(server: &Server, bought: Bought) -> anyhow::Result<u64> {
    let log = UsageLog::empty(server).await?;
    let store = &log.store;
    stream::iter((0..TENANTS).map(anyhow::Ok))
        .try_for_each_concurrent(32, |_| async move {
            let caller = provision(store).await?;
            match bought {
                Bought::Fee => subscribe(store, &caller, "starter").await,
                Bought::Usage => usage(store, &caller).await,
            }
        })
        .await?;
    let projector = log.projector();
    projector.wait_for(log.store.log().head().await?).await?;
    let program = std::env::current_exe()?.with_file_name("annals");
    ensure!(program.is_file(), "build it by `cargo build --release -p annals`");
    let begun = Instant::now();
    let output = Command::new(program)
        .args([
            "invoices",
            "issue",
            "--period",
            "2026-02",
            "--all",
            "--database-url",
            &log.url,
        ])
        .output()
        .await
        .context("annals invoices issue")?;
    let took = begun.elapsed();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(said.contains(&format!("{TENANTS} issued")), "{said}");
    projector.stop().await;
    log.close().await;
    Ok(per_second(TENANTS, took))
}

/// Meters, a plan with a charge for each, a subscription, and a month of facts.
async fn usage(store: &Store, caller: &Caller) -> anyhow::Result<()> {
    let mut charges = Vec::new();
    for event_type in TYPES {
        let id = super::sum_of(store, caller, event_type).await?;
        charges.push(json!({
            "code": id, "name": "Charge", "meter": id, "unit": "page",
            "price": { "model": "graduated", "tiers": [
                { "up_to": "100", "unit_price": { "USD": "0.01" } }, { "unit_price": { "USD": "0.005" } },
            ] },
        }));
    }
    let version: PlanVersion = serde_json::from_value(json!({
        "version": 1, "effective_from": "2026-01-01T00:00:00Z", "currencies": ["USD"], "interval": "monthly",
        "fees": [{ "code": "platform", "name": "Platform", "price": { "USD": "2000" } }],
        "charges": charges,
    }))?;
    let define = PlanCommand::Define {
        name: "Metered".to_owned(),
        version,
    };
    let id: PlanId = "metered".parse()?;
    store.execute::<Plan>(caller, &id, Orders::one(define)).await?;
    subscribe(store, caller, "metered").await?;
    store
        .append_facts::<Usage>(caller, (0..FACTS).map(fact).collect())
        .await?;
    Ok(())
}

fn fact(number: u64) -> FactRecord<usage::Event> {
    let of = TYPES[usize::try_from(number).unwrap_or_default() % TYPES.len()];
    let kind = of.parse().expect("it is a fact's type");
    let fact = Fact::try_new(kind, (number * 7).into(), None, [].into()).expect("it is a fact");
    let hours = i64::try_from(number).unwrap_or_default() * 11;
    FactRecord {
        key: None,
        at: Some(MONTH + hours.hours()),
        facts: vec![usage::Event::Recorded(fact)],
    }
}
