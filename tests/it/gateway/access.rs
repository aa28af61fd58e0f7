//! Who may ask: the administrator, keys with scopes, and what is open to everybody.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::house::{ADMIN, House};
use super::socket::Socket;

#[tokio::test]
async fn the_administrator_provisions_suspends_reactivates_and_closes_tenants() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let capture = json!({ "vertical": "sales", "source": "web" });
    house.done(&acme.token, "captureLead", capture.clone()).await;

    house.settle().await;
    let settings = json!({ "name": "Acme", "timeZone": "UTC", "currency": "EUR" });
    let again = json!({ "slug": "acme", "settings": settings });
    let refused = house.mutate(ADMIN, "provisionTenant", again).await;
    assert_eq!(refused["userErrors"][0]["code"], "SLUG_TAKEN", "{refused}");
    let tenants = house
        .ask(
            ADMIN,
            "{ tenants(first: 5) { nodes { localId slug } totalCount } }",
            json!({}),
        )
        .await;
    let wanted = json!({ "nodes": [{ "localId": acme.id, "slug": "acme" }], "totalCount": 1 });
    assert_eq!(tenants["tenants"], wanted);
    assert_eq!(
        house
            .code(&acme.token, "{ tenants(first: 5) { nodes { id } } }", json!({}))
            .await,
        "FORBIDDEN"
    );

    let why = json!({ "id": acme.id, "reason": "unpaid" });
    assert_eq!(
        house.code_of(&acme.token, "suspendTenant", &why).await,
        "FORBIDDEN"
    );
    house.done(ADMIN, "suspendTenant", why.clone()).await;
    let refused = house.mutate(&acme.token, "captureLead", capture.clone()).await;
    assert_eq!(refused["userErrors"][0]["code"], "TENANT_NOT_OPEN", "{refused}");
    assert_eq!(refused["cursor"], Value::Null);
    house
        .done(ADMIN, "reactivateTenant", json!({ "id": acme.id }))
        .await;
    house.done(&acme.token, "captureLead", capture.clone()).await;
    house.done(ADMIN, "closeTenant", why).await;
    let refused = house.mutate(&acme.token, "captureLead", capture).await;
    assert_eq!(refused["userErrors"][0]["code"], "TENANT_NOT_OPEN");
}

#[tokio::test]
async fn a_key_that_nobody_can_know_yet_is_told_to_come_again() {
    let house = House::open().await.without_projector().await;
    let acme = house.tenant("acme").await;
    let body = json!({ "query": "{ me { tenantId } }" }).to_string();
    let (status, _, answer) = house.post(&acme.token, &[], body.clone()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    let house = house.after("select 1").await;
    house.settle().await;
    let (status, _, answer) = house.post(&acme.token, &[], body.clone()).await;
    assert_eq!(
        (status, &answer["data"]["me"]["tenantId"]),
        (StatusCode::OK, &json!(acme.id))
    );
    let nobodys = acme.token.chars().rev().collect::<String>();
    let (status, ..) = house.post(&nobodys, &[], body).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say_until_it_is_revoked() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let wish = json!({ "id": "reader", "name": "reader", "scopes": ["READ"], "idempotencyKey": "one" });
    let issued = house.done(&acme.token, "issueApiKey", wish.clone()).await;
    let token = issued["token"].as_str().unwrap().to_owned();
    let again = house.done(&acme.token, "issueApiKey", wish).await;
    assert_eq!(
        (&again["known"], &again["token"]),
        (&json!(true), &Value::Null),
        "shown once"
    );

    let me = house
        .ask(
            &token,
            "{ me { actor tenantId scopes isPlatformAdmin } }",
            json!({}),
        )
        .await;
    assert_eq!(me["me"]["actor"], "api_key:reader");
    assert_eq!(me["me"]["tenantId"], json!(acme.id));
    assert_eq!(me["me"]["scopes"], json!(["READ"]));
    let capture = json!({ "vertical": "sales", "source": "web" });
    assert_eq!(house.code_of(&token, "captureLead", &capture).await, "FORBIDDEN");

    let mut socket = Socket::open(house.router.clone(), &token).await;
    socket
        .subscribe(
            "subscription { events(filter: { types: [\"lead.*\"] }) { __typename } }",
            json!({}),
        )
        .await;
    let caught_up = socket.next().await;
    assert_eq!(caught_up["payload"]["data"]["events"]["__typename"], "CaughtUp");
    let revoked = house
        .done(
            &acme.token,
            "revokeApiKey",
            json!({ "id": "reader", "reason": "leaked" }),
        )
        .await;
    assert!(revoked["cursor"].is_string());
    assert_eq!(socket.next().await["closed"], 4403);
    assert_eq!(
        house.code(&token, "{ me { actor } }", json!({})).await,
        "UNAUTHENTICATED"
    );
}

#[tokio::test]
async fn without_a_token_only_health_and_the_schema_in_development_are_open() {
    let house = House::open_with(|_| {}).await;
    let post = |authorization: Option<&str>, query: &str| {
        let mut request = Request::post("/graphql").header("content-type", "application/json");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        request
            .body(Body::from(json!({ "query": query }).to_string()))
            .unwrap()
    };
    for authorization in [None, Some("Bearer nonsense"), Some("Basic abc"), Some("Bearer ")] {
        let (status, headers, text) = house.send(post(authorization, "{ me { actor } }")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{authorization:?}");
        assert_eq!(headers["www-authenticate"], "Bearer");
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    }
    let (status, ..) = house
        .send(post(None, "{ __schema { queryType { name } } }"))
        .await;
    assert_eq!(
        status,
        StatusCode::UNAUTHORIZED,
        "in production the schema is not for everybody"
    );
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
