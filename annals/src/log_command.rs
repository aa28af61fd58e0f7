//! `annals log` and `annals export`: the log in the terminal.

use std::io::{self, BufWriter, Write};

use anyhow::{Context as _, bail};
use domain::{RecordedEvent, TenantId};
use store::{Ambient, Filter, Log};
use streams::{CloudEvent, ExportOrder, PersonalData};

use crate::cli::{ExportArgs, LogCommand, ReadArgs};
use crate::config::Settings;
use crate::output::say;
use crate::{tenants, told, vault_config};

/// Runs `annals log`.
///
/// # Errors
/// When the log can't be read, or the tenant or the stream is none.
pub async fn run(
    url: &str,
    ambient: Ambient,
    settings: &Settings,
    command: LogCommand,
) -> anyhow::Result<()> {
    let log = vault_config::log(url, &ambient, settings).await?;
    match command {
        LogCommand::Tail {
            read,
            follow,
            last,
            json,
        } => {
            tail(
                (url, settings),
                ambient,
                &log,
                read,
                Tail {
                    follow,
                    last,
                    shape: json.into(),
                },
            )
            .await
        }
        LogCommand::Show { tenant, stream, json } => {
            let (kind, id) = stream
                .split_once('/')
                .context("the stream: give aggregate type and id, as lead/01K...")?;
            let tenant = tenants::find(&log, &tenant).await?;
            let filter = Filter {
                stream: Some((kind.to_owned(), id.to_owned())),
                ..Filter::tenant(tenant)
            };
            let count = print_all(&log, 0, &filter, None, json.into()).await?.1;
            if count == 0 {
                bail!("the stream {stream} of this tenant has no events");
            }
            Ok(())
        }
        LogCommand::Stats { json } => {
            let stats = log.stats(ambient.now()).await?;
            if json {
                say!("{}", serde_json::to_string(&stats)?)?;
                return Ok(());
            }
            say!("events      {}", stats.events)?;
            say!("tenants     {}", stats.tenants)?;
            say!(
                "last        {}",
                stats
                    .last_recorded_at
                    .map_or("never".to_owned(), |at| at.to_string())
            )?;
            say!(
                "rate        {}/s in the last minute, {} in the last hour",
                stats.per_second_last_minute,
                stats.last_hour
            )?;
            for partition in &stats.partitions {
                let (table, index) = (partition.table_bytes / 1024, partition.index_bytes / 1024);
                say!(
                    "partition   {}: {table} KiB of events, {index} KiB of indexes",
                    partition.name
                )?;
            }
            for archive in &stats.archives {
                let mounted = archive.mounted_at.map_or("", |_| ", mounted");
                say!(
                    "archived    {}: positions {} to {} in {}, {} KiB{mounted}",
                    archive.year,
                    archive.first_position,
                    archive.last_position,
                    archive.file,
                    archive.bytes / 1024
                )?;
            }
            for kind in &stats.types {
                say!(
                    "{:>11} {} ({} bytes of payload)",
                    kind.events,
                    kind.event_type,
                    kind.payload_bytes
                )?;
            }
            Ok(())
        }
    }
}

struct Tail {
    follow: bool,
    last: Option<u64>,
    shape: Shape,
}

/// How an event is printed.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// For people.
    Line,
    /// As a CloudEvent.
    Json,
}

impl From<bool> for Shape {
    fn from(json: bool) -> Self {
        if json { Self::Json } else { Self::Line }
    }
}

