//! Rounds over all read models: those at the same position share a page, whoever lags gets pages of its own
//! until it has caught up with the next.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use futures::future::join_all;
use sqlx::PgPool;
use store::ReadError;

use super::backlog::Backlog;
use super::builds::Policy;
use super::context::Timeline;
use super::folding::AnyReadModel;
use super::page::{Page, Setback, Traveller, carry, park_the_one};
use super::settle::{Standing, settle};
use super::shard::Shard;

/// From so many events on, a page is worth a second connection.
const WIDE: usize = 500;

/// The read models that a process carries, and what it needs for that.
pub(super) struct Rounds {
    pub(super) pool: PgPool,
    pub(super) backlog: Backlog,
    pub(super) models: Vec<Arc<dyn AnyReadModel>>,
    /// The shards that may be carried here.
    pub(super) shards: Vec<Shard>,
    pub(super) policy: Policy,
    pub(super) timeline: Timeline,
    pub(super) travellers: Vec<Traveller>,
    /// What this process is to carry: read models by name, and the number of a shard.
    works: Vec<(Arc<dyn AnyReadModel>, Shard)>,
    /// What it does not carry any more: program and table do not fit.
    stopped: HashSet<String>,
    /// Works whose live build is an older fold's; it looks again when it is told to.
    older: BTreeSet<String>,
}

/// Why a round could not go on for now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Pause {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

/// The name of the work of carrying a shard of a read model.
pub(super) fn work(model: &str, shard: Shard) -> String {
    format!("{model}/{}", shard.number)
}

impl Rounds {
    pub(super) fn new(
        pool: PgPool,
        backlog: Backlog,
        models: Vec<Arc<dyn AnyReadModel>>,
        shards: Vec<Shard>,
        policy: Policy,
    ) -> Self {
        Self {
            pool,
            backlog,
            models,
            shards,
            policy,
            timeline: Timeline::default(),
            travellers: Vec::new(),
            works: Vec::new(),
            stopped: HashSet::new(),
            older: BTreeSet::new(),
        }
    }

    fn all_works(&self) -> impl Iterator<Item = (&Arc<dyn AnyReadModel>, Shard)> {
        let every = |model| self.shards.iter().map(move |shard| (model, *shard));
        self.models.iter().flat_map(every)
    }

    /// Carries these works from now on, and no others.
    pub(super) fn take(&mut self, held: &BTreeSet<String>) {
        let works: Vec<_> = self
            .all_works()
            .filter(|(model, shard)| held.contains(&work(model.name(), *shard)))
            .map(|(model, shard)| (Arc::clone(model), shard))
            .collect();
        self.travellers
            .retain(|traveller| held.contains(&work(traveller.model.name(), traveller.shard)));
        self.works = works;
        self.older.clear();
    }

    /// Whether there is nothing to carry.
    pub(super) fn is_without_work(&self) -> bool {
        self.works.is_empty()
    }

    /// Whether anything is yet to be looked for.
    pub(super) fn is_incomplete(&self) -> bool {
        self.travellers.len() + self.stopped.len() + self.older.len() < self.works.len()
    }

    /// The read models that it does not carry although it should.
    pub(super) fn stopped(&self) -> BTreeSet<String> {
        let name = |work: &String| work.split('/').next().unwrap_or(work).to_owned();
        self.stopped.iter().map(name).collect()
    }

    /// Finds the table and the checkpoint of every read model that it is to carry and does not yet.
    pub(super) async fn prepare(&mut self) -> Result<(), Pause> {
        for (model, shard) in self.works.clone() {
            let name = work(model.name(), shard);
            let known =
                |traveller: &Traveller| traveller.model.name() == model.name() && traveller.shard == shard;
            if self.stopped.contains(&name) || self.older.contains(&name) || self.travellers.iter().any(known)
            {
                continue;
            }
            match settle(&self.pool, &model, shard, self.policy).await? {
                Standing::Ours(traveller) => self.travellers.push(*traveller),
                Standing::Older => drop(self.older.insert(name)),
                Standing::Newer => self.stop(&name, "a newer program keeps it"),
                Standing::NoTable => self.stop(&name, "its table is missing"),
            }
        }
        self.travellers.sort_unstable_by(|left, right| {
            (left.model.name(), left.shard.number).cmp(&(right.model.name(), right.shard.number))
        });
        Ok(())
    }

    fn stop(&mut self, work: &str, reason: &str) {
        let name = work.split('/').next().unwrap_or(work).to_owned();
        tracing::error!(
            read_model = name,
            reason,
            "projections.{name} stays where it is; the others go on"
        );
        metrics::gauge!("annals_read_model_stopped", "read_model" => name).set(1);
        self.stopped.insert(work.to_owned());
    }

    /// The position of the slowest read model that it carries; `None` when it carries none.
    pub(super) fn slowest(&self) -> Option<u64> {
        self.travellers.iter().map(|traveller| traveller.position).min()
    }

    /// The position of the quickest read model that it carries.
    pub(super) fn furthest(&self) -> Option<u64> {
        self.travellers.iter().map(|traveller| traveller.position).max()
    }

    /// Whether all that it is to carry is of this program's fold.
    pub(super) fn is_up_to_date(&self) -> bool {
        self.older.is_empty()
    }

