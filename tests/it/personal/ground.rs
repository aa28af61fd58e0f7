//! A log that seals, with a person in it, read models, and a folder for the keys.

use std::sync::Arc;

use domain::access::{self, Access};
use domain::claim::{self, Claim};
use domain::lead::{self, Lead};
use domain::member::{self, Member, Role};
use domain::subject::SubjectId;
use domain::{Actor, ActorKind, Caller, Email, Money, Personal, Phone};
use projections::{Operations, Order, Projector};
use sqlx::PgPool;
use store::{FactRecord, KeyFile, LocalKeys, Options, Orders, SealOptions, Sealed, Sealer, Store, Trusted};
use tempfile::TempDir;
use testkit::{TestClock, TestDatabase, TestIds};

use crate::support::{lead_id, tenant};

/// Words that say who the person is; the log and the read models must not tell them once she is forgotten.
pub(crate) const SECRETS: [&str; 5] = [
    "Lovelace",
    "ada@example.org",
    "+14155552671",
    "Ockham Park",
    "192.0.2.77",
];

pub(crate) struct Ground {
    pub(crate) database: TestDatabase,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
    pub(crate) acme: Caller,
}

/// A log that seals its personal data.
pub(crate) async fn ground() -> Ground {
    let database = testkit::database().await;
    let folder = tempfile::tempdir().unwrap();
    LocalKeys::make_file(&folder.path().join("master.key")).unwrap();
    let clock = TestClock::at("2026-03-02T12:00:00Z".parse().unwrap());
    let store = open(&database, &folder, &clock, 1).await;
    let acme = tenant(&store, "acme").await;
    Ground {
        database,
        clock,
        store,
        folder,
        acme,
    }
}

async fn open(database: &TestDatabase, folder: &TempDir, clock: &Arc<TestClock>, seed: u64) -> Store {
    let ambient = store::Ambient {
        clock: Arc::clone(clock) as _,
        ids: Arc::new(TestIds::seeded(seed)),
    };
    let keys = LocalKeys::of_file(&folder.path().join("master.key")).unwrap();
    let options = Options::new(database.url(), ambient).sealing(Arc::new(keys));
    Store::open(options).await.unwrap()
}

pub(crate) fn subject(text: &str) -> SubjectId {
    text.parse().unwrap()
}

impl Ground {
    /// The same log as another process has it, with nothing in memory.
    pub(crate) async fn fresh(&self, seed: u64) -> Store {
        open(&self.database, &self.folder, &self.clock, seed).await
    }

    pub(crate) fn master_keys(&self) -> LocalKeys {
        LocalKeys::of_file(&self.folder.path().join("master.key")).unwrap()
    }

    pub(crate) async fn capture(&self, id: &str) -> u64 {
        self.capture_for(&self.acme, id).await
    }

    pub(crate) async fn capture_for(&self, caller: &Caller, id: &str) -> u64 {
        let command = lead::Command::Capture {
            vertical: "sales".parse().unwrap(),
            source: "fair".to_owned(),
            name: Some(Personal::new("Ada Lovelace".to_owned())),
            email: Some(Personal::new(Email::parse("ada@example.org").unwrap())),
            phone: Some(Personal::new(Phone::parse("+1 415 555 2671").unwrap())),
        };
        let orders = Orders::one(command);
        let committed = self.store.execute::<Lead>(caller, &lead_id(id), orders).await;
        committed.unwrap().position
    }

    pub(crate) async fn enrich(&self, id: &str, name: &str, value: &str) -> u64 {
        let command = lead::Command::Enrich {
            attributes: [(name.to_owned(), value.to_owned())].into(),
        };
        let orders = Orders::one(command);
        let committed = self.store.execute::<Lead>(&self.acme, &lead_id(id), orders).await;
        committed.unwrap().position
    }

    /// Everything that personal data may come in by: a lead, a member, a claim, a fact of access,
    /// and webhooks, by which another member comes.
    pub(crate) async fn everything(&self) -> u64 {
        self.capture("l1").await;
        self.enrich("l1", "estate", "Ockham Park").await;
        let invite = member::Command::Invite {
            email: Personal::new(Email::parse("ada@example.org").unwrap()),
            role: Role::Member,
            name: Some(Personal::new("Ada Lovelace".to_owned())),
        };
        let id = "m1".parse().unwrap();
        let invited = self.store.execute::<Member>(&self.acme, &id, Orders::one(invite));
        invited.await.unwrap();
        let submit = claim::Command::Submit {
            vertical: "healthcare".parse().unwrap(),
            payer: "Aetna".to_owned(),
            billed: Money::new(120.into(), "USD".parse().unwrap()),
            service_date: None,
            patient: Some(Personal::new("Lovelace, Ada".to_owned())),
        };
        let id = "c1".parse().unwrap();
        let submitted = self.store.execute::<Claim>(&self.acme, &id, Orders::one(submit));
        submitted.await.unwrap();
        let ada = Caller::new(self.acme.tenant, Actor::new(ActorKind::User, "ada"));
        let used = access::Event::KeyUsed {
            key: "nightly".to_owned(),
            address: Some(Personal::new("192.0.2.77".to_owned())),
        };
        let fact = FactRecord {
            key: None,
            at: None,
            facts: vec![used],
        };
        self.store.append_facts::<Access>(&ada, vec![fact]).await.unwrap();
        self.joined_by_clerk().await;
        self.store.log().head().await.unwrap()
    }

