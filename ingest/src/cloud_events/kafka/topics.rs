//! The topics of dead letters: looked for, and made if that is allowed.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

use super::error::IntakeError;
use super::settings::{Settings, dead_letters_of};

const PATIENCE: Duration = Duration::from_secs(15);

/// Makes sure that all topics are there. Blocks.
///
/// # Errors
/// When some are missing and may not be made, or the brokers are away.
pub(super) fn ensure(settings: &Settings, runtime: &tokio::runtime::Handle) -> Result<(), IntakeError> {
    let admin: AdminClient<DefaultClientContext> = settings.producer().create()?;
    let metadata = admin.inner().fetch_metadata(None, PATIENCE)?;
    let known: BTreeSet<&str> = metadata.topics().iter().map(|topic| topic.name()).collect();
    let missing = |topics: Vec<String>| -> Vec<String> {
        let topics = topics.into_iter();
        topics.filter(|topic| !known.contains(topic.as_str())).collect()
    };
    let read = missing(
        settings
            .sources
            .iter()
            .map(|source| source.topic.clone())
            .collect(),
    );
    if !read.is_empty() {
        return Err(IntakeError::MissingTopics(read.join(", ")));
    }
    let dead: Vec<String> = settings
        .sources
        .iter()
        .map(|source| dead_letters_of(&source.topic))
        .collect();
    let dead = missing(dead);
    if dead.is_empty() {
        return Ok(());
    }
    let Some(copies) = settings.create else {
        return Err(IntakeError::MissingTopics(dead.join(", ")));
    };
    let topics: Vec<NewTopic<'_>> = dead
        .iter()
        // They stay until somebody has looked at them.
        .map(|topic| NewTopic::new(topic, 1, TopicReplication::Fixed(copies)).set("retention.ms", "-1"))
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    for outcome in runtime.block_on(admin.create_topics(&topics, &options))? {
        match outcome {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, reason)) => return Err(IntakeError::NotCreated { topic, reason }),
        }
    }
    Ok(())
}
