//! One build on its way from empty to ready.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use domain::StreamId;
use sqlx::PgPool;
use store::Log;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::pages::Pages;
use crate::engine::Unfoldable;
use crate::engine::builds::{self, Build, BuildState};
use crate::engine::catch_up::{Obstacle, filter};
use crate::engine::checkpoint::{self, Unit};
use crate::engine::context::{Noted, Timeline};
use crate::engine::folding::{Changes, Folding, Parking};
use crate::engine::metering::LookBack;
use crate::engine::page::{BEGIN, Traveller};
use crate::engine::parked::{self, Waiting};

/// Rows of a read model that only adds are written from so many bytes on.
const ADDED_BYTES: usize = 16 << 20;
/// Whatever is in memory is written after so long, so that an interrupted filling loses little.
const FLUSH_AFTER_SECONDS: u64 = 30;

/// How far a filling has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// The position up to which the log was folded.
    pub position: u64,
    /// The position to which it goes.
    pub target: u64,
    /// How many events were folded by this run.
    pub events: u64,
    /// How many rows were written by this run.
    pub rows: u64,
    /// How long this run takes.
    pub seconds: f64,
}

/// A build that is being filled by this process.
pub(crate) struct Filling {
    pub(in crate::engine) pool: PgPool,
    pub(in crate::engine) log: Log,
    pub(in crate::engine) build: Build,
    /// The build as one traveller over all its shards.
    pub(in crate::engine) traveller: Traveller,
    pub(in crate::engine) units: Vec<Unit>,
    pub(in crate::engine) memory_bytes: usize,
    pub(in crate::engine) progress: watch::Sender<Progress>,
    pub(in crate::engine) care: Care,
}

/// How events are folded: after a refusal, one by one, so that what is refused can be undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) enum Care {
    #[default]
    Swift,
    OneByOne,
}

/// What is folded and not yet written.
struct Held {
    folding: Box<dyn Folding>,
    parkings: Vec<Parking>,
    waiting: HashMap<StreamId, Waiting>,
    events: u64,
    /// Whether the table may have rows that the events touch.
    beside_rows: bool,
    since: Instant,
}

/// What goes to the table at once, with the position that it brings the build to.
struct Load {
    rows: Loaded,
    parkings: Vec<Parking>,
    waiting: HashMap<StreamId, Waiting>,
    from: u64,
    upto: u64,
    events: u64,
    seconds: f64,
}

enum Loaded {
    Lines(Vec<u8>, u64),
    Columns(Changes),
}

impl Filling {
    /// Folds up to a position and writes all of it; the build is then ready. It may be interrupted at any
    /// moment, and goes on from what was written last.
    pub(crate) async fn run(mut self, target: u64) -> Result<(), Obstacle> {
        let started = Instant::now();
        let mut written = self.traveller.position;
        if written > 0 && !self.traveller.model.appends_only() {
            self.index().await?;
        }
        loop {
            match self.pass(target, &mut written, started).await {
                // An event was refused: once more from what is written.
                Err(Outcome::Refused) if self.care == Care::Swift => self.care = Care::OneByOne,
                Err(Outcome::Refused) => return Err(Obstacle::Moved),
                Err(Outcome::Obstacle(obstacle)) => return Err(obstacle),
                Ok(()) => break,
            }
        }
        self.index().await?;
        let id = (self.build.name.as_str(), self.build.build);
        let mut connection = self.pool.acquire().await?;
        builds::set_state(&mut connection, id, BuildState::Ready).await?;
        Ok(())
    }

    async fn pass(&mut self, target: u64, written: &mut u64, started: Instant) -> Result<(), Outcome> {
        let model = Arc::clone(&self.traveller.model);
        let filter = filter(&self.traveller.scope, model.as_ref());
        let mut pages = Pages::read(self.log.clone(), filter, *written, target);
        let mut timeline = Timeline::default();
        let mut held = self.fresh();
        let mut writing: Option<JoinHandle<Result<u64, Obstacle>>> = None;
        let mut folded = *written;
        while let Some(page) = pages.next().await {
            let (events, upto) = page.map_err(Obstacle::from)?;
            timeline.fill(&self.pool, upto).await.map_err(Obstacle::from)?;
            let page = timeline.annotate(events.into_iter().map(Arc::new).collect());
            held.beside_rows = *written > 0 || writing.is_some();
            if model.looks_back() {
                for noted in &page {
                    let back = LookBack::of(self.log.clone(), &noted.event);
                    if let Some(back) = back.filter(|_| self.traveller.wants(noted)) {
                        self.look_back(&mut held, back).await?;
                    }
                }
            }
            self.fold(&mut held, &page).await?;
            folded = upto;
            self.tell(folded, target, page.len(), started);
            if self.is_full(&held) || folded == target {
                // One load is on its way while the next is being folded.
                finish(&mut writing, written).await?;
                let from = *written;
                let load = self.load(std::mem::replace(&mut held, self.fresh()), from, folded)?;
                writing = Some(tokio::spawn(write(
                    self.pool.clone(),
                    self.traveller.clone(),
                    self.units.clone(),
                    load,
                )));
                // Rows that change must be there before they can be loaded again.
                if !model.appends_only() && folded < target {
                    finish(&mut writing, written).await?;
                    self.index().await?;
                }
            }
        }
        finish(&mut writing, written).await?;
        if folded < target {
            return Err(Outcome::Obstacle(Obstacle::Moved));
        }
        Ok(())
    }

    fn fresh(&self) -> Held {
        Held {
            folding: self.traveller.model.folding(),
            parkings: Vec::new(),
            waiting: HashMap::new(),
            events: 0,
            beside_rows: false,
            since: Instant::now(),
        }
    }

