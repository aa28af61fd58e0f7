//! A log with a projector, a clock that the test moves, and random things that happen.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::connector::Connector;
use domain::lead::Lead;
use domain::opportunity::Opportunity;
use domain::tenant::{Settings, Tenant, TenantKey};
use domain::usage::{self, Fact, Usage};
use domain::{Caller, Money, connector, lead, opportunity, tenant};
use jiff::{SignedDuration, Timestamp};
use projections::connector::ConnectorList;
use projections::daily_usage::DailyUsage;
use projections::lead::LeadList;
use projections::opportunity::OpportunityList;
use projections::roi_summary::RoiSummary;
use projections::{List, Page, Past, PastLimits, Projector, Reader};
use rand::Rng;
use rand::rngs::StdRng;
use rust_decimal::Decimal;
use store::{Ambient, FactRecord, Options, Orders, Role, Store};
use testkit::{TestClock, TestDatabase, TestIds};

use crate::support::capture;

/// A log with a projector and a clock that the test moves.
pub(crate) struct Ground {
    pub(crate) database: TestDatabase,
    pub(crate) store: Store,
    pub(crate) projector: Projector,
    pub(crate) reader: Reader,
    pub(crate) past: Past,
    clock: Arc<TestClock>,
}

impl Ground {
    pub(crate) async fn open() -> Self {
        let database = testkit::database().await;
        let clock = TestClock::at("2026-03-02T12:00:00Z".parse().unwrap());
        let ambient = Ambient {
            clock: clock.clone(),
            ids: Arc::new(TestIds::seeded(1)),
        };
        let store = Store::open(Options::new(database.url(), ambient)).await.unwrap();
        let pool = store::pool(database.url(), Role::Projector, 3).unwrap();
        let projector = Projector::start(&store, pool, projections::all());
        let reader = Reader::new(store::pool(database.url(), Role::Gateway, 3).unwrap());
        let past = Past::new(reader.clone(), store.log().clone(), PastLimits::default());
        Self {
            database,
            store,
            projector,
            reader,
            past,
            clock,
        }
    }

    /// Waits until the read models have seen all; the log's last position.
    pub(crate) async fn settle(&self) -> u64 {
        let head = self.store.log().head().await.unwrap();
        self.projector.wait_for(head).await.unwrap();
        head
    }

    /// Something random happens to the tenant; the rules may refuse it.
    pub(crate) async fn happen(&self, caller: &Caller, random: &mut StdRng) {
        self.clock
            .advance(SignedDuration::from_millis(random.random_range(0..3)));
        let at = Timestamp::constant(1_772_150_000, 0)
            + SignedDuration::from_secs(random.random_range(0..400_000));
        let id = random.random_range(0..4);
        match random.random_range(0..10) {
            0..3 => {
                let command = lead_command(random);
                let id = format!("l{id}").parse().unwrap();
                let orders = Orders::one(command).at(Some(at));
                drop(self.store.execute::<Lead>(caller, &id, orders).await);
            }
            3..6 => {
                let command = opportunity_command(random);
                let id = format!("o{id}").parse().unwrap();
                let orders = Orders::one(command).at(Some(at));
                drop(self.store.execute::<Opportunity>(caller, &id, orders).await);
            }
            6..8 => {
                let unit = Some("page".to_owned());
                let quantity = Decimal::new(random.random_range(-50..100), 1);
                let fact = Fact::try_new("usage.pages".parse().unwrap(), quantity, unit, [].into()).unwrap();
                let record = FactRecord {
                    key: None,
                    at: Some(at),
                    facts: vec![usage::Event::Recorded(fact)],
                };
                self.store
                    .append_facts::<Usage>(caller, vec![record])
                    .await
                    .unwrap();
            }
            8 => {
                let command = match random.random_range(0..3) {
                    0 => connector::Command::Register {
                        name: "CRM".to_owned(),
                        kind: "csv_file".to_owned(),
                        settings: BTreeMap::new(),
                    },
                    1 => connector::Command::Pause {
                        reason: "lunch".to_owned(),
                    },
                    _ => connector::Command::Resume,
                };
                let id = format!("c{id}").parse().unwrap();
                drop(
                    self.store
                        .execute::<Connector>(caller, &id, Orders::one(command))
                        .await,
                );
            }
            _ => {
                let zones = ["Asia/Tokyo", "America/Los_Angeles", "UTC"];
                self.move_to(caller, zones[random.random_range(0..zones.len())])
                    .await;
            }
        }
    }