async fn tail(
    (url, settings): (&str, &Settings),
    ambient: Ambient,
    log: &Log,
    read: ReadArgs,
    how: Tail,
) -> anyhow::Result<()> {
    let filter = filter(log, &read).await?;
    let (mut position, _) = print_all(log, read.after, &filter, how.last, how.shape).await?;
    if !how.follow {
        return Ok(());
    }
    let store = vault_config::store(url, ambient, settings).await?;
    let mut follower = store.tail().follow(position, filter);
    loop {
        let step = tokio::select! {
            step = follower.next() => step?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let mut out = io::stdout().lock();
        for event in &step.events {
            print(&mut out, event, how.shape)?;
        }
        out.flush()?;
        position = position.max(step.position);
    }
}

/// Which events the flags ask for.
async fn filter(log: &Log, read: &ReadArgs) -> anyhow::Result<Filter> {
    let tenant = match &read.tenant {
        Some(tenant) => Some(tenants::find(log, tenant).await?),
        None => None,
    };
    Ok(filter_of(tenant, read))
}

/// Which events the flags ask for, the tenant being found.
pub(crate) fn filter_of(tenant: Option<TenantId>, read: &ReadArgs) -> Filter {
    Filter {
        tenant,
        stream: None,
        types: read.types.clone(),
        recorded_from: read.since,
        recorded_before: read.until,
    }
}

/// Prints all events, or the last of them; returns the last position looked at, and how many there were.
async fn print_all(
    log: &Log,
    after: u64,
    filter: &Filter,
    last: Option<u64>,
    shape: Shape,
) -> anyhow::Result<(u64, u64)> {
    const PAGE: u32 = 1_000;
    let mut skip = match last {
        Some(last) => log.count(after, filter).await?.saturating_sub(last),
        None => 0,
    };
    let (mut position, mut count) = (after, 0);
    let mut out = BufWriter::new(io::stdout().lock());
    loop {
        let page = log.page(position, filter, PAGE).await?;
        for event in &page {
            (position, count) = (event.position, count + 1);
            if skip > 0 {
                skip -= 1;
            } else {
                print(&mut out, event, shape)?;
            }
        }
        if page.len() < PAGE as usize {
            out.flush()?;
            return Ok((position, count));
        }
    }
}

/// Prints an event as a line.
pub(crate) fn print(out: &mut impl Write, event: &RecordedEvent, shape: Shape) -> anyhow::Result<()> {
    if matches!(shape, Shape::Json) {
        // Whoever reads the log itself sees all of it.
        serde_json::to_writer(&mut *out, &CloudEvent::try_new(event, PersonalData::Included)?)?;
        return Ok(writeln!(out)?);
    }
    writeln!(
        out,
        "{:>8}  {}  {:<28} {:<40} {}",
        event.position,
        event.occurred_at.strftime("%Y-%m-%d %H:%M:%S"),
        event.event_type,
        event.stream.to_string(),
        event.actor
    )?;
    Ok(())
}

/// Runs `annals export`.
///
/// # Errors
/// When the log can't be read, or standard output is closed.
pub async fn export(
    url: &str,
    ambient: &Ambient,
    settings: &Settings,
    args: ExportArgs,
) -> anyhow::Result<()> {
    let log = vault_config::log(url, ambient, settings).await?;
    let filter = filter(&log, &args.read).await?;
    let personal = match args.personal_data {
        true => PersonalData::Included,
        false => PersonalData::Withheld,
    };
    let after = match (&args.cursor, filter.tenant) {
        (Some(cursor), Some(tenant)) => streams::event_position(tenant, cursor)
            .with_context(|| format!("--cursor: {cursor:?} is no cursor of this tenant's events"))?,
        _ => args.read.after,
    };
    // What is written down of the export is not in it.
    let head = log.head().await?;
    let tenants = match filter.tenant {
        Some(tenant) => vec![tenant],
        None => log.tenants().await?,
    };
    told::exported(url, ambient, settings, &tenants, &["annals export"]).await;
    let order = ExportOrder {
        after,
        upto: Some(head),
        filter,
        personal,
        format: args.format,
    };
    let out = BufWriter::new(io::stdout());
    let exported = streams::export(&log, &order, out).await?;
    match exported.cursor {
        Some(cursor) => eprintln!(
            "{} events up to position {} (cursor {cursor})",
            exported.events, exported.position
        ),
        None => eprintln!("0 events"),
    }
    Ok(())
}