    async fn fold(&mut self, held: &mut Held, page: &[Noted]) -> Result<(), Outcome> {
        let mut flowing: Vec<&Noted> = Vec::with_capacity(page.len());
        for noted in page.iter().filter(|noted| self.traveller.wants(noted)) {
            if self.traveller.parked.contains(&noted.event.stream) {
                let behind = held.waiting.entry(noted.event.stream.clone()).or_default();
                behind.events += 1;
                behind
                    .keys
                    .extend(held.folding.touched(noted, &self.traveller.table));
            } else {
                flowing.push(noted);
            }
        }
        held.events += page.len() as u64;
        held.folding.declare(&flowing);
        let keys = held.folding.keys(&self.traveller.table).map_err(unfit)?;
        if let Some(keys) = keys.filter(|_| held.beside_rows) {
            let mut connection = self.pool.acquire().await.map_err(Obstacle::from)?;
            let rows = self.traveller.table.load(&mut connection, keys).await;
            held.folding.load(&rows.map_err(Obstacle::from)?).map_err(unfit)?;
        }
        if self.care == Care::Swift {
            return held.folding.fold(&flowing).map_err(|_| Outcome::Refused);
        }
        for parking in held.folding.fold_carefully(&flowing, &self.traveller.table) {
            self.traveller.parked.insert(parking.refusal.event.stream.clone());
            held.parkings.push(parking);
        }
        Ok(())
    }

    /// Folds what happened before a meter, for that meter: whatever comes first, its rows are the same.
    async fn look_back(&mut self, held: &mut Held, mut back: LookBack) -> Result<(), Outcome> {
        loop {
            let page = back.next(&self.pool).await.map_err(Obstacle::from)?;
            if page.is_empty() {
                return Ok(());
            }
            self.fold(held, &page).await?;
        }
    }

    fn is_full(&self, held: &Held) -> bool {
        // What is being written, and its text, are in memory as well.
        let bound = self.memory_bytes / 4;
        let bound = if self.traveller.model.appends_only() {
            bound.min(ADDED_BYTES)
        } else {
            bound
        };
        held.folding.weight() > bound || held.since.elapsed().as_secs() >= FLUSH_AFTER_SECONDS
    }

    fn load(&self, mut held: Held, from: u64, upto: u64) -> Result<Load, Outcome> {
        let table = &self.traveller.table;
        let rows = if from == 0 || self.traveller.model.appends_only() {
            let (lines, rows) = held.folding.lines(table).map_err(unfit)?;
            Loaded::Lines(lines, rows)
        } else {
            Loaded::Columns(held.folding.changes(table).map_err(unfit)?)
        };
        Ok(Load {
            rows,
            parkings: held.parkings,
            waiting: held.waiting,
            from,
            upto,
            events: held.events,
            seconds: held.since.elapsed().as_secs_f64(),
        })
    }

    /// Gives the table its indexes, if it has none yet.
    async fn index(&self) -> Result<(), Obstacle> {
        sqlx::query!(
            "select read_model_index_table($1, $2)::text as done",
            self.build.name,
            self.build.build
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(())
    }

    fn tell(&self, position: u64, target: u64, events: usize, started: Instant) {
        self.progress.send_modify(|progress| {
            progress.position = position;
            progress.target = target;
            progress.events += events as u64;
            progress.seconds = started.elapsed().as_secs_f64();
        });
    }
}

/// How a pass over the log ended before its end.
enum Outcome {
    Refused,
    Obstacle(Obstacle),
}

impl From<Obstacle> for Outcome {
    fn from(obstacle: Obstacle) -> Self {
        Self::Obstacle(obstacle)
    }
}

fn unfit(reason: Unfoldable) -> Outcome {
    Outcome::Obstacle(Obstacle::Unfit(reason.to_string()))
}

/// Waits until what was being written is written.
async fn finish(
    writing: &mut Option<JoinHandle<Result<u64, Obstacle>>>,
    written: &mut u64,
) -> Result<(), Obstacle> {
    if let Some(task) = writing.take() {
        *written = task.await.unwrap_or(Err(Obstacle::Moved))?;
    }
    Ok(())
}

/// Writes a load with the build's checkpoints, in one transaction; gives the position that was reached.
async fn write(pool: PgPool, traveller: Traveller, units: Vec<Unit>, load: Load) -> Result<u64, Obstacle> {
    let id = traveller.build();
    let units: Vec<&Unit> = units.iter().collect();
    let mut transaction = pool.begin_with(BEGIN).await?;
    let places = checkpoint::lock(&mut transaction, &units).await?;
    if places.len() < units.len() || places.iter().any(|place| place.position != load.from) {
        return Err(Obstacle::Moved);
    }
    let rows = match load.rows {
        Loaded::Lines(lines, rows) => {
            traveller.table.copy(&mut transaction, &lines).await?;
            rows
        }
        Loaded::Columns(Changes { written, removed }) => {
            if let Some(keys) = removed {
                traveller.table.remove(&mut transaction, keys).await?;
            }
            let rows = written
                .as_ref()
                .and_then(|columns| columns.first())
                .map_or(0, Vec::len);
            if let Some(columns) = written {
                traveller.table.write(&mut transaction, columns).await?;
            }
            rows as u64
        }
    };
    for parking in &load.parkings {
        parked::park(&mut transaction, id, parking).await?;
    }
    parked::add(&mut transaction, id, &load.waiting).await?;
    checkpoint::advance(&mut transaction, &units, load.upto).await?;
    sqlx::query!(
        r#"
        update read_model_builds
        set events = events + $3, rows = rows + $4, seconds = seconds + $5, changed_at = now()
        where name = $1 and build = $2
        "#,
        id.0,
        id.1,
        crate::engine::count(load.events),
        crate::engine::count(rows),
        load.seconds,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(load.upto)
}
