//! Rows behind a parked stream say so.

use serde_json::json;

use super::house::House;
use super::statements::Statements;

#[tokio::test]
async fn a_row_behind_a_parked_stream_is_stale_and_no_other() {
    let house = House::open().await;
    let (acme, other) = (house.tenant("acme").await, house.tenant("other").await);
    for (token, id) in [(&acme.token, "l1"), (&acme.token, "l2"), (&other.token, "l1")] {
        let lead = json!({ "id": id, "vertical": "sales", "source": "web" });
        house.done(token, "captureLead", lead).await;
    }
    house.settle().await;
    let tenant = &acme.id;
    let live = "(select build from read_model_builds where name = 'lead' and state = 'live')";
    house
        .behind_the_engines_back(&format!(
            "insert into read_model_parked \
                 (name, build, tenant_id, aggregate_type, aggregate_id, position, event_type, reason, events) \
             values ('lead', {live}, '{tenant}', 'lead', 'l1', 9, 'lead.qualified', 'poisoned', 1)"
        ))
        .await;
    // The second is of a build that is not live.
    for (build, id) in [(live.to_owned(), "l1"), (format!("{live} + 1"), "l2")] {
        house
            .behind_the_engines_back(&format!(
                "insert into read_model_stale (name, build, tenant_id, key, aggregate_type, aggregate_id) \
                 values ('lead', {build}, '{tenant}', array['{tenant}', '{id}'], 'lead', '{id}')"
            ))
            .await;
    }
    let document =
        "{ leads(first: 10) { nodes { localId stale } } roiSummary(first: 1) { nodes { stale } } }";
    let seen = house.ask(&acme.token, document, json!({})).await;
    let expected = json!([{ "localId": "l2", "stale": false }, { "localId": "l1", "stale": true }]);
    assert_eq!(seen["leads"]["nodes"], expected, "{seen:#}");
    assert_eq!(seen["roiSummary"]["nodes"], json!([{ "stale": false }]));
    let seen = house.ask(&other.token, document, json!({})).await;
    assert_eq!(
        seen["leads"]["nodes"],
        json!([{ "localId": "l1", "stale": false }])
    );
}

#[tokio::test]
async fn a_page_asks_once_which_of_its_rows_are_stale_and_only_when_that_is_selected() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    for number in 0..30 {
        let lead = json!({ "id": format!("l{number}"), "vertical": "sales", "source": "web" });
        house.done(&acme.token, "captureLead", lead).await;
    }
    house.settle().await;
    let listening = Statements::listen();
    let asked = async |document: &str| {
        let seen = house.ask(&acme.token, document, json!({})).await;
        assert_eq!(seen["leads"]["nodes"].as_array().unwrap().len(), 30, "{seen:#}");
        listening.beginning_with("select distinct wanted.number")
    };
    assert_eq!(asked("{ leads(first: 30) { nodes { id } } }").await, 0);
    assert_eq!(asked("{ leads(first: 30) { nodes { id stale } } }").await, 1);
    let both = "{ leads(first: 30) { nodes { id stale } edges { node { stale } } } }";
    assert_eq!(asked(both).await, 1);
}
