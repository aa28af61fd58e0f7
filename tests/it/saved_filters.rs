//! A filter that is saved under a name is asked for by it: in pages, facets, live, and in the terminal.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::gateway::house::House;
use crate::gateway::socket::Socket;
use crate::program::{Up, folder};

const PROGRAM: &str = env!("CARGO_BIN_EXE_annals-program");

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_filter_is_ones_own_or_shared_and_works_in_pages_facets_and_live() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let save =
        json!({ "id": "f1", "name": "leads", "filter": { "action": "lead.*", "actorKind": "API_KEY" } });
    house.done(&acme.token, "saveAuditFilter", save).await;
    let mut live = Socket::open(house.router.clone(), &acme.token).await;
    let document = "subscription { auditFeed(savedFilter: \"leads\") \
                    { __typename ... on AuditEntryAdded { entry { action entityId } } } }";
    house.settle().await;
    live.subscribe(document, json!({})).await;
    while live.result().await["data"]["auditFeed"]["__typename"] != "CaughtUp" {}
    let capture = json!({ "id": "l1", "vertical": "sales", "source": "web" });
    house.done(&acme.token, "captureLead", capture).await;
    let entry = live.item("auditFeed").await["entry"].clone();
    assert_eq!(entry, json!({ "action": "lead.captured", "entityId": "l1" }));

    house.settle().await;
    let page = async |token: &str, arguments: &str| {
        let document = format!(
            "{{ auditFeed(first: 9, {arguments}) {{ nodes {{ action }} }} \
             auditFacets({arguments}) {{ counted }} }}"
        );
        house.answer(token, &document, json!({})).await
    };
    let found = page(&acme.token, "savedFilter: \"leads\"").await;
    assert_eq!(
        found["data"],
        json!({ "auditFeed": { "nodes": [{ "action": "lead.captured" }] }, "auditFacets": { "counted": 1 } }),
        "{found}"
    );
    let narrowed = page(
        &acme.token,
        "savedFilter: \"leads\", filter: { entityId: \"l2\" }",
    )
    .await;
    assert_eq!(narrowed["data"]["auditFacets"]["counted"], 0, "{narrowed}");

    // Another of the tenant does not meet it by its name, until it is shared.
    let issue = json!({ "id": "second", "name": "second", "scopes": ["READ"] });
    let document = "mutation($input: IssueApiKeyInput!) { issueApiKey(input: $input) { token } }";
    let issued = house
        .answer(&acme.token, document, json!({ "input": issue }))
        .await;
    let second = issued["data"]["issueApiKey"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    house.settle().await;
    let missing = page(&second, "savedFilter: \"leads\"").await;
    let message = missing["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("there is none of the name \"leads\" for you"),
        "{missing}"
    );
    let share = json!({ "id": "f1", "name": "leads", "sharing": "TENANT", "filter": { "action": "lead.*" } });
    house.done(&acme.token, "changeAuditFilter", share).await;
    house.settle().await;
    let found = page(&second, "savedFilter: \"leads\"").await;
    assert_eq!(found["data"]["auditFacets"]["counted"], 1, "{found}");
    house
        .done(&acme.token, "removeAuditFilter", json!({ "id": "f1" }))
        .await;
    house.settle().await;
    let gone = page(&second, "savedFilter: \"leads\"").await;
    assert_eq!(
        gone["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
        "{gone}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_filter_is_nobody_elses_to_see_or_to_change() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let issue = json!({ "id": "second", "name": "second", "scopes": ["READ", "ADMIN"] });
    let second = house.mutate(&acme.token, "issueApiKey", issue).await["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let filter = |name: &str, sharing: &str, action: &str| json!({ "name": name, "sharing": sharing, "filter": { "action": action } });
    let with = |id: &str, mut input: Value| {
        input["id"] = id.into();
        input
    };
    let own = with("own", filter("leads", "OWN", "lead.*"));
    let saved = house.done(&acme.token, "saveAuditFilter", own).await;
    let (id, cursor) = (&saved["id"], &saved["cursor"]);
    let shared = with("shared", filter("all leads", "TENANT", "lead.*"));
    house.done(&acme.token, "saveAuditFilter", shared).await;
    house.settle().await;

    let seen = async |token: &str| {
        let document = "query($id: ID!, $cursor: Cursor!) { savedFilter(id: \"own\") { name } \
                        then: savedFilter(id: \"own\", asOf: { cursor: $cursor }) { name } node(id: $id) { id } \
                        savedFilters(first: 9, orderBy: { field: NAME, direction: ASCENDING }) { nodes { localId } totalCount } \
                        past: savedFilters(first: 9, asOf: { cursor: $cursor }) { nodes { localId } totalCount } }";
        let variables = json!({ "id": id, "cursor": cursor });
        house.ask(token, document, variables).await
    };
    assert_eq!(
        seen(&acme.token).await,
        json!({
            "savedFilter": { "name": "leads" }, "then": { "name": "leads" }, "node": { "id": id },
            "savedFilters": { "nodes": [{ "localId": "shared" }, { "localId": "own" }], "totalCount": 2 },
            "past": { "nodes": [{ "localId": "own" }], "totalCount": 1 },
        })
    );
    assert_eq!(
        seen(&second).await,
        json!({
            "savedFilter": null, "then": null, "node": null,
            "savedFilters": { "nodes": [{ "localId": "shared" }], "totalCount": 1 },
            "past": { "nodes": [], "totalCount": 0 },
        })
    );

    let refused = async |mutation: &str, input: Value| {
        let payload = house.mutate(&second, mutation, input).await;
        payload["userErrors"][0]["code"]
            .as_str()
            .unwrap_or("NONE")
            .to_owned()
    };
    let change = with("own", filter("mine", "TENANT", "claim.*"));
    // By either of its ids.
    for input in [
        change.clone(),
        json!({ "id": id, "name": "mine", "filter": { "action": "claim.*" } }),
    ] {
        assert_eq!(refused("changeAuditFilter", input).await, "NOT_FOUND");
    }
    assert_eq!(
        refused("removeAuditFilter", json!({ "id": "own" })).await,
        "NOT_FOUND"
    );
    let taken = with("shared", filter("all leads", "OWN", "lead.*"));
    assert_eq!(refused("changeAuditFilter", taken.clone()).await, "NOT_YOURS");
    // What is shared is everybody's to change; whoever saved it takes it back.
    let narrower = with("shared", filter("all leads", "TENANT", "lead.captured"));
    house.done(&second, "changeAuditFilter", narrower).await;
    house.done(&acme.token, "changeAuditFilter", taken).await;
    assert_eq!(
        refused("removeAuditFilter", json!({ "id": "shared" })).await,
        "NOT_FOUND"
    );
    house.done(&acme.token, "changeAuditFilter", change).await;
    house
        .done(&second, "removeAuditFilter", json!({ "id": "own" }))
        .await;
    house.settle().await;
    let gone = house.code(
        &second,
        "{ auditFeed(first: 1, savedFilter: \"all leads\") { nodes { action } } }",
        json!({}),
    );
    assert_eq!(gone.await, "BAD_USER_INPUT");
}

#[test]
fn a_shared_filter_is_good_in_the_terminal() {
    let data = folder();
    let up = Up::start(data.path());
    up.provision("shop");
    let save = "mutation { saveAuditFilter(input: { name: \"tenants\", sharing: TENANT, \
                filter: { entityType: \"tenant\" } }) { userErrors { message } } }";
    up.ask(Some("shop"), save);
    let begun = Instant::now();
    let written = loop {
        let output = Command::new(PROGRAM)
            .args([
                "audit",
                "feed",
                "--tenant",
                "shop",
                "--saved",
                "tenants",
                "--data-dir",
            ])
            .arg(data.path())
            .output()
            .unwrap();
        if output.status.success() {
            break String::from_utf8(output.stdout).unwrap();
        }
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains("no filter of the name"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{error}");
    };
    let lines: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1, "{written}");
    assert_eq!(lines[0]["action"], "tenant.provisioned");
}
