//! The task that goes through what came, one delivery after the other.

use std::sync::Arc;
use std::time::Duration;

use domain::TenantId;
use domain::access::NotTaken;
use store::{Delivery, DeliveryState, Inbox, Revision, Settled, Store, ThingKey, Turn, Unavailable};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::meaning::{Meaning, meaning};
use super::outcome::{Desk, Needed, Outcome};
use super::source::{Source, Sources};
use super::told::{About, Kind, Notice, Target, Told, name_of};
use crate::Hearer;

/// What this door is called where it is written down what was not taken.
const DOOR: &str = "webhooks";

/// How often the inbox is looked at without a sign.
const LOOK: Duration = Duration::from_millis(500);
/// How many deliveries are read at once.
const PAGE: i64 = 64;
/// How many links lead to a subscription at most.
const LINKS: usize = 4;

/// Goes through the inbox.
#[derive(Clone, Debug)]
pub struct Processor {
    store: Store,
    sources: Arc<Sources>,
    hearer: Hearer,
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
        } = order;
        let processor = Processor {
            hearer,
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
        }
    }

    async fn work(&self, url: &str, arrived: &Notify) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
                if let Err(error) = self.run().await {
                    tracing::warn!(%error, "ingest.webhooks.process begins anew");
                    break;
                }
                tokio::select! {
                    () = arrived.notified() => {}
                    _ = looks.tick() => {}
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
                let (settled, refused) = self.process(source, &inbox, &delivery).await?;
                let state: &'static str = settled.state.into();
                metrics::counter!("annals_webhooks_in_processed_total", "state" => state).increment(1);
                inbox.settle(delivery.number, &settled).await?;
                for (tenant, not_taken) in &refused {
                    self.hearer.hear(*tenant, &source.name, not_taken);
                }
                processed += 1;
            }
        }
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

/// Where a link leads: a subscription and what was told of it, or a link that is missing.
type Followed = Result<(String, Told), String>;

/// What was told of one source's things.
struct Things<'a> {
    inbox: &'a Inbox,
    source: &'a Source,
}

impl Things<'_> {
    fn key(&self, kind: Kind, id: &str) -> ThingKey {
        ThingKey {
            source: self.source.name.clone(),
            kind: kind.name(),
            id: id.to_owned(),
        }
    }

    async fn read(&self, kind: Kind, id: &str) -> Result<(Told, Revision), Unavailable> {
        let Some(thing) = self.inbox.thing(&self.key(kind, id)).await? else {
            return Ok((Told::default(), Revision::default()));
        };
        let told = serde_json::from_str(&thing.told).map_err(|error| Unavailable {
            reason: format!(
                "webhook_things holds what is none of {}: {error}",
                name_of(kind, id)
            ),
            retry_after: LOOK,
        })?;
        Ok((told, thing.revision))
    }

    async fn tell(&self, notice: &Notice) -> Result<(), Unavailable> {
        loop {
            let (told, revision) = self.read(notice.kind, &notice.id).await?;
            let together = told.clone().and(notice.told.clone());
            if together == told && revision != Revision::default() {
                return Ok(());
            }
            let text = serde_json::to_string(&together).unwrap_or_default();
            let key = self.key(notice.kind, &notice.id);
            if self
                .inbox
                .tell(&key, notice.owner.as_deref(), &text, revision)
                .await?
            {
                return Ok(());
            }
        }
    }

    /// Brings a thing to the state that was told, until nobody tells of it meanwhile: one that lost its turn without
    /// knowing it is put right by the one that reads later.
    async fn settle(&self, desk: &Desk<'_>, kind: Kind, id: &str) -> Result<Outcome, Unavailable> {
        loop {
            let (told, revision) = self.read(kind, id).await?;
            let (organization, user, subscription) = self.needed(told.about()).await?;
            let (subscription, missing) = match subscription {
                Some(Ok(found)) => (Some(found), None),
                Some(Err(missing)) => (None, Some(missing)),
                None => (None, None),
            };
            let needed = Needed {
                told: &told,
                missing: missing.as_deref(),
                organization: organization.as_ref(),
                user: user.as_ref(),
                subscription: subscription.as_ref().map(|(id, told)| (id.as_str(), told)),
            };
            let outcome = desk.settle(kind, id, &needed).await?;
            if self.read(kind, id).await?.1 == revision {
                return Ok(outcome);
            }
        }
    }

    /// What a thing needs to be known: its organization, its user, its subscription.
    async fn needed(
        &self,
        about: Option<&About>,
    ) -> Result<(Option<Told>, Option<Told>, Option<Followed>), Unavailable> {
        let (mut organization, mut user, mut subscription) = (None, None, None);
        match about {
            Some(About::Membership {
                organization: of,
                user: person,
                ..
            }) => {
                organization = Some(self.read(Kind::Organization, of).await?.0);
                user = Some(self.read(Kind::User, person).await?.0);
            }
            Some(About::Subscription { organization: of, .. }) => {
                if let Some(of) = of {
                    organization = Some(self.read(Kind::Organization, of).await?.0);
                }
            }
            Some(About::Payment {
                organization: of,
                subscription: paid,
                ..
            }) => {
                if let Some(of) = of {
                    organization = Some(self.read(Kind::Organization, of).await?.0);
                }
                subscription = Some(Ok((paid.clone(), self.read(Kind::Subscription, paid).await?.0)));
            }
            Some(About::Dispute { link, .. }) => subscription = Some(self.follow(link).await?),
            Some(About::Organization { .. } | About::User {} | About::Link { .. }) | None => {}
        }
        Ok((organization, user, subscription))
    }

    async fn follow(&self, link: &str) -> Result<Followed, Unavailable> {
        let mut link = link.to_owned();
        for _ in 0..LINKS {
            match self.read(Kind::Link, &link).await?.0.newest {
                Some((
                    _,
                    About::Link {
                        to: Target::Link(next),
                    },
                )) => link = next,
                Some((
                    _,
                    About::Link {
                        to: Target::Subscription(id),
                    },
                )) => {
                    let told = self.read(Kind::Subscription, &id).await?.0;
                    return Ok(Ok((id, told)));
                }
                _ => break,
            }
        }
        Ok(Err(link))
    }
}
