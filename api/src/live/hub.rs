//! All shared executions of the process, by what they execute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_graphql::parser::types::OperationType;
use futures::StreamExt;
use futures::stream::BoxStream;

use super::seat::Seat;
use super::topic::Topic;
use super::{Admission, Admitted, Begin, Blueprint, Course, Drain, Frame, Key, Subscriber};
use crate::cost::{self, Purse, actual};
use crate::gateway::told;
use crate::graphql::Schema;
use crate::graphql::kit::with_loaders;
use crate::limits::{Limits, Over};
use crate::options::Options;

/// Executes subscriptions. Cheap to clone: each subscriber has one.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Shared>);

struct Shared {
    schema: Schema,
    purse: Purse,
    options: Options,
    limits: Arc<Limits>,
    admission: Admission,
    topics: Arc<Topics>,
}

/// The running topics.
#[derive(Default)]
pub(super) struct Topics(Mutex<HashMap<Key, Weak<Topic>>>);

impl Topics {
    /// Forgets a topic that has gone, if no other has taken its place.
    pub(super) fn forget(&self, key: Key) {
        let mut topics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if topics.get(&key).is_some_and(|topic| topic.strong_count() == 0) {
            topics.remove(&key);
        }
    }
}

impl Hub {
    pub(crate) fn new(schema: Schema, purse: Purse, limits: Arc<Limits>, options: Options) -> Self {
        Self(Arc::new(Shared {
            schema,
            purse,
            admission: Admission::new(Arc::clone(&limits)),
            limits,
            options,
            topics: Arc::default(),
        }))
    }

    /// Tells when the process is about to end.
    pub(crate) fn drain(&self) -> &Drain {
        &self.0.options.drain
    }

    /// How many responses a topic keeps.
    pub(super) fn responses(&self) -> usize {
        self.0.limits.live_responses.max(2)
    }

    pub(super) fn erasures(&self) -> store::Erasures {
        self.0.options.store.erasures().clone()
    }

    pub(super) fn topics(&self) -> Weak<Topics> {
        Arc::downgrade(&self.0.topics)
    }

    /// Lets a socket or a stream in.
    pub(crate) fn connect(&self, address: Option<IpAddr>) -> Result<Admitted, Over> {
        self.0.admission.connection(address)
    }

    /// Begins a subscription.
    pub(crate) fn subscribe(&self, blueprint: Blueprint) -> Result<Subscriber, Over> {
        let admitted = self.0.admission.subscription(blueprint.tenant())?;
        Ok(Subscriber::new(self.clone(), blueprint, admitted))
    }

    /// A seat at the shared execution for somebody who was told everything up to a position, if what follows is
    /// there; the execution begins if there is none.
    pub(super) fn seat(&self, blueprint: &Arc<Blueprint>, position: u64) -> Option<Seat> {
        let mut topics = self.0.topics.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Held until the lock is let go: a topic takes it when its last holder goes.
        let known = topics.get(&blueprint.key).and_then(Weak::upgrade);
        let topic = match &known {
            Some(topic) if topic.is_running() => Arc::clone(topic),
            _ => {
                // Who is ahead of this process's view of the log does not make the others wait for it.
                let begin = position.min(self.0.options.store.tail().position());
                let topic = Topic::begin(self, Arc::clone(blueprint), begin);
                topics.insert(blueprint.key, Arc::downgrade(&topic));
                topic
            }
        };
        drop(topics);
        Seat::take(&topic, position)
    }

    /// One execution, its responses serialised.
    pub(super) fn execute(
        &self,
        blueprint: &Arc<Blueprint>,
        begin: Begin,
        by: &'static str,
    ) -> BoxStream<'static, Frame> {
        let course = Course::new(
            begin,
            self.0.limits.heartbeat(),
            self.0.options.drain.clone(),
            self.0.admission.clone(),
        );
        let request = with_loaders(blueprint.request(course.clone()), &self.0.options);
        let responses = self.0.schema.execute_stream(request);
        let executions = metrics::counter!("annals_live_executions_total", "by" => by);
        let (blueprint, purse) = (Arc::clone(blueprint), self.0.purse.clone());
        let frames = responses.then(move |response| {
            executions.increment(1);
            let place = course.noted();
            let (blueprint, purse) = (Arc::clone(&blueprint), purse.clone());
            async move {
                let response = told(response);
                let actual = actual(OperationType::Subscription, &response.data);
                let receipt = purse.look(&blueprint.identity).await;
                let cost = cost::shown(blueprint.requested, actual, receipt.as_ref());
                Frame::of(&response.extension("cost", cost), place, blueprint.tenant())
            }
        });
        frames.boxed()
    }
}