    /// Changes the tenant's zone.
    pub(crate) async fn move_to(&self, caller: &Caller, zone: &str) {
        let settings = Settings {
            name: "Acme".to_owned(),
            time_zone: zone.parse().unwrap(),
            currency: "EUR".parse().unwrap(),
        };
        let command = tenant::Command::ChangeSettings { settings };
        let key = TenantKey::from(caller.tenant);
        drop(
            self.store
                .execute::<Tenant>(caller, &key, Orders::one(command))
                .await,
        );
    }

    /// All that the live queries say, as text.
    pub(crate) async fn live(&self, caller: &Caller) -> Vec<String> {
        let (tenant, list) = (caller.tenant, newest(3));
        let leads = self.reader.list::<LeadList>(tenant, &list).await.unwrap();
        let connectors = self.reader.list::<ConnectorList>(tenant, &list).await.unwrap();
        let one = self.reader.entity::<OpportunityList>(tenant, "o1").await.unwrap();
        let months = self.reader.roi_summary(tenant, None, None, None).await.unwrap();
        let days = self.reader.usage(tenant, None, None, None).await.unwrap();
        vec![
            format!("{leads:?}"),
            format!("{connectors:?}"),
            format!("{one:?}"),
            format!("{:?}", by_month(months)),
            format!("{days:?}"),
        ]
    }

    /// The same as it was at a position.
    pub(crate) async fn told(&self, caller: &Caller, position: u64) -> Vec<String> {
        let (tenant, list, past) = (caller.tenant, newest(3), &self.past);
        let leads = past.list::<LeadList>(tenant, &list, position).await.unwrap();
        let connectors = past.list::<ConnectorList>(tenant, &list, position).await.unwrap();
        let one = past
            .entity::<OpportunityList>(tenant, "o1", position)
            .await
            .unwrap();
        let months = past.rows::<RoiSummary>(tenant, position).await.unwrap();
        let days = past.rows::<DailyUsage>(tenant, position).await.unwrap();
        vec![
            format!("{leads:?}"),
            format!("{connectors:?}"),
            format!("{one:?}"),
            format!("{:?}", by_month(months)),
            format!("{days:?}"),
        ]
    }
}

fn newest(limit: u32) -> List {
    List {
        page: Page {
            limit,
            ..Page::default()
        },
        ..List::default()
    }
}

fn by_month(mut months: Vec<projections::roi_summary::Month>) -> Vec<projections::roi_summary::Month> {
    months.sort_by_key(|month| (month.month, month.vertical.to_string()));
    months
}

fn lead_command(random: &mut StdRng) -> lead::Command {
    match random.random_range(0..5) {
        0 | 1 => capture(),
        2 => lead::Command::Contact {
            // PostgreSQL's text has no NUL: what is stored differs from what is folded.
            channel: "pho\0ne".to_owned(),
        },
        3 => lead::Command::Enrich {
            attributes: [("size\0".to_owned(), "1\0".to_owned())].into(),
        },
        _ => lead::Command::Assign {
            assignee: format!("m\0{}", random.random_range(0..3)),
        },
    }
}

fn opportunity_command(random: &mut StdRng) -> opportunity::Command {
    let amount = Money::new(
        Decimal::new(random.random_range(0..10_000), 2),
        "EUR".parse().unwrap(),
    );
    match random.random_range(0..6) {
        0..3 => opportunity::Command::Open {
            title: "Deal".to_owned(),
            stage: "first".to_owned(),
            vertical: "sales".parse().unwrap(),
            account: None,
            owner: None,
            product: None,
            lead: None,
            expected: Some(amount),
        },
        3 => opportunity::Command::ChangeStage {
            stage: format!("stage {}", random.random_range(0..2)),
        },
        4 => opportunity::Command::Win { value: amount },
        _ => opportunity::Command::Lose {
            reason: "price".to_owned(),
        },
    }
}
