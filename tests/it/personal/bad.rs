//! Sealed values that were cut off, changed or moved, and such as nobody may bring.

use domain::lead::Lead;
use domain::{Caller, Personal};
use store::{Filter, Log, Orders, Rejection, Role, StoreError};

use super::ground::{Ground, ground};
use crate::support::{capture, lead_id, tenant};

impl Ground {
    async fn reading(&self) -> String {
        let page = self.fresh(5).await.log().page(0, &Filter::default(), 100).await;
        page.unwrap_err().to_string()
    }

    /// Puts a value of one event's payload into another's.
    async fn move_value(&self, from: (&Caller, &str, &str), to: (&Caller, &str, &str)) {
        self.tamper(&format!(
            "update events set payload = jsonb_set(payload::jsonb, '{{captured,{}}}', ( \
                 select payload::jsonb #> '{{captured,{}}}' from events \
                 where aggregate_id = '{}:{}' and event_type = 'lead.captured'))::json \
             where aggregate_id = '{}:{}' and event_type = 'lead.captured'",
            to.2, from.2, from.0.tenant, from.1, to.0.tenant, to.1
        ))
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_that_was_moved_to_another_field_or_stream_stops_the_reader() {
    let ground = ground().await;
    ground.capture("l1").await;
    let second = ground.capture("l2").await;
    ground
        .move_value((&ground.acme, "l1", "name"), (&ground.acme, "l2", "name"))
        .await;
    assert_eq!(
        ground.reading().await,
        format!(
            "position {second}: name does not open: it was changed, cut off, or moved here from another place"
        )
    );
    let ground = super::ground::ground().await;
    ground.capture("l1").await;
    ground
        .move_value((&ground.acme, "l1", "name"), (&ground.acme, "l1", "email"))
        .await;
    assert!(ground.reading().await.contains("email does not open"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_of_another_tenant_names_a_key_that_is_not_this_tenants() {
    let ground = ground().await;
    let other = tenant(&ground.store, "other").await;
    ground.capture("l1").await;
    ground.capture_for(&other, "l1").await;
    ground
        .move_value((&ground.acme, "l1", "name"), (&other, "l1", "name"))
        .await;
    let said = ground.reading().await;
    assert!(said.contains("which this tenant does not have"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_that_is_cut_off_and_a_key_that_was_changed_are_named() {
    let ground = ground().await;
    ground.capture("l1").await;
    ground
        .tamper(
            "update events set payload = jsonb_set(payload::jsonb, '{captured,name,$sealed}', \
             to_jsonb(left(payload::jsonb #>> '{captured,name,$sealed}', 60)))::json \
             where event_type = 'lead.captured'",
        )
        .await;
    assert!(ground.reading().await.contains("name does not open"));
    let ground = super::ground::ground().await;
    ground.capture("l1").await;
    ground
        .tamper("update subject_keys set wrapped = substr(wrapped, 1, 40)")
        .await;
    let said = ground.reading().await;
    assert!(said.contains("its row was changed or moved"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_may_bring_a_value_that_looks_sealed() {
    let ground = ground().await;
    let mut command = capture();
    if let domain::lead::Command::Capture { name, .. } = &mut command {
        *name = Some(Personal::Sealed("v1.01KJQ6PSG0000000800000000A.AAAA".to_owned()));
    }
    ground.capture("l1").await;
    let enrich = domain::lead::Command::Enrich {
        attributes: [("$sealed".to_owned(), "v1.x.y".to_owned())].into(),
    };
    for (id, command) in [("l2", command), ("l1", enrich)] {
        let refused = ground
            .store
            .execute::<Lead>(&ground.acme, &lead_id(id), Orders::one(command))
            .await
            .unwrap_err();
        let StoreError::Rejected(Rejection::NotClear { reason }) = &refused else {
            panic!("{refused}");
        };
        assert!(reason.contains("must come in the clear"), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_without_keys_stops_and_says_what_to_give() {
    let ground = ground().await;
    let position = ground.capture("l1").await;
    let log = Log::new(store::pool(ground.database.url(), Role::Projector, 1).unwrap());
    let said = log.page(0, &Filter::default(), 10).await.unwrap_err().to_string();
    assert!(
        said.starts_with(&format!("position {position}: personal data is sealed")),
        "{said}"
    );
    assert!(said.contains("--master-key"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_role_sees_no_key_and_no_other_tenants_certificates() {
    let ground = ground().await;
    ground.capture("l1").await;
    let pool = store::pool(ground.database.url(), Role::Gateway, 1).unwrap();
    let denied = sqlx::query("select wrapped from subject_keys")
        .fetch_all(&pool)
        .await;
    assert!(denied.unwrap_err().to_string().contains("permission denied"));
    let ada = "lead/l1".parse().unwrap();
    ground
        .store
        .forget(&ground.acme, &ada, "request 17")
        .await
        .unwrap();
    let count = "select count(*) from erasure_certificates";
    let all: i64 = sqlx::query_scalar(count)
        .fetch_one(&ground.owner().await)
        .await
        .unwrap();
    let seen: i64 = sqlx::query_scalar(count).fetch_one(&pool).await.unwrap();
    assert_eq!((all, seen), (1, 0));
}
