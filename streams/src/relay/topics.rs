//! The topics that the relay writes to: looked for, and made if that is allowed.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

use super::error::RelayError;
use super::settings::Settings;
use crate::public::slices;

const PATIENCE: Duration = Duration::from_secs(15);

/// Makes sure that all topics are there, and tells how many partitions the log's topic has. Blocks: it is called on
/// a thread of the relay's own.
///
/// # Errors
/// When some are missing and may not be made, or the brokers are away.
pub(super) fn ensure(settings: &Settings, runtime: &tokio::runtime::Handle) -> Result<u32, RelayError> {
    let admin: AdminClient<DefaultClientContext> = settings.client().create()?;
    let known = partitions(&admin)?;
    let positions = settings.positions();
    let mut missing: Vec<String> = slices()
        .map(|slice| settings.topics.topic(slice))
        .chain(settings.log_topic.clone())
        .filter(|topic| !known.contains_key(topic))
        .collect();
    missing.sort();
    missing.dedup();
    match known.get(&positions) {
        None => missing.push(positions.clone()),
        Some(1) => {}
        Some(partitions) => {
            return Err(RelayError::ScatteredPositions {
                topic: positions,
                partitions: *partitions,
            });
        }
    }
    let of_log = settings
        .log_topic
        .as_ref()
        .and_then(|topic| known.get(topic))
        .copied();
    if missing.is_empty() {
        return Ok(of_log
            .and_then(|there| u32::try_from(there).ok())
            .unwrap_or_default());
    }
    let Some(create) = settings.create else {
        return Err(RelayError::MissingTopics(missing.join(", ")));
    };
    let retention = match create.retention_hours {
        Some(hours) => (u64::from(hours) * 3_600_000).to_string(),
        None => "-1".to_owned(),
    };
    let new = |topic| {
        // The brokers take -1 for their default.
        let copies = TopicReplication::Fixed(create.copies.unwrap_or(-1));
        match topic == positions {
            // Small segments: only closed ones are compacted.
            true => NewTopic::new(topic, 1, copies)
                .set("cleanup.policy", "compact")
                .set("segment.bytes", "16777216"),
            false => NewTopic::new(topic, create.partitions, copies)
                .set("cleanup.policy", "delete")
                .set("retention.ms", &retention),
        }
    };
    let topics: Vec<NewTopic<'_>> = missing.iter().map(|topic| new(topic)).collect();
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    for outcome in runtime.block_on(admin.create_topics(&topics, &options))? {
        match outcome {
            // Another process was quicker.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, reason)) => return Err(RelayError::NotCreated { topic, reason }),
        }
    }
    tracing::info!(topics = missing.join(", "), "streams.relay created topics");
    let made = u32::try_from(create.partitions).unwrap_or_default();
    Ok(of_log.and_then(|there| u32::try_from(there).ok()).unwrap_or(made))
}

/// The topics that are there, with the numbers of their partitions.
fn partitions(admin: &AdminClient<DefaultClientContext>) -> Result<BTreeMap<String, usize>, RelayError> {
    let metadata = admin.inner().fetch_metadata(None, PATIENCE)?;
    let topics = metadata.topics().iter();
    Ok(topics
        .map(|topic| (topic.name().to_owned(), topic.partitions().len()))
        .collect())
}
