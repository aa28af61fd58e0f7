//! `GET /v1/audit/feed`: the audit feed as a file, for whoever may read it, and the same in the terminal.

mod answer;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::audit_search::classes_of;
use crate::program::{Up, folder};
use answer::{Answer, bearer, fed, lines, records};

/// What the terminal writes of the feed.
fn feed(data: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .env("ANNALS_READ_SECONDS", "0")
        .args(["audit", "feed", "--tenant", "shop", "--data-dir"])
        .arg(data)
        .args(arguments)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn key(up: &Up, tenant: &str, id: &str, scope: &str) -> String {
    let document = format!(
        "mutation {{ issueApiKey(input: {{ id: \"{id}\", name: \"{id}\", scopes: [{scope}] }}) {{ token }} }}"
    );
    let token = &up.ask(Some(tenant), &document)["issueApiKey"]["token"];
    token.as_str().unwrap().to_owned()
}

fn capture(up: &Up, tenant: &str, leads: std::ops::Range<usize>) {
    let numbers: Vec<usize> = leads.collect();
    for some in numbers.chunks(30) {
        let fields = some.iter().map(|number| {
            format!(
                "l{number}: captureLead(input: {{ id: \"lead-{number}\", vertical: \"sales\", source: \"Fair, \\\"Köln\\\"\" }}) \
                 {{ userErrors {{ message }} }}"
            )
        });
        let document = format!("mutation {{ {} }}", fields.collect::<Vec<_>>().join(" "));
        up.ask(Some(tenant), &document);
    }
}

/// What GraphQL tells of a filter, in the form of a line of the file.
fn graphql(up: &Up, filter: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), "null".to_owned());
    loop {
        let document = format!(
            "{{ auditFeed(first: 7, after: {after}, filter: {filter}) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ \
             eventId actorKind actorId action outcome entityType entityId occurredAt recordedAt workspaceId correlationId \
             causationId payload context {{ address userAgent }} changed {{ changes {{ pointer before after }} }} }} }} }}"
        );
        let feed = &up.ask(Some("shop"), &document)["auditFeed"];
        let nodes = feed["nodes"].as_array().unwrap().iter();
        all.extend(nodes.map(|node| {
            let lower = |value: &Value| value.as_str().unwrap().to_lowercase();
            json!([
                node["eventId"],
                lower(&node["actorKind"]),
                node["actorId"],
                node["action"],
                lower(&node["outcome"]),
                node["entityType"],
                node["entityId"],
                node["occurredAt"],
                node["recordedAt"],
                node["workspaceId"],
                node["correlationId"],
                node["causationId"],
                node["payload"],
                node["context"]["address"],
                node["context"]["userAgent"],
                node["changed"]["changes"],
            ])
        }));
        if feed["pageInfo"]["hasNextPage"] == false {
            return all;
        }
        after = feed["pageInfo"]["endCursor"].to_string();
    }
}

