//! An entity's history as steps, over GraphQL and in the terminal.

use serde_json::{Value, json};

use super::replay;
use crate::gateway::house::{House, Tenant};

const STEPS: &str = "query($entity: ID!, $first: Int!, $after: Cursor, $asOf: AsOf) { \
    entityReplay(entity: $entity, first: $first, after: $after, asOf: $asOf) { \
    nodes { cursor state event { type sequence actorId correlationId } changes { pointer before after } } \
    pageInfo { hasNextPage endCursor } } }";

const STATE: &str = "query($entity: ID!, $asOf: AsOf) { entityState(entity: $entity, asOf: $asOf) { \
    cursor state event { type } } }";

/// A lead to whom things happened, and its global id.
async fn story(house: &House, acme: &Tenant) -> Value {
    let lead = json!({ "id": "l1", "vertical": "sales", "source": "fair", "name": "Ada",
                       "email": "ada@example.org" });
    let id = house.done(&acme.token, "captureLead", lead).await["id"].clone();
    let other = json!({ "id": "l2", "vertical": "sales", "source": "web" });
    house.done(&acme.token, "captureLead", other).await;
    for (mutation, input) in [
        ("contactLead", json!({ "id": "l1", "channel": "phone" })),
        ("qualifyLead", json!({ "id": "l1", "score": 80 })),
        ("assignLead", json!({ "id": "l1", "assignee": "m1" })),
    ] {
        house.done(&acme.token, mutation, input).await;
    }
    house.settle().await;
    id
}

fn changes(step: &Value) -> Vec<(String, Value, Value)> {
    let changes = step["changes"].as_array().unwrap().iter();
    changes
        .map(|change| {
            let pointer = change["pointer"].as_str().unwrap().to_owned();
            (pointer, change["before"].clone(), change["after"].clone())
        })
        .collect()
}

#[tokio::test]
async fn an_entitys_steps_tell_what_happened_the_state_after_it_and_what_changed() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let id = story(&house, &acme).await;
    let ask = async |variables: Value| house.ask(&acme.token, STEPS, variables).await["entityReplay"].clone();
    let all = ask(json!({ "entity": "lead/l1", "first": 10 })).await;
    assert_eq!(
        all,
        ask(json!({ "entity": id, "first": 10 })).await,
        "by either id"
    );
    let steps = all["nodes"].as_array().unwrap();
    let types: Vec<&str> = steps
        .iter()
        .map(|step| step["event"]["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "lead.captured",
            "lead.contacted",
            "lead.qualified",
            "lead.assigned"
        ]
    );
    assert_eq!(steps[0]["state"]["email"], "ada@example.org");
    assert!(
        steps[0]["state"].get("position").is_none(),
        "{}",
        steps[0]["state"]
    );
    let qualified = changes(&steps[2]);
    assert!(
        qualified.contains(&("/score".to_owned(), Value::Null, json!(80))),
        "{qualified:?}"
    );
    let assigned = changes(&steps[3]);
    assert_eq!(assigned, [("/assignee".to_owned(), Value::Null, json!("m1"))]);
    assert_eq!(steps[3]["event"]["actorId"], "first");
    assert!(steps[3]["event"]["correlationId"].is_string());
    // The state before, with what changed in its place, is the state after.
    for pair in steps.windows(2) {
        let mut state = pair[0]["state"].clone();
        for (pointer, before, after) in changes(&pair[1]) {
            let place = state.pointer_mut(&pointer).unwrap();
            assert_eq!(*place, before, "{pointer}");
            *place = after;
        }
        assert_eq!(state, pair[1]["state"]);
    }
    // An entry of the audit feed tells the same of the values before and after.
    let document = "{ auditFeed(first: 9, filter: { action: \"lead.*\", entityId: \"l1\" }) \
                    { nodes { changed { changes { pointer before after } } } } }";
    let feed = house.ask(&acme.token, document, json!({})).await;
    let told: Vec<&Value> = feed["auditFeed"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["changed"]["changes"])
        .collect();
    assert_eq!(
        told,
        steps.iter().map(|step| &step["changes"]).collect::<Vec<_>>()
    );
    // Pages go on where the last ended.
    let first = ask(json!({ "entity": "lead/l1", "first": 3 })).await;
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let end = first["pageInfo"]["endCursor"].clone();
    let second = ask(json!({ "entity": "lead/l1", "first": 3, "after": end })).await;
    assert_eq!(second["nodes"], json!([steps[3]]));
    let earlier = ask(json!({ "entity": "lead/l1", "first": 9, "asOf": { "cursor": end } })).await;
    assert_eq!(earlier["nodes"], first["nodes"]);
    // Kinds without a read model of their own are told as their rules know them.
    let access = ask(json!({ "entity": format!("tenant/{}", acme.id), "first": 1 })).await;
    assert_eq!(access["nodes"][0]["state"]["slug"], "acme", "{access}");
    let wrong = house
        .answer(&acme.token, STEPS, json!({ "entity": "leads/l1", "first": 1 }))
        .await;
    let message = wrong["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("entity: \"leads/l1\" is no entity: give its kind and its id"),
        "{message}"
    );
}

