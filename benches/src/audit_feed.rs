//! Pages and facets of the audit feed, by each filter that has an index.

use std::time::{Duration, Instant};

use domain::TenantId;
use projections::audit_feed::{By, Entry, Feed, Filter, Of, Order, Outcome};
use projections::{Direction, Page, Reader, Total, Way};
use store::Role;

use crate::server::Server;
use crate::table::print;

/// How many entries a page has.
const PAGE: u32 = 50;
/// How many pages of each filter are read.
const PAGES: u64 = 400;
/// How often the facets of a filter are counted.
const FACETS: u64 = 100;
/// How many entries are written at once.
const AT_ONCE: u64 = 500_000;

/// Which entries, by a number that differs from page to page.
type Wanted = (&'static str, fn(u64) -> Filter, By);

const FILTERS: &[Wanted] = &[
    ("all", |_| Filter::default(), By::Recorded),
    (
        "action",
        |_| by(|filter| filter.action = Some("lead.rare".to_owned())),
        By::Recorded,
    ),
    (
        "family of actions",
        |_| by(|filter| filter.action = Some("lead.r*".to_owned())),
        By::Recorded,
    ),
    (
        "actor",
        |number| by(|filter| filter.actor_id = Some(format!("u{}", number % 5_000))),
        By::Recorded,
    ),
    (
        "entity",
        |number| by(|filter| filter.entity_id = Some(format!("l{}", number % 50_000))),
        By::Recorded,
    ),
    (
        "request",
        |number| by(|filter| filter.correlation_id = Some(format!("c{}", number % 50_000))),
        By::Recorded,
    ),
    (
        "cause",
        |number| by(|filter| filter.causation_id = Some(format!("e{}", number % 50_000))),
        By::Recorded,
    ),
    (
        "workspace",
        |number| by(|filter| filter.workspace_id = Some(format!("w{}", number % 100))),
        By::Recorded,
    ),
    (
        "outcome denied",
        |_| by(|filter| filter.outcome = Some(Outcome::Denied)),
        By::Recorded,
    ),
    (
        "outcome refused",
        |_| by(|filter| filter.outcome = Some(Outcome::Refused)),
        By::Recorded,
    ),
    (
        "time",
        |number| {
            by(|filter| {
                let second = 1_767_225_600 + i64::try_from(number).unwrap_or_default() * 997;
                filter.from = jiff::Timestamp::from_second(second).ok();
            })
        },
        By::Occurred,
    ),
];

fn by(change: impl FnOnce(&mut Filter)) -> Filter {
    let mut filter = Filter::default();
    change(&mut filter);
    filter
}

pub(crate) async fn measure(server: &Server, entries: u64) -> anyhow::Result<()> {
    let (url, store) = server.store().await?;
    let tenant = TenantId::new(store.ambient().fresh_id());
    fill(server, &url, tenant, entries).await?;
    let reader = Reader::new(store::pool(&url, Role::Gateway, 2)?);
    let mut rows = Vec::new();
    for (name, filter, by) in FILTERS {
        let mut times = [Vec::new(), Vec::new()];
        for number in 0..PAGES {
            for (way, times) in [Way::Ascending, Way::Descending].into_iter().zip(&mut times) {
                let feed = Feed {
                    filter: filter(number),
                    order: Order { by: *by, way },
                    total: Total::Unknown,
                };
                let page = Page {
                    from: None,
                    limit: PAGE,
                    direction: Direction::Forward,
                };
                let begun = Instant::now();
                let listed = reader.audit_feed(tenant, &feed, &page).await?;
                times.push(begun.elapsed());
                anyhow::ensure!(!listed.rows.is_empty(), "{name}: an empty page");
            }
        }
        let mut counted = Vec::new();
        for number in 0..FACETS {
            let begun = Instant::now();
            reader.audit_facets(tenant, &filter(number)).await?;
            counted.push(begun.elapsed());
        }
        let [oldest, newest] = times;
        rows.push(vec![
            (*name).to_owned(),
            told(oldest),
            told(newest),
            told(counted),
        ]);
    }
    let mut causes = Vec::new();
    for number in 0..PAGES {
        let of = Of::Entity("lead".to_owned(), format!("l{}", number % 50_000));
        let begun = Instant::now();
        let _graph: Vec<Entry> = reader.causes(tenant, &of, 100).await?.entries;
        causes.push(begun.elapsed());
    }
    rows.push(vec![
        "causes of an entity, 100".to_owned(),
        told(causes),
        String::new(),
        String::new(),
    ]);
    print(
        &format!("A page of {PAGE} of {entries} audit entries, p50 / p99 ms"),
        &["filter", "oldest first", "newest first", "facets"],
        &rows,
    );
    Ok(())
}

/// Writes entries as the projector would, only faster.
async fn fill(server: &Server, url: &str, tenant: TenantId, entries: u64) -> anyhow::Result<()> {
    let owner = server.owner(url)?;
    for begin in (0..entries).step_by(usize::try_from(AT_ONCE)?) {
        let end = (begin + AT_ONCE).min(entries);
        let statement = format!(
            "insert into audit_feed (tenant_id, position, event_id, occurred_at, recorded_at, actor_kind, actor_id, \
             action, entity_type, entity_id, correlation_id, causation_id, workspace_id, payload) \
             select '{tenant}', i, 'e' || i, at, at, 'user', 'u' || i % 5000, \
             case i % 1000 when 0 then 'lead.rare' when 1 then 'access.denied' when 2 then 'access.refused' \
             else 'lead.captured' end, 'lead', 'l' || i % 50000, 'c' || i % 50000, \
             case when i > 50000 then 'e' || i % 50000 end, 'w' || i % 100, \
             '{{\"captured\": {{\"vertical\": \"sales\", \"source\": \"spring-campaign\"}}}}' \
             from generate_series({begin} + 1, {end}) i, \
             lateral (select timestamptz '2026-01-01' + i * interval '1 second' as at) moment"
        );
        sqlx::query(&statement).execute(&owner).await?;
    }
    sqlx::query("vacuum analyze audit_feed").execute(&owner).await?;
    Ok(())
}

fn told(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at =
        |hundredths: usize| times.get((times.len() * hundredths / 100).min(times.len().saturating_sub(1)));
    let ms = |time: Option<&Duration>| {
        let micros = time.copied().unwrap_or_default().as_micros();
        format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10)
    };
    format!("{} / {}", ms(at(50)), ms(at(99)))
}
