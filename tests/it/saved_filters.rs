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
