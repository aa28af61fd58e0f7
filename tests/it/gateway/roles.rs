//! The table of who may do what, asked field by field: what `docs/gateway.md` says is what happens.

use std::collections::BTreeMap;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::house::{ADMIN, House};
use super::provider::{ISSUER, Provider, Signer};
use super::schema::{RootField, Schema, Values};

const DOCS: &str = include_str!("../../../docs/gateway.md");

/// Ids that nobody has.
struct Nobodys;

impl Values for Nobodys {
    fn id(&self, _name: &str) -> Value {
        json!("nobodys")
    }
    fn ulid(&self) -> Value {
        json!("01HZZZZZZZZZZZZZZZZZZZZZZZ")
    }
    fn node(&self) -> Value {
        json!("nobodys")
    }
    /// Well formed where one must be given, since a document without it is refused to everybody.
    fn cursor(&self, name: &str) -> Option<Value> {
        (name == "inclusionProof").then(|| json!("cDowMDAwMDAwMDox"))
    }
}

/// The documented table: to whom each field is open, roles by their column's name and keys by their scope.
fn documented() -> BTreeMap<String, Vec<Vec<String>>> {
    let rows = DOCS
        .lines()
        .skip_while(|line| !line.starts_with("| fields |"))
        .take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> = rows
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let names = &rows[0];
    let mut table: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for row in &rows[2..] {
        let marked = (1..names.len() - 1).filter(|column| row[*column] == "×");
        let mut open_to: Vec<String> = marked.map(|column| names[column].to_owned()).collect();
        let scopes = row[names.len() - 1].split(" or ").filter(|scope| *scope != "—");
        open_to.extend(scopes.map(|scope| format!("key {scope}")));
        for field in row[0].split(' ') {
            let field = field.trim_matches('`').to_owned();
            table.entry(field).or_default().push(open_to.clone());
        }
    }
    table
}

/// Everybody of a kind: the name in the table, and a token.
async fn principals(house: &House, signer: &Signer, tenant: &str, all: &str) -> Vec<(String, String)> {
    let now = house.store.ambient().now().as_second();
    let mut principals = vec![("platform admin".to_owned(), ADMIN.to_owned())];
    for role in ["tenant_admin", "member", "analyst", "auditor", "agent"] {
        let claims =
            json!({ "iss": ISSUER, "sub": role, "tenant": tenant, "roles": [role], "exp": now + 3600 });
        let token = signer.token(&json!({ "kid": "k" }), &claims);
        principals.push((role.replace('_', " "), token));
    }
    for scope in ["read", "write", "ingest", "admin"] {
        let wish = json!({ "name": scope, "scopes": [scope.to_uppercase()] });
        let token = house.done(all, "issueApiKey", wish).await["token"].clone();
        house.settle().await;
        principals.push((format!("key {scope}"), token.as_str().unwrap().to_owned()));
    }
    principals
}

/// Whether a field is open to a token: asked for real, and told by its answer.
async fn is_open(
    house: &House,
    schema: &Schema,
    operation: &str,
    field: &RootField<'_>,
    who: (&str, &str),
) -> bool {
    let (token, tenant) = who;
    let (document, variables) = schema.document(operation, field, &Nobodys);
    let mut request = Request::post("/graphql")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("x-annals-tenant", tenant);
    if operation == "subscription" {
        request = request.header("accept", "text/event-stream");
    }
    let body = Body::from(json!({ "query": document, "variables": variables }).to_string());
    let response = house
        .router
        .clone()
        .oneshot(request.body(body).unwrap())
        .await
        .unwrap();
    let status = response.status();
    let text = first_words(response.into_body().into_data_stream(), operation).await;
    assert!(
        !text.contains("UNAUTHENTICATED") && !text.contains("INTERNAL") && !text.contains("Unknown"),
        "{document}: {text}"
    );
    let is_refused = text.contains("\"FORBIDDEN\"");
    assert_eq!(
        is_refused,
        status == StatusCode::FORBIDDEN,
        "{document}: {status} {text}"
    );
    !is_refused
}

