//! One page of the log, one transaction: lock the checkpoints, load, fold, write, move the checkpoints.

use sqlx::{PgConnection, PgPool};

use super::Unfoldable;
use super::checkpoint;
use super::context::Noted;
use super::folding::{AnyReadModel, Folding, Stop};
use super::table::Table;

/// The page's statements go through indexes, whatever the statistics say of a table that fills quickly. The
/// commit need not wait for the disk: a crash takes the rows and their checkpoint together, and the log has
/// the events.
const BEGIN: &str = "begin; set local enable_seqscan = off; set local enable_hashjoin = off; \
     set local enable_mergejoin = off; set local synchronous_commit = off; \
     set local idle_in_transaction_session_timeout = '60s'";

/// A read model on its way along the log.
pub(super) struct Traveller {
    pub(super) model: Box<dyn AnyReadModel>,
    pub(super) table: Table,
    /// The last position that it has folded.
    pub(super) position: u64,
    /// The event that it cannot fold, once it met one.
    pub(super) halt: Option<u64>,
}

impl Traveller {
    /// Whether it can go no further.
    pub(super) fn is_stopped(&self) -> bool {
        self.halt.is_some_and(|halt| self.position + 1 >= halt)
    }

    /// Stops before an event, and says so once.
    pub(super) fn stop_before(&mut self, position: u64, event_type: &str, reason: &str) {
        let name = self.model.name();
        tracing::error!(
            read_model = name,
            position,
            event_type,
            reason,
            "projections.{name} stopped before an event that it cannot take; the others go on"
        );
        metrics::gauge!("annals_read_model_stopped", "read_model" => name).set(1);
        self.halt = Some(position);
    }
}

/// The events after a position up to another, all of them.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) after: u64,
    pub(super) upto: u64,
    pub(super) events: Vec<Noted>,
}

/// Why a page left no trace.
#[derive(Debug)]
pub(super) enum Setback {
    /// Another process was quicker.
    Moved,
    /// The database refuses what one read model writes: the traveller's number, and the reason.
    Refused(usize, String),
    /// The database is away.
    Away(sqlx::Error),
}

impl From<sqlx::Error> for Setback {
    fn from(error: sqlx::Error) -> Self {
        Self::Away(error)
    }
}

/// Takes travellers, all at the page's begin, to its end. One that cannot fold an event of it is stopped
/// before that event, and stays where it was.
pub(super) async fn carry(
    pool: &PgPool,
    travellers: &mut [&mut Traveller],
    page: &Page,
) -> Result<(), Setback> {
    if travellers.is_empty() {
        return Ok(());
    }
    let mut transaction = pool.begin_with(BEGIN).await?;
    let mut names: Vec<String> = travellers.iter().map(|t| t.model.name().to_owned()).collect();
    let stored = checkpoint::lock(&mut transaction, &names).await?;
    if stored.len() < names.len() {
        return Err(Setback::Away(sqlx::Error::RowNotFound));
    }
    for checkpoint in stored {
        let traveller = travellers.iter_mut().find(|t| t.model.name() == checkpoint.name);
        let Some(traveller) = traveller else { continue };
        if checkpoint.version != traveller.model.version() {
            traveller.stop_before(
                page.after + 1,
                "",
                "another version of the program took its table",
            );
        } else if checkpoint.position != page.after {
            traveller.position = checkpoint.position;
        }
    }
    if travellers
        .iter()
        .any(|t| t.position != page.after || t.halt == Some(page.after + 1))
    {
        return Err(Setback::Moved);
    }

    for (number, traveller) in travellers.iter_mut().enumerate() {
        let folding = traveller.model.begin(&page.events);
        let wanted = folding.wanted();
        if wanted == 0 {
            continue;
        }
        match carry_one(&mut transaction, traveller, folding, page).await {
            Ok(()) => {
                metrics::counter!("annals_read_model_events_total", "read_model" => traveller.model.name())
                    .increment(wanted as u64);
            }
            Err(Trouble::Stop(stop)) => {
                traveller.stop_before(stop.position, &stop.event_type, &stop.reason.to_string());
                names.retain(|name| name != traveller.model.name());
            }
            Err(Trouble::Sql(error)) if is_refusal(&error) => {
                return Err(Setback::Refused(number, error.to_string()));
            }
            Err(Trouble::Sql(error)) => return Err(error.into()),
        }
    }
    checkpoint::advance(&mut transaction, &names, page.upto).await?;
    transaction.commit().await?;
    for traveller in travellers
        .iter_mut()
        .filter(|t| t.halt.is_none_or(|halt| halt > page.upto))
    {
        traveller.position = page.upto;
    }
    Ok(())
}

enum Trouble {
    Stop(Stop),
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

async fn carry_one(
    connection: &mut PgConnection,
    traveller: &Traveller,
    mut folding: Box<dyn Folding + '_>,
    page: &Page,
) -> Result<(), Trouble> {
    let unfit = |reason: Unfoldable| {
        Trouble::Stop(Stop {
            position: page.after + 1,
            event_type: String::new(),
            reason,
        })
    };
    let table = &traveller.table;
    if let Some(keys) = folding.keys(table).map_err(unfit)? {
        let rows = table.load(connection, keys).await?;
        folding.load(&rows).map_err(unfit)?;
    }
    folding.fold().map_err(Trouble::Stop)?;
    let changes = folding.changes(table).map_err(unfit)?;
    if let Some(keys) = changes.removed {
        table.remove(connection, keys).await?;
    }
    match changes.written {
        Some(columns) if traveller.model.appends_only() => table.append(connection, columns).await?,
        Some(columns) => table.write(connection, columns).await?,
        None => {}
    }
    Ok(())
}

/// Whether the database turned down the data itself, so that trying again is of no use: SQLSTATE classes 21
/// to 23 (values and constraints), 42 (names and rights) and 54 (limits).
fn is_refusal(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| {
        ["21", "22", "23", "42", "54"]
            .iter()
            .any(|class| code.starts_with(class))
    })
}
