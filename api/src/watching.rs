//! Watching: what alerts are for is looked at as events come, and what is to be said becomes an event. The alert's own rules
//! say it once for each threshold and period, however many processes watch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::alert::{Alert, AlertId, Command, Event as Change, Refusal, Watch};
use domain::{Actor, ActorKind, Caller, Event, TenantId};
use jiff::civil::Date;
use projections::invoice::InvoiceList;
use projections::metered_usage::MeteredUsage;
use projections::{Past, ReadModel as _, Reader, Seen};
use rust_decimal::Decimal;
use store::{Filter, Orders, ReadError, Store, StoreError};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// How long events are gathered before the figures are looked at.
const PAUSE: Duration = Duration::from_millis(250);
/// How often all are looked at, for days that end without an event.
const ROUND: Duration = Duration::from_secs(300);
/// How long the read models may take to see what has come.
const CATCH_UP: Duration = Duration::from_secs(10);
/// How many events of alerts are read at once, to know them.
const PAGE: u32 = 1_000;

/// The running watch. It ends when it is dropped.
#[derive(Debug)]
pub struct Watching(JoinSet<()>);

impl Watching {
    /// Begins to watch.
    #[must_use]
    pub fn start(store: Store, reader: Reader, past: Past) -> Self {
        let watcher = Watcher {
            store,
            reader,
            past,
            alerts: BTreeMap::new(),
            said: BTreeSet::new(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(watcher.watch());
        Self(tasks)
    }

    /// Ends it.
    pub async fn stop(mut self) {
        self.0.shutdown().await;
    }
}

struct Watcher {
    store: Store,
    reader: Reader,
    past: Past,
    /// What is watched, by tenant and alert.
    alerts: BTreeMap<TenantId, BTreeMap<String, (Watch, Vec<Decimal>)>>,
    /// What was said, so that it need not be asked again.
    said: BTreeSet<(TenantId, String, Date, Option<Decimal>)>,
}

impl Watcher {
    async fn watch(mut self) {
        let mut after = loop {
            match self.learn().await {
                Ok(head) => break head,
                Err(error) => tracing::warn!(%error, "api.watching can't read the log"),
            }
            tokio::task::yield_now().await;
        };
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pauses = interval(PAUSE);
        pauses.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut follower = self.store.tail().follow(after, Filter::default());
        let mut stirred: BTreeSet<TenantId> = BTreeSet::new();
        loop {
            tokio::select! {
                step = follower.next() => match step {
                    Ok(step) => {
                        after = step.position;
                        for event in &step.events {
                            self.take(event.tenant(), &event.stream.id, &event.event);
                            // What alerts say changes no figure.
                            let is_said = matches!(
                                event.event,
                                Event::Alert(Change::ThresholdReached { .. } | Change::AnomalySeen { .. })
                            );
                            if !is_said && self.alerts.contains_key(&event.tenant()) {
                                stirred.insert(event.tenant());
                            }
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "api.watching lost the log");
                        follower = self.store.tail().follow(after, Filter::default());
                        tokio::task::yield_now().await;
                    }
                },
                _ = pauses.tick(), if !stirred.is_empty() => {
                    for tenant in std::mem::take(&mut stirred) {
                        self.look(tenant, after).await;
                    }
                }
                _ = rounds.tick() => stirred.extend(self.alerts.keys()),
            }
        }
    }

    /// Learns what is watched; tells up to where.
    async fn learn(&mut self) -> Result<u64, ReadError> {
        let head = self.store.log().head().await?;
        let filter = Filter {
            types: vec!["alert.*".to_owned()],
            ..Filter::default()
        };
        let mut after = 0;
        loop {
            let page = self.store.log().page_at_hand(after, &filter, PAGE).await?;
            for event in &page {
                after = event.position;
                self.take(event.tenant(), &event.stream.id, &event.event);
            }
            if page.len() < PAGE as usize {
                return Ok(head.max(after));
            }
        }
    }

    fn take(&mut self, tenant: TenantId, id: &str, event: &Event) {
        let Event::Alert(change) = event else { return };
        match change {
            Change::Defined {
                watch, thresholds, ..
            } => {
                let watched = (watch.clone(), thresholds.clone());
                self.alerts
                    .entry(tenant)
                    .or_default()
                    .insert(id.to_owned(), watched);
            }
            Change::Retired { .. } => {
                if let Some(alerts) = self.alerts.get_mut(&tenant) {
                    alerts.remove(id);
                    if alerts.is_empty() {
                        self.alerts.remove(&tenant);
                    }
                }
            }
            Change::ThresholdReached { threshold, seen, .. } => {
                self.said
                    .insert((tenant, id.to_owned(), seen.first_day, Some(*threshold)));
            }
            Change::AnomalySeen { seen, .. } => {
                self.said.insert((tenant, id.to_owned(), seen.first_day, None));
            }
        }
    }

    /// Looks at all that is watched of a tenant, and says what is to be said.
    async fn look(&mut self, tenant: TenantId, position: u64) {
        let needed = [InvoiceList::NAME, MeteredUsage::NAME];
        if let Err(error) = self.reader.wait_for_those(&needed, position, CATCH_UP).await {
            tracing::warn!(%tenant, %error, "api.watching waits for the read models");
        }
        let now = self.store.ambient().now();
        for (id, (watch, thresholds)) in self.alerts.get(&tenant).cloned().unwrap_or_default() {
            let seen = match self.past.look(tenant, &watch, now).await {
                Ok(seen) => seen,
                Err(error) => {
                    // What can't be rated has no figure: the running total says why.
                    tracing::debug!(%tenant, alert = %id, %error, "api.watching has no figure");
                    continue;
                }
            };
            for one in seen {
                self.say(tenant, (&id, &watch), (one, &thresholds)).await;
            }
        }
    }

    async fn say(
        &mut self,
        tenant: TenantId,
        (id, watch): (&str, &Watch),
        (seen, thresholds): (Seen, &[Decimal]),
    ) {
        let Seen { sighting, expected } = seen;
        let mut commands = Vec::new();
        match expected {
            Some(expected) => commands.push((
                None,
                Command::RaiseAnomaly {
                    expected,
                    seen: sighting.clone(),
                },
            )),
            None => {
                let reached = thresholds
                    .iter()
                    .filter(|threshold| watch.reaches(sighting.figure, **threshold));
                commands.extend(reached.map(|threshold| {
                    let raise = Command::Raise {
                        threshold: *threshold,
                        seen: sighting.clone(),
                    };
                    (Some(*threshold), raise)
                }));
            }
        }
        let Ok(alert) = id.parse::<AlertId>() else { return };
        let caller = Caller::new(tenant, Actor::new(ActorKind::System, "alerts"));
        for (threshold, command) in commands {
            let name = (tenant, id.to_owned(), sighting.first_day, threshold);
            if self.said.contains(&name) {
                continue;
            }
            match self
                .store
                .execute::<Alert>(&caller, &alert, Orders::one(command))
                .await
            {
                Ok(_) | Err(StoreError::Refused(Refusal::AlreadyRaised | Refusal::Retired)) => {
                    self.said.insert(name);
                }
                Err(error) => tracing::warn!(%tenant, alert = %id, %error, "api.watching could not say it"),
            }
        }
    }
}
