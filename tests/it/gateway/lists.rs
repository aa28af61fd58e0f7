//! Lists: filtered, ordered either way, counted when asked; what a page needs is read by an index.

use serde_json::{Value, json};

use super::house::{ADMIN, House};
use super::schema::Schema;
use super::statements::Statements;
use super::story::story;

/// The values that a page's rows have, from page to page until the end.
async fn paged(house: &House, token: &str, list: &str, order: &str, field: &str) -> Vec<Value> {
    let document = format!(
        "query($after: Cursor) {{ {list}(first: 2, after: $after, orderBy: {order}) \
         {{ nodes {{ {field} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    );
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = house.ask(token, &document, json!({ "after": after })).await[list].clone();
        seen.extend(
            page["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node[field].clone()),
        );
        if page["pageInfo"]["hasNextPage"] == false {
            return seen;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

#[tokio::test]
async fn a_list_is_ordered_either_way_and_each_page_goes_on_where_the_last_ended() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    for (index, score) in [None, Some(70), Some(5), None, Some(100), Some(70)]
        .iter()
        .enumerate()
    {
        let id = format!("l{index}");
        let lead = json!({ "id": id, "vertical": "sales", "source": "web" });
        house.done(&acme.token, "captureLead", lead).await;
        if let Some(score) = score {
            house
                .done(&acme.token, "qualifyLead", json!({ "id": id, "score": score }))
                .await;
        }
        let agent = json!({ "name": format!("Agent {}", 9 - index), "vertical": "sales", "prompt": "p", "model": "m" });
        house.done(&acme.token, "configureAgent", agent).await;
    }
    house.settle().await;
    let up = paged(
        &house,
        &acme.token,
        "leads",
        "{ field: SCORE, direction: ASCENDING }",
        "score",
    )
    .await;
    assert_eq!(json!(up), json!([null, null, 5, 70, 70, 100]));
    let down = paged(&house, &acme.token, "leads", "{ field: SCORE }", "localId").await;
    assert_eq!(
        json!(down),
        json!(["l4", "l5", "l1", "l2", "l3", "l0"]),
        "the ids tell apart what is equal"
    );
    let names = paged(
        &house,
        &acme.token,
        "agents",
        "{ field: NAME, direction: ASCENDING }",
        "name",
    )
    .await;
    assert!(
        names.is_sorted_by_key(|name| name.as_str().map(str::to_owned)) && names.len() == 6,
        "{names:?}"
    );
}

#[tokio::test]
async fn every_order_of_every_list_has_the_same_rows_as_of_now_and_in_the_past() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let mut last = Value::Null;
    for (mutation, input) in story(&acme.id, "") {
        last = house.done(&acme.token, mutation, input).await["cursor"].clone();
    }
    house.settle().await;
    let schema = Schema::of(&house, &acme.token).await;
    let mut orders = 0;
    for field in schema.root("Query") {
        let Some(values) = schema.order_fields(&field) else {
            continue;
        };
        for value in values {
            let in_the_past = if Schema::takes(&field, "asOf") {
                ", asOf: { cursor: $last }"
            } else {
                ""
            };
            let mut seen = Vec::new();
            for (direction, as_of) in [("ASCENDING", ""), ("DESCENDING", ""), ("ASCENDING", in_the_past)] {
                let name = field.name;
                let document = format!(
                    "query($last: Cursor, $after: Cursor) {{ {name}(first: 100, after: $after, orderBy: {{ field: {value}, \
                     direction: {direction} }}{as_of}) {{ nodes {{ id }} totalCount pageInfo {{ hasNextPage endCursor }} }} \
                     tenant(atLeast: $last) {{ id }} }}"
                );
                let (mut rows, mut after): (Vec<Value>, Value) = (Vec::new(), Value::Null);
                loop {
                    let variables = json!({ "last": last, "after": after });
                    let list = house.ask(&acme.token, &document, variables).await[name].clone();
                    rows.extend(list["nodes"].as_array().unwrap().iter().cloned());
                    if list["pageInfo"]["hasNextPage"] == false {
                        assert_eq!(list["totalCount"], rows.len(), "{document}");
                        break;
                    }
                    after = list["pageInfo"]["endCursor"].clone();
                }
                seen.push(rows);
            }
            orders += 1;
            let backwards: Vec<Value> = seen[1].iter().rev().cloned().collect();
            assert_eq!(seen[0], backwards, "{} by {value}", field.name);
            assert_eq!(seen[0], seen[2], "{} by {value}, as of its end", field.name);
            assert!(!seen[0].is_empty(), "{} shows nothing", field.name);
        }
    }
    assert!(orders > 20, "{orders} orders");
}

#[tokio::test]
async fn a_filter_goes_by_time_and_by_either_id_and_the_whole_is_counted_when_asked() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let agent = json!({ "id": "a1", "name": "A", "vertical": "sales", "prompt": "p", "model": "m" });
    let agent = house.done(&acme.token, "configureAgent", agent).await["id"].clone();
    for day in 1..=5 {
        let at = format!("2026-02-0{day}T00:00:00Z");
        let run = json!({ "id": format!("r{day}"), "agent": if day == 5 { "a2" } else { "a1" },
                          "vertical": "sales", "occurredAt": at });
        house.done(&acme.token, "startAgentRun", run).await;
    }
    house.settle().await;
    let document = "query($filter: AgentRunFilter) { agentRuns(first: 2, filter: $filter) \
                    { nodes { localId } totalCount } }";
    for (filter, first, total) in [
        (json!({}), json!(["r5", "r4"]), 5),
        (json!({ "agent": "a1" }), json!(["r4", "r3"]), 4),
        (json!({ "agent": agent }), json!(["r4", "r3"]), 4),
        (
            json!({ "agent": agent, "before": "2026-02-03T00:00:00Z" }),
            json!(["r2", "r1"]),
            2,
        ),
        (
            json!({ "from": "2026-02-03T00:00:00Z", "before": "2026-02-05T00:00:00Z" }),
            json!(["r4", "r3"]),
            2,
        ),
        (json!({ "agent": "nobody" }), json!([]), 0),
    ] {
        let list = house
            .ask(&acme.token, document, json!({ "filter": filter }))
            .await["agentRuns"]
            .clone();
        let ids: Vec<&Value> = list["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| &node["localId"])
            .collect();
        assert_eq!(
            (json!(ids), &list["totalCount"]),
            (first, &json!(total)),
            "{filter}"
        );
    }
    let listening = Statements::listen();
    let document = document
        .replace("query($filter: AgentRunFilter)", "")
        .replace(", filter: $filter", "");
    house.ask(&acme.token, &document, json!({})).await;
    assert_eq!(listening.take().len(), 2, "the page and its count");
    house
        .ask(&acme.token, &document.replace("totalCount", ""), json!({}))
        .await;
    assert_eq!(listening.take().len(), 1, "nobody asked for the count");
}

#[tokio::test]
async fn every_list_wants_to_know_how_many_from_1_to_100() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let schema = Schema::of(&house, &acme.token).await;
    let mut lists = 0;
    for field in schema.root("Query") {
        if schema.returned(&field, "pageInfo").is_none() || !Schema::takes(&field, "last") {
            continue;
        }
        lists += 1;
        for (size, wanted) in [
            ("", "give `first` or `last`, from 1 to 100"),
            ("(first: 1, last: 1)", "give `first` or `last`, not both"),
            ("(first: 0)", "first: 0 is not between 1 and 100"),
            ("(last: 101)", "last: 101 is not between 1 and 100"),
        ] {
            let document = format!("{{ {}{size} {{ pageInfo {{ hasNextPage }} }} }}", field.name);
            let token = match field.name {
                "parkedStreams" | "platformMovements" | "platformTenants" | "tenants" => ADMIN,
                _ => &acme.token,
            };
            let answer = house.answer(token, &document, json!({})).await;
            assert_eq!(answer["errors"][0]["message"], wanted, "{document}: {answer}");
            assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        }
    }
    assert!(lists >= 13, "{lists} lists");
}

#[tokio::test]
async fn a_cursor_of_another_order_is_refused() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let lead = json!({ "vertical": "sales", "source": "web" });
    house.done(&acme.token, "captureLead", lead).await;
    house.settle().await;
    for (list, given, other) in [
        ("leads", "", "orderBy: { field: SCORE }"),
        ("auditFeed", "", "orderBy: { field: OCCURRED }"),
        ("auditFeed", "filter: { from: \"2020-01-01T00:00:00Z\" }", ""),
    ] {
        let document = format!("{{ {list}(first: 1, {given}) {{ pageInfo {{ endCursor }} }} }}");
        let page = house.ask(&acme.token, &document, json!({})).await[list].clone();
        let cursor = page["pageInfo"]["endCursor"].clone();
        let document = format!(
            "query($after: Cursor) {{ {list}(first: 1, after: $after, {other}) {{ nodes {{ id }} }} }}"
        );
        let answer = house
            .answer(&acme.token, &document, json!({ "after": cursor }))
            .await;
        let wanted =
            "after: this is a cursor of this list in another order: keep `orderBy` from page to page";
        assert_eq!(answer["errors"][0]["message"], wanted, "{answer}");
    }
}

