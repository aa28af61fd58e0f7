//! What the platform's administrator does with read models over GraphQL.

use std::sync::Arc;
use std::time::Duration;

use projections::Operations;
use serde_json::{Value, json};
use store::{Log, Role};

use super::house::{ADMIN, House};

/// The mutations that record no event: they change read models alone.
pub(crate) const OPERATIONS: [&str; 6] = [
    "acceptReadModelDiff",
    "discardReadModelBuild",
    "rebuildReadModel",
    "resumeReadModel",
    "rollbackReadModel",
    "switchReadModel",
];

const STATUS: &str = "query($tenant: ULID) { readModels(tenant: $tenant) {
    name position lagEvents parkedStreams builds { number state rows policy } } }";
const DIFF: &str = "query($name: String!, $first: Int! = 20, $after: Cursor) {
    readModelDiff(name: $name, first: $first, after: $after) {
        diff { added changed gone } pageInfo { hasNextPage endCursor }
        nodes { key change columns { column live build }
            evidence(first: 1) { nodes { type stream { id } } pageInfo { hasNextPage endCursor } } } } }";
const REBUILD: &str = "mutation($input: RebuildReadModelInput!) { rebuildReadModel(input: $input) {
    build { number state } estimate { events rows expectedMs } userErrors { path code message } } }";
const SWITCH: &str = "mutation($input: SwitchReadModelInput!) { switchReadModel(input: $input) {
    diff { build live changed } userErrors { path code message } } }";
const ACCEPT: &str = "mutation($input: AcceptReadModelDiffInput!) { acceptReadModelDiff(input: $input) {
    diff { changed } userErrors { code } } }";
const ROLLBACK: &str = "mutation($input: RollbackReadModelInput!) { rollbackReadModel(input: $input) {
    build { number } userErrors { code } } }";
const DISCARD: &str = "mutation($input: DiscardReadModelBuildInput!) { discardReadModelBuild(input: $input) {
    build { number } userErrors { code } } }";
const RESUME: &str = "mutation($input: ResumeReadModelInput!) { resumeReadModel(input: $input) {
    events userErrors { path code message } } }";

async fn house() -> House {
    House::open_with_operations().await
}

/// An operation's payload.
async fn done(house: &House, document: &str, input: Value) -> Value {
    let data = house.ask(ADMIN, document, json!({ "input": input })).await;
    data.as_object().unwrap().values().next().unwrap().clone()
}

/// The code of the only user error of an operation that must be refused.
async fn refusal(house: &House, document: &str, input: Value) -> String {
    let payload = done(house, document, input).await;
    let code = payload["userErrors"][0]["code"].as_str();
    code.unwrap_or_else(|| panic!("not refused: {payload:#}"))
        .to_owned()
}

async fn lead_status(house: &House) -> Value {
    let data = house.ask(ADMIN, STATUS, json!({})).await;
    let mut statuses = data["readModels"].as_array().unwrap().iter();
    statuses.find(|one| one["name"] == "lead").unwrap().clone()
}

/// Waits until a running projector has filled the build.
async fn filled(house: &House) -> Value {
    let mut again = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..600 {
        let status = lead_status(house).await;
        if status["builds"][0]["state"] == "READY" {
            return status;
        }
        again.tick().await;
    }
    panic!("the projector does not fill it: {:#}", lead_status(house).await);
}

async fn source(house: &House, token: &str, id: &str) -> Value {
    let document = "query($id: ID!) { lead(id: $id) { source } }";
    house.ask(token, document, json!({ "id": id })).await["lead"]["source"].clone()
}

