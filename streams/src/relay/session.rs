//! One try: finds out where to go on, and feeds the thread that writes until something breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use store::{Filter, Store};
use tokio::sync::{mpsc, oneshot, watch};

use super::error::RelayError;
use super::line::Line;
use super::making::{self, Page, Then};
use super::place::Place;
use super::settings::Settings;

/// How many pages of the log may wait for the brokers.
const PAGES: usize = 8;
/// How many rows a page of them has at most.
const PAGE: u32 = 1_000;

/// Relays until it is to stop.
///
/// # Errors
/// What broke: nothing is lost by it, the next session goes on behind the last transaction.
pub(super) async fn run(
    store: &Store,
    settings: &Settings,
    relayed: &Arc<AtomicU64>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), RelayError> {
    let (begins, begin) = oneshot::channel();
    let (pages, waiting) = mpsc::channel(PAGES);
    let (made, records) = mpsc::channel(PAGES);
    let stopping = Arc::new(AtomicBool::new(false));
    let line = Line {
        settings: settings.clone(),
        runtime: tokio::runtime::Handle::current(),
        begins,
        made: records,
        relayed: Arc::clone(relayed),
        stopping: Arc::clone(&stopping),
    };
    let making = settings.clone();
    thread::Builder::new()
        .name("kafka-records".to_owned())
        .spawn(move || making::run(&making, waiting, &made))
        .map_err(RelayError::NoThread)?;
    let (ended, mut end) = oneshot::channel();
    thread::Builder::new()
        .name("kafka-relay".to_owned())
        .spawn(move || drop(ended.send(line.run())))
        .map_err(RelayError::NoThread)?;

    let fed = tokio::select! {
        fed = feed(store, settings, relayed, begin, pages) => fed,
        outcome = &mut end => return outcome.unwrap_or(Err(RelayError::ThreadEnded)),
        _ = stop.wait_for(|stop| *stop) => Ok(()),
    };
    // The pages' sender is gone: the thread ends with what is under way, or gives it up if the brokers do not answer.
    stopping.store(true, Ordering::Release);
    let outcome = end.await.unwrap_or(Err(RelayError::ThreadEnded));
    if *stop.borrow() { Ok(()) } else { fed.and(outcome) }
}

/// Reads the log and hands it on, as fast as the brokers take it.
async fn feed(
    store: &Store,
    settings: &Settings,
    relayed: &AtomicU64,
    begin: oneshot::Receiver<Option<Place>>,
    pages: mpsc::Sender<Page>,
) -> Result<(), RelayError> {
    // A thread that ends before it says where to begin says why.
    let Ok(place) = begin.await else {
        return std::future::pending().await;
    };
    if let Some(place) = &place {
        check(store, settings, place).await?;
    }
    let position = place.map_or(0, |place| place.position);
    relayed.store(position, Ordering::Release);
    tracing::info!(position, "streams.relay goes on behind position {position}");
    let mut follower = store.tail().follow(position, Filter::default());
    let mut after = position;
    loop {
        let mut page = match &settings.log_topic {
            None => Page {
                events: follower.next().await?.events,
                rows: Vec::new(),
                then: Then::End,
            },
            Some(_) => {
                let rows = store.log().stored_page(after, PAGE).await?;
                if rows.is_empty() {
                    // Waits for more, whatever it brings: rows are read from the table.
                    follower = store.tail().follow(after, Filter::default());
                    follower.next().await?;
                }
                let events = store.log().decode_stored(&rows).await?;
                Page {
                    events: events.into_iter().map(Arc::new).collect(),
                    rows,
                    then: Then::End,
                }
            }
        };
        let Some(last) = page.events.last() else {
            continue;
        };
        after = last.position;
        if after < store.tail().position() {
            page.then = Then::More;
        }
        if pages.send(page).await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Refuses a place that another log's relay has written.
async fn check(store: &Store, settings: &Settings, place: &Place) -> Result<(), RelayError> {
    let before = place.position.saturating_sub(1);
    let page = match store.log().page(before, &Filter::default(), 1).await {
        // An archived year was this log's.
        Err(store::ReadError::Archived(_)) => return Ok(()),
        page => page?,
    };
    match page.first() {
        Some(event) if event.position == place.position && event.event_id.to_string() == place.event => {
            Ok(())
        }
        _ => Err(RelayError::OtherLog {
            topic: settings.positions(),
            position: place.position,
            event: place.event.clone(),
        }),
    }
}
