//! What is just over a limit, over HTTP and over the WebSocket, and what is just within it.

use serde_json::{Value, json};

use super::house::House;
use super::socket::Socket;

/// A document that is within a limit, one that is over it, and the limit's name.
struct Case {
    limit: &'static str,
    within: String,
    over: String,
}

fn case(limit: &'static str, at_most: usize, document: impl Fn(usize) -> String) -> Case {
    Case {
        limit,
        within: document(at_most),
        over: document(at_most + 1),
    }
}

/// Fragments that each open the next: the last is so deep inside.
fn chain(levels: usize) -> String {
    let links = (1..levels).map(|level| format!("fragment F{level} on Query {{ ...F{} }} ", level + 1));
    format!(
        "{{ ...F1 }} {}fragment F{levels} on Query {{ __typename }}",
        links.collect::<String>()
    )
}

fn cases() -> Vec<Case> {
    let limits = api::Limits::default();
    vec![
        case("document_bytes", limits.document_bytes, |bytes| {
            format!("{{__typename}}#{}", "x".repeat(bytes - 13))
        }),
        case("tokens", limits.tokens, |tokens| {
            format!("{{ {} }}", "__typename ".repeat(tokens - 2))
        }),
        case("selection_nesting", limits.selection_nesting, |levels| {
            let (open, end) = ("...{".repeat(levels - 1), "}".repeat(levels));
            format!("{{{open}__typename{end}")
        }),
        case("selection_nesting", limits.selection_nesting - 1, chain),
        case("value_nesting", limits.value_nesting, |levels| {
            let value = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
            format!("query($a: Int) {{ __typename @skip(if: false) @include(if: {value}) }}")
        }),
        case("depth", limits.depth, |depth| {
            let (open, end) = ("ofType { ".repeat(depth - 5), "} ".repeat(depth - 5));
            format!("{{ __schema {{ types {{ fields {{ type {{ {open}name {end}}} }} }} }} }}")
        }),
        case("fields", limits.fields, |count| {
            let (hundreds, rest) = ("...F ".repeat(count / 100), "__typename ".repeat(count % 100));
            let hundred = "__typename ".repeat(100);
            format!("{{ {hundreds} {rest} }} fragment F on Query {{ {hundred} }}")
        }),
        case("aliases", limits.aliases, |count| {
            let aliases = (0..count).map(|at| format!("a{at}: actor "));
            format!("{{ me {{ {} }} }}", aliases.collect::<String>())
        }),
        case("root_fields", limits.root_fields, |count| {
            let roots = (0..count).map(|at| format!("a{at}: __typename "));
            format!("{{ {} }}", roots.collect::<String>())
        }),
        case("directives", limits.directives, |count| {
            let fields = (0..count).map(|at| format!("a{at}: actor @skip(if: false) "));
            format!("{{ me {{ {} }} }}", fields.collect::<String>())
        }),
    ]
}

fn limit_of(errors: &Value) -> Option<&str> {
    let extensions = &errors[0]["extensions"];
    (extensions["code"] == "LIMIT_EXCEEDED").then(|| extensions["limit"].as_str().unwrap())
}

#[tokio::test]
async fn each_limit_holds_over_http() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    for case in cases() {
        let body = |document: &str| json!({ "query": document }).to_string();
        let (status, _, answer) = house.post(&acme.token, &[], body(&case.within)).await;
        assert_eq!(
            limit_of(&answer["errors"]),
            None,
            "{}: {status} {answer}",
            case.limit
        );
        for accept in ["application/json", "application/graphql-response+json"] {
            let (status, _, answer) = house
                .post(&acme.token, &[("accept", accept)], body(&case.over))
                .await;
            assert_eq!(status, 400, "{}: {answer}", case.limit);
            assert_eq!(limit_of(&answer["errors"]), Some(case.limit), "{answer}");
        }
    }
}

#[tokio::test]
async fn each_limit_holds_over_the_socket() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    for case in cases() {
        socket.begin("1", &case.within).await;
        let message = socket.next().await;
        if message["type"] == "next" {
            assert_eq!(socket.next().await["type"], "complete");
        } else {
            assert_eq!(limit_of(&message["payload"]), None, "{}: {message}", case.limit);
        }
        socket.begin("1", &case.over).await;
        let message = socket.next().await;
        assert_eq!(message["type"], "error", "{}: {message}", case.limit);
        assert_eq!(limit_of(&message["payload"]), Some(case.limit), "{message}");
    }
}

