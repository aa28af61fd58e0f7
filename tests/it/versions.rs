//! Old versions of events in the log: they are read and decided on as if written today; newer ones stop the reader.

use domain::claim::{self, Claim, ClaimId, Command, Determination};
use domain::{Caller, Currency, Event, Money};
use sqlx::PgPool;
use store::{Filter, Orders, StoreError};

use crate::support::{House, house, open, tenant};

fn claim_id() -> ClaimId {
    "c1".parse().unwrap()
}

/// A tenant with a claim that was denied.
async fn denied(house: &House) -> Caller {
    let caller = tenant(&house.store, "acme").await;
    let money = Money::new(250.into(), "USD".parse::<Currency>().unwrap());
    let commands = [
        Command::Submit {
            vertical: "claims".parse().unwrap(),
            payer: "Acme Health".to_owned(),
            billed: money,
            service_date: None,
            patient: None,
        },
        Command::Deny {
            reason_codes: vec![],
            reason: "late".to_owned(),
        },
    ];
    let orders = Orders {
        commands: commands.map(|command| (None, command)).into(),
        key: None,
        expected_version: None,
    };
    house
        .store
        .execute::<Claim>(&caller, &claim_id(), orders)
        .await
        .unwrap();
    caller
}

/// Puts the denial into the log once more, as a program of another version would have written it.
async fn denied_again(pool: &PgPool, version: &str, was: &str, is: &str) {
    sqlx::query(
        "with written as (insert into events \
         select position + 1, tenant_id, aggregate_type, aggregate_id, sequence + 1, event_id, event_type, $1, \
         occurred_at, recorded_at, actor, null, null, replace(payload::text, $2, $3)::json, metadata, hash \
         from events where event_type = 'claim.denied' returning 1), \
         moved as (update log_head set position = position + 1) \
         update streams set version = version + 1 where aggregate_type = 'claim'",
    )
    .bind(version)
    .bind(was)
    .bind(is)
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_version_1_is_read_and_decided_on_like_one_of_today() {
    let house = house().await;
    let caller = denied(&house).await;
    let (was, is) = (r#""determination":"initial""#, r#""initial":false"#);
    denied_again(&house.database.pool().await, "1", was, is).await;

    let page = house.store.log().page(3, &Filter::default(), 10).await.unwrap();
    let [old] = page.as_slice() else {
        panic!("{page:?}")
    };
    assert_eq!((old.position, old.version), (4, 1));
    assert!(old.payload.contains(is), "the stored bytes stay: {}", old.payload);
    let Event::Claim(claim::Event::Denied { determination, .. }) = &old.event else {
        panic!("{old:?}")
    };
    assert_eq!(*determination, Determination::OnAppeal);

    // Another process has nothing in its cache: it loads the stream with the old version in it.
    let appeal = Command::Appeal {
        reason: "in time".to_owned(),
    };
    let appealed = open(&house.database, 2)
        .await
        .execute::<Claim>(&caller, &claim_id(), Orders::one(appeal))
        .await
        .unwrap();
    assert_eq!((appealed.position, appealed.version), (5, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_version_stops_the_reader_with_type_version_and_position() {
    let house = house().await;
    let caller = denied(&house).await;
    denied_again(&house.database.pool().await, "3", "{", "{").await;
    let reason = "claim.denied version 3 is newer than version 2, the last that this version of the program \
                  knows: upgrade the program";
    let error = house
        .store
        .log()
        .page(0, &Filter::default(), 10)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), format!("position 4: {reason}"));

    let appeal = Command::Appeal {
        reason: "in time".to_owned(),
    };
    let other_process = open(&house.database, 2).await;
    let error = other_process
        .execute::<Claim>(&caller, &claim_id(), Orders::one(appeal))
        .await
        .unwrap_err();
    assert!(!matches!(error, StoreError::Refused(_)), "{error}");
    assert!(error.to_string().contains(reason), "{error}");
}
