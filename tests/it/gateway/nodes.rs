//! Global ids: each thing by its own, and no thing by another tenant's.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::house::{ADMIN, House};
use super::schema::Schema;
use super::story::story;

const NODE: &str = "query($id: ID!) { node(id: $id) { __typename id } }";
const NODES: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";

/// Global ids by the names of their types: those of all things that a token can see in lists.
async fn ids(house: &House, token: &str) -> BTreeMap<String, Value> {
    let mut ids = BTreeMap::new();
    let schema = Schema::of(house, token).await;
    for field in schema.root("Query") {
        let is_list = schema.returned(&field, "edges").is_some() && Schema::takes(&field, "first");
        // Some lists are the platform's, and some rows have no id.
        let others = [
            "entityReplay",
            "parkedStreams",
            "platformMovements",
            "platformTenants",
            "quarantinedUsage",
            "readModelDiff",
            "roiSummary",
            "tenants",
            "webhookDeliveries",
        ];
        if is_list && !others.contains(&field.name) {
            let name = field.name;
            let document = format!("{{ {name}(first: 100) {{ nodes {{ __typename id }} }} }}");
            let seen = house.ask(token, &document, json!({})).await;
            let first = &seen[name]["nodes"][0];
            let kind = first["__typename"].as_str();
            let kind = kind.unwrap_or_else(|| panic!("{name} shows nothing"));
            ids.insert(kind.to_owned(), first["id"].clone());
        }
    }
    let tenant = house.ask(token, "{ tenant { id } }", json!({})).await;
    ids.insert("Tenant".to_owned(), tenant["tenant"]["id"].clone());
    ids
}

async fn told(house: &House) -> (String, String) {
    let acme = house.tenant("acme").await;
    for (mutation, input) in story(&acme.id, "") {
        house.done(&acme.token, mutation, input).await;
    }
    house.settle().await;
    (acme.id, acme.token)
}

#[tokio::test]
async fn every_type_with_an_id_in_the_api_is_found_by_it() {
    let house = House::open().await;
    let (_, token) = told(&house).await;
    let ids = ids(&house, &token).await;
    let implement = "{ __type(name: \"Node\") { possibleTypes { name } } }";
    let implement = house.ask(&token, implement, json!({})).await;
    let types = implement["__type"]["possibleTypes"].as_array().unwrap();
    assert!(types.len() >= 12, "{types:?}");
    for one in types {
        let name = one["name"].as_str().unwrap();
        let id = ids.get(name).unwrap_or_else(|| panic!("no list shows a {name}"));
        let seen = house.ask(&token, NODE, json!({ "id": id })).await;
        assert_eq!(seen["node"], json!({ "__typename": name, "id": id }), "{name}");
    }
    // All at once, in the order asked for, one of them twice.
    let mut wanted: Vec<&Value> = ids.values().rev().collect();
    wanted.push(wanted[0]);
    let seen = house.ask(&token, NODES, json!({ "ids": wanted })).await;
    let seen: Vec<&Value> = seen["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["id"])
        .collect();
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn inputs_and_arguments_take_the_global_id_and_the_one_inside_the_tenant() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let agent = json!({ "id": "a1", "name": "A", "vertical": "sales", "prompt": "p", "model": "m" });
    let agent = house.done(&acme.token, "configureAgent", agent).await;
    assert_eq!(agent["localId"], "a1");
    let run = json!({ "agent": agent["id"], "vertical": "sales" });
    let run = house.done(&acme.token, "startAgentRun", run).await;
    let end = json!({ "id": run["id"], "reason": "enough" });
    let cursor = house.done(&acme.token, "cancelAgentRun", end).await["cursor"].clone();
    let document = "query($id: ID!, $local: ID!, $cursor: Cursor!) {
        byGlobal: agentRun(id: $id, atLeast: $cursor) { id localId status }
        byLocal: agentRun(id: $local, atLeast: $cursor) { id localId status } }";
    let variables = json!({ "id": run["id"], "local": run["localId"], "cursor": cursor });
    let seen = house.ask(&acme.token, document, variables).await;
    let wanted = json!({ "id": run["id"], "localId": run["localId"], "status": "canceled" });
    assert_eq!((&seen["byGlobal"], &seen["byLocal"]), (&wanted, &wanted));
    // The event holds the id inside the tenant.
    let run = run["localId"].as_str().unwrap();
    let document =
        format!("{{ agentRun(id: \"{run}\") {{ evidence(first: 20) {{ nodes {{ payload }} }} }} }}");
    let seen = house.ask(&acme.token, &document, json!({})).await;
    let started = &seen["agentRun"]["evidence"]["nodes"][0]["payload"];
    assert!(started.to_string().contains("\"agent\":\"a1\""), "{started}");
}

