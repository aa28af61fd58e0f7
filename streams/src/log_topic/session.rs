//! One try: joins the group, hands on what its partitions hold, and commits what was folded.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use store::{Feed, Log, StoredEvent};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::error::LogTopicError;
use super::partition::Partition;
use super::record::Mark;
use super::settings::Settings;

const POLL: Duration = Duration::from_millis(50);
/// How often it commits, and looks who has enough to do.
const LOOK: Duration = Duration::from_millis(200);

/// Notes that the group has dealt its partitions out anew.
#[derive(Default)]
struct Dealt(AtomicBool);

impl ClientContext for Dealt {}

impl ConsumerContext for Dealt {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, _: &Rebalance<'_>) {
        self.0.store(true, Ordering::Release);
    }
}

/// A member's end of the group.
type Member = BaseConsumer<Dealt>;

/// What a member knows.
pub(super) struct Session {
    log: Log,
    runtime: Handle,
    settings: Settings,
    partitions: Vec<Partition>,
    own: watch::Sender<BTreeSet<u32>>,
}

impl Session {
    pub(super) fn new(
        (log, runtime): (Log, Handle),
        settings: Settings,
        feeds: Vec<Feed>,
        own: watch::Sender<BTreeSet<u32>>,
    ) -> Self {
        Self {
            log,
            runtime,
            settings,
            partitions: feeds.into_iter().map(Partition::new).collect(),
            own,
        }
    }

    /// Goes on until it is to end.
    pub(super) fn run(&mut self, is_over: impl Fn() -> bool) -> Result<(), LogTopicError> {
        let consumer: Member = self.settings.client().create_with_context(Dealt::default())?;
        let outcome = self.read(&consumer, is_over);
        // Whatever is left is somebody else's, or begins anew.
        self.own.send_replace(BTreeSet::new());
        outcome
    }

    fn read(&mut self, consumer: &Member, is_over: impl Fn() -> bool) -> Result<(), LogTopicError> {
        consumer.subscribe(&[&self.settings.topic])?;
        let topic = &self.settings.topic;
        tracing::info!(topic, "streams.log_topic reads {topic}");
        let mut looked = Instant::now();
        while !is_over() {
            let polled = consumer.poll(POLL);
            if consumer.context().0.swap(false, Ordering::AcqRel) {
                self.deal(consumer)?;
            }
            match polled {
                None => {}
                Some(Ok(message)) => self.take(&message)?,
                Some(Err(KafkaError::PartitionEOF(partition))) => self.at_end(partition)?,
                Some(Err(error)) => return Err(error.into()),
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                self.commit(consumer)?;
                self.pace(consumer)?;
            }
        }
        self.commit(consumer)
    }

    /// Looks which partitions are this member's.
    fn deal(&mut self, consumer: &Member) -> Result<(), LogTopicError> {
        let assigned = consumer.assignment()?;
        let elements = assigned.elements();
        let now: BTreeSet<u32> = elements
            .iter()
            .filter_map(|element| u32::try_from(element.partition()).ok())
            .collect();
        let before = self.own.borrow().clone();
        if now == before {
            return Ok(());
        }
        for number in now.difference(&before) {
            self.partition(*number)?.begin();
        }
        tracing::info!(partitions = ?now, "streams.log_topic has other partitions");
        self.own.send_replace(now);
        Ok(())
    }

    fn partition(&mut self, number: u32) -> Result<&mut Partition, LogTopicError> {
        let written = u32::try_from(self.partitions.len()).unwrap_or(u32::MAX);
        let topic = &self.settings.topic;
        let known = self.partitions.get_mut(number as usize);
        known.ok_or_else(|| LogTopicError::Spread {
            topic: topic.clone(),
            written,
            there: number.saturating_add(1),
        })
    }

    fn take(&mut self, message: &BorrowedMessage<'_>) -> Result<(), LogTopicError> {
        let there = u32::try_from(self.partitions.len()).unwrap_or(u32::MAX);
        let foreign = |reason: serde_json::Error| LogTopicError::Foreign {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            reason: reason.to_string(),
        };
        let value = message.payload().unwrap_or_default();
        let number = u32::try_from(message.partition()).unwrap_or_default();
        if message.key().is_some() {
            let event = StoredEvent::from_json(value).map_err(foreign)?;
            self.partition(number)?.event(event);
            return Ok(());
        }
        let mark: Mark = serde_json::from_slice(value).map_err(foreign)?;
        if mark.partitions != there {
            return Err(LogTopicError::Spread {
                topic: message.topic().to_owned(),
                written: mark.partitions,
                there,
            });
        }
        let rows = self.partition(number)?.take_open();
        let events = self.runtime.block_on(self.log.decode_stored(&rows))?;
        self.partition(number)?.mark(mark, events, message.offset() + 1);
        Ok(())
    }

    /// A partition that brings nothing says nothing of the log either: a read model that is new begins without it.
    fn at_end(&mut self, partition: i32) -> Result<(), LogTopicError> {
        let number = u32::try_from(partition).unwrap_or_default();
        if self.partition(number)?.has_begun() {
            return Ok(());
        }
        let head = self.runtime.block_on(self.log.head())?;
        self.partition(number)?.at_end(head);
        Ok(())
    }

    /// Commits the offsets up to which everything was folded.
    fn commit(&mut self, consumer: &Member) -> Result<(), LogTopicError> {
        let mut list = TopicPartitionList::new();
        for number in self.own.borrow().iter() {
            let Some(partition) = self.partitions.get_mut(*number as usize) else {
                continue;
            };
            if let Some(next) = partition.folded() {
                let number = i32::try_from(*number).unwrap_or(i32::MAX);
                list.add_partition_offset(&self.settings.topic, number, Offset::Offset(next))?;
            }
        }
        if list.count() > 0 {
            // An offset that is not committed is read twice and folded once.
            drop(consumer.commit(&list, CommitMode::Async));
        }
        Ok(())
    }

    /// Fetches no more for readers that have enough to do.
    fn pace(&mut self, consumer: &Member) -> Result<(), LogTopicError> {
        let (mut pause, mut resume) = (TopicPartitionList::new(), TopicPartitionList::new());
        for number in self.own.borrow().iter() {
            let Some(partition) = self.partitions.get_mut(*number as usize) else {
                continue;
            };
            let number = i32::try_from(*number).unwrap_or(i32::MAX);
            let is_full = partition.is_full();
            if is_full != partition.is_paused {
                let list = if is_full { &mut pause } else { &mut resume };
                list.add_partition(&self.settings.topic, number);
                partition.is_paused = is_full;
            }
        }
        if pause.count() > 0 {
            consumer.pause(&pause)?;
        }
        if resume.count() > 0 {
            consumer.resume(&resume)?;
        }
        Ok(())
    }
}
