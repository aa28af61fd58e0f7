//! Reading the log in order, each event decoded to `domain::Event`.

use std::time::Instant;

use domain::usage::{Fact, Usage};
use store::{FactRecord, Filter};

use crate::commands::provision;
use crate::cpu::per_second;
use crate::server::Server;
use crate::table::{median, print};

pub(crate) async fn measure(server: &Server, events: u64, runs: usize) -> anyhow::Result<()> {
    let (_, store) = server.store().await?;
    let caller = provision(&store).await?;
    let dimensions: std::collections::BTreeMap<_, _> = [("model".to_owned(), "x".repeat(200))].into();
    let mut written = 1;
    while written < events {
        let records = (0..10_000.min(events - written)).map(|number| {
            let kind = "usage.tokens.input".parse().expect("it is a fact's type");
            let fact = Fact::try_new(kind, number.into(), None, dimensions.clone()).expect("it is a fact");
            FactRecord {
                key: None,
                at: None,
                facts: vec![domain::usage::Event::Recorded(fact)],
            }
        });
        written += store
            .append_facts::<Usage>(&caller, records.collect())
            .await?
            .len() as u64;
    }
    let mut rates = Vec::new();
    for _ in 0..runs {
        let begun = Instant::now();
        let (mut position, mut count) = (0, 0);
        loop {
            let page = store.log().page(position, &Filter::default(), 5_000).await?;
            let Some(last) = page.last() else { break };
            (position, count) = (last.position, count + page.len() as u64);
        }
        rates.push(per_second(count, begun.elapsed()));
    }
    let rows = [vec![events.to_string(), median(rates).to_string()]];
    print(
        "Reading the log in order, decoded, one task",
        &["events", "events a second"],
        &rows,
    );
    Ok(())
}
