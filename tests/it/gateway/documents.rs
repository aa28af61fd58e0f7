//! Persisted documents: automatic ones, and a list of those that are executed.

use std::collections::HashMap;
use std::sync::Arc;

use api::PersistedDocuments;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};

use super::house::House;
use super::socket::Socket;

const DOCUMENT: &str = "{ me { actor } }";

fn persisted(query: Option<&str>, hash: &str) -> String {
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let mut body = json!({ "extensions": extensions });
    if let Some(query) = query {
        body["query"] = Value::from(query);
    }
    body.to_string()
}

#[tokio::test]
async fn a_document_that_was_sent_once_is_known_by_its_hash() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let hash = api::token_hash(DOCUMENT);
    let (_, _, unknown) = house.post(&acme.token, &[], persisted(None, &hash)).await;
    let error = &unknown["errors"][0];
    assert_eq!(error["message"], "PersistedQueryNotFound");
    assert_eq!(error["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
    let (_, _, wrong) = house
        .post(&acme.token, &[], persisted(Some("{ __typename }"), &hash))
        .await;
    let message = wrong["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("sha256Hash"), "{wrong}");
    for query in [Some(DOCUMENT), None] {
        let (_, _, answer) = house.post(&acme.token, &[], persisted(query, &hash)).await;
        assert_eq!(answer["data"]["me"]["actor"], "api_key:first", "{answer}");
    }
    let (_, _, answer) = house
        .post(&acme.token, &[], persisted(None, &hash.to_uppercase()))
        .await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let (_, _, answer) = house.post(&acme.token, &[], persisted(None, "nonsense")).await;
    assert_eq!(
        answer["errors"][0]["extensions"]["code"],
        "PERSISTED_QUERY_NOT_FOUND"
    );
}

#[tokio::test]
async fn with_a_list_only_its_documents_are_executed() {
    let mut house = House::open().await;
    let acme = house.tenant("acme").await;
    let hash: [u8; 32] = {
        let digits = api::token_hash(DOCUMENT);
        let bytes = (0..32).map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap());
        bytes.collect::<Vec<u8>>().try_into().unwrap()
    };
    house.router = house.router_with(|options| {
        let list = HashMap::from([(hash, DOCUMENT.to_owned())]);
        options.persisted_documents = PersistedDocuments::Listed(Arc::new(list));
    });
    for body in [
        persisted(None, &api::token_hash(DOCUMENT)),
        json!({ "query": DOCUMENT }).to_string(),
    ] {
        let (_, _, answer) = house.post(&acme.token, &[], body).await;
        assert_eq!(answer["data"]["me"]["actor"], "api_key:first", "{answer}");
    }
    let other = "{ me { actor tenantId } }";
    assert_eq!(
        house.code(&acme.token, other, json!({})).await,
        "DOCUMENT_NOT_LISTED"
    );
    let (_, _, answer) = house
        .post(&acme.token, &[], persisted(Some(other), &api::token_hash(other)))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "DOCUMENT_NOT_LISTED");
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    socket.begin("1", other).await;
    assert_eq!(
        socket.next().await["payload"][0]["extensions"]["code"],
        "DOCUMENT_NOT_LISTED"
    );
}

#[tokio::test]
async fn a_document_is_parsed_and_validated_once_whoever_sends_it_and_however() {
    // The tasks of this runtime are on this thread, as the recorder is.
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let house = House::open().await;
    let (acme, other) = (house.tenant("acme").await, house.tenant("other").await);
    let read = || {
        let name = "annals_graphql_documents_read_total ";
        let rendered = metrics.render();
        let line = rendered.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0, |count| count.parse::<u64>().unwrap())
    };
    let before = read();
    let document = "query Once { me { tenantId } }";
    for _ in 0..20 {
        for token in [&acme.token, &other.token] {
            house.ask(token, document, json!({})).await;
        }
    }
    let by_hash = persisted(None, &api::token_hash(document));
    let (_, _, answer) = house.post(&acme.token, &[], by_hash).await;
    assert_eq!(answer["data"]["me"]["tenantId"], acme.id, "{answer}");
    assert_eq!(read() - before, 1);
    house
        .ask(&acme.token, "query Other { me { tenantId } }", json!({}))
        .await;
    assert_eq!(read() - before, 2);
}