    /// One page for each group of read models that are not at the log's end. Tells whether there was any.
    pub(super) async fn round(&mut self) -> Result<bool, Pause> {
        let head = self.backlog.head();
        let mut groups: BTreeMap<u64, Vec<Traveller>> = BTreeMap::new();
        for traveller in self
            .travellers
            .extract_if(.., |traveller| traveller.position < head)
        {
            groups.entry(traveller.position).or_default().push(traveller);
        }
        let any = !groups.is_empty();
        let mut outcome = Ok(());
        // The furthest first: whoever is nearly live stays so while another catches up.
        let mut bound = head;
        for (after, mut group) in groups.into_iter().rev() {
            if outcome.is_ok() {
                outcome = match self.carry_group(&mut group, after, bound).await {
                    // They would need a past that is in files; the others go on.
                    Err(Pause::Read(error @ ReadError::Archived(_))) => {
                        for traveller in group.drain(..) {
                            self.stop(&work(traveller.model.name(), traveller.shard), &error.to_string());
                        }
                        Ok(())
                    }
                    other => other,
                };
            }
            bound = after;
            self.travellers.append(&mut group);
        }
        outcome.map(|()| any)
    }

    /// A page for travellers at one position; those that can go on are left in `group`.
    async fn carry_group(&mut self, group: &mut Vec<Traveller>, after: u64, bound: u64) -> Result<(), Pause> {
        self.timeline.fill(&self.pool, after).await?;
        let (events, upto) = self.backlog.page(after, bound).await?;
        if upto <= after {
            return Ok(());
        }
        let page = Arc::new(Page {
            after,
            upto,
            events: self.timeline.annotate(events),
            log: self.backlog.log().clone(),
        });
        for (mut lane, outcome) in carry_in_lanes(&self.pool, std::mem::take(group), &page).await {
            match outcome {
                Ok(()) => {}
                // It is looked for again, with its checkpoint, in the next round.
                Err(Setback::Moved(number)) => drop(lane.swap_remove(number)),
                Err(Setback::Refused(number, _)) => {
                    let mut traveller = lane.swap_remove(number);
                    match isolate(&self.pool, &mut traveller, &page).await {
                        Ok(()) => lane.push(traveller),
                        Err(Setback::Moved(_)) => {}
                        Err(Setback::Refused(_, reason) | Setback::Unfit(_, reason)) => {
                            self.stop(&work(traveller.model.name(), traveller.shard), &reason);
                        }
                        Err(Setback::Away(error)) => {
                            group.append(&mut lane);
                            return Err(error.into());
                        }
                    }
                }
                Err(Setback::Unfit(number, reason)) => {
                    let traveller = lane.swap_remove(number);
                    self.stop(&work(traveller.model.name(), traveller.shard), &reason);
                }
                Err(Setback::Away(error)) => {
                    group.append(&mut lane);
                    return Err(error.into());
                }
            }
            group.append(&mut lane);
        }
        Ok(())
    }
}

type Lane = (Vec<Traveller>, Result<(), Setback>);

/// A wide page goes down two lanes at once: those who only add rows write as many as all the others.
async fn carry_in_lanes(pool: &PgPool, group: Vec<Traveller>, page: &Arc<Page>) -> Vec<Lane> {
    let wide = page.events.len() > WIDE;
    let (adding, folding): (Vec<_>, Vec<_>) = group
        .into_iter()
        .partition(|traveller| wide && traveller.model.appends_only());
    let lanes = [adding, folding].into_iter().filter(|lane| !lane.is_empty());
    let carrying = lanes.map(|mut lane| {
        let (pool, page) = (pool.clone(), Arc::clone(page));
        tokio::spawn(async move {
            let outcome = carry(&pool, &mut lane, &page).await;
            (lane, outcome)
        })
    });
    // Should a lane panic, its travellers are looked for again.
    join_all(carrying).await.into_iter().flatten().collect()
}

/// Finds the events of a page to which the database objects by halving it, and parks their streams.
pub(super) async fn isolate(pool: &PgPool, traveller: &mut Traveller, page: &Page) -> Result<(), Setback> {
    let mut pages = vec![page.clone()];
    while let Some(page) = pages.pop() {
        match carry(pool, std::slice::from_mut(traveller), &page).await {
            Err(Setback::Refused(_, reason)) => match halves(traveller, &page) {
                Some((first, second)) => pages.extend([second, first]),
                None => park_the_one(pool, traveller, &page, &reason).await?,
            },
            other => other?,
        }
    }
    Ok(())
}

/// A page in two, each with some of the events that a traveller folds; `None` when there is only one.
fn halves(traveller: &Traveller, page: &Page) -> Option<(Page, Page)> {
    let flows: Vec<usize> = (0..page.events.len())
        .filter(|index| {
            let noted = &page.events[*index];
            traveller.wants(noted) && !traveller.parked.contains(&noted.event.stream)
        })
        .collect();
    if flows.len() < 2 {
        return None;
    }
    let (first, second) = page.events.split_at(flows[flows.len() / 2]);
    let edge = first.last()?.event.position;
    let half = |after, upto, events: &[super::context::Noted]| Page {
        after,
        upto,
        events: events.to_vec(),
        log: page.log.clone(),
    };
    Some((half(page.after, edge, first), half(edge, page.upto, second)))
}