#[tokio::test]
async fn a_request_is_bounded_in_bytes_nesting_and_number() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let limits = api::Limits::default();
    let body = |bytes: usize| {
        let frame = json!({ "query": "{__typename}", "extensions": { "x": "" } })
            .to_string()
            .len();
        json!({ "query": "{__typename}", "extensions": { "x": "x".repeat(bytes - frame) } }).to_string()
    };
    let nested = |levels: usize| {
        let inside = format!("{}{}", "[".repeat(levels - 2), "]".repeat(levels - 2));
        format!("{{\"query\":\"{{__typename}}\",\"extensions\":{{\"x\":{inside}}}}}")
    };
    let batch = |count: usize| json!(vec![json!({ "query": "{__typename}" }); count]).to_string();
    for (limit, status, within, over) in [
        (
            "request_bytes",
            413,
            body(limits.request_bytes),
            body(limits.request_bytes + 1),
        ),
        (
            "json_nesting",
            400,
            nested(limits.json_nesting),
            nested(limits.json_nesting + 1),
        ),
        ("batch", 400, batch(limits.batch), batch(limits.batch + 1)),
    ] {
        let (passed, _, answer) = house.post(&acme.token, &[], within).await;
        assert_eq!(passed, 200, "{limit}: {answer}");
        let (refused, _, answer) = house.post(&acme.token, &[], over).await;
        assert_eq!(refused, status, "{limit}: {answer}");
        assert_eq!(limit_of(&answer["errors"]), Some(limit), "{answer}");
    }

    let message = |payload: String| {
        let text = format!("{{\"id\":\"1\",\"type\":\"subscribe\",\"payload\":{payload}}}");
        tokio_tungstenite::tungstenite::Message::text(text)
    };
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.send_frame(message(nested(limits.json_nesting))).await;
    assert_eq!(
        socket.next().await["closed"],
        4400,
        "the message around it counts as well"
    );
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.send_frame(message(body(limits.request_bytes))).await;
    assert_eq!(socket.next().await["closed"], 1009);
}

#[tokio::test]
async fn a_socket_holds_so_many_operations() {
    let house = House::open_with(|options| options.limits.socket_operations = 3).await;
    let acme = house.tenant("acme").await;
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    for id in ["1", "2", "3"] {
        socket.begin(id, "subscription { events { __typename } }").await;
    }
    socket.send(&json!({ "type": "ping" })).await;
    loop {
        let message = socket.next().await;
        if message["type"] == "pong" {
            break;
        }
        assert_eq!(message["type"], "next", "{message}");
    }
    socket.begin("4", "subscription { events { __typename } }").await;
    assert_eq!(socket.closing().await, 4429);
}

#[tokio::test]
async fn a_query_has_its_time() {
    // The read models never come to what is written after their projector has stopped.
    let house = House::open_with(|options| {
        options.limits.time_ms = 1_500;
        options.limits.wait_ms = 60_000;
    })
    .await;
    let acme = house.tenant("acme").await;
    house.settle().await;
    let house = house.without_projector().await;
    let lead = json!({ "vertical": "sales", "source": "web" });
    let cursor = house.done(&acme.token, "captureLead", lead).await["cursor"].clone();
    let document = "query($at: Cursor!) { leads(first: 1, atLeast: $at) { nodes { id } } }";
    let answer = house.answer(&acme.token, document, json!({ "at": cursor })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "TIMED_OUT", "{answer}");
}

#[tokio::test]
async fn fields_that_can_not_be_merged_are_refused_at_every_depth() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    for document in [
        "{ leads(first: 1) { nodes { x: id } nodes { x: vertical } } }",
        "{ leads(first: 1) { pageInfo { x: hasNextPage } ...F } } fragment F on LeadConnection { pageInfo { x: endCursor } }",
        "subscription { a: events { type } b: events { type } }",
        "subscription { events { type } ...F } fragment F on Subscription { b: events { type } }",
    ] {
        assert_eq!(
            house.code(&acme.token, document, json!({})).await,
            "BAD_USER_INPUT",
            "{document}"
        );
    }
}
