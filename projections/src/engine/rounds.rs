//! Rounds over all read models: those at the same position share a page, whoever lags gets pages of its own
//! until it has caught up with the next.

use std::collections::BTreeMap;

use futures::future::join;
use sqlx::PgPool;
use store::ReadError;

use super::backlog::Backlog;
use super::checkpoint;
use super::context::Timeline;
use super::folding::AnyReadModel;
use super::page::{Page, Setback, Traveller, carry};
use super::table::Table;

/// From so many events on, a page is worth a second connection.
const WIDE: usize = 500;

/// All read models of a process, and what they need to go on.
pub(super) struct Rounds {
    pub(super) pool: PgPool,
    pub(super) backlog: Backlog,
    pub(super) travellers: Vec<Traveller>,
    pub(super) timeline: Timeline,
    /// Those that have no table or checkpoint yet.
    pub(super) waiting: Vec<Box<dyn AnyReadModel>>,
}

/// Why a round could not go on for now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Pause {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

impl Rounds {
    /// Finds the table and the checkpoint of every read model.
    pub(super) async fn prepare(&mut self) -> Result<(), Pause> {
        while let Some(model) = self.waiting.last() {
            let mut transaction = self.pool.begin().await?;
            let table = Table::describe(&mut transaction, model.name(), model.key()).await?;
            let begun = match &table {
                Some(table) => checkpoint::begin(&mut transaction, model.as_ref(), table).await?,
                None => None,
            };
            transaction.commit().await?;
            let Some(model) = self.waiting.pop() else { break };
            match (table, begun) {
                (Some(table), Some(position)) => self.travellers.push(Traveller {
                    model,
                    table,
                    position,
                    halt: None,
                }),
                (Some(_), None) => tracing::error!(
                    read_model = model.name(),
                    "projections.{} stays as it is: a newer program keeps it",
                    model.name()
                ),
                (None, _) => tracing::error!(
                    read_model = model.name(),
                    "projections.{} does not run: its table is missing",
                    model.name()
                ),
            }
        }
        self.travellers
            .sort_unstable_by_key(|traveller| traveller.model.name());
        Ok(())
    }

    /// The position of the slowest read model that runs; `None` when none does.
    pub(super) fn slowest(&self) -> Option<u64> {
        self.travellers
            .iter()
            .filter(|t| !t.is_stopped())
            .map(|t| t.position)
            .min()
    }

    /// One page for each group of read models that are not at the log's end. Tells whether there was any.
    pub(super) async fn round(&mut self) -> Result<bool, Pause> {
        let head = self.backlog.head();
        let mut groups: BTreeMap<u64, Vec<&mut Traveller>> = BTreeMap::new();
        for traveller in self
            .travellers
            .iter_mut()
            .filter(|t| !t.is_stopped() && t.position < head)
        {
            groups.entry(traveller.position).or_default().push(traveller);
        }
        let any = !groups.is_empty();
        // The furthest first: whoever is nearly live stays so while another catches up.
        let mut bound = head;
        for (after, group) in groups.into_iter().rev() {
            let halt = group.iter().filter_map(|t| t.halt).map(|halt| halt - 1).min();
            let upto = halt.map_or(bound, |halt| halt.min(bound));
            bound = after;
            self.timeline.fill(&self.pool, after).await?;
            let events = self.backlog.page(after, upto).await?;
            let Some(last) = events.last().map(|event| event.position) else {
                continue;
            };
            let page = Page {
                after,
                upto: last,
                events: self.timeline.annotate(events),
            };
            for (mut lane, outcome) in carry_in_lanes(&self.pool, group, &page).await {
                match outcome {
                    Ok(()) | Err(Setback::Moved) => {}
                    Err(Setback::Refused(number, reason)) => lane[number].stop_before(after + 1, "", &reason),
                    Err(Setback::Away(error)) => return Err(error.into()),
                }
            }
        }
        self.measure(head);
        Ok(any)
    }

    fn measure(&self, head: u64) {
        for traveller in &self.travellers {
            let name = traveller.model.name();
            let (position, lag) = (traveller.position, head.saturating_sub(traveller.position));
            metrics::gauge!("annals_read_model_position", "read_model" => name).set(as_float(position));
            metrics::gauge!("annals_read_model_lag_events", "read_model" => name).set(as_float(lag));
        }
    }
}

type Lane<'t> = (Vec<&'t mut Traveller>, Result<(), Setback>);

/// A wide page goes down two lanes at once: those who only add rows write as many as all the others.
async fn carry_in_lanes<'t>(pool: &PgPool, group: Vec<&'t mut Traveller>, page: &Page) -> [Lane<'t>; 2] {
    let wide = page.events.len() > WIDE;
    let (mut adding, mut folding): (Vec<_>, Vec<_>) = group
        .into_iter()
        .partition(|traveller| wide && traveller.model.appends_only());
    let (added, folded) = join(carry(pool, &mut adding, page), carry(pool, &mut folding, page)).await;
    [(adding, added), (folding, folded)]
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; it shows, nothing is decided by it"
)]
const fn as_float(number: u64) -> f64 {
    number as f64
}