/// A line of the file as [`graphql`] has it.
fn line(line: &Value) -> Value {
    let fields = [
        "event_id",
        "actor_kind",
        "actor_id",
        "action",
        "outcome",
        "entity_type",
        "entity_id",
        "occurred_at",
        "recorded_at",
        "workspace_id",
        "correlation_id",
        "causation_id",
        "payload",
        "address",
        "user_agent",
        "changes",
    ];
    fields.iter().map(|field| line[field].clone()).collect()
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn whoever_may_read_the_feed_gets_it_as_a_file_and_it_says_what_graphql_says() {
    let data = folder();
    let settings = [
        "--read-seconds",
        "0",
        "--refused-seconds",
        "0",
        "--calls-seconds",
        "0",
        "--means-seconds",
        "86400",
    ];
    let up = Up::start_with(data.path(), &settings);
    up.provision("shop");
    up.provision("other");
    capture(&up, "shop", 0..12);
    capture(&up, "other", 0..3);
    let change = "mutation { contactLead(input: { id: \"lead-3\", channel: \"phone\" }) { userErrors { message } } \
                  disqualifyLead(input: { id: \"lead-4\", reason: \"no budget\" }) { userErrors { message } } }";
    up.ask(Some("shop"), change);
    // One that another one caused, asked for by a request of a name.
    let disqualified = "{ action: \"lead.disqualified\" }";
    eventually("it is in the feed", || !graphql(&up, disqualified).is_empty());
    let cause = graphql(&up, disqualified)[0][0].as_str().unwrap().to_owned();
    let contact =
        "mutation { contactLead(input: { id: \"lead-5\", channel: \"phone\" }) { userErrors { message } } }";
    let headers = format!(
        "Authorization: Bearer {}\r\nX-Annals-Tenant: shop\r\nX-Request-Id: request-77\r\nX-Annals-Causation-Id: {cause}\r\n",
        up.admin_token
    );
    assert_eq!(Answer::to(&up, contact, &headers).status, 200);
    let save = "mutation { saveAuditFilter(input: { name: \"leads\", sharing: TENANT, filter: { entityType: \"lead\" } }) \
                { userErrors { message } } }";
    up.ask(Some("shop"), save);
    let reader = key(&up, "shop", "reader", "READ");
    let ingest = key(&up, "shop", "ingest", "INGEST");
    let stranger = key(&up, "other", "stranger", "READ");

    // Who may not read it gets nothing, and that is told.
    for (headers, status, code) in [
        (String::new(), 401, "UNAUTHENTICATED"),
        (bearer(&ingest), 403, "FORBIDDEN"),
        (bearer(&up.admin_token), 400, "BAD_USER_INPUT"),
    ] {
        let answer = Answer::of(&up, "/v1/audit/feed", &headers);
        assert_eq!(answer.status, status, "{}", answer.head);
        let problem: Value = serde_json::from_str(&answer.whole()).unwrap();
        assert_eq!(problem["errors"][0]["extensions"]["code"], code, "{problem}");
    }
    eventually("the denial is told", || {
        !graphql(&up, "{ outcome: DENIED, actorId: \"ingest\" }").is_empty()
    });
    // A key is good for its own tenant, whatever else it asks for.
    let asked = format!("{}X-Annals-Tenant: shop\r\n", bearer(&stranger));
    let theirs = lines(&Answer::of(&up, "/v1/audit/feed", &asked).whole());
    let other = &theirs[0]["tenant_id"];
    assert!(
        theirs.len() >= 5 && theirs.iter().all(|line| line["tenant_id"] == *other),
        "{theirs:?}"
    );

    // The use of a key is told as well: it is asked once before it is counted.
    fed(&up, &reader, "");
    eventually("the key's use is told", || {
        graphql(&up, "{ action: \"access.key_used\" }").len() == 2
    });
    let at = |filter: &str| graphql(&up, filter)[0][7].as_str().unwrap().to_owned();
    let captured = at("{ entityId: \"lead-3\" }");
    let later = at(disqualified);
    // The query, GraphQL's filter, and the terminal's.
    let filters = [
        ["", "{}", ""],
        ["action=lead.*", "{ action: \"lead.*\" }", "--action lead.*"],
        [
            "actorKind=API_KEY&actorId=reader",
            "{ actorKind: API_KEY, actorId: \"reader\" }",
            "--actor api_key:reader",
        ],
        [
            "entityType=lead&entityId=lead-4",
            "{ entityType: \"lead\", entityId: \"lead-4\" }",
            "--target lead/lead-4",
        ],
        ["outcome=DENIED", "{ outcome: DENIED }", "--outcome denied"],
        ["text=BUDGET", "{ text: \"BUDGET\" }", "--text BUDGET"],
        ["workspaceId=w1", "{ workspaceId: \"w1\" }", "--workspace w1"],
        [
            "correlationId=request-77",
            "{ correlationId: \"request-77\" }",
            "--correlation request-77",
        ],
        [
            &format!("causationId={cause}"),
            &format!("{{ causationId: \"{cause}\" }}"),
            &format!("--causation {cause}"),
        ],
        [
            &format!("from={captured}"),
            &format!("{{ from: \"{captured}\" }}"),
            &format!("--from {captured}"),
        ],
        [
            &format!("before={captured}"),
            &format!("{{ before: \"{captured}\" }}"),
            &format!("--before {captured}"),
        ],
        [
            &format!("from={captured}&before={later}"),
            &format!("{{ from: \"{captured}\", before: \"{later}\" }}"),
            &format!("--from {captured} --before {later}"),
        ],
        ["savedFilter=leads", "{ entityType: \"lead\" }", "--saved leads"],
    ];
    let sizes = filters.map(|[query, filter, _]| (query.to_owned(), graphql(&up, filter).len()));
    let of = |query: &str| sizes.iter().find(|(of, _)| of == query).unwrap().1;
    assert_eq!(
        (
            of("correlationId=request-77"),
            of(&format!("causationId={cause}")),
            of("workspaceId=w1")
        ),
        (1, 1, 0)
    );
    // What is before a moment and what is from it on is all.
    let (first, second) = (of(&format!("before={captured}")), of(&format!("from={captured}")));
    assert!(first > 0 && second > 0 && first + second == of(""), "{sizes:?}");
    for [query, filter, arguments] in filters {
        let wanted = graphql(&up, filter);
        let told = lines(&fed(&up, &reader, &format!("?changes=true&{query}")));
        assert_eq!(told.iter().map(line).collect::<Vec<_>>(), wanted, "{query}");
        let csv = records(&fed(&up, &reader, &format!("?format=csv&changes=true&{query}")));
        let column = |name: &str| csv[0].iter().position(|field| field == name).unwrap();
        let (event, payload, changes) = (column("event_id"), column("payload"), column("changes"));
        assert_eq!(csv.len() - 1, wanted.len(), "{query}");
        for (record, wanted) in csv[1..].iter().zip(&wanted) {
            assert_eq!(record[event], wanted[0], "{query}");
            assert_eq!(
                serde_json::from_str::<Value>(&record[payload]).unwrap(),
                wanted[12],
                "{query}"
            );
            let changes = serde_json::from_str::<Value>(&record[changes]).unwrap_or_default();
            assert_eq!(changes, wanted[15], "{query}");
        }
        assert_ne!(wanted.is_empty(), query != "workspaceId=w1", "{query}");
        // The terminal writes the same bytes.
        let arguments: Vec<&str> = arguments.split_whitespace().chain(["--changes"]).collect();
        let file = fed(&up, &reader, &format!("?changes=true&{query}"));
        assert_eq!(feed(data.path(), &arguments), file, "{query}");
    }
    let changed = &lines(&fed(&up, &reader, "?changes=true&action=lead.disqualified"))[0];
    assert!(
        changed["changes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|change| change["after"] == "disqualified"),
        "{changed}"
    );
    // Whoever asks for no values before and after does not get them.
    assert!(
        lines(&fed(&up, &reader, ""))
            .iter()
            .all(|line| line.get("changes").is_none())
    );

    // OCSF, valid by its own schema, with them and without.
    for query in ["?format=ocsf", "?format=ocsf&changes=true"] {
        let ocsf = fed(&up, &reader, query);
        let events = lines(&ocsf);
        assert_eq!(events.len(), graphql(&up, "{}").len());
        let has_changes = events.iter().any(|event| event["unmapped"]["changes"].is_array());
        assert_eq!(has_changes, query.contains("changes"));
        if let Some(classes) = classes_of(&ocsf) {
            let of = |class: &str| classes[class].as_u64().unwrap_or_default();
            assert_eq!(
                of("api_activity") + of("entity_management"),
                events.len() as u64,
                "{classes}"
            );
        }
    }
    for (arguments, query) in [
        (
            ["--action", "lead.*", "--format", "csv"],
            "?action=lead.*&format=csv",
        ),
        (
            ["--outcome", "denied", "--format", "ocsf"],
            "?outcome=DENIED&format=ocsf",
        ),
    ] {
        assert_eq!(feed(data.path(), &arguments), fed(&up, &reader, query), "{query}");
    }
    // What is wrong is said.
    for (query, detail) in [
        ("?format=xlsx", "format: \"xlsx\" is none of csv, ndjson and ocsf"),
        (
            "?outcome=LOST",
            "outcome: \"LOST\" is none of SUCCEEDED, DENIED and REFUSED",
        ),
        (
            "?actorKind=PERSON",
            "actorKind: \"PERSON\" is none of USER, AGENT, CONNECTOR, API_KEY and SYSTEM",
        ),
        ("?from=yesterday", "from: \"yesterday\" is not a time of RFC 3339"),
        ("?changes=1", "changes: \"1\" is neither true nor false"),
        (
            "?savedFilter=nothing",
            "savedFilter: there is none of the name \"nothing\" for you",
        ),
        (
            "?tenant=other",
            "tenant: is not known: there are format, changes, savedFilter, actorKind,",
        ),
    ] {
        let answer = Answer::of(&up, &format!("/v1/audit/feed{query}"), &bearer(&reader));
        assert_eq!(answer.status, 400, "{query}");
        assert!(
            answer.head.contains("application/problem+json"),
            "{}",
            answer.head
        );
        let problem: Value = serde_json::from_str(&answer.whole()).unwrap();
        assert_eq!(problem["code"], "INVALID", "{problem}");
        assert!(
            problem["detail"].as_str().unwrap().starts_with(detail),
            "{problem}"
        );
    }
}

#[test]
fn a_large_feed_comes_in_pages_ends_where_it_was_asked_for_and_is_told_as_an_export() {
    let data = folder();
    let up = Up::start(data.path());
    up.provision("shop");
    capture(&up, "shop", 0..1_200);
    let reader = key(&up, "shop", "reader", "READ");
    let mut answer = Answer::of(&up, "/v1/audit/feed?action=lead.captured", &bearer(&reader));
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert!(
        answer
            .head
            .contains("attachment; filename=\"annals-audit-feed.ndjson\"")
            && answer.head.contains("content-type: application/x-ndjson"),
        "{}",
        answer.head
    );
    // The first page is there, and the end is not: what happens now is not in it.
    let mut pages = vec![answer.chunk().unwrap()];
    capture(&up, "shop", 5_000..5_030);
    pages.extend(std::iter::from_fn(|| answer.chunk()));
    let sizes: Vec<usize> = pages.iter().map(|page| page.lines().count()).collect();
    assert_eq!(sizes, [500, 500, 200], "a page is in memory at once");
    let all = lines(&pages.concat());
    let positions: Vec<u64> = all
        .iter()
        .map(|line| line["position"].as_u64().unwrap())
        .collect();
    assert!(positions.is_sorted_by(|one, next| one < next));
    let ids: std::collections::BTreeSet<&str> = all
        .iter()
        .map(|line| line["entity_id"].as_str().unwrap())
        .collect();
    assert!(ids.len() == 1_200 && !ids.contains("lead-5000"));

    // Who took it along stands in the feed, and not in what was taken.
    eventually("the export is told", || {
        let query = "{ action: \"access.read\", actorId: \"reader\" }";
        let told = graphql(&up, query);
        told.len() == 1
            && told[0][12]["read"]["what"] == "export"
            && told[0][12]["read"]["targets"] == json!(["/v1/audit/feed"])
    });
    let again = fed(&up, &reader, "?action=lead.captured");
    assert_eq!(again.lines().count(), 1_230);
}