/// An answer; of one that goes on, what comes first.
async fn first_words(mut body: BodyDataStream, operation: &str) -> String {
    let mut text = String::new();
    while let Some(part) = body.next().await {
        text += std::str::from_utf8(&part.unwrap()).unwrap();
        if operation == "subscription" {
            break;
        }
    }
    text
}

#[tokio::test]
async fn every_field_is_open_to_whom_the_table_says_and_to_nobody_else() {
    let signer = Signer::ed25519();
    let provider = Provider::start(vec![signer.published("k")]).await;
    let house = House::open_with(|options| {
        options.development = true;
        options.limits.cost = usize::MAX;
        options.limits.ping_ms = 20;
        options.plan_buckets.set("default=1000000000:1000000000").unwrap();
        options.jwt = Some(provider.options());
    })
    .await;
    let acme = house.tenant("acme").await;
    let schema = Schema::of(&house, &acme.token).await;
    let principals = principals(&house, &signer, &acme.id, &acme.token).await;
    let table = documented();
    let (mut asked, mut refused) = (0, 0);
    let roots = [
        ("query", "Query"),
        ("mutation", "Mutation"),
        ("subscription", "Subscription"),
    ];
    for (root, (operation, name)) in roots.iter().enumerate() {
        for field in schema.root(name) {
            let lines = table
                .get(field.name)
                .unwrap_or_else(|| panic!("{} is not in the table", field.name));
            // A name that several roots have has its lines in the order of the roots.
            let line = if lines.len() == 1 {
                &lines[0]
            } else {
                &lines[root.min(lines.len() - 1)]
            };
            for (who, token) in &principals {
                let open = is_open(&house, &schema, operation, &field, (token, &acme.id)).await;
                assert_eq!(open, line.contains(who), "{name}.{} for {who}", field.name);
                asked += 1;
                refused += u32::from(!open);
            }
        }
    }
    assert!(asked > 900 && refused > 300, "{asked} asked, {refused} refused");
    println!("{asked} asked, {refused} refused");
}

#[tokio::test]
async fn a_field_is_refused_wherever_it_hides_and_the_others_with_it() {
    let signer = Signer::ed25519();
    let provider = Provider::start(vec![signer.published("k")]).await;
    let house = House::open_with(|options| options.jwt = Some(provider.options())).await;
    let acme = house.tenant("acme").await;
    let now = house.store.ambient().now().as_second();
    let claims =
        json!({ "iss": ISSUER, "sub": "ada", "tenant": "acme", "roles": "analyst", "exp": now + 60 });
    let token = signer.token(&json!({ "kid": "k" }), &claims);
    for document in [
        "{ me { actor } apiKeys(first: 1) { nodes { id } } }",
        "{ roiSummary: apiKeys(first: 1) { nodes { id } } }",
        "{ ... on Query { ...F } } fragment F on Query { apiKeys(first: 1) { nodes { id } } }",
        "query($no: Boolean = false) { me { actor } ... @include(if: $no) { apiKeys(first: 1) { nodes { id } } } }",
    ] {
        let body = json!({ "query": document }).to_string();
        let (status, _, answer) = house.post(&token, &[], body).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{document}: {answer}");
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(
            message.starts_with("apiKeys:")
                && message.contains("analyst")
                && message.contains("tenant admin"),
            "{message}"
        );
        assert!(answer.get("data").is_none(), "{answer}");
    }
    let me = house
        .ask(&token, "{ me { actor tenantId roles scopes } }", json!({}))
        .await;
    let wanted =
        json!({ "actor": "user:ada", "tenantId": acme.id, "roles": ["ANALYST"], "scopes": ["READ"] });
    assert_eq!(me["me"], wanted);
}
