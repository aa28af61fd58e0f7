//! What a request's host, origin and headers say, and what browsers are told.

use api::Hosts;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use super::door::{ME, ask, facts_when, key, status};
use super::house::{ADMIN, House};

#[tokio::test]
async fn a_widgets_key_is_for_pages_of_its_origins() {
    let house =
        House::open_with(|options| options.cors_origins = vec!["https://shop.example".to_owned()]).await;
    let acme = house.tenant("acme").await;
    let wish = json!({ "id": "w", "name": "w", "scopes": ["READ"], "origins": ["https://shop.example"] });
    let token = key(&house, &acme, wish).await;
    let from = |origin| [("origin", origin)];
    assert_eq!(
        status(&house, &token, &from("https://shop.example")).await,
        StatusCode::OK
    );
    for origin in [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "null",
    ] {
        assert_eq!(
            status(&house, &token, &from(origin)).await,
            StatusCode::FORBIDDEN,
            "{origin}"
        );
    }
    assert_eq!(
        status(&house, &token, &[]).await,
        StatusCode::FORBIDDEN,
        "a program sends no origin"
    );
    let wrong = json!({ "name": "w", "scopes": ["READ"], "origins": ["shop.example"] });
    let refused = house.mutate(&acme.token, "issueApiKey", wrong).await;
    assert_eq!(
        refused["userErrors"][0]["path"],
        json!(["input", "origins"]),
        "{refused}"
    );

    // The browser asks first, without a token, and is told which pages may.
    for (origin, wanted) in [
        ("https://shop.example", Some("https://shop.example")),
        ("https://evil.example", None),
    ] {
        let preflight = Request::options("/graphql")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type")
            .body(Body::empty())
            .unwrap();
        let (status, headers, _) = house.send(preflight).await;
        assert_eq!(status, StatusCode::OK);
        let allowed = headers
            .get("access-control-allow-origin")
            .map(|value| value.to_str().unwrap());
        assert_eq!(allowed, wanted, "{origin}");
        assert!(headers.get("access-control-allow-credentials").is_none());
    }
    let (_, headers, _) = ask(&house, &token, &from("https://shop.example")).await;
    assert_eq!(headers["access-control-allow-origin"], "https://shop.example");
    let closed = House::open().await;
    let tenant = closed.tenant("acme").await;
    let (_, headers, _) = ask(&closed, &tenant.token, &from("https://shop.example")).await;
    assert!(headers.get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn a_tenants_host_takes_that_tenants_tokens() {
    let house = House::open_with(|options| {
        options.hosts = Hosts {
            base_domain: Some("annals.example".to_owned()),
            domains: [("crm.acme.com".to_owned(), "acme".to_owned())].into(),
        };
        options.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    })
    .await;
    let acme = house.tenant("acme").await;
    let beta = house.tenant("beta").await;
    let at = |host| [("host", host)];
    for (token, host, wanted) in [
        (&acme.token, "acme.annals.example", StatusCode::OK),
        (&acme.token, "crm.acme.com:8443", StatusCode::OK),
        (&acme.token, "annals.example", StatusCode::OK),
        (&acme.token, "127.0.0.1", StatusCode::OK),
        (&acme.token, "beta.annals.example", StatusCode::FORBIDDEN),
        (&beta.token, "crm.acme.com", StatusCode::FORBIDDEN),
        (&beta.token, "nobody.annals.example", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(status(&house, token, &at(host)).await, wanted, "{host}");
    }
    let told = facts_when(&house, &beta.token, "access.denied", 1).await;
    assert_eq!(told[0].1["reason"], "other_host");
    let (_, _, answer) = ask(&house, ADMIN, &at("beta.annals.example")).await;
    assert_eq!(
        answer["data"]["me"]["tenantId"],
        json!(beta.id),
        "the host names the tenant"
    );
    let both = [("host", "beta.annals.example"), ("x-annals-tenant", "acme")];
    assert_eq!(status(&house, ADMIN, &both).await, StatusCode::FORBIDDEN);
    // Without a token the host's tenant is knocked at.
    let anonymous = Request::post("/graphql")
        .header("host", "acme.annals.example")
        .header("content-type", "application/json")
        .body(Body::from(json!({ "query": ME }).to_string()))
        .unwrap();
    assert_eq!(house.send(anonymous).await.0, StatusCode::UNAUTHORIZED);
    let told = facts_when(&house, &acme.token, "access.denied", 3).await;
    assert!(
        told.iter().any(|(actor, _)| actor == "SYSTEM:gateway"),
        "{told:?}"
    );
    // What somebody who is no listed proxy says of the host is not heard.
    let forwarded = [
        ("host", "acme.annals.example"),
        ("x-forwarded-host", "beta.annals.example"),
    ];
    assert_eq!(status(&house, &acme.token, &forwarded).await, StatusCode::OK);
}

#[tokio::test]
async fn answers_carry_their_id_and_tell_browsers_to_be_careful() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let (_, headers, _) = ask(&house, &acme.token, &[("x-request-id", "trace-7")]).await;
    assert_eq!(headers["x-request-id"], "trace-7");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        assert_eq!(headers[name], value);
    }
    assert!(
        headers.get("strict-transport-security").is_none(),
        "this was no TLS"
    );
    let capture = json!({ "query": "mutation { captureLead(input: { vertical: \"sales\", source: \"web\" }) { cursor } }" });
    house
        .post(&acme.token, &[("x-request-id", "trace-8")], capture.to_string())
        .await;
    house.settle().await;
    let feed = "{ auditFeed(last: 1, filter: { action: \"lead.captured\" }) { nodes { correlationId } } }";
    let feed = house.ask(&acme.token, feed, json!({})).await;
    assert_eq!(feed["auditFeed"]["nodes"][0]["correlationId"], "trace-8");
    let (_, headers, _) = ask(&house, &acme.token, &[("x-request-id", "not plain\"")]).await;
    assert_eq!(
        headers["x-request-id"].len(),
        26,
        "an id that is not plain is replaced"
    );
}

#[tokio::test]
async fn introspection_and_graphiql_are_off_where_the_settings_say_so() {
    const SCHEMA: &str = "{ __schema { queryType { name } } }";
    for (development, introspection, graphiql, wanted) in [
        (true, None, None, (true, true, true)),
        (true, Some(false), Some(false), (false, false, false)),
        (false, None, None, (false, false, false)),
        (false, Some(true), Some(true), (false, true, true)),
    ] {
        let house = House::open_with(|options| {
            options.development = development;
            options.introspection = introspection;
            options.graphiql = graphiql;
        })
        .await;
        let acme = house.tenant("acme").await;
        let anonymous = Request::post("/graphql")
            .header("content-type", "application/json")
            .body(Body::from(json!({ "query": SCHEMA }).to_string()))
            .unwrap();
        let (_, _, text) = house.send(anonymous).await;
        let with_token = house.answer(&acme.token, SCHEMA, json!({})).await;
        let (status, ..) = house.send(Request::get("/").body(Body::empty()).unwrap()).await;
        let found = (
            text.contains("\"Query\""),
            with_token["data"]["__schema"]["queryType"]["name"] == "Query",
            status == StatusCode::OK,
        );
        assert_eq!(found, wanted, "{development} {introspection:?} {graphiql:?}");
    }
}
