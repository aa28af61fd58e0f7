//! GraphQL over HTTP: media types, methods, statuses, and errors that say what is wrong.

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::house::House;

const RESPONSE: &str = "application/graphql-response+json";

#[tokio::test]
async fn each_media_type_has_its_statuses() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    for (document, variables, is_executed) in [
        ("{ me { actor } }", json!({}), true),
        ("{ me { actor ", json!({}), false),
        ("{ me { nothing } }", json!({}), false),
        ("query($id: ID!) { lead(id: $id) { id } }", json!({}), false),
        (
            "query A { me { actor } } query B { me { actor } }",
            json!({}),
            false,
        ),
        ("{ leads { nodes { id } } }", json!({}), true),
    ] {
        let body = json!({ "query": document, "variables": variables }).to_string();
        for (accept, of_errors) in [("application/json", 200), (RESPONSE, 400), ("*/*", 200)] {
            let (status, headers, answer) =
                house.post(&acme.token, &[("accept", accept)], body.clone()).await;
            let wanted = if is_executed { 200 } else { of_errors };
            assert_eq!(status.as_u16(), wanted, "{accept} {document}: {answer}");
            assert_eq!(answer.get("data").is_some(), is_executed, "{answer}");
            let kind = headers["content-type"].to_str().unwrap();
            let named = if accept == RESPONSE {
                RESPONSE
            } else {
                "application/json"
            };
            assert_eq!(kind, format!("{named}; charset=utf-8"));
            if !is_executed {
                assert_eq!(
                    answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
                    "{answer}"
                );
            }
        }
    }
}

#[tokio::test]
async fn nothing_runs_from_a_content_type_that_a_form_can_send() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let mutation = "mutation { createWorkspace(input: { name: \"x\" }) { cursor } }";
    let head = house.store.log().head().await.unwrap();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin1",
    ] {
        let body = json!({ "query": mutation }).to_string();
        let (status, _, answer) = house.post(&acme.token, &[("content-type", kind)], body).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}: {answer}");
        assert!(
            answer["errors"][0]["message"]
                .as_str()
                .unwrap()
                .contains("Content-Type")
        );
    }
    assert_eq!(house.store.log().head().await.unwrap(), head);
}

#[tokio::test]
async fn get_is_for_queries() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let send = async |method: &str, query: &str| {
        let request = Request::builder()
            .method(method)
            .uri(format!("/graphql{query}"))
            .header("authorization", format!("Bearer {}", acme.token))
            .body(Body::empty())
            .unwrap();
        house.send(request).await
    };
    let (status, _, text) = send("GET", "?query=%7B%20me%20%7B%20actor%20%7D%20%7D").await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let query = "?query=query(%24id%3AID!)%7Blead(id%3A%24id)%7Bid%7D%7D&variables=%7B%22id%22%3A%22x%22%7D";
    let (status, _, text) = send("GET", query).await;
    assert!(status.is_success() && text.contains("\"lead\":null"), "{text}");
    let two = "?query=query%20A%7Bme%7Bactor%7D%7D%20mutation%20B%7BarchiveWorkspace(input%3A%7Bid%3A%22x%22%7D)%7Bid%7D%7D";
    let (status, headers, _) = send("GET", &format!("{two}&operationName=B")).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(headers["allow"], "POST");
    let (status, ..) = send("GET", &format!("{two}&operationName=A")).await;
    assert_eq!(status, StatusCode::OK);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let (status, headers, text) = send(method, "").await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(headers["allow"], "GET, HEAD, POST");
        assert!(text.contains("BAD_USER_INPUT"), "{text}");
    }
}

#[tokio::test]
async fn what_is_malformed_is_named() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    for (body, named) in [
        ("", "JSON"),
        ("{", "JSON"),
        ("[]", "batch"),
        ("\"{me}\"", "the request"),
        ("{}", "query"),
        ("{\"query\":1}", "query"),
        ("{\"query\":\"{me{actor}}\",\"variables\":\"x\"}", "variables"),
        ("{\"query\":\"{me{actor}}\",\"operationName\":1}", "operationName"),
        ("{\"query\":\"{me{actor}}\",\"extensions\":[]}", "extensions"),
    ] {
        for accept in ["application/json", RESPONSE] {
            let (status, _, answer) = house.post(&acme.token, &[("accept", accept)], body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {answer}");
            assert_eq!(answer.get("data"), None);
            let message = answer["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains(named), "{body}: {message}");
        }
    }
    let (status, _, answer) = house.post(&acme.token, &[("accept", "image/png")], "{}").await;
    assert_eq!(status, StatusCode::NOT_ACCEPTABLE, "{answer}");
}

#[tokio::test]
async fn a_batch_is_answered_in_its_order() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let batch =
        json!([{ "query": "{ me { actor } }" }, { "query": "{ nothing }" }, { "query": "{ __typename }" }]);
    let (status, _, answers) = house.post(&acme.token, &[], batch.to_string()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answers[0]["data"]["me"]["actor"], "api_key:first", "{answers}");
    assert_eq!(answers[1].get("data"), None);
    assert_eq!(answers[2]["data"]["__typename"], "Query");
    assert_eq!(answers.as_array().map(Vec::len), Some(3));
    assert_eq!(
        answers[1]["errors"][0]["extensions"]["code"],
        Value::from("BAD_USER_INPUT")
    );
}

/// `NotFound` as it stands in `extensions.code`.
fn screaming(name: &str) -> String {
    let mut code = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !code.is_empty() {
            code.push('_');
        }
        code.extend(letter.to_uppercase());
    }
    code
}

#[test]
fn the_page_of_the_gateway_tells_every_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = std::fs::read_to_string(root.join("docs/gateway.md")).unwrap();
    let source = std::fs::read_to_string(root.join("api/src/graphql/kit/code.rs")).unwrap();
    let list = source.split("pub(crate) enum Code {").nth(1).unwrap();
    let lines = list.split('}').next().unwrap().lines().map(str::trim);
    let known: BTreeSet<String> = lines
        .filter(|line| !line.starts_with("///"))
        .filter_map(|line| line.strip_suffix(',').map(screaming))
        .collect();
    let table = page.split("## Codes").nth(1).unwrap();
    let told: BTreeSet<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned))
        .collect();
    assert_eq!(told, known);
}

#[test]
fn the_page_of_the_gateway_tells_every_limit() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = std::fs::read_to_string(root.join("docs/gateway.md")).unwrap();
    let limits = format!("{:?}", api::Limits::default());
    let inside = limits.split(['{', '}']).nth(1).unwrap();
    for pair in inside.split(", ") {
        let (name, value) = pair.trim().split_once(": ").unwrap();
        let mut rows = page
            .lines()
            .filter(|line| line.starts_with('|') && line.contains(&format!("`{name}`")));
        assert!(
            rows.any(|row| row.contains(value)),
            "docs/gateway.md does not tell that {name} is {value}"
        );
    }
}
