//! The task that goes through what came, one delivery after the other.

use std::sync::Arc;
use std::time::Duration;

use domain::TenantId;
use domain::access::NotTaken;
use jiff::SignedDuration;
use store::{Delivery, DeliveryState, Inbox, Settled, Store, Turn, Unavailable};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::meaning::{Meaning, meaning, people};
use super::outcome::{Desk, Outcome};
use super::source::{Source, Sources};
use super::things::Things;
use super::told::{Kind, name_of};
use crate::Hearer;

/// What this door is called where it is written down what was not taken.
const DOOR: &str = "webhooks";

/// How often the inbox is looked at without a sign.
const LOOK: Duration = Duration::from_millis(500);
/// How many deliveries are read at once.
const PAGE: i64 = 64;
/// How often bodies are looked for that have lain long enough.
const SWEEP: Duration = Duration::from_hours(1);
/// How many of them are blanked in one transaction.
const SWEPT: u32 = 500;

/// Goes through the inbox.
#[derive(Clone, Debug)]
pub struct Processor {
    store: Store,
    sources: Arc<Sources>,
    hearer: Hearer,
    keep: Option<SignedDuration>,
}

/// Who goes through the inbox, on whose behalf, and who hears of what is not taken.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whose deliveries.
    pub sources: Arc<Sources>,
    /// Wakes it.
    pub arrived: Arc<Notify>,
    /// Writes down what is refused.
    pub hearer: Hearer,
    /// For how long bodies stay after they came; `None`: for ever.
    pub keep: Option<SignedDuration>,
}

/// A task that goes through the inbox while this process has the turn.
#[derive(Debug)]
pub struct Processing {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Processing {
    /// Begins; of the processes of one database one works, the others stand by.
    #[must_use]
    pub fn start(store: &Store, url: &str, order: Order) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let Order {
            sources,
            arrived,
            hearer,
            keep,
        } = order;
        let processor = Processor {
            hearer,
            keep,
            ..Processor::new(store.clone(), sources)
        };
        let url = url.to_owned();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = processor.work(&url, &arrived) => {}
                _ = stopped.changed() => {}
            }
        });
        Self { stop, task }
    }

    /// Ends it; what was under way is processed once more by whoever comes next.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        drop(self.task.await);
    }
}

impl Processor {
    /// Who goes through the deliveries of these sources, and nobody hears of what is refused.
    #[must_use]
    pub fn new(store: Store, sources: Arc<Sources>) -> Self {
        Self {
            store,
            sources,
            hearer: Hearer::default(),
            keep: None,
        }
    }

    /// The same, but bodies stay for so long only.
    #[must_use]
    pub fn keeping(self, keep: SignedDuration) -> Self {
        Self {
            keep: Some(keep),
            ..self
        }
    }

