//! A Relay page of 50 audit entries with filters, beside PostGraphile on the same table.

use std::time::Duration;

use super::http::{Load, ask, load, post};
use super::served::Served;
use super::story::{CONNECTIONS, Story};
use crate::server::Server;
use crate::table::{median, print, ratio};

const PAGE: usize = 50;
const LOADS: [usize; 3] = [1, 16, 64];

/// Which pages are asked for in turns: the first of each filter, and the one behind it.
const FILTERS: [&[(&str, &str)]; 3] = [
    &[("action", "lead.contacted")],
    &[("action", "usage.tokens.input")],
    &[("actor_kind", "system"), ("actor_id", "bench")],
];

pub(crate) async fn measure(server: &Server, events: u64, seconds: u64, runs: usize) -> anyhow::Result<()> {
    let story = Story::of(server, events).await?;
    let ours = Served::ours(&story.url, &["api"]).await?;
    let theirs = Served::peer("postgraphile.mjs", &[&story.url, CONNECTIONS]).await?;
    let pages = Pages::of(&ours, &theirs, &story.tenant).await?;
    let span = Duration::from_secs(seconds);
    let mut rows = Vec::new();
    for connections in LOADS {
        let mut got = [Vec::new(), Vec::new()];
        for _ in 0..runs {
            got[0].push(load(&ours, &pages.ours, connections, span).await?);
            got[1].push(load(&theirs, &pages.theirs, connections, span).await?);
        }
        let middle = |whose: usize, of: fn(&Load) -> u64| median(got[whose].iter().map(of).collect());
        let both = |of: fn(&Load) -> u64| [middle(0, of), middle(1, of)];
        let (rate, p50, p99, cpu) = (
            both(|load| load.rate),
            both(|load| load.p50_us),
            both(|load| load.p99_us),
            both(|load| load.cpu_us),
        );
        rows.push(vec![
            connections.to_string(),
            rate[0].to_string(),
            format!("{} ({}x)", rate[1], ratio(rate[0], rate[1])),
            format!("{} / {}", p50[0], p99[0]),
            format!("{} / {} ({}x)", p50[1], p99[1], ratio(p99[1], p99[0])),
            format!("{} / {}", cpu[0], cpu[1]),
        ]);
    }
    print(
        "A Relay page of 50 audit entries, with filters",
        &[
            "connections",
            "ours, requests a second",
            "PostGraphile",
            "ours, p50 / p99 µs",
            "PostGraphile",
            "CPU µs of a request, ours / PostGraphile",
        ],
        &rows,
    );
    story.close().await;
    Ok(())
}

/// The requests to either server.
struct Pages {
    ours: Vec<Vec<u8>>,
    theirs: Vec<Vec<u8>>,
}

impl Pages {
    async fn of(ours: &Served, theirs: &Served, tenant: &str) -> anyhow::Result<Self> {
        let mut pages = Self {
            ours: Vec::new(),
            theirs: Vec::new(),
        };
        for filter in FILTERS {
            let of_ours = |cursor: Option<&str>| post(&our_document(filter, cursor), Some(tenant));
            let of_theirs = |cursor: Option<&str>| post(&their_document(tenant, filter, cursor), None);
            let first = [of_ours(None), of_theirs(None)];
            let answers = [
                ask(ours.address, &first[0]).await?,
                ask(theirs.address, &first[1]).await?,
            ];
            let cursors = [end_cursor(&answers[0])?, end_cursor(&answers[1])?];
            let second = [of_ours(Some(&cursors[0])), of_theirs(Some(&cursors[1]))];
            let [our_first, their_first] = first;
            let [our_second, their_second] = second;
            pages.ours.extend([our_first, our_second]);
            pages.theirs.extend([their_first, their_second]);
        }
        for (ours_page, theirs_page) in pages.ours.iter().zip(&pages.theirs) {
            let answers = [
                ask(ours.address, ours_page).await?,
                ask(theirs.address, theirs_page).await?,
            ];
            let ids = answers.map(|answer| ids(&answer));
            anyhow::ensure!(ids[0] == ids[1], "the pages differ: {ids:?}");
            anyhow::ensure!(ids[0].len() == PAGE, "a page of {}", ids[0].len());
        }
        Ok(pages)
    }
}

const FIELDS: &str = "eventId occurredAt actorKind actorId action entityType entityId";

fn our_document(filter: &[(&str, &str)], after: Option<&str>) -> String {
    let filter: Vec<String> = filter
        .iter()
        .map(|(column, value)| match *column {
            "actor_kind" => format!("actorKind: {}", value.to_uppercase()),
            column => format!("{}: \"{value}\"", camel(column)),
        })
        .collect();
    let after = after.map_or(String::new(), |cursor| format!(", after: \"{cursor}\""));
    format!(
        "{{ auditFeed(first: {PAGE}, filter: {{ {} }}{after}) {{ edges {{ node {{ {FIELDS} }} }} \
         pageInfo {{ hasNextPage endCursor }} }} }}",
        filter.join(", ")
    )
}

fn their_document(tenant: &str, filter: &[(&str, &str)], after: Option<&str>) -> String {
    let filter: Vec<String> = filter
        .iter()
        .map(|(column, value)| format!("{}: \"{value}\"", camel(column)))
        .collect();
    let after = after.map_or(String::new(), |cursor| format!(", after: \"{cursor}\""));
    format!(
        "{{ allAuditFeeds(first: {PAGE}, condition: {{ tenantId: \"{tenant}\", {} }}, orderBy: [PRIMARY_KEY_ASC]{after}) \
         {{ edges {{ node {{ {FIELDS} }} }} pageInfo {{ hasNextPage endCursor }} }} }}",
        filter.join(", ")
    )
}

fn camel(column: &str) -> String {
    let mut parts = column.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let (head, tail) = part.split_at(1);
        name + &head.to_uppercase() + tail
    })
}

fn end_cursor(answer: &str) -> anyhow::Result<String> {
    values(answer, "endCursor")
        .next()
        .map(str::to_owned)
        .ok_or_else(|| anyhow::anyhow!("no cursor in {answer}"))
}

fn ids(answer: &str) -> Vec<String> {
    values(answer, "eventId").map(str::to_owned).collect()
}

/// The texts under a name, in their order.
fn values<'a>(answer: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let mark = format!("\"{name}\":\"");
    let mut rest = answer;
    std::iter::from_fn(move || {
        let (_, behind) = rest.split_once(&mark)?;
        let (value, behind) = behind.split_once('"')?;
        rest = behind;
        Some(value)
    })
}
