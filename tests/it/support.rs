//! What journeys share: an open log with a tenant in it.

use domain::lead::{self, LeadId};
use domain::tenant::{self, DeploymentMode, Settings, Tenant, TenantKey};
use domain::{Actor, ActorKind, Caller, TenantId};
use store::{Options, Orders, Store};
use testkit::TestDatabase;

/// A database of its own, with the log open on it.
pub(crate) struct House {
    pub(crate) database: TestDatabase,
    pub(crate) store: Store,
}

/// Opens a log on a fresh database.
pub(crate) async fn house() -> House {
    let database = testkit::database().await;
    let store = open(&database, 1).await;
    House { database, store }
}

/// Opens the log of a database once more, as another process would.
pub(crate) async fn open(database: &TestDatabase, seed: u64) -> Store {
    Store::open(Options::new(database.url(), testkit::ambient(seed)))
        .await
        .unwrap()
}

/// A caller of a fresh tenant that is provisioned.
pub(crate) async fn tenant(store: &Store, slug: &str) -> Caller {
    let id = TenantId::new(store.ambient().fresh_id());
    let caller = Caller::new(id, Actor::new(ActorKind::System, "test"));
    let provision = tenant::Command::Provision {
        slug: slug.parse().unwrap(),
        mode: DeploymentMode::Shared,
        settings: Settings {
            name: slug.to_owned(),
            time_zone: "Europe/Berlin".parse().unwrap(),
            currency: "EUR".parse().unwrap(),
        },
    };
    store
        .execute::<Tenant>(&caller, &TenantKey::from(id), Orders::one(provision))
        .await
        .unwrap();
    caller
}

/// The command that captures a lead.
pub(crate) fn capture() -> lead::Command {
    lead::Command::Capture {
        vertical: "sales".parse().unwrap(),
        source: "test".to_owned(),
        name: None,
        email: None,
        phone: None,
    }
}

/// A lead's id.
pub(crate) fn lead_id(text: &str) -> LeadId {
    text.parse().unwrap()
}