    pub(crate) fn project(&self, store: &Store) -> Projector {
        let pool = store::pool(self.database.url(), store::Role::Projector, 6).unwrap();
        Projector::start(store, pool, projections::all())
    }

    pub(crate) fn operations(&self, store: &Store) -> Operations {
        let pool = store::pool(self.database.url(), store::Role::Projector, 6).unwrap();
        let models = projections::all().into_iter().map(Arc::from).collect();
        Operations::new(pool, store.log().clone(), models)
    }

    /// Makes each read model anew beside the live one, and counts the rows that differ.
    pub(crate) async fn differences(&self, store: &Store) -> Vec<String> {
        let operations = self.operations(store);
        let mut differing = Vec::new();
        for model in projections::all() {
            let build = operations.rebuild(model.name(), Order::default()).await.unwrap();
            let (progress, _watching) = tokio::sync::watch::channel(projections::Progress::default());
            operations.fill(&build, progress).await.unwrap();
            let listing = projections::Listing {
                after: None,
                limit: 10,
            };
            let diff = operations.diff(model.name(), &listing).await.unwrap();
            if diff.added + diff.changed + diff.gone > 0 {
                differing.push(format!("{}: {diff:?}", model.name()));
            }
            operations.discard(model.name()).await.unwrap();
        }
        differing
    }

    /// The tables in which a word stands, anywhere in any column, as text or as bytes, as the superuser sees them.
    pub(crate) async fn tables_with(&self, word: &str) -> Vec<String> {
        let pool = self.database.pool().await;
        let tables: Vec<String> = sqlx::query_scalar(
            "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') order by 1",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        let mut found = Vec::new();
        for table in tables {
            let count: i64 = sqlx::query_scalar(&format!(
                "select count(*) from {table} t where t::text like '%' || $1 || '%' \
                 or t::text like '%' || encode(convert_to($1, 'UTF8'), 'hex') || '%'"
            ))
            .bind(word)
            .fetch_one(&pool)
            .await
            .unwrap();
            if count > 0 {
                found.push(table);
            }
        }
        found
    }

    /// All tables in which any of the person's words stands.
    pub(crate) async fn tables_that_tell(&self) -> Vec<String> {
        let mut found = Vec::new();
        for word in SECRETS {
            found.extend(self.tables_with(word).await);
        }
        found.sort();
        found.dedup();
        found
    }

    pub(crate) async fn sealer(&self) -> Sealer {
        let options = SealOptions {
            key: KeyFile::at(self.folder.path().join("seal.key")),
            name: Some("example.com/annals".to_owned()),
            seed: [7; 32],
            checkpoints: self.folder.path().join("checkpoints"),
        };
        let pool = store::pool(self.database.url(), store::Role::Projector, 2).unwrap();
        Sealer::open(pool, testkit::ambient(9), options).await.unwrap()
    }

    /// Seals all that there is, and signs what is to be signed.
    pub(crate) async fn seal(&self) {
        let mut sealer = self.sealer().await;
        while sealer.seal().await.unwrap() != Sealed::Events(0) {}
        sealer.certify().await.unwrap();
    }

    pub(crate) async fn trusted(&self) -> Trusted {
        let keys = self.store.log().seals().keys().await.unwrap();
        keys.unwrap().trusted()
    }

    pub(crate) async fn owner(&self) -> PgPool {
        self.database.pool().await
    }

    /// Changes rows as the superuser, with no trigger in the way.
    pub(crate) async fn tamper(&self, statement: &str) {
        let mut transaction = self.owner().await.begin().await.unwrap();
        sqlx::query("set local session_replication_role = replica")
            .execute(&mut *transaction)
            .await
            .unwrap();
        let done = sqlx::query(statement).execute(&mut *transaction).await.unwrap();
        assert!(done.rows_affected() > 0, "{statement} touched nothing");
        transaction.commit().await.unwrap();
    }
}
