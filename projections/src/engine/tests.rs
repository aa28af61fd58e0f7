//! The engine on a real PostgreSQL: what it does when a fold, the data or the database fails.

use domain::lead::{Command, Lead};
use domain::{Actor, ActorKind, Caller, RecordedEvent, TenantId};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use store::{Options, Orders, Role, Store};
use testkit::TestDatabase;

use std::sync::Arc;

use super::{
    AnyReadModel, Context, EntityKey, Listing, Operations, Order, Projector, ReadModel, Rows, Unfoldable,
    read_model,
};

/// Where each lead came from; it cannot take one from `hell`, and panics at one from `limbo`.
struct Sources;

#[derive(Clone, Serialize, Deserialize)]
struct Source {
    tenant_id: TenantId,
    id: String,
    source: String,
}

impl ReadModel for Sources {
    const NAME: &'static str = "sources";
    const VERSION: i32 = 1;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["lead"];

    type Key = EntityKey;
    type Row = Source;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let domain::Event::Lead(domain::lead::Event::Captured { source, .. }) = &event.event else {
            return Ok(());
        };
        assert_ne!(source, "limbo");
        if source == "hell" {
            return Err(Unfoldable::new("nothing comes from hell"));
        }
        let key = EntityKey::of(event);
        let row = Source {
            tenant_id: key.tenant_id,
            id: key.id.clone(),
            source: source.clone(),
        };
        rows.put(key, row);
        Ok(())
    }
}

struct House {
    database: TestDatabase,
    owner: PgPool,
    store: Store,
    caller: Caller,
}

