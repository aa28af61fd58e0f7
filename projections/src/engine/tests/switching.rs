//! Queries go on while builds take each other's place.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::Role;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::house::house;
use crate::engine::Order;
use crate::lead::LeadList;
use crate::reader::{List, Page, Reader};

const LEADS: usize = 40;
const SWITCHES: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn queries_never_fail_nor_mix_builds_while_they_are_switched() {
    let house = house().await;
    let mut last = 0;
    for number in 0..LEADS {
        last = house.capture(&format!("l{number}"), "web").await;
    }
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    // The live build says one thing in all its rows, the next one will say another.
    sqlx::raw_sql("update lead set source = 'forged'")
        .execute(&house.owner)
        .await
        .unwrap();
    let operations = house.operations();
    let build = operations.rebuild("lead", Order::default()).await.unwrap();
    operations.fill(&build, watch::Sender::default()).await.unwrap();

    let reader = Reader::new(store::pool(house.database.url(), Role::Gateway, 3).unwrap());
    let (tenant, over) = (house.caller.tenant, Arc::new(AtomicBool::new(false)));
    let mut asking = JoinSet::new();
    for _ in 0..3 {
        let (reader, over) = (reader.clone(), Arc::clone(&over));
        asking.spawn(async move {
            let list = List {
                page: Page {
                    limit: 100,
                    ..Page::default()
                },
                ..List::default()
            };
            let (mut seen, mut answers) = (BTreeSet::new(), 0);
            while !over.load(Ordering::SeqCst) {
                let listed = reader.list::<LeadList>(tenant, &list).await.unwrap();
                assert_eq!(listed.rows.len(), LEADS);
                let sources: BTreeSet<String> = listed.rows.into_iter().map(|(_, row)| row.source).collect();
                assert_eq!(sources.len(), 1, "an answer of two builds: {sources:?}");
                seen.extend(sources);
                answers += 1;
            }
            (seen, answers)
        });
    }
    operations.switch("lead").await.unwrap();
    for _ in 0..SWITCHES {
        operations.rollback("lead").await.unwrap();
    }
    over.store(true, Ordering::SeqCst);
    let (mut seen, mut answers) = (BTreeSet::new(), 0);
    while let Some(told) = asking.join_next().await {
        let (sources, count) = told.unwrap();
        seen.extend(sources);
        answers += count;
    }
    assert!(answers > SWITCHES, "{answers} answers");
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        ["forged", "web"],
        "both were read"
    );
    projector.stop().await;
}