/// The cursor of an event.
async fn further_cursor(house: &House, token: &str) -> Value {
    let document = "{ lead(id: \"l2\") { evidence(first: 20) { pageInfo { endCursor } } } }";
    house.ask(token, document, json!({})).await["lead"]["evidence"]["pageInfo"]["endCursor"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_row_is_rebuilt_compared_switched_and_brought_back() {
    let house = house().await;
    let acme = house.tenant("acme").await;
    for id in ["l1", "l2", "l3"] {
        let lead = json!({ "id": id, "vertical": "sales", "source": "web" });
        house.done(&acme.token, "captureLead", lead).await;
    }
    let more = json!({ "id": "l2", "attributes": [{ "name": "size", "value": "7" }] });
    house.done(&acme.token, "enrichLead", more).await;
    house.settle().await;
    house
        .behind_the_engines_back("update lead set source = 'fax' where id in ('l2', 'l3')")
        .await;
    let dry = json!({ "name": "lead", "dryRun": true });
    let told = done(&house, REBUILD, dry).await;
    assert_eq!(told["estimate"]["rows"], 3, "{told:#}");
    assert!(told["estimate"]["events"].as_u64() >= Some(3), "{told:#}");
    assert_eq!(
        lead_status(&house).await["builds"],
        json!([]),
        "nothing is changed"
    );

    let order = json!({ "name": "lead", "policy": "ACCEPTED" });
    let begun = done(&house, REBUILD, order).await;
    assert_eq!(begun["userErrors"], json!([]), "{begun:#}");
    let status = filled(&house).await;
    assert_eq!(status["builds"][0]["policy"], "ACCEPTED", "{status:#}");
    assert_eq!(source(&house, &acme.token, "l2").await, "fax", "still live");

    let page = json!({ "name": "lead", "first": 1 });
    let diff = house.ask(ADMIN, DIFF, page).await["readModelDiff"].clone();
    assert_eq!(
        diff["diff"],
        json!({ "added": 0, "changed": 2, "gone": 0 }),
        "{diff:#}"
    );
    assert_eq!(diff["pageInfo"]["hasNextPage"], true);
    let row = &diff["nodes"][0];
    assert_eq!(
        (&row["key"], &row["change"]),
        (&json!([acme.id, "l2"]), &json!("CHANGED"))
    );
    assert_eq!(
        row["columns"],
        json!([{ "column": "source", "live": "fax", "build": "web" }])
    );
    // The events behind the row that differs, page by page.
    let captured = json!([{ "type": "lead.captured", "stream": { "id": "l2" } }]);
    assert_eq!(row["evidence"]["nodes"], captured, "{row:#}");
    assert_eq!(row["evidence"]["pageInfo"]["hasNextPage"], true);
    let further = "query($name: String!, $after: Cursor) { readModelDiff(name: $name, first: 1) {
        nodes { evidence(first: 20, after: $after) { nodes { type } pageInfo { hasNextPage } } } } }";
    let after = json!({ "name": "lead", "after": row["evidence"]["pageInfo"]["endCursor"] });
    let further = house.ask(ADMIN, further, after).await["readModelDiff"]["nodes"][0]["evidence"].clone();
    assert_eq!(
        further["nodes"],
        json!([{ "type": "lead.enriched" }]),
        "{further:#}"
    );
    assert_eq!(further["pageInfo"]["hasNextPage"], false);

    let cursor = diff["pageInfo"]["endCursor"].clone();
    let page = json!({ "name": "lead", "first": 1, "after": cursor });
    let diff = house.ask(ADMIN, DIFF, page).await["readModelDiff"].clone();
    assert_eq!(diff["nodes"][0]["key"], json!([acme.id, "l3"]), "{diff:#}");
    assert_eq!(diff["pageInfo"]["hasNextPage"], false);
    let elsewhere = house
        .ask(
            &acme.token,
            "{ leads(first: 1) { pageInfo { endCursor } } }",
            json!({}),
        )
        .await;
    for cursor in [
        elsewhere["leads"]["pageInfo"]["endCursor"].clone(),
        further_cursor(&house, &acme.token).await,
    ] {
        let page = json!({ "name": "lead", "after": cursor });
        assert_eq!(house.code(ADMIN, DIFF, page).await, "BAD_USER_INPUT");
    }

    let lead = json!({ "name": "lead" });
    assert_eq!(refusal(&house, SWITCH, lead.clone()).await, "DIFFERS");
    assert_eq!(done(&house, ACCEPT, lead.clone()).await["diff"]["changed"], 2);
    let switched = done(&house, SWITCH, lead.clone()).await;
    assert_eq!(switched["diff"]["changed"], 2, "{switched:#}");
    assert_eq!(source(&house, &acme.token, "l2").await, "web");
    let back = done(&house, ROLLBACK, lead.clone()).await;
    assert_eq!(back["build"]["number"], switched["diff"]["live"], "{back:#}");
    assert_eq!(source(&house, &acme.token, "l2").await, "fax");
    let gone = done(&house, DISCARD, lead).await;
    assert_eq!(gone["build"]["number"], switched["diff"]["build"], "{gone:#}");
    assert_eq!(lead_status(&house).await["builds"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_refused_with_its_reason() {
    let house = house().await;
    let acme = house.tenant("acme").await;
    house.settle().await;
    let name = |name: &str| json!({ "name": name });
    assert_eq!(
        house
            .code(&acme.token, SWITCH, json!({ "input": name("lead") }))
            .await,
        "FORBIDDEN"
    );
    for document in [STATUS, "{ parkedStreams(first: 1) { nodes { stream } } }"] {
        assert_eq!(house.code(&acme.token, document, json!({})).await, "FORBIDDEN");
    }
    assert_eq!(house.code(&acme.token, DIFF, name("lead")).await, "FORBIDDEN");
    assert_eq!(house.code(ADMIN, DIFF, name("lead")).await, "NOT_FOUND");
    assert_eq!(house.code(ADMIN, DIFF, name("leads")).await, "BAD_USER_INPUT");

    assert_eq!(
        refusal(&house, REBUILD, name("leads")).await,
        "UNKNOWN_READ_MODEL"
    );
    let nobody = json!({ "name": "lead", "tenant": "00000000000000000000000001" });
    assert_eq!(refusal(&house, REBUILD, nobody).await, "UNKNOWN_TENANT");
    let wide = json!({ "name": "lead", "tenant": acme.id, "key": ["l1", "l2"] });
    assert_eq!(refusal(&house, REBUILD, wide).await, "WRONG_KEY");
    let alone = json!({ "name": "lead", "key": ["l1"] });
    assert_eq!(refusal(&house, REBUILD, alone).await, "INVALID_VALUE");
    for document in [SWITCH, ACCEPT, ROLLBACK, DISCARD] {
        assert_eq!(refusal(&house, document, name("lead")).await, "NO_BUILD");
    }
    for (stream, code) in [
        ("lead/l1", "NOT_PARKED"),
        ("lead", "INVALID_VALUE"),
        ("leads/l1", "INVALID_VALUE"),
    ] {
        let input = json!({ "name": "lead", "tenant": acme.id, "stream": stream });
        assert_eq!(refusal(&house, RESUME, input).await, code, "{stream}");
    }
}

impl House {
    /// With what an administrator does with read models.
    pub(crate) async fn open_with_operations() -> Self {
        Self::open_at(|url, options| {
            let pool = store::pool(url, Role::Projector, 6).unwrap();
            let models = projections::all().into_iter().map(Arc::from).collect();
            options.operations = Some(Operations::new(pool.clone(), Log::new(pool), models));
        })
        .await
    }
}
