//! The log becomes deliveries: one process at a time reads it in order, and writes its place with what follows.

use std::collections::BTreeMap;

use domain::webhook_endpoint::{Delivery, Event as Change, Scheme, Secret, Settings};
use domain::{Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Filter, Outbox, Queue, Queued, ReadError, Store, Unavailable};

/// How many deliveries an endpoint without an order may have under way.
const AT_ONCE: i32 = 4;
/// How many events are read at once.
const PAGE: u32 = 500;

/// An endpoint as its events tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Endpoint {
    pub(super) settings: Settings,
    /// What signs, the newest first, each with the moment at which it ends.
    pub(super) secrets: Vec<(Secret, Option<Timestamp>)>,
    is_paused: bool,
}

impl Endpoint {
    /// The names of the secrets that sign at a moment, with their schemes.
    pub(super) fn signing(&self, now: Timestamp) -> impl Iterator<Item = (&str, Scheme)> {
        let good = move |until: &Option<Timestamp>| until.is_none_or(|until| now < until);
        let signing = self.secrets.iter().filter(move |(_, until)| good(until));
        signing.map(|(secret, _)| (secret.id.as_str(), secret.scheme))
    }

    fn queue(&self, tenant: TenantId, endpoint: &str) -> Queue {
        Queue {
            tenant,
            endpoint: endpoint.to_owned(),
            settings: serde_json::to_string(self).unwrap_or_default(),
            at_once: match self.settings.delivery {
                Delivery::Ordered => 1,
                Delivery::Unordered => AT_ONCE,
            },
            is_open: !self.is_paused,
        }
    }
}

/// Why planning stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanError {
    /// The log can't be read further.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The outbox is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Somebody else came further.
    #[error("another process plans")]
    Overtaken,
}

/// Turns the log into deliveries.
pub(super) struct Planner<'a> {
    store: &'a Store,
    outbox: &'a Outbox,
    endpoints: BTreeMap<TenantId, BTreeMap<String, Endpoint>>,
    /// Up to where the log is planned.
    pub(super) position: u64,
}

impl<'a> Planner<'a> {
    /// Goes on where whoever planned before left off; the first begins before the first endpoint.
    pub(super) async fn open(store: &'a Store, outbox: &'a Outbox) -> Result<Self, PlanError> {
        let position = match outbox.position().await? {
            Some(position) => position,
            None => {
                let filter = Filter {
                    types: vec!["webhook_endpoint.created".to_owned()],
                    ..Filter::default()
                };
                let head = store.log().head().await?;
                let first = store.log().page_at_hand(0, &filter, 1).await?;
                let begin = first.first().map_or(head, |event| event.position - 1);
                outbox.begin(begin).await?;
                outbox.position().await?.unwrap_or(begin)
            }
        };
        let mut endpoints: BTreeMap<TenantId, BTreeMap<String, Endpoint>> = BTreeMap::new();
        for queue in outbox.queues().await? {
            if let Ok(endpoint) = serde_json::from_str(&queue.settings) {
                endpoints
                    .entry(queue.tenant)
                    .or_default()
                    .insert(queue.endpoint, endpoint);
            }
        }
        Ok(Self {
            store,
            outbox,
            endpoints,
            position,
        })
    }

