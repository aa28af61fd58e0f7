//! Journeys through the gateway: HTTP and WebSocket in, the log and the read models behind it.

pub(crate) mod house;
pub(crate) mod schema;
pub(crate) mod socket;
pub(crate) mod story;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use house::{ADMIN, House};
use schema::Schema;
use serde_json::{Value, json};
use socket::Socket;

/// Those that a tenant's own token can't send.
const FOR_THE_PLATFORM: [&str; 4] = ["provisionTenant", "suspendTenant", "reactivateTenant", "closeTenant"];

#[tokio::test]
async fn the_administrator_provisions_suspends_reactivates_and_closes_tenants() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let capture = json!({ "vertical": "sales", "source": "web" });
    house.done(&acme.token, "captureLead", capture.clone()).await;

    let why = json!({ "id": acme.id, "reason": "unpaid" });
    assert_eq!(forbidden(&house, &acme.token, "suspendTenant", &why).await, "FORBIDDEN");
    house.done(ADMIN, "suspendTenant", why.clone()).await;
    let refused = house.mutate(&acme.token, "captureLead", capture.clone()).await;
    assert_eq!(refused["userErrors"][0]["code"], "TENANT_NOT_OPEN", "{refused}");
    assert_eq!(refused["cursor"], Value::Null);
    house.done(ADMIN, "reactivateTenant", json!({ "id": acme.id })).await;
    house.done(&acme.token, "captureLead", capture.clone()).await;
    house.done(ADMIN, "closeTenant", why).await;
    let refused = house.mutate(&acme.token, "captureLead", capture).await;
    assert_eq!(refused["userErrors"][0]["code"], "TENANT_NOT_OPEN");
}

async fn forbidden(house: &House, token: &str, mutation: &str, input: &Value) -> String {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let document = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ cursor }} }}");
    house.code(token, &document, json!({ "input": input })).await
}