    async fn work(&self, url: &str, arrived: &Notify) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweeps = interval(SWEEP);
        let mut is_swept = true;
        loop {
            looks.tick().await;
            let turn = match Turn::wait(url, "annals.webhooks.in").await {
                Ok(turn) => turn,
                Err(error) => {
                    tracing::warn!(%error, "ingest.webhooks.process waits for the database");
                    continue;
                }
            };
            loop {
                let worked = match (self.run().await, is_swept) {
                    (Ok(_), false) => self
                        .sweep()
                        .await
                        .map(|blanked| is_swept = blanked < u64::from(SWEPT)),
                    (ran, _) => ran.map(drop),
                };
                if let Err(error) = worked {
                    tracing::warn!(%error, "ingest.webhooks.process begins anew");
                    break;
                }
                tokio::select! {
                    () = arrived.notified() => {}
                    _ = looks.tick() => {}
                    _ = sweeps.tick() => is_swept = false,
                }
            }
            turn.give_back().await;
        }
    }

    /// Processes all that waits; tells how many deliveries it were.
    ///
    /// # Errors
    /// When the log or the inbox is away: what is left waits.
    pub async fn run(&self) -> Result<u64, Unavailable> {
        let inbox = self.store.inbox();
        let names: Vec<String> = self.sources.keys().cloned().collect();
        let mut processed = 0;
        loop {
            let page = inbox.waiting(&names, PAGE).await?;
            if page.is_empty() {
                return Ok(processed);
            }
            for delivery in page {
                let Some(source) = self.sources.get(&delivery.taken.source) else {
                    continue;
                };
                let people = people(source, &delivery.taken.event_type, &delivery.taken.body);
                inbox.mention(&source.name, delivery.number, &people).await?;
                let (settled, refused) = self.process(source, &inbox, &delivery).await?;
                let state: &'static str = settled.state.into();
                metrics::counter!("annals_webhooks_in_processed_total", "state" => state).increment(1);
                inbox.settle(delivery.number, &settled).await?;
                if !people.is_empty() {
                    let now = self.store.ambient().now();
                    inbox.blank_forgotten(delivery.number, now).await?;
                }
                for (tenant, not_taken) in &refused {
                    self.hearer.hear(*tenant, &source.name, not_taken);
                }
                processed += 1;
            }
        }
    }

    /// Blanks a batch of the bodies that were processed and have lain long enough, and of those that tell of a member who was
    /// forgotten; tells how many.
    ///
    /// # Errors
    /// When the inbox is away.
    pub async fn sweep(&self) -> Result<u64, Unavailable> {
        let now = self.store.ambient().now();
        let before = self.keep.and_then(|keep| now.checked_sub(keep).ok());
        self.store.inbox().blank_due(before, i64::from(SWEPT), now).await
    }

    async fn process(
        &self,
        source: &Source,
        inbox: &Inbox,
        delivery: &Delivery,
    ) -> Result<(Settled, Refusals), Unavailable> {
        let mut refusals = Refusals::new();
        let settled = |state, waits_for: Option<String>, note: Option<String>| Settled {
            state,
            waits_for,
            note,
        };
        let notices = match meaning(source, &delivery.taken.event_type, &delivery.taken.body) {
            Ok(Meaning::Tells(notices)) => notices,
            Ok(Meaning::Nothing(why)) => {
                return Ok((settled(DeliveryState::Kept, None, Some(why)), refusals));
            }
            Err(wrong) => {
                refusals.push((source.tenant, NotTaken::one(DOOR, "INVALID", &wrong)));
                return Ok((settled(DeliveryState::Refused, None, Some(wrong)), refusals));
            }
        };
        let desk = Desk {
            store: &self.store,
            source,
            delivery: &delivery.taken.id,
        };
        let things = Things { inbox, source };
        let mut touched = Vec::new();
        for notice in notices {
            things.tell(&notice).await?;
            // With a person, all the person's memberships change.
            if notice.kind == Kind::User {
                for thing in inbox
                    .things_of(&source.name, Kind::Membership.name(), &notice.id)
                    .await?
                {
                    touched.push((Kind::Membership, thing.id));
                }
            }
            touched.push((notice.kind, notice.id));
        }
        let (mut known, mut last) = (Vec::new(), settled(DeliveryState::Processed, None, None));
        for (kind, id) in touched {
            match things.settle(&desk, kind, &id).await? {
                Outcome::Done => known.push(name_of(kind, &id)),
                Outcome::Nothing(why) => last.note = Some(why),
                Outcome::Waits(name) => {
                    last = settled(
                        DeliveryState::Held,
                        Some(name.clone()),
                        Some(format!("it waits for {name}")),
                    );
                }
                Outcome::Refused(no) => {
                    refusals.push((no.tenant, NotTaken::one(DOOR, no.code, &no.why)));
                    last = settled(DeliveryState::Refused, None, Some(no.why));
                }
            }
        }
        inbox.release(&source.name, &known).await?;
        Ok((last, refusals))
    }
}

/// What was refused, each in its tenant.
type Refusals = Vec<(TenantId, NotTaken)>;