    /// Plans what follows from events, up to a position.
    pub(super) async fn take(
        &mut self,
        events: impl Iterator<Item = &RecordedEvent>,
        upto: u64,
    ) -> Result<(), PlanError> {
        let (mut changes, mut queued) = (Vec::new(), Vec::new());
        for event in events.filter(|event| event.position > self.position) {
            if let Event::WebhookEndpoint(change) = &event.event {
                let endpoint = event.stream.id.clone();
                let of_tenant = self.endpoints.entry(event.tenant()).or_default();
                if let Change::RedeliveryAsked { after, upto } = change {
                    // Later events keep their places behind what is sent once more.
                    changes.push(store::Change::Deliver(std::mem::take(&mut queued)));
                    let upto = (*upto).min(event.position);
                    self.again(event.tenant(), &endpoint, (*after, upto), &mut changes)
                        .await?;
                } else if let Change::Pinged {} = change {
                    queued.push(queue(event, &endpoint));
                } else if apply(of_tenant, &endpoint, change).is_some() {
                    if let Some(set) = of_tenant.get(&endpoint) {
                        changes.push(store::Change::Set(set.queue(event.tenant(), &endpoint)));
                    } else {
                        changes.push(store::Change::Deliver(std::mem::take(&mut queued)));
                        changes.push(store::Change::Gone(event.tenant(), endpoint));
                    }
                }
                if matches!(change, Change::Pinged {}) {
                    continue;
                }
            }
            let of_tenant = self.endpoints.get(&event.tenant()).into_iter().flatten();
            let wanting = of_tenant.filter(|(_, endpoint)| accepts(endpoint, event));
            queued.extend(wanting.map(|(id, _)| queue(event, id)));
        }
        changes.push(store::Change::Deliver(queued));
        changes.retain(|change| !matches!(change, store::Change::Deliver(queued) if queued.is_empty()));
        let now = self.store.ambient().now();
        let upto = upto.max(self.position);
        if !self.outbox.plan((self.position, upto), &changes, now).await? {
            return Err(PlanError::Overtaken);
        }
        self.position = upto;
        Ok(())
    }

    /// The events between two positions that an endpoint wants, to be sent once more.
    async fn again(
        &self,
        tenant: TenantId,
        id: &str,
        (after, upto): (u64, u64),
        changes: &mut Vec<store::Change>,
    ) -> Result<(), PlanError> {
        let Some(endpoint) = self
            .endpoints
            .get(&tenant)
            .and_then(|of_tenant| of_tenant.get(id))
        else {
            return Ok(());
        };
        let (mut after, filter) = (after, Filter::tenant(tenant));
        while after < upto {
            let page = self.store.log().page_at_hand(after, &filter, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.position;
            let wanted = page
                .iter()
                .filter(|event| event.position <= upto && accepts(endpoint, event));
            let wanted: Vec<_> = wanted.map(|event| queue(event, id)).collect();
            if !wanted.is_empty() {
                changes.push(store::Change::Again(wanted));
            }
        }
        Ok(())
    }
}

fn accepts(endpoint: &Endpoint, event: &RecordedEvent) -> bool {
    endpoint
        .settings
        .events
        .iter()
        .any(|filter| filter.accepts(&event.event_type))
}

fn queue(event: &RecordedEvent, endpoint: &str) -> Queued {
    Queued {
        tenant: event.tenant(),
        endpoint: endpoint.to_owned(),
        position: event.position,
        event: event.event_id,
        event_type: event.event_type.clone(),
    }
}

/// Takes a change in; tells whether it was one of an endpoint that is known.
fn apply(endpoints: &mut BTreeMap<String, Endpoint>, id: &str, change: &Change) -> Option<()> {
    match change {
        Change::Created { settings, secret } => {
            let endpoint = Endpoint {
                settings: settings.clone(),
                secrets: vec![(secret.clone(), None)],
                is_paused: false,
            };
            endpoints.insert(id.to_owned(), endpoint);
        }
        Change::Changed { settings, .. } => endpoints.get_mut(id)?.settings = settings.clone(),
        Change::SecretRotated {
            secret,
            previous,
            previous_until,
        } => {
            endpoints.get_mut(id)?.secrets =
                vec![(secret.clone(), None), (previous.clone(), Some(*previous_until))];
        }
        Change::Paused { .. } => endpoints.get_mut(id)?.is_paused = true,
        Change::Resumed {} => endpoints.get_mut(id)?.is_paused = false,
        Change::Removed { .. } => drop(endpoints.remove(id)?),
        Change::Pinged {} | Change::RedeliveryAsked { .. } => return None,
    }
    Some(())
}
