//! What the tests of this room share: an open log with a tenant in it.

use domain::tenant::{Command, DeploymentMode, Settings, Tenant, TenantKey};
use domain::{Actor, ActorKind, Caller, TenantId};
use store::{Options, Orders, Store};
use testkit::TestDatabase;

/// A log of its own, and a caller of a tenant that is provisioned.
pub(crate) struct Ground {
    pub(crate) database: TestDatabase,
    pub(crate) store: Store,
    pub(crate) caller: Caller,
}

/// Opens a log on a fresh database and provisions a tenant.
pub(crate) async fn ground() -> Ground {
    let database = testkit::database().await;
    let store = Store::open(Options::new(database.url(), testkit::ambient(1)))
        .await
        .unwrap();
    let tenant = TenantId::new(store.ambient().fresh_id());
    let ground = Ground {
        database,
        store,
        caller: Caller::new(tenant, Actor::new(ActorKind::Connector, "crm")),
    };
    let provision = Command::Provision {
        slug: "acme".parse().unwrap(),
        mode: DeploymentMode::Shared,
        settings: Settings {
            name: "Acme".into(),
            time_zone: "UTC".parse().unwrap(),
            currency: "USD".parse().unwrap(),
        },
    };
    ground.tenant(provision).await;
    ground
}

impl Ground {
    /// Asks the tenant.
    pub(crate) async fn tenant(&self, command: Command) {
        let id = TenantKey::from(self.caller.tenant);
        self.store
            .execute::<Tenant>(&self.caller, &id, Orders::one(command))
            .await
            .unwrap();
    }

    /// How many events there are of each type, as `type count`, in the order of the types.
    pub(crate) async fn events(&self) -> Vec<String> {
        let sql = "select event_type || ' ' || count(*) from events group by event_type order by event_type";
        sqlx::query_scalar(sql)
            .fetch_all(&self.database.pool().await)
            .await
            .unwrap()
    }

    /// The payloads of one type in the log's order.
    pub(crate) async fn payloads(&self, event_type: &str) -> Vec<serde_json::Value> {
        let sql = "select payload::text from events where event_type = $1 order by position";
        let payloads: Vec<String> = sqlx::query_scalar(sql)
            .bind(event_type)
            .fetch_all(&self.database.pool().await)
            .await
            .unwrap();
        payloads
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect()
    }
}
