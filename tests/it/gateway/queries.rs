//! Queries: own writes, pages, and positions that are not there yet.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::house::{ADMIN, House};
use super::rebuild::OPERATIONS;
use super::schema::{Schema, Values};
use super::story::story;

#[tokio::test]
async fn queries_see_what_was_written_up_to_the_cursor() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let mut last = Value::Null;
    for (mutation, input) in story(&acme.id, "") {
        last = house.done(&acme.token, mutation, input).await["cursor"].clone();
    }
    let newest = "query($seen: Cursor!) { auditFeed(last: 2, atLeast: $seen) {
        nodes { action entityId actorKind actorId } pageInfo { hasPreviousPage } } }";
    let feed = house.ask(&acme.token, newest, json!({ "seen": last })).await["auditFeed"].clone();
    assert_eq!(feed["nodes"][1]["action"], "invoice.dispute_settled");
    assert_eq!(feed["nodes"][1]["actorKind"], "API_KEY");
    assert_eq!(feed["pageInfo"]["hasPreviousPage"], true);
    let document = "{
        tenant { slug verticals standing }
        lead(id: \"l1\") { status email phone score contacts opportunityId attributes { name value } }
        nobody: lead(id: \"nobody\") { status }
        opportunity(id: \"o1\") { status stage value { amount currency } }
        agentRun(id: \"r1\") { status result inputTokens costs { amount currency } }
        connector(id: \"c1\") { status recorded rejected lastSyncStatus }
        opportunities(first: 10, filter: { status: \"open\" }) { nodes { localId } pageInfo { hasNextPage } }
        roiSummary(first: 10, vertical: \"sales\") { totalCount nodes { month leadsCaptured leadsConverted
            opportunitiesWon wonValue { amount currency } openByStage { stage open } runsResolved } }
        usage(meter: \"tokens.input\") { totals { meter unit quantity records } }
    }";
    let data = house.ask(&acme.token, document, json!({})).await;
    let slug_and_verticals = json!({ "slug": "acme", "verticals": ["sales"], "standing": "open" });
    assert_eq!(data["tenant"], slug_and_verticals);
    let lists = "{
        claim(id: \"d1\") { status paid { amount } recovered { amount currency } serviceDate reasonCodes }
        subscription(id: \"b1\") { plan status received { amount } failedPayments }
        workspaces(first: 5, filter: { status: \"active\" }) { nodes { localId name } }
        members(first: 5, filter: { status: \"joined\" }) { nodes { localId email role user } }
        agent(id: \"a1\") { model revision tools status }
        apiKeys(first: 5, filter: { state: \"revoked\" }) { nodes { localId scopes } }
    }";
    let listed = house.ask(&acme.token, lists, json!({})).await;
    assert_eq!(listed["claim"]["status"], "adjudicated", "{listed:#}");
    assert_eq!(
        listed["claim"]["recovered"],
        json!([{ "amount": "30.00", "currency": "EUR" }])
    );
    assert_eq!(listed["subscription"]["status"], "canceled");
    assert_eq!(listed["subscription"]["failedPayments"], 1);
    assert_eq!(
        listed["workspaces"]["nodes"],
        json!([{ "localId": "w1", "name": "South" }])
    );
    assert_eq!(listed["members"]["nodes"][0]["role"], "ANALYST");
    assert_eq!(listed["agent"]["revision"], 2);
    assert_eq!(
        listed["apiKeys"]["nodes"],
        json!([{ "localId": "k2", "scopes": ["READ"] }])
    );
    assert_eq!(data["lead"]["status"], "converted");
    assert_eq!(data["lead"]["email"], "grace@example.org");
    assert_eq!(data["lead"]["phone"], "+14155552671");
    assert_eq!(
        data["lead"]["attributes"],
        json!([{ "name": "company_size", "value": "120" }])
    );
    assert_eq!(data["nobody"], Value::Null);
    let value = json!({ "amount": "1054.50", "currency": "EUR" });
    assert_eq!(
        data["opportunity"],
        json!({ "status": "won", "stage": "Engaging", "value": value })
    );
    assert_eq!(data["agentRun"]["result"], "RESOLVED");
    assert_eq!(data["agentRun"]["inputTokens"], 1200);
    assert_eq!(
        data["agentRun"]["costs"],
        json!([{ "amount": "0.0125", "currency": "EUR" }])
    );
    assert_eq!(data["connector"]["lastSyncStatus"], "failed");
    assert_eq!(data["opportunities"]["nodes"], json!([{ "localId": "o3" }]));
    assert_eq!(data["roiSummary"]["totalCount"], 1);
    let month = &data["roiSummary"]["nodes"][0];
    assert_eq!(
        (&month["leadsCaptured"], &month["opportunitiesWon"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(month["wonValue"], json!([value]));
    assert_eq!(
        month["openByStage"],
        json!([{ "stage": "Prospecting", "open": 1 }])
    );
    let total = json!([{ "meter": "tokens.input", "unit": "token", "quantity": "2400", "records": 2 }]);
    assert_eq!(data["usage"]["totals"], total);
}

#[tokio::test]
async fn a_position_that_is_not_there_yet_is_told_so_by_every_query() {
    let house = House::open_with(|options| {
        options.development = true;
        options.limits.cost = usize::MAX;
        options.plan_buckets.set("default=1000000000:1000000000").unwrap();
        options.limits.wait_ms = 50;
    })
    .await;
    let acme = house.tenant("acme").await;
    house.settle().await;
    let schema = Schema::of(&house, &acme.token).await;
    let house = house.without_projector().await;
    let lead = json!({ "vertical": "sales", "source": "web" });
    let cursor = house.done(&acme.token, "captureLead", lead).await["cursor"].clone();
    let node = house.ask(&acme.token, "{ tenant { id } }", json!({})).await["tenant"]["id"].clone();
    let mut asked = 0;
    for field in schema.root("Query") {
        // Who asks is written in the token, what is bundled in the program, the past needs no read model to have come anywhere, and the
        // administrator wants to see those that have not.
        let others = [
            "bundledMeters",
            "bundledModelPrices",
            "bundledPlans",
            "bundledRatios",
            // Holds, keys and certificates are the log's.
            "dataSubject",
            "entityReplay",
            "entityState",
            "me",
            "explainReadModelRow",
            "verifyReadModel",
            // The senders' own table is no read model.
            "webhookDeliveries",
        ];
        let of_read_models = ["readModels", "readModelDiff", "parkedStreams"];
        // Proofs are made of the log and its seals.
        let of_seals = [
            "checkpoint",
            "completenessProof",
            "consistencyProof",
            "inclusionProof",
            "sealKeys",
        ];
        if [&others[..], &of_read_models, &of_seals]
            .concat()
            .contains(&field.name)
        {
            continue;
        }
        assert!(
            Schema::takes(&field, "atLeast"),
            "{} reads a read model",
            field.name
        );
        asked += 1;
        let token = if field.name == "tenants" || field.name.starts_with("platform") {
            ADMIN
        } else {
            &acme.token
        };
        let (document, variables) = schema.document(
            "query",
            &field,
            &Seen(cursor.clone(), acme.id.clone(), node.clone()),
        );
        assert_eq!(
            house.code(token, &document, variables).await,
            "NOT_THERE_YET",
            "{document}"
        );
    }
    assert!(asked > 20, "{asked} queries");
    let row = "query($after: Cursor) { leads(first: 1, after: $after) { nodes { id } } }";
    let code = house.code(&acme.token, row, json!({ "after": cursor })).await;
    assert_eq!(code, "BAD_USER_INPUT");
}

#[tokio::test]
async fn a_query_waits_for_the_read_model_that_it_reads_and_for_no_other() {
    let house = House::open_with(|options| options.limits.wait_ms = 5_000).await;
    let acme = house.tenant("acme").await;
    house.settle().await;
    // Its table is another program's now, so that this one's projector leaves it where it is.
    let other = "update read_model_checkpoints set version = 9 where name = 'audit_feed'";
    let mut house = house.after(other).await;
    let lead = json!({ "id": "l1", "vertical": "sales", "source": "web" });
    let cursor = house.done(&acme.token, "captureLead", lead).await["cursor"].clone();
    let document = "query($cursor: Cursor!) { lead(id: \"l1\", atLeast: $cursor) { source }
        roiSummary(first: 1, atLeast: $cursor) { nodes { leadsCaptured } } }";
    let seen = house
        .ask(&acme.token, document, json!({ "cursor": cursor }))
        .await;
    assert_eq!(seen["lead"], json!({ "source": "web" }));
    assert_eq!(seen["roiSummary"]["nodes"], json!([{ "leadsCaptured": 1 }]));
    house.router = house.router_with(|options| options.limits.wait_ms = 50);
    let feed = "query($cursor: Cursor!) { auditFeed(first: 1, atLeast: $cursor) { nodes { action } } }";
    let code = house.code(&acme.token, feed, json!({ "cursor": cursor })).await;
    assert_eq!(code, "NOT_THERE_YET");
}

/// Asks every query to have seen a cursor.
struct Seen(Value, String, Value);

impl Values for Seen {
    fn id(&self, _name: &str) -> Value {
        json!("some")
    }
    fn ulid(&self) -> Value {
        json!(self.1)
    }
    fn node(&self) -> Value {
        self.2.clone()
    }
    fn cursor(&self, name: &str) -> Option<Value> {
        (name == "atLeast").then(|| self.0.clone())
    }
}

#[tokio::test]
async fn every_mutation_answers_with_its_cursor() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let schema = Schema::of(&house, &acme.token).await;
    for field in schema.root("Mutation") {
        if OPERATIONS.contains(&field.name) {
            continue;
        }
        let cursor = schema.returned(&field, "cursor");
        assert_eq!(cursor.as_deref(), Some("Cursor"), "{}", field.name);
    }
}

#[tokio::test]
async fn pages_go_through_a_list_once_in_both_directions() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    for index in 0..7 {
        let lead = json!({ "id": format!("l{index}"), "vertical": "sales", "source": "web" });
        house.done(&acme.token, "captureLead", lead).await;
    }
    house.settle().await;
    for (size, cursor, end, more) in [
        ("first", "after", "endCursor", "hasNextPage"),
        ("last", "before", "startCursor", "hasPreviousPage"),
    ] {
        let document = format!(
            "query($from: Cursor) {{ leads({size}: 3, {cursor}: $from) {{ edges {{ node {{ id }} }} \
             pageInfo {{ {end} {more} }} }} }}"
        );
        let (mut seen, mut pages, mut from) = (BTreeSet::new(), 0, Value::Null);
        loop {
            let leads = house.ask(&acme.token, &document, json!({ "from": from })).await["leads"].clone();
            let edges = leads["edges"].as_array().unwrap();
            seen.extend(edges.iter().map(|edge| edge["node"]["id"].to_string()));
            pages += 1;
            from = leads["pageInfo"][end].clone();
            if leads["pageInfo"][more] == false {
                break;
            }
        }
        assert_eq!((seen.len(), pages), (7, 3), "{size}");
    }
}
