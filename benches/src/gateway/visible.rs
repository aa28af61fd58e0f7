//! From a batch of events over HTTP to a running total that shows them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::time::{MissedTickBehavior, interval};

use super::http::{ask, post};
use super::served::{ADMIN, Served};
use crate::bills::subscribed;
use crate::server::Server;
use crate::table::print;

/// So many events a batch, ten batches a second.
const BATCH: usize = 500;
const BEAT: Duration = Duration::from_millis(100);
const TOTAL: &str = "{ invoicePreview(subscription: \"s1\") { lines { quantity } } }";

pub(crate) async fn measure(server: &Server, seconds: u64) -> anyhow::Result<()> {
    let (url, tenant) = subscribed(server).await?;
    let served = Served::ours(&url, &["api", "projector", "ingest"]).await?;
    let total = post(TOTAL, Some(&tenant));
    let batches = usize::try_from(seconds * 10)?;
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut took = Vec::new();
    for number in 0..batches {
        beats.tick().await;
        let begun = Instant::now();
        let request = batch(number, &tenant);
        let address = served.address;
        took.push(tokio::spawn({
            let total = total.clone();
            async move {
                ask(address, &request).await?;
                let wanted = BATCH * (number + 1);
                loop {
                    let told = ask(address, &total).await?;
                    let told: serde_json::Value = serde_json::from_str(&told)?;
                    let quantity = &told["data"]["invoicePreview"]["lines"][0]["quantity"];
                    let quantity: usize = quantity.as_str().context("no quantity")?.parse()?;
                    // Batches are sent in order, and counted so.
                    if quantity >= wanted {
                        return anyhow::Ok(begun.elapsed());
                    }
                }
            }
        }));
    }
    let mut all = Vec::new();
    for one in took {
        all.push(one.await??);
    }
    all.sort_unstable();
    ensure!(!all.is_empty(), "nothing was sent");
    let at = |share: usize| {
        all[(all.len() * share / 100).min(all.len() - 1)]
            .as_millis()
            .to_string()
    };
    print(
        "From an HTTP batch to a total that shows it, at 5,000 events a second",
        &["batches of 500", "p50 ms", "p99 ms"],
        &[vec![all.len().to_string(), at(50), at(99)]],
    );
    Ok(())
}

fn batch(number: usize, tenant: &str) -> Vec<u8> {
    let event = |index: usize| {
        format!(
            "{{\"specversion\":\"1.0\",\"id\":\"{number}-{index}\",\"source\":\"/bench\",\"type\":\"usage.pages\",\
             \"data\":{{\"quantity\":\"1\",\"unit\":\"page\"}}}}"
        )
    };
    let events: Vec<String> = (0..BATCH).map(event).collect();
    let body = format!("[{}]", events.join(","));
    format!(
        "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ADMIN}\r\nX-Annals-Tenant: {tenant}\r\n\
         Content-Type: application/cloudevents-batch+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
