//! Erasures on their way through a read model: the rows that personal data may be in are folded again from events that
//! do not tell it any more, in the transaction that takes the build past the erasure. The live table thus has what a
//! rebuild would make.

use std::sync::Arc;

use domain::{RecordedEvent, TenantId};
use sqlx::PgConnection;
use store::{Log, Part, Place, ReadError, erases};

use super::context::{Noted, Timeline};
use super::folding::{AnyReadModel, Changes};
use super::page::{Page, Traveller, Trouble};
use super::{Unfoldable, count, parked};

/// The events of so many destroyed keys are folded again at once.
const KEYS: u32 = 500;
const PAGE: u32 = 2_000;

/// Masks what the page's erasures took, if the read model keeps personal data.
pub(super) async fn mask(
    connection: &mut PgConnection,
    traveller: &Traveller,
    page: &Page,
) -> Result<(), Trouble> {
    if !traveller.model.keeps_personal_data() {
        return Ok(());
    }
    for noted in page.events.iter().filter(|noted| erases(&noted.event.event_type)) {
        let (tenant, position) = (noted.event.tenant(), noted.event.position);
        let is_ours = traveller.shard.has(tenant) && traveller.scope.tenant.is_none_or(|only| only == tenant);
        if is_ours {
            let rows = mask_one(connection, traveller, page, (tenant, position)).await?;
            note(connection, traveller, (tenant, position), rows).await?;
        }
    }
    Ok(())
}

async fn mask_one(
    connection: &mut PgConnection,
    traveller: &Traveller,
    page: &Page,
    erasure: (TenantId, u64),
) -> Result<u64, Trouble> {
    let (mut after, mut rows) = (String::new(), 0);
    loop {
        let erased = page.log.erased_at(erasure, &after, KEYS).await;
        let Some((events, last)) = erased.map_err(unreadable)? else {
            return Ok(rows);
        };
        after = last;
        let mut wanted = annotated(events);
        wanted.retain(|noted| traveller.wants(noted));
        wanted.sort_unstable_by_key(|noted| noted.event.position);
        for events in parts(&page.log, traveller.model.as_ref(), wanted, page.upto).await? {
            rows += fold_again(connection, traveller, events).await?;
        }
    }
}

/// Of the rows that erased events touch, all events that made them.
async fn parts(
    log: &Log,
    model: &dyn AnyReadModel,
    erased: Vec<Noted>,
    upto: u64,
) -> Result<Vec<Vec<Noted>>, Trouble> {
    let again = super::history::again(model);
    let mut wanted: Vec<Part> = Vec::new();
    for noted in &erased {
        for key in again.touched(noted) {
            let part = again.part(&key)?;
            if !wanted.contains(&part) {
                wanted.push(part);
            }
        }
    }
    // A row that is one event needs no other.
    if wanted.iter().all(|part| matches!(part, Part::Event { .. })) {
        return Ok(vec![erased]);
    }
    let mut parts = Vec::new();
    for part in wanted {
        let (mut events, mut place) = (Vec::new(), Place::default());
        loop {
            let read = log.part(&part, place, upto, PAGE).await.map_err(unreadable)?;
            let is_over = read.len() < PAGE as usize;
            if let Some(last) = read.last() {
                place = Place::after(last);
            }
            events.extend(read);
            if is_over {
                break;
            }
        }
        let mut events = annotated(events);
        events.retain(|noted| model.wants(&noted.event));
        parts.push(events);
    }
    Ok(parts)
}

/// Folds from nothing, and puts the rows in the place of those in the table.
async fn fold_again(
    connection: &mut PgConnection,
    traveller: &Traveller,
    mut events: Vec<Noted>,
) -> Result<u64, Trouble> {
    if let Some(stream) = events
        .iter()
        .map(|noted| &noted.event.stream)
        .find(|stream| traveller.parked.contains(*stream))
    {
        // What waits is folded when the stream is resumed.
        let waits = parked::since(&mut *connection, traveller.build(), stream).await?;
        let stream = stream.clone();
        events
            .retain(|noted| noted.event.stream != stream || waits.is_none_or(|at| noted.event.position < at));
    }
    let events: Vec<&Noted> = events.iter().collect();
    let mut folding = traveller.model.folding();
    folding.declare(&events);
    folding
        .fold(&events)
        .map_err(|refusal| Trouble::Unfit(refusal.reason))?;
    let Changes { written, removed } = folding.changes(&traveller.table)?;
    if let Some(keys) = removed {
        traveller.table.remove(connection, keys).await?;
    }
    let rows = written
        .as_ref()
        .and_then(|columns| columns.first())
        .map_or(0, Vec::len);
    if let Some(columns) = written {
        traveller.table.write(connection, columns).await?;
    }
    Ok(rows as u64)
}

/// Writes down how many rows were masked: it goes into the certificate.
async fn note(
    connection: &mut PgConnection,
    traveller: &Traveller,
    (tenant, position): (TenantId, u64),
    rows: u64,
) -> Result<(), sqlx::Error> {
    if rows == 0 {
        return Ok(());
    }
    sqlx::query!(
        r#"
        insert into erasure_masks (tenant_id, position, read_model, rows)
        values ($1, $2, $3, $4)
        on conflict (tenant_id, position, read_model) do update set rows = excluded.rows
        "#,
        tenant.to_string(),
        count(position),
        traveller.model.name(),
        count(rows)
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Folds that keep personal data look at no tenant's settings.
fn annotated(events: Vec<RecordedEvent>) -> Vec<Noted> {
    Timeline::default().annotate(events.into_iter().map(Arc::new).collect())
}

fn unreadable(error: ReadError) -> Trouble {
    Trouble::Unfit(Unfoldable::new(error.to_string()))
}
