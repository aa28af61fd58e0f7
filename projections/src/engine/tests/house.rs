//! A store with one tenant, and read models of which one is picky.

use std::sync::Arc;

use domain::lead::{Command, Lead};
use domain::{Actor, ActorKind, Caller, RecordedEvent, TenantId};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use store::{Options, Orders, Role, Store};
use testkit::TestDatabase;

use crate::engine::{
    AnyReadModel, Context, EntityKey, Operations, Projector, ProjectorOptions, ReadModel, Rows, Unfoldable,
    checkpoints, read_model,
};

/// Where each lead came from, and how much happened to it; it cannot take one from `hell`, panics at one from
/// `limbo`, and does not take poison.
pub(super) struct Sources;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Source {
    tenant_id: TenantId,
    id: String,
    source: String,
    events: i64,
}

/// The same read model after a fix: it takes all of them.
pub(super) struct Mended;

macro_rules! sources {
    ($model:ty, $check:expr) => {
        impl ReadModel for $model {
            const NAME: &'static str = "sources";
            const VERSION: i32 = 1;
            const KEY: &'static [&'static str] = &["tenant_id", "id"];
            const READS: &'static [&'static str] = &["lead"];

            type Key = EntityKey;
            type Row = Source;

            fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
                vec![EntityKey::of(event)]
            }

            fn fold(
                rows: &mut Rows<Self>,
                event: &RecordedEvent,
                _context: &Context,
            ) -> Result<(), Unfoldable> {
                let domain::Event::Lead(happened) = &event.event else {
                    return Ok(());
                };
                let check: fn(&domain::lead::Event) -> Result<(), Unfoldable> = $check;
                check(happened)?;
                let key = EntityKey::of(event);
                let domain::lead::Event::Captured { source, .. } = happened else {
                    rows.known(&key)?.events += 1;
                    return Ok(());
                };
                let row = Source {
                    tenant_id: key.tenant_id,
                    id: key.id.clone(),
                    source: source.clone(),
                    events: 1,
                };
                rows.put(key, row);
                Ok(())
            }
        }
    };
}

sources!(Sources, |happened| {
    match happened {
        domain::lead::Event::Captured { source, .. } => {
            assert_ne!(source, "limbo");
            if source == "hell" {
                return Err(Unfoldable::new("nothing comes from hell"));
            }
        }
        domain::lead::Event::Enriched { attributes }
            if attributes
                .reveal()
                .is_some_and(|attributes| attributes.contains_key("poison")) =>
        {
            return Err(Unfoldable::new("this is poison"));
        }
        _ => {}
    }
    Ok(())
});
sources!(Mended, |_| Ok(()));

pub(super) struct House {
    pub(super) database: TestDatabase,
    pub(super) owner: PgPool,
    pub(super) store: Store,
    pub(super) caller: Caller,
}

pub(super) async fn house() -> House {
    let database = testkit::database().await;
    let owner = database.pool().await;
    let table = "create table sources (tenant_id text, id text, source text check (source <> 'nowhere'), \
                 events bigint not null, \
                 position bigint not null, primary key (tenant_id, id)); \
                 grant all on sources to annals_projector";
    sqlx::raw_sql(table).execute(&owner).await.unwrap();
    let store = Store::open(Options::new(database.url(), testkit::ambient(1)))
        .await
        .unwrap();
    let caller = tenant(&store, "acme").await;
    House {
        database,
        owner,
        store,
        caller,
    }
}

/// Sets up a tenant.
pub(super) async fn tenant(store: &Store, slug: &str) -> Caller {
    let id = TenantId::new(store.ambient().fresh_id());
    let caller = Caller::new(id, Actor::new(ActorKind::System, "test"));
    let provision = domain::tenant::Command::Provision {
        slug: slug.parse().unwrap(),
        mode: domain::tenant::DeploymentMode::Shared,
        settings: domain::tenant::Settings {
            name: "Acme".to_owned(),
            time_zone: "Europe/Berlin".parse().unwrap(),
            currency: "EUR".parse().unwrap(),
        },
    };
    let orders = Orders::one(provision);
    store
        .execute::<domain::tenant::Tenant>(&caller, &id.into(), orders)
        .await
        .unwrap();
    caller
}

