//! Answers as they were, the events behind a row, and cursors that stay inside their tenant.

use serde_json::{Value, json};

use super::house::House;
use super::story::story;

/// What is noted along the story, and asked again as of every cursor of it.
const FIELDS: [&str; 8] = [
    "lead(id: \"l1\"$as) { id status score contacts attributes { name value } capturedAt }",
    "opportunity(id: \"o1\"$as) { stage status value { amount currency } }",
    "claim(id: \"d1\"$as) { status paid { amount } recovered { amount } serviceDate }",
    "connector(id: \"c1\"$as) { status recorded rejected lastSyncStatus }",
    "leads(first: 2$as) { nodes { id status } pageInfo { hasNextPage endCursor } }",
    "roiSummary(first: 3, vertical: \"sales\"$as) { nodes { month leadsCaptured leadsContacted opportunitiesWon \
     wonValue { amount currency } openByStage { stage open } inputTokens aiCost { amount } } pageInfo { endCursor } }",
    "usage(meter: \"tokens.input\"$as) { days(last: 2) { nodes { day meter unit quantity records } totalCount } totals { quantity } }",
    "tenant$only { timeZone verticals standing }",
];

/// The fields as one document; with the point in the past that `$cursor` names, or without.
fn document(is_past: Option<()>) -> String {
    let (head, further, only) = match is_past {
        Some(()) => (
            "query($cursor: Cursor!)",
            ", asOf: { cursor: $cursor }",
            "(asOf: { cursor: $cursor })",
        ),
        None => ("query", "", ""),
    };
    let fields = FIELDS.map(|field| field.replace("$as", further).replace("$only", only));
    format!("{head} {{ {} }}", fields.join(" "))
}

#[tokio::test]
async fn as_of_a_cursor_every_query_says_what_it_said_then_also_across_a_change_of_zone() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let other = house.tenant("other").await;
    let (now, then) = (document(None), document(Some(())));
    let mut noted = Vec::new();
    for (index, (mutation, input)) in story(&acme.id, "").into_iter().enumerate() {
        if index % 20 == 10 {
            let zone = ["Asia/Tokyo", "America/Los_Angeles", "UTC"][index / 20 % 3];
            let settings = json!({ "name": "Acme", "timeZone": zone, "currency": "EUR" });
            let moved = json!({ "id": acme.id, "settings": settings });
            house.done(&acme.token, "changeTenantSettings", moved).await;
        }
        let cursor = house.done(&acme.token, mutation, input).await["cursor"].clone();
        let lead = json!({ "vertical": "sales", "source": "web" });
        house.done(&other.token, "captureLead", lead).await;
        house.settle().await;
        let live = house.ask(&acme.token, &now, json!({})).await;
        noted.push((cursor, live));
    }
    for (cursor, live) in &noted {
        let told = house.ask(&acme.token, &then, json!({ "cursor": cursor })).await;
        assert_eq!(&told, live, "as of {cursor}");
    }
    let by_time = "{ lead(id: \"l1\", asOf: { time: \"2026-03-02T11:59:59.999999Z\" }) { id } \
                   usage(asOf: { time: \"2026-03-02T12:00:00Z\" }) { totals { meter unit quantity records } } }";
    let told = house.ask(&acme.token, by_time, json!({})).await;
    assert_eq!(told["lead"], Value::Null, "nothing was recorded before");
    let live = "{ usage { totals { meter unit quantity records } } }";
    let live = house.ask(&acme.token, live, json!({})).await;
    assert_eq!(told["usage"], live["usage"]);
}

#[tokio::test]
async fn a_point_that_has_not_come_is_refused_and_so_is_what_costs_too_much() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let refused = async |document: &str| {
        let answer = house.answer(&acme.token, document, json!({})).await;
        let error = answer["errors"][0].clone();
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{answer:#}");
        error["message"].as_str().unwrap().to_owned()
    };
    let message = refused("{ lead(id: \"l1\", asOf: { time: \"2026-03-03T12:00:00Z\" }) { id } }").await;
    assert!(
        message.starts_with("asOf: 2026-03-03T12:00:00Z lies in the future"),
        "{message}"
    );
    // Of another installation: this log has not come so far.
    let elsewhere = House::open().await;
    let same = elsewhere.tenant("acme").await;
    assert_eq!(same.id, acme.id);
    let lead = json!({ "vertical": "sales", "source": "web" });
    let far = elsewhere.done(&same.token, "captureLead", lead).await["cursor"].clone();
    let document = "query($far: Cursor!) { usage(asOf: { cursor: $far }) { totals { meter } } }";
    let answer = house.answer(&acme.token, document, json!({ "far": far })).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("asOf: position 3 is not recorded yet: the log ends at 2"),
        "{message}"
    );

    let narrow = House::open_with(|options| {
        options.limits.past_rows = 1;
    })
    .await;
    let acme = narrow.tenant("acme").await;
    let mut cursor = Value::Null;
    for id in ["l1", "l2"] {
        let lead = json!({ "id": id, "vertical": "sales", "source": "web" });
        cursor = narrow.done(&acme.token, "captureLead", lead).await["cursor"].clone();
    }
    let document = "query($cursor: Cursor!) { leads(first: 1, asOf: { cursor: $cursor }) { nodes { id } } }";
    let answer = narrow
        .answer(&acme.token, document, json!({ "cursor": cursor }))
        .await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("more than 1 rows of lead would have to be held: ask for"),
        "{message}"
    );
}

