//! Deliveries are made: by any number of processes, each delivery under a lease, many at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::webhook_endpoint::{Command, PersonalMembers, WebhookEndpoint};
use domain::{Actor, ActorKind, Caller};
use futures::FutureExt as _;
use jiff::SignedDuration;
use store::{
    Attempt, Claimed, Claims, Filter, Orders, Outbox, Part, Place, Store, StoreError, Turn, Unavailable,
    Verdict, WebhookKey,
};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::addresses::Reach;
use super::plan::{Endpoint, PlanError, Planner};
use super::post::{Message, Post};
use super::schedule::Schedule;
use super::signing::Signer;
use crate::{CloudEvent, PersonalData};

/// How often is looked for what is due without a sign.
const LOOK: Duration = Duration::from_millis(200);
/// How long it waits after something broke.
const AGAIN: Duration = Duration::from_secs(1);
/// How often it is told how many deliveries wait.
const TELL: Duration = Duration::from_secs(5);
/// How much longer than a request a lease lasts.
const LEASE_MORE: Duration = Duration::from_secs(5);
/// The turn of who plans.
const PLANNING: &str = "annals.webhooks.plan";

/// How webhooks are sent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Of what endpoints' secrets are made.
    pub key: WebhookKey,
    /// Where requests may go.
    pub reach: Reach,
    /// When what failed is tried again.
    pub schedule: Schedule,
    /// How long a request may take.
    pub timeout: Duration,
    /// How many requests are under way at once.
    pub at_once: usize,
}

/// A process's part in sending webhooks.
#[derive(Debug)]
pub struct Senders {
    stop: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 2],
}

impl Senders {
    /// Begins to plan, when no other process does, and to send.
    ///
    /// # Errors
    /// When this build has no TLS, or the database's URL is none.
    pub fn start(
        store: &Store,
        url: &str,
        settings: Settings,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let (stop, stopping) = watch::channel(false);
        let outbox = Outbox::open(url, 6)?;
        let planned = Arc::new(Notify::new());
        let plans = plan(
            store.clone(),
            url.to_owned(),
            outbox.clone(),
            Arc::clone(&planned),
            stopping.clone(),
        );
        let sender = Arc::new(Sender {
            post: Post::try_new(settings.reach, settings.timeout)?,
            lease: store.ambient().fresh_id().to_string(),
            store: store.clone(),
            outbox,
            settings,
        });
        let sends = send(sender, planned, stopping);
        Ok(Self {
            stop,
            tasks: [tokio::spawn(plans), tokio::spawn(sends)],
        })
    }

    /// Ends it, when the requests that are under way have their answers.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            drop(task.await);
        }
    }
}

async fn plan(
    store: Store,
    url: String,
    outbox: Outbox,
    planned: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        let turn = tokio::select! {
            turn = Turn::wait(&url, PLANNING) => turn,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match turn {
            Ok(turn) => {
                let outcome = tokio::select! {
                    outcome = follow(&store, &outbox, &planned) => outcome,
                    _ = stop.wait_for(|stop| *stop) => Ok(()),
                };
                turn.give_back().await;
                if let Err(error) = outcome {
                    tracing::warn!(%error, "streams.webhooks.plan stopped, and will be tried again");
                }
            }
            Err(error) => tracing::warn!(%error, "streams.webhooks.plan waits for the log"),
        }
        drop(timeout(AGAIN, stop.wait_for(|stop| *stop)).await);
    }
}

async fn follow(store: &Store, outbox: &Outbox, planned: &Notify) -> Result<(), PlanError> {
    let mut planner = Planner::open(store, outbox).await?;
    let mut follower = store.tail().follow(planner.position, Filter::default());
    loop {
        let step = follower.next().await?;
        planner
            .take(step.events.iter().map(AsRef::as_ref), step.position)
            .await?;
        planned.notify_one();
    }
}

async fn send(sender: Arc<Sender>, planned: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    let (mut looks, mut tells) = (interval(LOOK), interval(TELL));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tells.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut under_way = JoinSet::new();
    while !*stop.borrow() {
        // What ended makes room.
        while under_way.try_join_next().is_some() {}
        match sender.claim(under_way.len()).await {
            Ok(claimed) => {
                for claimed in claimed {
                    let sender = Arc::clone(&sender);
                    under_way.spawn(async move { sender.deliver(claimed).await });
                }
            }
            Err(error) => tracing::warn!(%error, "streams.webhooks.send waits for the outbox"),
        }
        tokio::select! {
            () = planned.notified() => {}
            _ = looks.tick() => {}
            Some(_) = under_way.join_next() => {}
            _ = stop.changed() => {}
        }
        if tells.tick().now_or_never().is_some() {
            sender.tell().await;
        }
    }
    while under_way.join_next().await.is_some() {}
}

struct Sender {
    store: Store,
    outbox: Outbox,
    post: Post,
    settings: Settings,
    /// The process's name in its leases.
    lease: String,
}

