//! Pages of the audit feed while events arrive: in the order of the log nothing is missed and nothing told twice; in the order
//! of what happened, what is written down late lies where it happened.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::gateway::house::{House, Tenant};

const PAGE: &str = "query($after: Cursor, $order: AuditFeedOrder, $filter: AuditFeedFilter) { auditFeed(first: 4, after: $after, \
    orderBy: $order, filter: $filter) { pageInfo { hasNextPage endCursor } nodes { eventId occurredAt } } }";

/// A page of the feed in an order: its entries' ids, and where the next one begins if there is one.
async fn page(house: &House, acme: &Tenant, variables: Value) -> (Vec<String>, Option<Value>) {
    let feed = &house.ask(&acme.token, PAGE, variables).await["auditFeed"];
    let nodes = feed["nodes"].as_array().unwrap().iter();
    let ids = nodes
        .map(|node| node["eventId"].as_str().unwrap().to_owned())
        .collect();
    let next = feed["pageInfo"]["endCursor"].clone();
    (ids, (feed["pageInfo"]["hasNextPage"] == true).then_some(next))
}

/// All pages of an order, and what is done after each of the first ones.
async fn pages(
    house: &House,
    acme: &Tenant,
    order: Value,
    filter: Value,
    mut between: Vec<Value>,
) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let variables = json!({ "after": after, "order": order, "filter": filter });
        let (ids, next) = page(house, acme, variables).await;
        all.extend(ids);
        if let Some(records) = (!between.is_empty()).then(|| between.remove(0)) {
            record(house, acme, records).await;
        }
        match next {
            Some(next) => after = next,
            None => return all,
        }
    }
}

/// Records usage of these days.
async fn record(house: &House, acme: &Tenant, days: Value) {
    let records = days.as_array().unwrap().iter().map(|day| {
        let day = day.as_u64().unwrap();
        json!({ "type": "usage.pages", "quantity": "1", "occurredAt": format!("2026-02-{day:0>2}T12:00:00Z") })
    });
    let records: Vec<Value> = records.collect();
    house
        .done(&acme.token, "recordUsage", json!({ "records": records }))
        .await;
    house.settle().await;
}

/// The ids of usage in the order of the log, as the log has it.
async fn in_the_log(house: &House, acme: &Tenant) -> Vec<String> {
    let filter = store::Filter {
        types: vec!["usage.*".to_owned()],
        ..store::Filter::tenant(acme.id.parse().unwrap())
    };
    let page = house.store.log().page(0, &filter, 1_000).await.unwrap();
    page.iter().map(|event| event.event_id.to_string()).collect()
}

#[tokio::test]
async fn pages_in_the_order_of_the_log_are_whole_while_events_arrive_and_late_ones_lie_where_they_happened() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    record(&house, &acme, json!([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])).await;
    let order = |field: &str, direction: &str| json!({ "field": field, "direction": direction });
    let usage = json!({ "action": "usage.*" });
    // Some late, some now: they are behind all that was there, and pages forward come to them.
    let arriving = vec![json!([1, 25]), json!([2]), json!([26, 3])];
    let told = pages(
        &house,
        &acme,
        order("RECORDED", "ASCENDING"),
        usage.clone(),
        arriving,
    )
    .await;
    let log = in_the_log(&house, &acme).await;
    assert_eq!((told.len(), &told), (15, &log));
    // From the newest on: what comes is before the first page, and changes none that follows.
    let arriving = vec![json!([4, 27]), json!([5]), json!([28])];
    let told = pages(
        &house,
        &acme,
        order("RECORDED", "DESCENDING"),
        usage.clone(),
        arriving,
    )
    .await;
    assert_eq!(told, log.iter().rev().cloned().collect::<Vec<_>>());
    // With a time as well, in the same order: late ones of that time are not missed.
    let february =
        json!({ "action": "usage.*", "from": "2026-02-10T00:00:00Z", "before": "2026-02-20T00:00:00Z" });
    let arriving = vec![json!([11])];
    let told = pages(
        &house,
        &acme,
        order("RECORDED", "ASCENDING"),
        february.clone(),
        arriving,
    )
    .await;
    let log = in_the_log(&house, &acme).await;
    assert_eq!((told.len(), told.last()), (11, log.last()));

    // In the order of what happened: one of the tenth arrives when its page was read, and is not told; one of the
    // nineteenth has its place before the last page's end, and is. None is told twice.
    let before: BTreeSet<String> = in_the_log(&house, &acme).await.into_iter().collect();
    let arriving = vec![json!([10, 19])];
    let told = pages(&house, &acme, Value::Null, february.clone(), arriving).await;
    let once: BTreeSet<&String> = told.iter().collect();
    assert_eq!((told.len(), once.len()), (12, 12), "eleven, and one of the two");
    let arrived: Vec<String> = in_the_log(&house, &acme)
        .await
        .into_iter()
        .filter(|id| !before.contains(id))
        .collect();
    assert!(
        !told.contains(&arrived[0]) && told.contains(&arrived[1]),
        "{arrived:?}"
    );
    let again = pages(&house, &acme, Value::Null, february, Vec::new()).await;
    assert_eq!(again.len(), 13);
}

#[tokio::test]
async fn a_family_of_many_actions_is_paged_in_order_as_one_of_a_few() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    // More than are looked up one by one, their entries one after the other by turns.
    let records: Vec<Value> = (0..210)
        .map(|number| json!({ "type": format!("custom.kind{}", number % 105), "quantity": "1" }))
        .collect();
    house
        .done(&acme.token, "recordUsage", json!({ "records": records }))
        .await;
    house.settle().await;
    let filter = store::Filter::tenant(acme.id.parse().unwrap());
    let log = house.store.log().page(0, &filter, 1_000).await.unwrap();
    for (family, count) in [("custom.kind", 210), ("custom.kind1", 32), ("custom.kind10", 12)] {
        let ids: Vec<String> = log
            .iter()
            .filter(|event| event.event_type.starts_with(family))
            .map(|event| event.event_id.to_string())
            .collect();
        assert_eq!(ids.len(), count, "{family}");
        let wanted = json!({ "action": format!("{family}*") });
        for (direction, reversed) in [("ASCENDING", false), ("DESCENDING", true)] {
            let order = json!({ "field": "RECORDED", "direction": direction });
            let mut told = pages(&house, &acme, order, wanted.clone(), Vec::new()).await;
            if reversed {
                told.reverse();
            }
            assert_eq!(told, ids, "{family} {direction}");
        }
    }
}
