//! The relay to Apache Kafka beside `kafka-producer-perf-test`: the same brokers, bytes and settings.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use broker::{Jars, Kafka};
use domain::usage::Usage;
use store::{Filter, Store};
use streams::{CloudEvent, NewTopics, Pattern, PersonalData, Relay, RelaySettings};

use crate::commands::provision;
use crate::cpu::per_second;
use crate::facts::record;
use crate::server::{Server, search_path};
use crate::table::{median, print, ratio};

const BATCH: u64 = 1_000;
const PARTITIONS: i32 = 6;
/// How the peer is set; the relay has the same by itself.
const SETTINGS: &str = "acks=all\nenable.idempotence=true\ncompression.type=zstd\nlinger.ms=5\n\
                        batch.size=1000000\nbuffer.memory=134217728\n";

/// Says what is missing for it on this machine.
pub(crate) fn missing() -> Option<String> {
    Jars::find(search_path().as_deref())
        .err()
        .map(|error| error.to_string())
}

pub(crate) async fn measure(server: &Server, events: u64, runs: usize) -> anyhow::Result<()> {
    let jars = Jars::find(search_path().as_deref())?.unhurried();
    let kafka = Kafka::start(jars.clone(), 1, &[]).await?;
    let (url, store) = server.store().await?;
    fill(&store, events).await?;
    let folder = tempfile::tempdir()?;
    let bytes = payloads(&store, folder.path()).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for run in 0..runs {
        ours.push(relay(&store, &url, &kafka.brokers(), run).await?);
        theirs.push(perf_test(&jars, &kafka.brokers(), folder.path(), events)?);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    print(
        "Events relayed a second, in transactions",
        &[
            "events",
            "bytes each",
            "relay",
            "kafka-producer-perf-test",
            "ratio",
        ],
        &[vec![
            events.to_string(),
            bytes.to_string(),
            ours.to_string(),
            theirs.to_string(),
            ratio(ours, theirs),
        ]],
    );
    Ok(())
}

async fn fill(store: &Store, events: u64) -> anyhow::Result<()> {
    let caller = provision(store).await?;
    for first in (0..events).step_by(usize::try_from(BATCH)?) {
        let records = (first..first + BATCH).map(record).collect();
        store.append_facts::<Usage>(&caller, records).await?;
    }
    Ok(())
}

/// Writes what the relay sends for some of the events, a line each, for the peer; returns their mean size.
async fn payloads(store: &Store, folder: &Path) -> anyhow::Result<usize> {
    let page = store.log().page(100, &Filter::default(), 2_000).await?;
    let mut text = String::new();
    for event in &page {
        let public = CloudEvent::try_new(event, PersonalData::Withheld)?;
        write!(
            text,
            "{}/{}content-typeapplication/json",
            public.tenant, public.subject
        )?;
        for (name, value) in public.attributes() {
            write!(text, "ce_{name}{value}")?;
        }
        writeln!(text, "{}", public.data.get())?;
    }
    std::fs::write(folder.join("payloads"), &text)?;
    std::fs::write(folder.join("settings"), SETTINGS)?;
    Ok(text.len() / page.len().max(1))
}

/// How many events a second a relay of its own name takes through, from where it begins to the log's end.
async fn relay(store: &Store, url: &str, brokers: &str, run: usize) -> anyhow::Result<u64> {
    let settings = RelaySettings {
        brokers: brokers.to_owned(),
        name: format!("bench-{run}"),
        topics: format!("bench-{run}.{{slice}}")
            .parse::<Pattern>()
            .map_err(anyhow::Error::msg)?,
        create: Some(NewTopics {
            partitions: PARTITIONS,
            copies: None,
            retention_hours: None,
        }),
        log_topic: None,
        personal: [].into(),
        client: Vec::new(),
    };
    let head = store.log().head().await?;
    let relay = Relay::start(store, url, settings);
    let reached = async |position: u64| {
        let mut looks = tokio::time::interval(Duration::from_millis(2));
        while relay.position().is_none_or(|relayed| relayed < position) {
            looks.tick().await;
        }
    };
    reached(0).await;
    let begun = Instant::now();
    reached(head).await;
    let rate = per_second(head, begun.elapsed());
    relay.stop().await;
    Ok(rate)
}

/// Records a second by the peer.
fn perf_test(jars: &Jars, brokers: &str, folder: &Path, records: u64) -> anyhow::Result<u64> {
    let topic = format!("peer-{}", std::process::id());
    let mut create = jars.program("org.apache.kafka.tools.TopicCommand");
    create.args([
        "--bootstrap-server",
        brokers,
        "--create",
        "--if-not-exists",
        "--topic",
        &topic,
    ]);
    told(create.args(["--partitions", &PARTITIONS.to_string()]))?;
    let mut test = jars.program("org.apache.kafka.tools.ProducerPerformance");
    test.args([
        "--topic",
        &topic,
        "--num-records",
        &records.to_string(),
        "--throughput",
        "-1",
    ])
    .args(["--producer-props", &format!("bootstrap.servers={brokers}")])
    .args(["--transactional-id", "peer", "--transaction-duration-ms", "200"])
    .arg("--producer.config")
    .arg(folder.join("settings"))
    .arg("--payload-file")
    .arg(folder.join("payloads"));
    let text = told(&mut test)?;
    let last = text.lines().rev().find(|line| line.contains("records/sec"));
    let words = last.context("the peer tells no rate")?.split(", ");
    let rate = words
        .filter_map(|word| word.split_once(" records/sec"))
        .find_map(|(rate, _)| rate.split('.').next()?.parse().ok());
    rate.with_context(|| format!("the peer tells no rate: {text}"))
}

fn told(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{text}{error}");
    Ok(text)
}
