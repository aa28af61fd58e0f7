//! One page of the log, one transaction: lock the checkpoints, load, fold, write, move the checkpoints.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::StreamId;
use sqlx::{PgConnection, PgPool};
use store::Log;

use super::Unfoldable;
use super::builds::Scope;
use super::checkpoint::{self, Unit};
use super::context::Noted;
use super::folding::{AnyReadModel, Changes, Folding, Parking};
use super::parked::{self, Waiting};
use super::shard::Shard;
use super::table::Table;
use super::{masking, metering};

/// The page's statements go through indexes, whatever the statistics say of a table that fills quickly. The
/// commit need not wait for the disk: a crash takes the rows and their checkpoint together, and the log has
/// the events.
pub(super) const BEGIN: &str = "begin; set local enable_seqscan = off; set local enable_hashjoin = off; \
     set local enable_mergejoin = off; set local synchronous_commit = off; \
     set local idle_in_transaction_session_timeout = '60s'";

/// One shard of a build on its way along the log.
#[derive(Clone)]
pub(super) struct Traveller {
    pub(super) model: Arc<dyn AnyReadModel>,
    pub(super) table: Table,
    pub(super) unit: Unit,
    pub(super) shard: Shard,
    pub(super) scope: Scope,
    pub(super) epoch: i64,
    /// The last position that it has folded.
    pub(super) position: u64,
    /// The streams whose events wait.
    pub(super) parked: HashSet<StreamId>,
}

impl Traveller {
    /// Whether an event is one that this shard of the build folds.
    pub(super) fn wants(&self, noted: &Noted) -> bool {
        let tenant = noted.event.tenant();
        self.model.wants(&noted.event)
            && self.shard.has(tenant)
            && self.scope.tenant.is_none_or(|only| only == tenant)
    }

    pub(super) fn build(&self) -> (&str, i32) {
        (&self.unit.name, self.unit.build)
    }
}

/// The events after a position up to another, all of them.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) after: u64,
    pub(super) upto: u64,
    pub(super) events: Vec<Noted>,
    /// The log that they come from.
    pub(super) log: Log,
}

/// Why a page left no trace.
#[derive(Debug)]
pub(super) enum Setback {
    /// Another process was quicker, or somebody changed a build: the traveller's number.
    Moved(usize),
    /// What a read model does can't be written: the traveller's number, and the reason. Some event of the
    /// page is to blame.
    Refused(usize, String),
    /// Program and table do not fit: the traveller's number, and the reason.
    Unfit(usize, String),
    /// The database is away.
    Away(sqlx::Error),
}

impl From<sqlx::Error> for Setback {
    fn from(error: sqlx::Error) -> Self {
        Self::Away(error)
    }
}

/// Takes travellers, all at the page's begin, to its end, in one transaction; in several, when it brings meters.
pub(super) async fn carry(pool: &PgPool, travellers: &mut [Traveller], page: &Page) -> Result<(), Setback> {
    if travellers.is_empty() {
        return Ok(());
    }
    for part in metering::cut(travellers, page) {
        carry_part(pool, travellers, &part).await?;
    }
    Ok(())
}

async fn carry_part(pool: &PgPool, travellers: &mut [Traveller], page: &Page) -> Result<(), Setback> {
    let mut before = Vec::new();
    for (number, traveller) in travellers.iter().enumerate() {
        let rows = metering::rows_before(pool, traveller, page).await;
        let rows = rows.map_err(|trouble| setback(number, trouble))?;
        before.extend(rows.map(|rows| (number, rows)));
    }
    let mut transaction = pool.begin_with(BEGIN).await?;
    let parked = carry_within(&mut transaction, travellers, page).await?;
    for (number, rows) in before {
        if let Some(columns) = rows.written {
            let table = &travellers[number].table;
            let written = table.write(&mut transaction, columns).await;
            // A meter's rows are never set aside: either all of its past counts, or the read model stops here.
            written.map_err(|error| match Fault::of(&error) {
                Fault::Away => Setback::Away(error),
                Fault::Data | Fault::Structure => Setback::Unfit(number, error.to_string()),
            })?;
        }
    }
    transaction.commit().await?;
    for (traveller, streams) in travellers.iter_mut().zip(parked) {
        traveller.position = page.upto;
        traveller.parked.extend(streams);
    }
    Ok(())
}

/// The same in a transaction that the caller ends; gives the streams that each traveller parked.
pub(super) async fn carry_within(
    connection: &mut PgConnection,
    travellers: &[Traveller],
    page: &Page,
) -> Result<Vec<Vec<StreamId>>, Setback> {
    let units: Vec<&Unit> = travellers.iter().map(|traveller| &traveller.unit).collect();
    let places = checkpoint::lock(connection, &units).await?;
    for (number, traveller) in travellers.iter().enumerate() {
        let place = places.iter().find(|place| place.unit == traveller.unit);
        let as_known = place.is_some_and(|place| {
            place.position == page.after
                && place.epoch == traveller.epoch
                && place.version == traveller.model.version()
        });
        if !as_known {
            return Err(Setback::Moved(number));
        }
    }
    let mut parked = Vec::new();
    for (number, traveller) in travellers.iter().enumerate() {
        let streams = carry_one(connection, traveller, page).await;
        parked.push(streams.map_err(|trouble| setback(number, trouble))?);
        let masked = masking::mask(connection, traveller, page).await;
        masked.map_err(|trouble| setback(number, trouble))?;
    }
    checkpoint::advance(connection, &units, page.upto).await?;
    Ok(parked)
}