/// How many entries the large feed has.
const ENTRIES: u32 = 300_000;

#[tokio::test]
async fn a_page_of_a_large_audit_feed_reads_little_more_than_its_rows() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    house.settle().await;
    let tenant = &acme.id;
    house
        .behind_the_engines_back(&format!(
            "insert into audit_feed (tenant_id, position, event_id, occurred_at, recorded_at, actor_kind, actor_id, \
             action, entity_type, entity_id, correlation_id, causation_id, payload) \
             select '{tenant}', 1000000 + i, 'e' || i, timestamptz '2026-01-01' + i * interval '1 second', \
             timestamptz '2026-01-01' + i * interval '1 second', 'user', 'u' || i % 500, \
             case i % 1000 when 0 then 'lead.rare' when 1 then 'access.denied' else 'lead.captured' end, 'lead', \
             'l' || i % 5000, 'c' || i % 5000, 'e' || i % 5000, '{{}}' \
             from generate_series(1, {ENTRIES}) i"
        ))
        .await;
    house.behind_the_engines_back("analyze audit_feed").await;
    let kinds = "'{user,agent,connector,api_key,system}'::text[]";
    let types = domain::Event::AGGREGATE_TYPES.join(",");
    let types = format!("'{{{types}}}'::text[]");
    let window = [
        "'2026-01-02T12:00:00Z'::timestamptz",
        "'2026-01-02T12:10:00Z'::timestamptz",
    ];
    let listening = Statements::listen();
    let cases: [(&str, Vec<&str>); 12] = [
        ("{}", vec![]),
        ("{ action: \"lead.rare\" }", vec!["'lead.rare'"]),
        ("{ action: \"lead.r*\" }", vec!["'{lead.rare}'::text[]"]),
        ("{ actorKind: USER, actorId: \"u7\" }", vec!["'user'", "'u7'"]),
        ("{ actorId: \"u7\" }", vec!["'u7'", kinds]),
        (
            "{ entityType: \"lead\", entityId: \"l17\" }",
            vec!["'lead'", "'l17'"],
        ),
        ("{ entityId: \"l17\" }", vec!["'l17'", &types]),
        ("{ correlationId: \"c17\" }", vec!["'c17'"]),
        ("{ causationId: \"e17\" }", vec!["'e17'"]),
        ("{ outcome: DENIED }", vec!["'access.denied'"]),
        (
            "{ from: \"2026-01-02T12:00:00Z\", before: \"2026-01-02T12:10:00Z\" }",
            window.to_vec(),
        ),
        ("{ from: \"2026-01-02T12:00:00Z\" }", window[..1].to_vec()),
    ];
    for (filter, literals) in cases {
        for end in ["first", "last"] {
            let document = format!("{{ auditFeed({end}: 50, filter: {filter}) {{ nodes {{ action }} }} }}");
            let seen = house.ask(&acme.token, &document, json!({})).await;
            assert_eq!(
                seen["auditFeed"]["nodes"].as_array().unwrap().len(),
                50,
                "{document}"
            );
            let statement = listening.take().pop().unwrap();
            let own = format!("'{tenant}'");
            let mut values = vec![own.as_str()];
            if statement.contains("lateral") {
                // The actions of a family are looked up one by one.
                values.splice(0..0, literals.iter().copied());
                values.push("51");
            } else {
                values.extend(&literals);
            }
            values.push("51");
            let plan = house.plan(tenant, &statement, &values).await;
            let read = rows_read(&plan[0]["Plan"]);
            // An actor's or an entity's own entries may be sorted, but no others read.
            assert!(
                read <= 700,
                "{document} reads {read} rows:\n{statement}\n{plan:#}"
            );
            assert!(!plan.to_string().contains("Seq Scan"), "{plan:#}");
        }
    }
}

/// How many rows all scans of a plan read, those that a filter took out among them.
fn rows_read(plan: &Value) -> u64 {
    let number = |name: &str| {
        let text = plan[name].to_string();
        text.split('.')
            .next()
            .and_then(|whole| whole.parse().ok())
            .unwrap_or(0_u64)
    };
    let is_scan = plan["Node Type"]
        .as_str()
        .is_some_and(|kind| kind.contains("Scan"));
    let own = (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops");
    let below: u64 = plan["Plans"]
        .as_array()
        .into_iter()
        .flatten()
        .map(rows_read)
        .sum();
    below + if is_scan { own } else { 0 }
}
