//! What lies in the log is sealed, and reads as it was written.

use domain::lead::{Event as LeadEvent, Lead};
use domain::{Event, Personal};
use store::{Filter, Key, Orders};

use super::ground::{SECRETS, ground};
use crate::support::{capture, lead_id};

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_nothing_that_is_personal_and_every_reader_reads_it() {
    let ground = ground().await;
    ground.everything().await;
    // What webhooks brought lies beside the log, as it came.
    assert_eq!(ground.tables_that_tell().await, ["webhook_inbox"]);
    // A process with an empty cache reads a page with one statement for all keys.
    let fresh = ground.fresh(2).await;
    for store in [&ground.store, &fresh] {
        let page = store.log().page(0, &Filter::default(), 100).await.unwrap();
        let all: String = page.iter().map(|event| event.payload.to_string()).collect();
        for word in SECRETS {
            assert!(all.contains(word), "{word}: {all}");
        }
        let captured = page
            .iter()
            .find(|event| event.event_type == "lead.captured")
            .unwrap();
        let Event::Lead(LeadEvent::Captured { name, .. }) = &captured.event else {
            panic!("{captured:?}");
        };
        assert_eq!(name, &Some(Personal::new("Ada Lovelace".to_owned())));
    }
    // A command is decided on what is opened: the same value again is nothing new.
    let again = domain::lead::Command::Enrich {
        attributes: [("estate".to_owned(), "Ockham Park".to_owned())].into(),
    };
    let refused = fresh
        .execute::<Lead>(&ground.acme, &lead_id("l1"), Orders::one(again))
        .await;
    assert!(refused.unwrap_err().to_string().contains("nothing new"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_under_a_key_takes_effect_once_although_it_is_sealed_anew_each_time() {
    let ground = ground().await;
    let key = || {
        Some(Key {
            source: "api".to_owned(),
            id: "k1".to_owned(),
            hash: [1; 32],
        })
    };
    let mut command = capture();
    if let domain::lead::Command::Capture { name, .. } = &mut command {
        *name = Some(Personal::new("Ada Lovelace".to_owned()));
    }
    let mut positions = Vec::new();
    for store in [&ground.store, &ground.fresh(2).await] {
        let orders = Orders::one(command.clone()).under(key());
        let committed = store
            .execute::<Lead>(&ground.acme, &lead_id("l1"), orders)
            .await
            .unwrap();
        positions.push((committed.position, committed.known));
    }
    assert_eq!(positions[0].0, positions[1].0);
    assert_eq!((positions[0].1, positions[1].1), (false, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_once_share_one_key_for_a_subject_and_month() {
    let ground = ground().await;
    ground.capture("l1").await;
    let other = ground.fresh(2).await;
    let enrich = |store: store::Store, number: u32| {
        let caller = ground.acme.clone();
        async move {
            let command = domain::lead::Command::Enrich {
                attributes: [(format!("a{number}"), "x".to_owned())].into(),
            };
            // Twenty on one stream may be in each other's way on every try of a command: whoever is, asks again.
            loop {
                let orders = Orders::one(command.clone());
                match store.execute::<Lead>(&caller, &lead_id("l1"), orders).await {
                    Err(store::StoreError::Conflict { .. }) => {}
                    outcome => break drop(outcome.unwrap()),
                }
            }
        }
    };
    let writers = (0..20).map(|number| {
        let store = if number % 2 == 0 {
            ground.store.clone()
        } else {
            other.clone()
        };
        enrich(store, number)
    });
    futures::future::join_all(writers).await;
    let count = "select count(*) from subject_keys where event_type = 'lead.enriched'";
    let keys: i64 = sqlx::query_scalar(count)
        .fetch_one(&ground.owner().await)
        .await
        .unwrap();
    assert_eq!(keys, 1);
    let page = other.log().page(0, &Filter::default(), 100).await.unwrap();
    assert_eq!(
        page.iter()
            .filter(|event| event.event_type == "lead.enriched")
            .count(),
        20
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_in_the_clear_before_is_read_beside_what_is_sealed() {
    let database = testkit::database().await;
    let before = crate::support::open(&database, 1).await;
    let caller = crate::support::tenant(&before, "acme").await;
    let mut command = capture();
    if let domain::lead::Command::Capture { name, .. } = &mut command {
        *name = Some(Personal::new("Grace Hopper".to_owned()));
    }
    before
        .execute::<Lead>(&caller, &lead_id("old"), Orders::one(command))
        .await
        .unwrap();
    drop(before);
    let line = store::LocalKeys::fresh_line().unwrap();
    let keys = store::LocalKeys::of_text("a test", &line).unwrap();
    let options = store::Options::new(database.url(), testkit::ambient(2)).sealing(std::sync::Arc::new(keys));
    let now = store::Store::open(options).await.unwrap();
    let page = now.log().page(0, &Filter::default(), 10).await.unwrap();
    assert!(page[1].payload.contains("Grace Hopper"), "{:?}", page[1].payload);
}
