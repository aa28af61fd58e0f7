//! A step of a real log as a given/when/then test: it holds, it has nobody's data, and it fails when the rules differ.

use domain::case::{Case, CaseError, Then};
use serde_json::json;

use super::replay;
use crate::gateway::house::House;
use crate::gateway::story::story;

#[tokio::test]
async fn a_step_becomes_a_test_that_holds_with_personal_data_masked() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let lead = json!({ "id": "l1", "vertical": "sales", "source": "fair", "name": "Ada Lovelace",
                       "email": "ada@lovelace.org", "phone": "+4930901820" });
    house.done(&acme.token, "captureLead", lead).await;
    house
        .done(&acme.token, "qualifyLead", json!({ "id": "l1", "score": 80 }))
        .await;
    let as_test = |entity: &str, step: &str| {
        replay(
            house.url(),
            &["--tenant", "acme", "--entity", entity, "--as-test", step],
        )
    };
    let text = as_test("lead/l1", "2").unwrap();
    for personal in ["Lovelace", "lovelace", "901820"] {
        assert!(!text.contains(personal), "{text}");
    }
    let case: Case = serde_json::from_str(&text).unwrap();
    assert_eq!(case.when.command, json!({ "qualify": { "score": 80 } }));
    assert_eq!(case.check(), Ok(()));
    let mut other = case.clone();
    let Then::Events(events) = &mut other.then else {
        panic!("{text}")
    };
    events[0].payload["qualified"]["score"] = json!(81);
    assert!(matches!(other.check(), Err(CaseError::Otherwise { .. })));
    let mut earlier = case.clone();
    earlier.given.clear();
    assert!(matches!(earlier.check(), Err(CaseError::Otherwise { .. })));
    // The first step has the masked values in its command and in what follows.
    let first: Case = serde_json::from_str(&as_test("lead/l1", "1").unwrap()).unwrap();
    assert_eq!(
        first.when.command["capture"]["email"]["raw"],
        "person-1@example.org"
    );
    assert_eq!(first.check(), Ok(()));
    let beyond = as_test("lead/l1", "3").unwrap_err();
    assert!(beyond.contains("lead/l1 has no step 3: it has 2"), "{beyond}");
}

#[tokio::test]
async fn the_steps_of_every_command_become_tests() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    for (mutation, input) in story(&acme.id, "") {
        house.done(&acme.token, mutation, input).await;
    }
    let log = house.store.log();
    let events = log.page(0, &store::Filter::default(), 10_000).await.unwrap();
    let (mut cases, mut without) = (0, Vec::new());
    for (index, event) in events.iter().enumerate() {
        let of_stream = |events: &[domain::RecordedEvent]| -> Vec<domain::Event> {
            let own = events.iter().filter(|other| other.stream == event.stream);
            own.map(|other| other.event.clone()).collect()
        };
        let (before, following) = (of_stream(&events[..index]), of_stream(&events[index..]));
        match Case::of(
            event.stream.aggregate_type,
            &before,
            &following,
            event.occurred_at,
        ) {
            Ok(case) => {
                assert_eq!(case.check(), Ok(()), "{}", event.event_type);
                cases += 1;
            }
            Err(CaseError::NoCommand { event_type, .. }) => without.push(event_type),
            Err(error) => panic!("{error}"),
        }
    }
    without.sort_unstable();
    without.dedup();
    // Facts have no command, and what a command holds beyond its event can't be known.
    println!("{cases} cases; without: {without:?}");
    assert!(
        cases > 40 && without.len() <= 8,
        "{cases} cases; without: {without:?}"
    );
}