async fn house() -> House {
    let database = testkit::database().await;
    let owner = database.pool().await;
    let table = "create table sources (tenant_id text, id text, source text check (source <> 'nowhere'), \
                 position bigint not null, primary key (tenant_id, id)); \
                 grant all on sources to annals_projector";
    sqlx::raw_sql(table).execute(&owner).await.unwrap();
    let store = Store::open(Options::new(database.url(), testkit::ambient(1)))
        .await
        .unwrap();
    let id = TenantId::new(store.ambient().fresh_id());
    let caller = Caller::new(id, Actor::new(ActorKind::System, "test"));
    let provision = domain::tenant::Command::Provision {
        slug: "acme".parse().unwrap(),
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
    House {
        database,
        owner,
        store,
        caller,
    }
}

fn models() -> Vec<Box<dyn AnyReadModel>> {
    vec![
        read_model::<crate::audit_feed::AuditFeed>(),
        read_model::<crate::lead::LeadList>(),
        read_model::<Sources>(),
    ]
}

impl House {
    async fn capture(&self, id: &str, source: &str) -> u64 {
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
            .execute::<Lead>(&self.caller, &id, Orders::one(capture))
            .await;
        committed.unwrap().position
    }

    async fn qualify(&self, id: &str) -> u64 {
        let qualify = Command::Enrich {
            attributes: [("size".to_owned(), self.store.ambient().fresh_id().to_string())].into(),
        };
        let id = id.parse().unwrap();
        let committed = self
            .store
            .execute::<Lead>(&self.caller, &id, Orders::one(qualify))
            .await;
        committed.unwrap().position
    }

    fn project(&self) -> Projector {
        let pool = store::pool(self.database.url(), Role::Projector, 4).unwrap();
        Projector::start(&self.store, pool, models())
    }

    fn operations(&self) -> Operations {
        let pool = store::pool(self.database.url(), Role::Projector, 6).unwrap();
        let models = models().into_iter().map(Arc::from).collect();
        Operations::new(pool, self.store.log().clone(), models)
    }

    async fn sources(&self) -> Vec<String> {
        sqlx::query_scalar("select source from sources order by source")
            .fetch_all(&self.owner)
            .await
            .unwrap()
    }

    async fn count(&self, table: &str) -> i64 {
        let count = format!("select count(*) from {table}");
        sqlx::query_scalar(&count).fetch_one(&self.owner).await.unwrap()
    }

    async fn checkpoint(&self, name: &str) -> u64 {
        let checkpoints = super::checkpoints(&self.owner).await.unwrap();
        checkpoints.into_iter().find(|c| c.name == name).unwrap().position
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_folded_parks_its_stream_and_no_other() {
    for poison in ["hell", "limbo", "nowhere"] {
        let house = house().await;
        for number in 0..5 {
            house.capture(&format!("l{number}"), "web").await;
        }
        let bad = house.capture("bad", poison).await;
        house.qualify("bad").await;
        let last = house.capture("after", "web").await;
        let projector = house.project();
        projector.wait_for(last).await.unwrap();
        let waiting = house.qualify("bad").await;
        projector.wait_for(waiting).await.unwrap();
        projector.stop().await;
        assert_eq!(house.count("lead").await, 7, "{poison}");
        assert_eq!(house.count("audit_feed").await, 10, "{poison}");
        assert_eq!(house.checkpoint("sources").await, waiting, "{poison}");
        assert_eq!(house.count("sources").await, 6, "{poison}");
        let parked = house.operations().parked().await.unwrap();
        assert_eq!(parked.len(), 1, "{poison}: {parked:?}");
        assert_eq!(
            (
                parked[0].name.as_str(),
                parked[0].stream.id.as_str(),
                parked[0].position
            ),
            ("sources", "bad", bad),
        );
        assert_eq!(parked[0].events, 3, "{poison}");
        let stale: Vec<Vec<String>> = sqlx::query_scalar("select key from read_model_stale")
            .fetch_all(&house.owner)
            .await
            .unwrap();
        assert_eq!(
            stale,
            [[house.caller.tenant.to_string(), "bad".to_owned()]],
            "{poison}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_postgresql_cannot_hold_stop_nobody() {
    let house = house().await;
    let last = house.capture("l1", "we\0b").await;
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    projector.stop().await;
    let source: String = sqlx::query_scalar("select source from sources")
        .fetch_one(&house.owner)
        .await
        .unwrap();
    assert_eq!(source, "we\u{fffd}b");
    assert_eq!(house.checkpoint("audit_feed").await, last);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_goes_on_when_its_connections_are_cut() {
    let house = house().await;
    let projector = house.project();
    let mut last = 0;
    for number in 0..20 {
        last = house.capture(&format!("l{number}"), "web").await;
        let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                   where pid <> pg_backend_pid() and datname = current_database() \
                   and query ilike any (array['%read_model_checkpoints%', 'insert into%sources%'])";
        sqlx::query_scalar::<_, i64>(cut)
            .fetch_one(&house.owner)
            .await
            .unwrap();
    }
    projector.wait_for(last).await.unwrap();
    assert_eq!(house.count("sources").await, 20);
    assert_eq!(house.count("audit_feed").await, 21);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_read_model_fills_itself_while_the_others_go_on() {
    let house = house().await;
    let last = house.capture("l1", "web").await;
    let first = house.project();
    first.wait_for(last).await.unwrap();
    first.stop().await;
    sqlx::raw_sql(
        "delete from read_model_checkpoints where name = 'sources'; \
         delete from read_model_builds where name = 'sources'; truncate sources",
    )
    .execute(&house.owner)
    .await
    .unwrap();
    let last = house.capture("l2", "web").await;
    let again = house.project();
    again.wait_for(last).await.unwrap();
    again.stop().await;
    assert_eq!((house.count("sources").await, house.count("lead").await), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_a_newer_program_stays_as_it_is() {
    let house = house().await;
    let last = house.capture("l1", "web").await;
    let newer = "insert into read_model_builds (name, build, state) values ('sources', 1, 'live'); \
                 insert into read_model_checkpoints (name, version, position) values ('sources', 9, 0)";
    sqlx::raw_sql(newer).execute(&house.owner).await.unwrap();
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    projector.stop().await;
    assert_eq!((house.count("sources").await, house.count("lead").await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_model_fits_its_table() {
    let database = testkit::database().await;
    let mut connection = database.pool().await.acquire().await.unwrap();
    let mut names = Vec::new();
    for model in crate::all() {
        let table = super::Table::describe(&mut connection, model.name(), model.key())
            .await
            .unwrap();
        let table = table.unwrap_or_else(|| panic!("{} has no table", model.name()));
        assert!(
            table.columns.iter().any(|column| column.name == "position"),
            "{}",
            model.name()
        );
        let protected: bool = sqlx::query_scalar("select relrowsecurity from pg_class where relname = $1")
            .bind(model.name())
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert!(protected, "{}", model.name());
        names.push(model.name());
    }
    assert!(names.is_sorted(), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_is_filled_beside_the_live_one_compared_switched_and_taken_back() {
    let house = house().await;
    let last = house.capture("l1", "web").await;
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    let operations = house.operations();
    // Somebody changed a row behind the engine's back.
    sqlx::raw_sql("update sources set source = 'forged'")
        .execute(&house.owner)
        .await
        .unwrap();
    let build = operations.rebuild("sources", Order::default()).await.unwrap();
    let progress = tokio::sync::watch::Sender::default();
    operations.fill(&build, progress).await.unwrap();
    let last = house.capture("l2", "shop").await;
    let listing = Listing {
        after: None,
        limit: 10,
    };
    let diff = operations.diff("sources", &listing).await.unwrap();
    assert_eq!((diff.added, diff.changed, diff.gone), (0, 1, 0));
    let column = &diff.differences[0].columns[0];
    assert_eq!(
        (column.column.as_str(), &column.left, &column.right),
        ("source", &Some("forged".into()), &Some("web".into()))
    );
    operations.switch("sources").await.unwrap();
    projector.wait_for(last).await.unwrap();
    assert_eq!(house.sources().await, ["shop", "web"]);
    operations.rollback("sources").await.unwrap();
    assert_eq!(house.sources().await, ["forged", "shop"]);
    let last = house.capture("l3", "app").await;
    projector.wait_for(last).await.unwrap();
    assert_eq!(house.sources().await, ["app", "forged", "shop"]);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_at_its_events_position() {
    let house = house().await;
    let mut last = 0;
    for number in 0..5 {
        last = house.capture(&format!("l{number}"), "web").await;
    }
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    projector.stop().await;
    let positions: Vec<i64> = sqlx::query_scalar("select position from audit_feed order by position")
        .fetch_all(&house.owner)
        .await
        .unwrap();
    assert_eq!(positions, [1, 2, 3, 4, 5, 6]);
}