pub(super) fn models() -> Vec<Box<dyn AnyReadModel>> {
    vec![
        read_model::<crate::audit_feed::AuditFeed>(),
        read_model::<crate::lead::LeadList>(),
        read_model::<Sources>(),
    ]
}

impl House {
    pub(super) async fn capture(&self, id: &str, source: &str) -> u64 {
        self.capture_for(&self.caller, id, source).await
    }

    pub(super) async fn capture_for(&self, caller: &Caller, id: &str, source: &str) -> u64 {
        let capture = Command::Capture {
            vertical: "sales".parse().unwrap(),
            source: source.to_owned(),
            name: None,
            email: None,
            phone: None,
        };
        let id = id.parse().unwrap();
        let committed = self
            .store
            .execute::<Lead>(caller, &id, Orders::one(capture))
            .await;
        committed.unwrap().position
    }

    pub(super) async fn enrich(&self, id: &str) -> u64 {
        let enrich = Command::Enrich {
            attributes: [("size".to_owned(), self.store.ambient().fresh_id().to_string())].into(),
        };
        let id = id.parse().unwrap();
        let committed = self
            .store
            .execute::<Lead>(&self.caller, &id, Orders::one(enrich))
            .await;
        committed.unwrap().position
    }

    /// Many things that happen to a lead, written at once; gives the last position.
    pub(super) async fn enrich_often(&self, id: &str, named: impl Iterator<Item = (String, u64)>) -> u64 {
        let enrich = |(name, value): (String, u64)| Command::Enrich {
            attributes: [(name, value.to_string())].into(),
        };
        let orders = Orders {
            commands: named.map(|one| (None, enrich(one))).collect(),
            key: None,
            expected_version: None,
        };
        let id = id.parse().unwrap();
        let committed = self.store.execute::<Lead>(&self.caller, &id, orders).await;
        committed.unwrap().position
    }

    /// How much happened to each lead.
    pub(super) async fn happened(&self) -> std::collections::BTreeMap<String, i64> {
        let rows: Vec<(String, i64)> = sqlx::query_as("select id, events from sources")
            .fetch_all(&self.owner)
            .await
            .unwrap();
        rows.into_iter().collect()
    }

    pub(super) fn project(&self) -> Projector {
        let pool = store::pool(self.database.url(), Role::Projector, 4).unwrap();
        Projector::start(&self.store, pool, models())
    }

    pub(super) fn project_in(&self, shards: u32) -> Projector {
        let pool = store::pool(self.database.url(), Role::Projector, 6).unwrap();
        let options = ProjectorOptions {
            shards,
            ..ProjectorOptions::default()
        };
        Projector::start_with(&self.store, pool, models(), options)
    }

    pub(super) fn operations(&self) -> Operations {
        self.operations_on(models())
    }

    /// The operations of a program that has the fix.
    pub(super) fn mended(&self) -> Operations {
        self.operations_on(vec![read_model::<Mended>()])
    }

    fn operations_on(&self, models: Vec<Box<dyn AnyReadModel>>) -> Operations {
        let pool = store::pool(self.database.url(), Role::Projector, 6).unwrap();
        let models = models.into_iter().map(Arc::from).collect();
        Operations::new(pool, self.store.log().clone(), models)
    }

    pub(super) async fn sources(&self) -> Vec<String> {
        sqlx::query_scalar("select source from sources order by source")
            .fetch_all(&self.owner)
            .await
            .unwrap()
    }

    pub(super) async fn count(&self, table: &str) -> i64 {
        let count = format!("select count(*) from {table}");
        sqlx::query_scalar(&count).fetch_one(&self.owner).await.unwrap()
    }

    pub(super) async fn checkpoint(&self, name: &str) -> u64 {
        let checkpoints = checkpoints(&self.owner).await.unwrap();
        checkpoints.into_iter().find(|c| c.name == name).unwrap().position
    }
}
