//! Projectors that read the log's topic as one consumer group: brokers and projectors are killed, and the sums stay
//! exact.

use std::time::Duration;

use broker::Kafka;
use domain::Caller;
use rust_decimal::Decimal;

use super::brokers::{jars, session_ms, shared};
use super::program::Program;
use super::relayed::prefix;
use crate::read_models::{reader, record, total};
use crate::support::{House, house, tenant};

/// How long the read models may stand still while something is away.
const TAKEOVER: Duration = Duration::from_secs(60);
const FACTS: u64 = 20;

/// A relay and projectors on one topic.
struct Group<'a> {
    house: &'a House,
    brokers: String,
    prefix: String,
    callers: Vec<Caller>,
    facts: u64,
}

impl<'a> Group<'a> {
    async fn new(house: &'a House, brokers: String, tenants: usize) -> Self {
        let mut callers = Vec::new();
        for number in 0..tenants {
            callers.push(tenant(&house.store, &format!("tenant-{number}")).await);
        }
        Self {
            house,
            brokers,
            prefix: prefix("group"),
            callers,
            facts: 0,
        }
    }

    fn log_topic(&self) -> String {
        format!("{}log", self.prefix)
    }

    async fn relay(&self) -> Program {
        let settings = ["--kafka-log-topic", &self.log_topic()];
        Program::start(self.house.database.url(), &self.brokers, &self.prefix, &settings).await
    }

    async fn projector(&self) -> Program {
        let topic = self.log_topic();
        let group = format!("{}projectors", self.prefix);
        let settings = [
            "--kafka-log-topic",
            &topic,
            "--kafka-projector-group",
            &group,
            "--kafka-property",
            session_ms(),
        ];
        Program::serve("projector", self.house.database.url(), &self.brokers, &settings).await
    }

    /// Records facts of every tenant.
    async fn record(&mut self) {
        for caller in &self.callers {
            record(&self.house.store, caller, FACTS).await;
        }
        self.facts += FACTS;
    }

    /// Waits until everything is folded, and holds the sums against what was recorded.
    async fn compare(&self) {
        let head = self.house.store.log().head().await.unwrap();
        let reader = reader(self.house);
        reader.wait_for(head, TAKEOVER).await.unwrap();
        let facts = self.facts;
        for caller in &self.callers {
            let expected = (
                Decimal::from(facts) / Decimal::from(10),
                i64::try_from(facts).unwrap(),
            );
            assert_eq!(total(&reader, caller).await, expected);
        }
    }
}

/// How many events a projector took from memory, and from the log's table.
async fn sources(projector: &Program) -> (f64, f64) {
    let metrics = projector.metrics().await;
    let of = |source| {
        let name = format!("annals_projector_read_events_total{{source=\"{source}\"}}");
        metrics.get(&name).copied().unwrap_or_default()
    };
    (of("recent"), of("table"))
}

#[tokio::test(flavor = "multi_thread")]
async fn three_projectors_share_the_log_while_brokers_and_projectors_are_killed() {
    let Some(jars) = jars("three_projectors_share_the_log_while_brokers_and_projectors_are_killed") else {
        return;
    };
    let mut kafka = Kafka::start(jars, 3, &[]).await.unwrap();
    let house = house().await;
    let mut group = Group::new(&house, kafka.brokers(), 12).await;
    let relay = group.relay().await;
    let mut projectors = Vec::new();
    for _ in 0..3 {
        projectors.push(group.projector().await);
    }
    for projector in &mut projectors {
        projector.says("has other partitions").await;
    }
    group.record().await;
    group.compare().await;

    kafka.kill(1);
    for _ in 0..5 {
        group.record().await;
    }
    group.compare().await;
    kafka.restart(1).await.unwrap();

    for victim in projectors.iter_mut().take(2) {
        group.record().await;
        victim.kill();
        for _ in 0..5 {
            group.record().await;
        }
        group.compare().await;
        *victim = group.projector().await;
        group.record().await;
        group.compare().await;
    }
    let (recent, table) = sources(&projectors[2]).await;
    println!(
        "{} facts a tenant; the survivor took {recent} events from the topic, {table} from the table",
        group.facts
    );
    assert!(recent > 0.0, "the projector never read the topic");
    drop(relay);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_topic_does_not_have_is_read_from_the_log() {
    let Some(brokers) = shared("what_the_topic_does_not_have_is_read_from_the_log").await else {
        return;
    };
    let house = house().await;
    let mut group = Group::new(&house, brokers, 4).await;
    group.record().await;
    let relay = group.relay().await;
    relay.measures("annals_relay_lag_events", |lag| lag == 0.0).await;
    // It begins at the topic's first record, which is the log's.
    let mut projector = group.projector().await;
    group.compare().await;
    let (recent, table) = sources(&projector).await;
    assert!(
        recent > 0.0 && table == 0.0,
        "{recent} from the topic, {table} from the table"
    );

    // A relay that does not write the topic leaves a gap in it.
    projector.kill();
    drop(relay);
    let other = Program::start(house.database.url(), &group.brokers, &group.prefix, &[]).await;
    group.record().await;
    other.measures("annals_relay_lag_events", |lag| lag == 0.0).await;
    drop(other);
    let relay = group.relay().await;
    let projector = group.projector().await;
    group.compare().await;
    group.record().await;
    group.compare().await;
    let (recent, table) = sources(&projector).await;
    assert!(
        recent > 0.0 && table > 0.0,
        "{recent} from the topic, {table} from the table"
    );
    drop(relay);
}