impl Sender {
    async fn claim(&self, under_way: usize) -> Result<Vec<Claimed>, Unavailable> {
        let free = self.settings.at_once.saturating_sub(under_way);
        if free == 0 {
            return Ok(Vec::new());
        }
        let claims = Claims {
            lease: &self.lease,
            lasts: self.settings.timeout + LEASE_MORE,
            at_most: i64::try_from(free).unwrap_or(i64::MAX),
        };
        self.outbox.claim(&claims, self.store.ambient().now()).await
    }

    async fn tell(&self) {
        if let Ok(pending) = self.outbox.pending().await {
            // Exact up to 2^53.
            metrics::gauge!("annals_webhooks_out_pending").set(u32::try_from(pending).unwrap_or(u32::MAX));
        }
    }

    async fn deliver(&self, claimed: Claimed) {
        let (at, began) = (self.store.ambient().now(), Instant::now());
        let outcome = match self.message(&claimed).await {
            Ok((endpoint, message)) => self.post.send(&endpoint.settings.url, message, at).await,
            Err(error) => Err(error),
        };
        let latency = began.elapsed();
        let (status, after, error, answer) = match outcome {
            Ok(answer) => {
                let error = (!(200..300).contains(&answer.status)).then(|| match answer.status {
                    300..400 => format!("status {}: redirects are not followed", answer.status),
                    status => format!("status {status}"),
                });
                (Some(answer.status), answer.after, error, Some(answer.text))
            }
            Err(error) => (None, None, Some(error), None),
        };
        let outcome = if error.is_none() { "delivered" } else { "failed" };
        metrics::counter!("annals_webhooks_out_attempts_total", "outcome" => outcome).increment(1);
        metrics::histogram!("annals_webhooks_out_seconds").record(latency.as_secs_f64());
        let now = self.store.ambient().now();
        let verdict = match &error {
            None => Verdict::Delivered,
            Some(error) => {
                let again = self
                    .settings
                    .schedule
                    .next(claimed.attempts + 1, claimed.number, now, after);
                match again.filter(|_| status != Some(GONE)) {
                    Some(again) => Verdict::Again(again),
                    None => {
                        let often = claimed.attempts + 1;
                        self.pause(&claimed, format!("it failed {often} times, lastly: {error}"))
                            .await;
                        // Until then nobody sends who has not heard of the pause yet.
                        Verdict::Anew(now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now))
                    }
                }
            }
        };
        let attempt = Attempt {
            at,
            status,
            error,
            latency,
            answer,
        };
        if let Err(error) = self.outbox.settle(&claimed, &self.lease, &attempt, verdict).await {
            tracing::warn!(%error, number = claimed.number, "streams.webhooks.deliver will be done once more");
        }
    }

    /// The event as it is sent, signed.
    async fn message(&self, claimed: &Claimed) -> Result<(Endpoint, Message), String> {
        let endpoint: Endpoint =
            serde_json::from_str(&claimed.settings).map_err(|error| error.to_string())?;
        let part = Part::Event {
            tenant: claimed.tenant,
            position: claimed.position,
        };
        let read = self
            .store
            .log()
            .part(&part, Place::default(), claimed.position, 1)
            .await;
        let event = read
            .map_err(|error| format!("the event can't be read: {error}"))?
            .pop();
        let event = event.ok_or("the event is not in the log")?;
        let personal = match endpoint.settings.personal_data {
            PersonalMembers::Included => PersonalData::Included,
            PersonalMembers::Withheld => PersonalData::Withheld,
        };
        let public = CloudEvent::try_new(&event, personal).map_err(|error| error.to_string())?;
        let body = serde_json::to_vec(&public).map_err(|error| error.to_string())?;
        let now = self.store.ambient().now();
        let (id, timestamp_s) = (event.event_id.to_string(), now.as_second());
        let signatures = endpoint.signing(now).map(|(secret, scheme)| {
            let secret = self
                .settings
                .key
                .secret(claimed.tenant, &claimed.endpoint, secret);
            Signer::new(scheme, &secret).sign(&id, timestamp_s, &body)
        });
        let signatures = signatures.collect::<Vec<_>>().join(" ");
        let message = Message {
            id,
            timestamp_s,
            signatures,
            body,
        };
        Ok((endpoint, message))
    }

    /// Pauses an endpoint that failed for too long: by a command, so that it is in the log and in the audit feed.
    async fn pause(&self, claimed: &Claimed, reason: String) {
        let caller = Caller::new(claimed.tenant, Actor::new(ActorKind::System, "webhooks"));
        let Ok(id) = claimed.endpoint.parse() else { return };
        metrics::counter!("annals_webhooks_out_paused_total").increment(1);
        tracing::warn!(
            endpoint = claimed.endpoint,
            "streams.webhooks.pause: an endpoint failed for too long"
        );
        let paused = self
            .store
            .execute::<WebhookEndpoint>(&caller, &id, Orders::one(Command::Pause { reason }))
            .await;
        match paused {
            // It was paused or removed by others meanwhile.
            Ok(_) | Err(StoreError::Refused(_)) => {}
            Err(error) => {
                tracing::warn!(%error, "streams.webhooks.pause will be tried again with the next failure")
            }
        }
    }
}

/// The receiver says that there is no such endpoint any more.
const GONE: u16 = 410;