#[tokio::test]
async fn a_cursor_of_another_tenant_is_refused_wherever_a_cursor_comes_in() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let other = house.tenant("other").await;
    let lead = json!({ "id": "l1", "vertical": "sales", "source": "web" });
    house.done(&acme.token, "captureLead", lead.clone()).await;
    let position = house.done(&other.token, "captureLead", lead).await["cursor"].clone();
    house.settle().await;
    let list = "{ leads(first: 1) { pageInfo { endCursor } } }";
    let row = house.ask(&other.token, list, json!({})).await["leads"]["pageInfo"]["endCursor"].clone();
    let cases = [
        ("lead(id: \"l1\", atLeast: $cursor) { id }", &position, "atLeast"),
        ("tenant(atLeast: $cursor) { id }", &position, "atLeast"),
        (
            "lead(id: \"l1\", asOf: { cursor: $cursor }) { id }",
            &position,
            "asOf",
        ),
        (
            "roiSummary(first: 1, asOf: { cursor: $cursor }) { nodes { month } }",
            &position,
            "asOf",
        ),
        ("leads(first: 1, after: $cursor) { nodes { id } }", &row, "after"),
        ("leads(last: 1, before: $cursor) { nodes { id } }", &row, "before"),
        (
            "auditFeed(first: 1, after: $cursor) { nodes { eventId } }",
            &row,
            "after",
        ),
        (
            "lead(id: \"l1\") { evidence(first: 1, after: $cursor) { nodes { type } } }",
            &position,
            "after",
        ),
    ];
    for (field, cursor, name) in cases {
        let document = format!("query($cursor: Cursor!) {{ {field} }}");
        let answer = house
            .answer(&acme.token, &document, json!({ "cursor": cursor }))
            .await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{answer:#}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("{name}: this cursor is not this tenant's")),
            "{message}"
        );
    }
    let mut socket = super::socket::Socket::open(house.router.clone(), &acme.token).await;
    let document = "subscription($after: Cursor!) { events(after: $after) { __typename } }";
    socket.subscribe(document, json!({ "after": position })).await;
    let told = socket.next().await.to_string();
    assert!(told.contains("after: this cursor is not this tenant's"), "{told}");
}

#[tokio::test]
async fn a_row_names_the_events_that_changed_it_page_by_page() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    for (mutation, input) in story(&acme.id, "") {
        house.done(&acme.token, mutation, input).await;
    }
    house.settle().await;
    let document = "query($after: Cursor) { lead(id: \"l1\") { evidence(first: 4, after: $after) {
        edges { cursor node { type actor occurredAt payload } } pageInfo { hasNextPage endCursor } } } }";
    let first = house.ask(&acme.token, document, json!({})).await["lead"]["evidence"].clone();
    assert_eq!(first["pageInfo"]["hasNextPage"], true, "{first:#}");
    assert_eq!(first["edges"][0]["node"]["type"], "lead.captured");
    assert_eq!(first["edges"][0]["node"]["actor"], "api_key:first");
    let end = first["pageInfo"]["endCursor"].clone();
    let second = house.ask(&acme.token, document, json!({ "after": end })).await["lead"]["evidence"].clone();
    let types: Vec<&Value> = [&first, &second]
        .iter()
        .flat_map(|page| page["edges"].as_array().unwrap())
        .map(|edge| &edge["node"]["type"])
        .collect();
    assert_eq!(
        types,
        [
            "lead.captured",
            "lead.enriched",
            "lead.qualified",
            "lead.assigned",
            "lead.contacted",
            "lead.converted"
        ]
    );
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    // As of the third event, three are behind it.
    let then = "query($then: Cursor!) { lead(id: \"l1\", asOf: { cursor: $then }) {
        score assigneeId evidence(first: 20) { nodes { type } } } }";
    let third = first["edges"][2]["cursor"].clone();
    let told = house.ask(&acme.token, then, json!({ "then": third })).await["lead"].clone();
    assert_eq!((&told["score"], &told["assigneeId"]), (&json!(80), &Value::Null));
    assert_eq!(told["evidence"]["nodes"].as_array().unwrap().len(), 3);

    let figures =
        "{ roiSummary(first: 1, vertical: \"sales\") { nodes { evidence(first: 100) { nodes { type } } } }
        usage(meter: \"tokens.input\") { days(first: 1) { nodes { evidence(first: 20) { nodes { type } } } } }
        auditFeed(first: 1) { nodes { action eventId evidence(first: 20) { nodes { type eventId } } } }
        connector(id: \"c1\") { evidence(first: 20) { nodes { type } } }
        tenant { evidence(first: 20) { nodes { type } } } }";
    let told = house.ask(&acme.token, figures, json!({})).await;
    let types = |of: &Value| -> Vec<String> {
        let nodes = of["evidence"]["nodes"].as_array().unwrap().iter();
        nodes
            .map(|node| node["type"].as_str().unwrap().to_owned())
            .collect()
    };
    let month = types(&told["roiSummary"]["nodes"][0]);
    assert!(month.contains(&"opportunity.won".to_owned()), "{month:?}");
    assert!(
        !month.contains(&"agent_run.tool_call_recorded".to_owned()),
        "{month:?}"
    );
    assert_eq!(
        types(&told["usage"]["days"]["nodes"][0]),
        ["agent_run.model_call_recorded", "usage.tokens.input"]
    );
    let entry = &told["auditFeed"]["nodes"][0];
    assert_eq!(types(entry), [entry["action"].as_str().unwrap()]);
    assert_eq!(entry["evidence"]["nodes"][0]["eventId"], entry["eventId"]);
    let connector = types(&told["connector"]);
    assert!(
        connector.contains(&"connector_sync.completed".to_owned()),
        "{connector:?}"
    );
    assert_eq!(types(&told["tenant"])[0], "tenant.provisioned");
}