#[tokio::test]
async fn an_entity_is_told_as_of_a_cursor_or_a_time_as_its_read_model_is() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    story(&house, &acme).await;
    let all = house
        .ask(&acme.token, STEPS, json!({ "entity": "lead/l1", "first": 10 }))
        .await;
    let model =
        "query($asOf: AsOf) { lead(id: \"l1\", asOf: $asOf) { score assigneeId contacts status email } }";
    for step in all["entityReplay"]["nodes"].as_array().unwrap() {
        let as_of = json!({ "cursor": step["cursor"] });
        let told = house
            .ask(&acme.token, STATE, json!({ "entity": "lead/l1", "asOf": as_of }))
            .await;
        assert_eq!(told["entityState"]["state"], step["state"]);
        // The read model says the same of the same moment.
        let row = house.ask(&acme.token, model, json!({ "asOf": as_of })).await["lead"].clone();
        let state = &step["state"];
        assert_eq!(
            (&row["score"], &row["assigneeId"], &row["contacts"], &row["email"]),
            (
                &state["score"],
                &state["assignee"],
                &state["contacts"],
                &state["email"]
            )
        );
    }
    let now = house
        .ask(&acme.token, STATE, json!({ "entity": "lead/l1" }))
        .await;
    assert_eq!(now["entityState"]["event"]["type"], "lead.assigned");
    let time = json!({ "time": "2020-01-01T00:00:00Z" });
    let never = house
        .ask(&acme.token, STATE, json!({ "entity": "lead/l1", "asOf": time }))
        .await;
    assert_eq!(never["entityState"], Value::Null);
    let future = json!({ "time": "2999-01-01T00:00:00Z" });
    let variables = json!({ "entity": "lead/l1", "asOf": future });
    assert_eq!(house.code(&acme.token, STATE, variables).await, "BAD_USER_INPUT");
    // Another tenant's entities are nobody's here.
    let other = house.tenant("other").await;
    let told = house
        .ask(&other.token, STATE, json!({ "entity": "lead/l1" }))
        .await;
    assert_eq!(told["entityState"], Value::Null);
}

#[tokio::test]
async fn the_terminal_tells_the_same_steps() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    story(&house, &acme).await;
    let told = house
        .ask(&acme.token, STEPS, json!({ "entity": "lead/l1", "first": 10 }))
        .await;
    let url = house.url();
    let lines = replay(url, &["--tenant", "acme", "--entity", "lead/l1", "--json"]).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let states: Vec<&Value> = lines.iter().map(|line| &line["state"]).collect();
    let nodes = told["entityReplay"]["nodes"].as_array().unwrap();
    assert_eq!(
        states,
        nodes.iter().map(|node| &node["state"]).collect::<Vec<_>>()
    );
    let text = replay(url, &["--tenant", "acme", "--entity", "lead/l1"]).unwrap();
    assert!(text.contains("/assignee: nothing -> \"m1\""), "{text}");
    let nobody = replay(url, &["--tenant", "acme", "--entity", "lead/nobody"]).unwrap_err();
    assert!(nobody.contains("nothing has happened to lead/nobody"), "{nobody}");
}
