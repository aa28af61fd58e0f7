//! A poisoned event in the middle of thousands for one key.

use std::collections::BTreeMap;

use tokio::sync::watch;

use super::house::{House, house};
use crate::engine::Order;

/// How many events the key has.
const EVENTS: u64 = 10_000;
/// Which of them is poison.
const POISON: u64 = 5_000;
/// How many are written at once.
const CHUNK: u64 = 500;

/// Ten thousand events of one lead, the middle one poisoned, and among them those of others; what each of these
/// others is to have, and the last position.
async fn written(house: &House) -> (BTreeMap<String, i64>, u64) {
    let mut others = BTreeMap::new();
    house.capture("bad", "web").await;
    for chunk in 0..EVENTS / CHUNK {
        // The capture is the first event.
        let first = (chunk * CHUNK + 1).max(2);
        let numbers = first..=(chunk + 1) * CHUNK;
        let named = numbers.map(|number| {
            let name = if number == POISON { "poison" } else { "size" };
            (name.to_owned(), number)
        });
        house.enrich_often("bad", named).await;
        let id = format!("l{chunk}");
        house.capture(&id, "web").await;
        let often = chunk + 1;
        let named = (0..often).map(|number| ("size".to_owned(), number));
        house.enrich_often(&id, named).await;
        others.insert(id, i64::try_from(often).unwrap() + 1);
    }
    let last = house.capture("last", "web").await;
    others.insert("last".to_owned(), 1);
    (others, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_event_in_the_middle_of_ten_thousand_leaves_every_other_key_exact() {
    let house = house().await;
    let (others, last) = written(&house).await;
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    projector.stop().await;
    let expected = |of_bad: u64| {
        let mut expected = others.clone();
        expected.insert("bad".to_owned(), i64::try_from(of_bad).unwrap());
        expected
    };
    assert_eq!(house.happened().await, expected(POISON - 1));
    let operations = house.operations();
    let parked = operations.parked().await.unwrap();
    assert_eq!((parked.len(), parked[0].events), (1, EVENTS - POISON + 1));
    assert_eq!(parked[0].stream.id, "bad");
    // Who can take the event has all of them.
    assert_eq!(
        house.count("lead").await,
        i64::try_from(others.len()).unwrap() + 1
    );
    assert_eq!(house.count("audit_feed").await, i64::try_from(last).unwrap());

    let build = operations.rebuild("sources", Order::default()).await.unwrap();
    operations.fill(&build, watch::Sender::default()).await.unwrap();
    let diff = operations.switch("sources").await.unwrap();
    assert!(diff.is_empty(), "rebuilt, it is what it was live: {diff:?}");
    assert_eq!(house.happened().await, expected(POISON - 1));

    let resumed = house.mended().resume("sources", &parked[0].stream).await.unwrap();
    assert_eq!(resumed, EVENTS - POISON + 1);
    assert_eq!(house.happened().await, expected(EVENTS));
}
