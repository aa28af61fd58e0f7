//! What caused what: set where the house itself causes events, given by callers, asked as a graph and drawn.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::replay;
use crate::clients::are_installed;
use crate::gateway::house::House;

const GRAPH: &str = "query($entity: ID!, $atMost: Int!) { \
    causationGraph(entity: $entity, atMost: $atMost) { \
    entries { action entityId eventId causationId } edges { cause effect } foreign more dot } }";

/// A mutation because of an event, by the header or inside the request.
async fn because(house: &House, token: &str, cause: &str, mutation: &str) -> Value {
    let body = json!({ "query": format!("mutation {{ {mutation} {{ cursor userErrors {{ message }} }} }}") });
    let headers = [("x-annals-causation-id", cause)];
    house.post(token, &headers, body.to_string()).await.2
}

fn ids(graph: &Value) -> Vec<&str> {
    let entries = graph["entries"].as_array().unwrap().iter();
    entries.map(|entry| entry["entityId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_mutation_may_name_its_cause_and_the_graph_goes_back_and_on_from_any_event() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let capture = |id: &str| {
        format!("captureLead(input: {{ id: \"{id}\", vertical: \"sales\", source: \"\\\"x\\\\\" }})")
    };
    let event_of = async |id: &str| {
        house.settle().await;
        let document =
            format!("{{ auditFeed(last: 1, filter: {{ entityId: \"{id}\" }}) {{ nodes {{ eventId }} }} }}");
        let feed = house.ask(&acme.token, &document, json!({})).await;
        feed["auditFeed"]["nodes"][0]["eventId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    // first -> second -> (third, fourth); the first was caused by another system's event.
    let foreign = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let mut cause = foreign.to_owned();
    for id in ["first", "second"] {
        because(&house, &acme.token, &cause, &capture(id)).await;
        cause = event_of(id).await;
    }
    let inside = json!({ "query": format!("mutation {{ {} {{ cursor }} }}", capture("third")),
                         "extensions": { "causationId": cause } });
    house.post(&acme.token, &[], inside.to_string()).await;
    because(&house, &acme.token, &cause, &capture("fourth")).await;
    house.settle().await;
    let graph =
        async |variables: Value| house.ask(&acme.token, GRAPH, variables).await["causationGraph"].clone();
    let whole = graph(json!({ "entity": "lead/second", "atMost": 100 })).await;
    assert_eq!(ids(&whole), ["first", "second", "third", "fourth"], "{whole:#}");
    assert_eq!(whole["foreign"], json!([foreign]));
    assert_eq!(whole["edges"].as_array().unwrap().len(), 4);
    assert_eq!(whole["more"], false);
    // From a leaf, only what led to it.
    let leaf = graph(json!({ "entity": "lead/third", "atMost": 100 })).await;
    assert_eq!(ids(&leaf), ["first", "second", "third"]);
    let bounded = graph(json!({ "entity": "lead/second", "atMost": 3 })).await;
    assert_eq!((ids(&bounded).len(), &bounded["more"]), (3, &json!(true)));
    // The command line draws the same, and Graphviz takes it.
    let dot = replay(
        house.url(),
        &["--tenant", "acme", "--entity", "lead/second", "--dot"],
    )
    .unwrap();
    assert_eq!(dot, whole["dot"].as_str().unwrap());
    drawn(&dot, 5, 4);
    // Another tenant's event is a foreign one.
    let other = house.tenant("other").await;
    because(&house, &other.token, &cause, &capture("own")).await;
    house.settle().await;
    let own = house
        .ask(&other.token, GRAPH, json!({ "entity": "lead/own", "atMost": 9 }))
        .await;
    assert_eq!(ids(&own["causationGraph"]), ["own"]);
    assert_eq!(own["causationGraph"]["foreign"], json!([cause]));
    for wrong in ["nonsense", "1"] {
        let refused = because(&house, &acme.token, wrong, &capture("never")).await;
        let message = refused["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("is no event's id"), "{refused}");
    }
    for variables in [
        json!({ "atMost": 9 }),
        json!({ "entity": "lead/own", "atMost": 0 }),
    ] {
        assert_eq!(house.code(&acme.token, GRAPH, variables).await, "BAD_USER_INPUT");
    }
}

/// Lets Graphviz itself read a graph, and counts what it has drawn.
fn drawn(dot: &str, nodes: usize, edges: usize) {
    if !are_installed(
        "DOT by Graphviz",
        "node_modules/@hpcc-js/wasm-graphviz/package.json",
    ) {
        return;
    }
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
    let mut node = Command::new("node")
        .current_dir(&clients)
        .arg("graphviz.js")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    node.stdin.take().unwrap().write_all(dot.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "Graphviz does not take it:\n{dot}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told, json!({ "nodes": nodes, "edges": edges }), "{dot}");
}

#[tokio::test]
async fn what_an_import_brings_is_caused_by_its_sync() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let folder = tempfile::tempdir().unwrap();
    let (csv, mapping) = (folder.path().join("leads.csv"), folder.path().join("leads.toml"));
    std::fs::write(&csv, "id,from\nl1,web\nl2,fair\n").unwrap();
    let text = "source = \"leads\"\n[record]\nid = \"id\"\n[[command]]\ntype = \"lead.capture\"\n\
                id = { column = \"id\" }\n[command.fields]\nvertical = { constant = \"sales\" }\n\
                source = { column = \"from\" }\n";
    std::fs::write(&mapping, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args([
            "import",
            "--database-url",
            house.url(),
            "--tenant",
            "acme",
            "--data-dir",
        ])
        .args([folder.path(), &csv])
        .arg("--mapping")
        .arg(&mapping)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    house.settle().await;
    let document =
        "{ auditFeed(first: 1, filter: { action: \"connector_sync.started\" }) { nodes { eventId } } }";
    let started =
        house.ask(&acme.token, document, json!({})).await["auditFeed"]["nodes"][0]["eventId"].clone();
    let graph = house
        .ask(&acme.token, GRAPH, json!({ "entity": "lead/l2", "atMost": 50 }))
        .await;
    let entries = graph["causationGraph"]["entries"].as_array().unwrap();
    let actions: Vec<&Value> = entries.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(
        actions,
        [&json!("connector_sync.started"), &json!("lead.captured")]
    );
    assert_eq!(entries[1]["causationId"], started);
    let document =
        format!("{{ auditFeed(first: 9, filter: {{ causationId: {started} }}) {{ nodes {{ action }} }} }}");
    let caused = house.ask(&acme.token, &document, json!({})).await["auditFeed"]["nodes"].clone();
    let actions: Vec<&Value> = caused
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["action"])
        .collect();
    assert_eq!(
        actions,
        ["lead.captured", "lead.captured", "connector_sync.completed"]
    );
}