#[tokio::test]
async fn another_tenants_id_names_nothing_even_where_the_local_ids_are_equal() {
    let house = House::open().await;
    let (_, token) = told(&house).await;
    let ids = ids(&house, &token).await;
    let other = house.tenant("other").await;
    for (mutation, input) in story(&other.id, "") {
        house.done(&other.token, mutation, input).await;
    }
    house.settle().await;
    for (kind, id) in &ids {
        let seen = house.ask(&other.token, NODE, json!({ "id": id })).await;
        assert_eq!(seen["node"], Value::Null, "{kind}");
    }
    let all: Vec<&Value> = ids.values().collect();
    let seen = house.ask(&other.token, NODES, json!({ "ids": all })).await;
    assert!(
        seen["nodes"].as_array().unwrap().iter().all(Value::is_null),
        "{seen}"
    );
    // The other tenant has a lead l1 of its own.
    let lead = &ids["Lead"];
    let document = "query($id: ID!) { lead(id: $id) { localId } lead2: lead(id: \"l1\") { localId } }";
    let seen = house.ask(&other.token, document, json!({ "id": lead })).await;
    assert_eq!(seen, json!({ "lead": null, "lead2": { "localId": "l1" } }));
    let refused = house
        .mutate(
            &other.token,
            "disqualifyLead",
            json!({ "id": lead, "reason": "x" }),
        )
        .await;
    let error = &refused["userErrors"][0];
    assert_eq!(
        (&error["code"], &error["path"]),
        (&json!("NOT_FOUND"), &json!(["input", "id"]))
    );
    assert_eq!(refused["cursor"], Value::Null);
    // The platform's administrator finds a tenant by its id, and nothing else without naming the tenant.
    let seen = house.ask(ADMIN, NODE, json!({ "id": ids["Tenant"] })).await;
    assert_eq!(seen["node"]["__typename"], "Tenant");
    let seen = house.ask(ADMIN, NODE, json!({ "id": lead })).await;
    assert_eq!(seen["node"], Value::Null);
}

#[tokio::test]
async fn an_id_that_was_never_given_out_is_told_so_and_where() {
    let house = House::open().await;
    let (_, token) = told(&house).await;
    let ids = ids(&house, &token).await;
    let lead = ids["Lead"].as_str().unwrap();
    for garbage in [
        "",
        "l1",
        "~",
        "~AAAA",
        &lead[..lead.len() - 2],
        &lead.replace('~', ""),
    ] {
        let answer = house
            .answer(&token, NODES, json!({ "ids": [lead, garbage] }))
            .await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
        let wanted = format!("ids.1: {garbage:?} is not an id of this API: take one from an earlier answer");
        assert_eq!(error["message"], json!(wanted));
    }
    let many: Vec<&str> = vec![lead; 101];
    let answer = house.answer(&token, NODES, json!({ "ids": many })).await;
    let wanted = "ids: there are 101, at most 100 are allowed";
    assert_eq!(answer["errors"][0]["message"], wanted);
    // An id of another kind, where one of this kind is wanted.
    let agent = ids["Agent"].as_str().unwrap();
    let wrong = json!({ "id": agent, "reason": "x" });
    let refused = house.mutate(&token, "disqualifyLead", wrong).await;
    let error = &refused["userErrors"][0];
    let message = "this is the id of another kind of thing (agent); one of lead is wanted";
    assert_eq!(
        (&error["code"], &error["message"]),
        (&json!("INVALID_VALUE"), &json!(message))
    );
    // A key that may not see API keys finds none by its id either.
    let wish = json!({ "name": "reader", "scopes": ["READ"] });
    let reader = house.done(&token, "issueApiKey", wish).await["token"].clone();
    let code = house
        .code(reader.as_str().unwrap(), NODE, json!({ "id": ids["ApiKey"] }))
        .await;
    assert_eq!(code, "FORBIDDEN");
}