#[tokio::test]
async fn every_mutation_is_told_in_a_story_and_takes_effect() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let mut told: BTreeSet<String> = FOR_THE_PLATFORM.map(str::to_owned).into();
    told.insert("importCsv".to_owned());
    for (mutation, input) in story::story(&acme.id, "") {
        let payload = house.done(&acme.token, mutation, input).await;
        assert!(payload["cursor"].is_string(), "{mutation}: {payload}");
        told.insert(mutation.to_owned());
    }
    told.insert("changeTenantSettings".to_owned());
    let settings = json!({ "name": "Acme & Sons", "timeZone": "UTC", "currency": "USD" });
    house
        .done(&acme.token, "changeTenantSettings", json!({ "id": acme.id, "settings": settings }))
        .await;
    let schema = Schema::of(&house, &acme.token).await;
    let all: BTreeSet<String> = schema.root("Mutation").iter().map(|field| field.name.to_owned()).collect();
    assert_eq!(told, all, "each mutation has a line in tests/it/gateway/story.rs");
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_until_it_is_revoked() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let wish = json!({ "id": "reader", "name": "reader", "scopes": ["READ"], "idempotencyKey": "one" });
    let issued = house.done(&acme.token, "issueApiKey", wish.clone()).await;
    let token = issued["token"].as_str().unwrap().to_owned();
    let again = house.done(&acme.token, "issueApiKey", wish).await;
    assert_eq!((&again["known"], &again["token"]), (&json!(true), &Value::Null), "shown once");

    let me = house.ask(&token, "{ me { actor tenantId scopes isPlatformAdmin } }", json!({})).await;
    assert_eq!(me["me"]["actor"], "api_key:reader");
    assert_eq!(me["me"]["tenantId"], json!(acme.id));
    assert_eq!(me["me"]["scopes"], json!(["READ"]));
    let capture = json!({ "vertical": "sales", "source": "web" });
    assert_eq!(forbidden(&house, &token, "captureLead", &capture).await, "FORBIDDEN");

    let mut socket = Socket::open(house.router.clone(), &token).await;
    socket.subscribe("subscription { events(types: [\"lead.*\"]) { type } }", json!({})).await;
    let revoked = house
        .done(&acme.token, "revokeApiKey", json!({ "id": "reader", "reason": "leaked" }))
        .await;
    assert!(revoked["cursor"].is_string());
    let end = socket.result().await;
    assert_eq!(end["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{end}");
    assert_eq!(house.code(&token, "{ me { actor } }", json!({})).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn without_a_token_only_health_and_the_schema_in_development_are_open() {
    let house = House::open_with(|_| {}).await;
    let post = |authorization: Option<&str>, query: &str| {
        let mut request = Request::post("/graphql").header("content-type", "application/json");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        request.body(Body::from(json!({ "query": query }).to_string())).unwrap()
    };
    for authorization in [None, Some("Bearer nonsense"), Some("Basic abc"), Some("Bearer ")] {
        let (status, headers, text) = house.send(post(authorization, "{ me { actor } }")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{authorization:?}");
        assert_eq!(headers["www-authenticate"], "Bearer");
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
    let (status, ..) = house.send(post(None, "{ __schema { queryType { name } } }")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "in production the schema is not for everybody");
    for (path, wanted) in [
        ("/healthz", StatusCode::OK),
        ("/readyz", StatusCode::OK),
        ("/metrics", StatusCode::OK),
        ("/", StatusCode::NOT_FOUND),
    ] {
        let (status, _, text) = house.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, wanted, "{path}: {text}");
    }

    let open = House::open().await;
    let (status, _, text) = open.send(post(None, "{ __schema { queryType { name } } }")).await;
    assert!(status.is_success() && text.contains("\"Query\""), "{text}");
    let (status, ..) = open.send(post(None, "{ __typename me { actor } }")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, ..) = open.send(Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK, "GraphiQL is there in development");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place_and_leaves_no_trace() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let before = house.store.log().head().await.unwrap();
    let wrong = [
        ("captureLead", json!({ "vertical": "sales", "source": "web", "email": "ada@" }), "email", "INVALID_VALUE"),
        ("captureLead", json!({ "vertical": "sales", "source": "web", "phone": "12" }), "phone", "INVALID_VALUE"),
        ("captureLead", json!({ "vertical": "Sales!", "source": "web" }), "vertical", "INVALID_VALUE"),
        ("captureLead", json!({ "vertical": "sales", "source": " " }), "source", "BLANK"),
        ("captureLead", json!({ "vertical": "sales", "source": "web", "id": "a b" }), "id", "INVALID_VALUE"),
        ("qualifyLead", json!({ "id": "nobody", "score": 300 }), "score", "INVALID_VALUE"),
    ];
    for (mutation, input, field, code) in wrong {
        let payload = house.mutate(&acme.token, mutation, input).await;
        assert_eq!(payload["userErrors"][0]["path"], json!(["input", field]), "{payload}");
        assert_eq!(payload["userErrors"][0]["code"], code, "{payload}");
    }
    let payload = house.mutate(&acme.token, "qualifyLead", json!({ "id": "nobody", "score": 3 })).await;
    assert_eq!(payload["userErrors"][0]["code"], "NOT_FOUND");
    let documents = [
        ("{ nonsense }", json!({})),
        ("{ me { ", json!({})),
        ("mutation { winOpportunity(input: { id: \"o\", value: { amount: 1.5, currency: \"EUR\" } }) { id } }", json!({})),
    ];
    for (document, variables) in documents {
        assert_eq!(house.code(&acme.token, document, variables).await, "BAD_USER_INPUT", "{document}");
    }
    assert_eq!(house.store.log().head().await.unwrap(), before);
}

#[tokio::test]
async fn a_key_takes_effect_once_and_an_expected_version_guards() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let capture = json!({ "vertical": "sales", "source": "web", "idempotencyKey": "k" });
    let first = house.done(&acme.token, "captureLead", capture.clone()).await;
    let again = house.done(&acme.token, "captureLead", capture).await;
    assert_eq!(again["known"], true);
    assert_eq!((&again["id"], &again["cursor"]), (&first["id"], &first["cursor"]));
    let other = json!({ "vertical": "sales", "source": "fair", "idempotencyKey": "k" });
    assert_eq!(forbidden(&house, &acme.token, "captureLead", &other).await, "KEY_REUSED");

    let assign = |who: &str, version: u64| json!({ "id": first["id"], "assignee": who, "expectedVersion": version });
    house.done(&acme.token, "assignLead", assign("ada", 1)).await;
    assert_eq!(forbidden(&house, &acme.token, "assignLead", &assign("bob", 1)).await, "CONFLICT");
    assert_eq!(forbidden(&house, &acme.token, "assignLead", &assign("bob", 9)).await, "CONFLICT");
}

#[tokio::test]
async fn facts_are_judged_one_by_one() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let fact = |id: &str, kind: &str| json!({ "id": id, "type": kind, "quantity": "1.5" });
    let batch = json!({ "records": [fact("1", "usage.pages"), fact("2", "pages"), fact("3", "custom.pages")] });
    let payload = house.done(&acme.token, "recordUsage", batch.clone()).await;
    let outcomes = |payload: &Value| -> Vec<String> {
        let results = payload["results"].as_array().unwrap().iter();
        results.map(|result| result["outcome"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(outcomes(&payload), ["RECORDED", "REJECTED", "RECORDED"]);
    let path = &payload["results"][1]["userErrors"][0]["path"];
    assert_eq!(path, &json!(["input", "records", "1", "type"]));
    let payload = house.done(&acme.token, "recordUsage", batch).await;
    assert_eq!(outcomes(&payload), ["KNOWN", "REJECTED", "KNOWN"]);
    let changed = json!({ "records": [{ "id": "1", "type": "usage.pages", "quantity": "2" }] });
    let payload = house.done(&acme.token, "recordUsage", changed).await;
    assert_eq!(outcomes(&payload), ["CONFLICTING"]);
}

#[tokio::test]
async fn a_subscription_goes_from_history_into_live_without_a_seam() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let other = house.tenant("other").await;
    let capture = |id: &str| json!({ "id": id, "vertical": "sales", "source": "web" });
    let first = house.done(&acme.token, "captureLead", capture("l1")).await;
    house.done(&other.token, "captureLead", capture("l1")).await;
    house.done(&acme.token, "captureLead", capture("l2")).await;

    let document = "subscription($after: Cursor!) { events(after: $after, types: [\"lead.*\"]) \
                    { cursor position type version stream { type id } sequence occurredAt recordedAt actor \
                    correlationId causationId eventId payload } }";
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.subscribe(document, json!({ "after": first["cursor"] })).await;
    let event = socket.result().await["data"]["events"].clone();
    assert_eq!(event["stream"], json!({ "type": "lead", "id": "l2" }));
    assert_eq!(event["type"], "lead.captured");
    assert_eq!(event["payload"]["captured"]["source"], "web", "{event:#}");
    for index in 3..20 {
        house.done(&other.token, "captureLead", capture(&format!("l{index}"))).await;
        house.done(&acme.token, "captureLead", capture(&format!("l{index}"))).await;
    }
    for index in 3..20 {
        let event = socket.result().await["data"]["events"].clone();
        assert_eq!(event["stream"]["id"], json!(format!("l{index}")), "{event:#}");
        assert_eq!(event["actor"], "api_key:first");
    }
}

#[tokio::test]
async fn a_socket_without_a_good_token_is_closed() {
    let house = House::open().await;
    let mut socket = Socket::connect(house.router.clone()).await;
    socket.send(&json!({ "type": "connection_init", "payload": {} })).await;
    let answer = socket.next().await;
    assert!(answer.get("closed").is_some(), "{answer}");
}

#[tokio::test]
async fn limits_hold() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let large = "x".repeat(1024 * 1024);
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", acme.token))
        .body(Body::from(json!({ "query": large }).to_string()))
        .unwrap();
    assert_eq!(house.send(request).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let nested = format!("{{ __schema {} queryType {{ name }} {} }}", "{ types { fields { type ".repeat(8), "} } }".repeat(8));
    assert_eq!(house.code(&acme.token, &nested, json!({})).await, "BAD_USER_INPUT");
    let request = Request::get("/graphql?query=mutation%20%7B%20archiveWorkspace%20%7D")
        .header("authorization", format!("Bearer {}", acme.token))
        .body(Body::empty())
        .unwrap();
    assert_eq!(house.send(request).await.0, StatusCode::METHOD_NOT_ALLOWED);
}