fn setback(number: usize, trouble: Trouble) -> Setback {
    match trouble {
        Trouble::Unfit(reason) => Setback::Unfit(number, reason.to_string()),
        Trouble::Sql(error) => match Fault::of(&error) {
            Fault::Data => Setback::Refused(number, error.to_string()),
            Fault::Structure => Setback::Unfit(number, error.to_string()),
            Fault::Away => Setback::Away(error),
        },
    }
}

#[derive(Debug)]
pub(super) enum Trouble {
    Unfit(Unfoldable),
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Unfoldable> for Trouble {
    fn from(reason: Unfoldable) -> Self {
        Self::Unfit(reason)
    }
}

async fn carry_one(
    connection: &mut PgConnection,
    traveller: &Traveller,
    page: &Page,
) -> Result<Vec<StreamId>, Trouble> {
    let mut flowing = Vec::new();
    let mut waiting: HashMap<StreamId, Waiting> = HashMap::new();
    for noted in page.events.iter().filter(|noted| traveller.wants(noted)) {
        if !traveller.parked.contains(&noted.event.stream) {
            flowing.push(noted);
            continue;
        }
        let behind = waiting.entry(noted.event.stream.clone()).or_default();
        behind.events += 1;
        behind
            .keys
            .extend(traveller.model.folding().touched(noted, &traveller.table));
    }
    parked::add(connection, traveller.build(), &waiting).await?;
    if flowing.is_empty() {
        return Ok(Vec::new());
    }
    let parkings = fold_into_table(connection, traveller, &flowing).await?;
    metrics::counter!("annals_read_model_events_total", "read_model" => traveller.model.name())
        .increment(flowing.len() as u64);
    let mut streams = Vec::new();
    for parking in parkings {
        parked::park(connection, traveller.build(), &parking).await?;
        streams.push(parking.refusal.event.stream.clone());
    }
    Ok(streams)
}

/// Loads the rows that the events touch, folds, and writes; gives the streams to be parked.
pub(super) async fn fold_into_table(
    connection: &mut PgConnection,
    traveller: &Traveller,
    events: &[&Noted],
) -> Result<Vec<Parking>, Trouble> {
    let table = &traveller.table;
    let mut folding = loaded(connection, traveller, events).await?;
    let mut parkings = Vec::new();
    if folding.fold(events).is_err() {
        folding = loaded(connection, traveller, events).await?;
        parkings = folding.fold_carefully(events, table);
    }
    let Changes { written, removed } = folding.changes(table)?;
    if let Some(keys) = removed {
        table.remove(connection, keys).await?;
    }
    match written {
        Some(columns) if traveller.model.appends_only() => table.append(connection, columns).await?,
        Some(columns) => table.write(connection, columns).await?,
        None => {}
    }
    Ok(parkings)
}

async fn loaded(
    connection: &mut PgConnection,
    traveller: &Traveller,
    events: &[&Noted],
) -> Result<Box<dyn Folding>, Trouble> {
    let mut folding = traveller.model.folding();
    folding.declare(events);
    if let Some(keys) = folding.keys(&traveller.table)? {
        folding.load(&traveller.table.load(connection, keys).await?)?;
    }
    Ok(folding)
}

/// Parks the stream of the one event that a page has for this traveller, because the database refuses what it
/// leads to, and moves on.
pub(super) async fn park_the_one(
    pool: &PgPool,
    traveller: &mut Traveller,
    page: &Page,
    reason: &str,
) -> Result<(), Setback> {
    let flows = |noted: &&Noted| traveller.wants(noted) && !traveller.parked.contains(&noted.event.stream);
    let Some(noted) = page.events.iter().find(flows) else {
        return Err(Setback::Unfit(0, reason.to_owned()));
    };
    let event = Arc::clone(&noted.event);
    let stream = event.stream.clone();
    let parking = Parking {
        refusal: super::folding::Refusal {
            event,
            reason: Unfoldable::new(reason),
        },
        events: 0,
        keys: HashSet::new(),
    };
    let mut transaction = pool.begin_with(BEGIN).await?;
    parked::park(&mut transaction, traveller.build(), &parking).await?;
    traveller.parked.insert(stream.clone());
    // With the stream parked, the page is carried as any other; it counts the event.
    let carried = carry_within(&mut transaction, std::slice::from_ref(traveller), page).await;
    let committed = match carried {
        Ok(_) => transaction.commit().await.map_err(Setback::from),
        Err(setback) => Err(setback),
    };
    match committed {
        Ok(()) => {
            traveller.position = page.upto;
            Ok(())
        }
        Err(setback) => {
            traveller.parked.remove(&stream);
            Err(setback)
        }
    }
}

/// Whether the database refuses values, and not the statement or everything.
pub(super) fn is_about_data(error: &sqlx::Error) -> bool {
    matches!(Fault::of(error), Fault::Data)
}

/// Whose fault it is when the database refuses: trying again is of use only when it is away.
enum Fault {
    Data,
    Structure,
    Away,
}

impl Fault {
    /// SQLSTATE classes 21 to 23 (values and constraints) and 54 (limits) are about the data, 42 (names and
    /// rights) about the table.
    fn of(error: &sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref().and_then(|code| code.get(..2)) {
            Some("21" | "22" | "23" | "54") => Self::Data,
            Some("42") => Self::Structure,
            _ => Self::Away,
        }
    }
}
