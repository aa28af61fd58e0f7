//! Tenants apart: whatever field of the schema is called with another tenant's ids, it answers as it does
//! for ids that never existed. The test walks the schema, so a new field is covered when it is there.

mod ids;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use store::{KeyFile, Role, SealOptions, Sealed, Sealer};

use self::ids::Ids;
use crate::gateway::house::{ADMIN, House, Tenant};
use crate::gateway::schema::{RootField, Schema};
use crate::gateway::socket::Socket;
use crate::gateway::story::story;

/// Every id and every text of tenant B holds this.
const MARK: &str = "bbb-";

/// Two tenants, of whom B has everything and A has nothing.
struct Neighbours {
    house: House,
    schema: Schema,
    a: Tenant,
    b: Tenant,
    /// B's ids, its tenant's id among them.
    ids: Vec<String>,
    /// The global ids of the first and the last thing that B has.
    nodes: [Value; 2],
    /// The cursors of A's and of B's last sealed events.
    sealed: [Value; 2],
    never: AtomicU64,
}

/// Seals all that there is, so that there are proofs to ask for.
async fn seal(house: &House) {
    let folder = tempfile::tempdir().unwrap();
    let options = SealOptions {
        key: KeyFile::at(folder.path().join("seal.key")),
        name: None,
        seed: [1; 32],
        checkpoints: folder.path().join("checkpoints"),
    };
    let pool = store::pool(house.url(), Role::Projector, 1).unwrap();
    let mut sealer = Sealer::open(pool, testkit::ambient(5), options).await.unwrap();
    assert!(matches!(sealer.seal().await.unwrap(), Sealed::Events(1..)));
}

impl Neighbours {
    async fn move_in() -> Self {
        let house = House::open_wide().await;
        let a = house.tenant("tenant-a").await;
        let b = house.tenant("bbb-tenant").await;
        let mut ids = vec![b.id.clone()];
        let mut nodes = Vec::new();
        for (mutation, input) in story(&b.id, MARK) {
            ids.extend(input["id"].as_str().map(str::to_owned));
            let payload = house.done(&b.token, mutation, input).await;
            nodes.extend(payload.get("id").filter(|id| id.is_string()).cloned());
        }
        let nodes = [nodes[0].clone(), nodes[nodes.len() - 1].clone()];
        ids.sort();
        ids.dedup();
        house.settle().await;
        seal(&house).await;
        let mut sealed = Vec::new();
        for tenant in [&a, &b] {
            let checkpoint = house
                .ask(&tenant.token, "{ checkpoint { cursor } }", json!({}))
                .await;
            sealed.push(checkpoint["checkpoint"]["cursor"].clone());
        }
        let sealed = [sealed[0].clone(), sealed[1].clone()];
        let schema = Schema::of(&house, &a.token).await;
        Self {
            house,
            schema,
            a,
            b,
            ids,
            nodes,
            sealed,
            never: AtomicU64::new(0),
        }
    }

    /// An id that nobody ever had.
    fn never(&self) -> Ids {
        let number = self.never.fetch_add(1, Ordering::SeqCst);
        let tenant = ulid::Ulid::from_parts(1, u128::from(number)).to_string();
        Ids {
            id: format!("never-{number}"),
            tenant,
            node: self.nodes[0].clone(),
            own: self.sealed[0].clone(),
            cursor: None,
        }
    }

    /// The same id where a tenant's id is wanted: B's own.
    fn of_b(&self, id: &str) -> Ids {
        Ids {
            id: id.to_owned(),
            tenant: self.b.id.clone(),
            node: self.nodes[1].clone(),
            own: self.sealed[0].clone(),
            cursor: None,
        }
    }

    /// A's answer to a field called with these ids, with everything that goes by the call itself masked.
    async fn answer(&self, operation: &str, field: &RootField<'_>, ids: &Ids) -> Value {
        let ids = &ids.of(field);
        let (document, variables) = self.schema.document(operation, field, ids);
        let mut answer = self.house.answer(&self.a.token, &document, variables).await;
        let errors = answer["errors"].to_string();
        assert!(
            !errors.contains("BAD_USER_INPUT") && !errors.contains("INTERNAL"),
            "{}: the test could not build what the field wants: {errors}\n{document}\nTeach \
             tests/it/gateway/schema.rs its arguments, so that the field is covered.",
            field.name
        );
        assert!(
            !answer.to_string().contains("INVALID_VALUE"),
            "{}: a value that the test made does not pass its field's rule, so the id was never looked at: \
             {answer:#}\nTeach tests/it/gateway/schema.rs a text for that field.",
            field.name
        );
        mask(&mut answer, ids);
        answer
    }
}

impl Neighbours {
    async fn sees_nothing_of_b(&self, field: &RootField<'_>, ids: &Ids) {
        let (document, variables) = self.schema.document("query", field, ids);
        let answer = self.house.answer(&self.a.token, &document, variables).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        // What takes a cursor refuses one of another tenant.
        let expected = match &ids.cursor {
            Some(_) => code == "BAD_USER_INPUT",
            // No checkpoint has the size that the test makes up.
            None => code.is_null() || code == "FORBIDDEN" || code == "NOT_FOUND",
        };
        assert!(expected, "{}: {answer:#}", field.name);
        let text = answer.to_string();
        assert!(
            !text.contains(MARK) && !text.contains(&self.b.id),
            "{}: {text}",
            field.name
        );
    }
}

/// Takes out what differs between any two calls: the id that was sent, cursors, tokens, fresh ids, and what is
/// left in the caller's bucket.
fn mask(answer: &mut Value, ids: &Ids) {
    match answer {
        // A global id holds the id that was sent.
        Value::String(text) if text.starts_with('~') => "GLOBAL".clone_into(text),
        Value::String(text) => *text = text.replace(&ids.id, "ID").replace(&ids.tenant, "TENANT"),
        Value::Array(list) => list.iter_mut().for_each(|one| mask(one, ids)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if matches!(name.as_str(), "cursor" | "secret" | "token") && value.is_string() {
                    *value = json!("FRESH");
                }
                if name == "bucket" {
                    *value = Value::Null;
                }
                mask(value, ids);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[tokio::test]
async fn an_id_of_another_tenant_is_an_id_that_never_existed() {
    let home = Neighbours::move_in().await;
    let before = everything_of_b(&home).await;
    // First what only asks or is refused, then what makes something of that id in A's own tenant.
    for (root, operation) in [("Query", "query"), ("Mutation", "mutation")] {
        let (needs, mut may): (Vec<_>, Vec<_>) = home
            .schema
            .root(root)
            .into_iter()
            .filter(|field| home.schema.takes_an_id(field))
            .partition(|field| home.schema.needs_an_id(field));
        assert!(!needs.is_empty(), "{root} has fields that take ids");
        // What a frozen report may name is made behind it.
        may.sort_by_key(|field| field.name == "registerRoiBaseline");
        for field in needs.iter().chain(&may) {
            for id in &home.ids {
                let of_b = home.answer(operation, field, &home.of_b(id)).await;
                let of_nobody = home.answer(operation, field, &home.never()).await;
                assert_eq!(of_b, of_nobody, "{} tells A something about B's {id}", field.name);
            }
        }
    }
    assert_eq!(
        everything_of_b(&home).await,
        before,
        "A's calls changed something of B's"
    );
}

#[tokio::test]
async fn lists_never_show_rows_of_another_tenant() {
    let home = Neighbours::move_in().await;
    let mut cursors_tried = 0;
    for field in home.schema.root("Query") {
        home.sees_nothing_of_b(&field, &home.never()).await;
        for cursor in cursors_of_b(&home, &field).await {
            cursors_tried += 1;
            let ids = Ids {
                cursor: Some(cursor),
                ..home.never()
            };
            home.sees_nothing_of_b(&field, &ids).await;
        }
    }
    assert!(
        cursors_tried > 10,
        "B's lists have rows with cursors: {cursors_tried}"
    );
    assert!(
        everything_of_b(&home).await.contains(MARK),
        "B has rows to be seen"
    );
}

#[tokio::test]
async fn nobody_gets_a_proof_by_the_cursor_of_another_tenant() {
    let home = Neighbours::move_in().await;
    for (field, argument) in [
        ("inclusionProof", "cursor"),
        ("completenessProof", "after"),
        ("completenessProof", "upto"),
    ] {
        let document = format!("query($cursor: Cursor!) {{ {field}({argument}: $cursor) {{ file }} }}");
        let ask = |token, cursor: &Value| home.house.answer(token, &document, json!({ "cursor": cursor }));
        let [of_a, of_b] = &home.sealed;
        let own = ask(&home.b.token, of_b).await;
        assert!(own["data"][field]["file"].is_string(), "{field}: {own:#}");
        let stolen = ask(&home.a.token, of_b).await;
        assert_eq!(
            stolen["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
            "{field}: {stolen:#}"
        );
        assert!(!stolen.to_string().contains(&home.b.id), "{field}: {stolen:#}");
        let own = ask(&home.a.token, of_a).await.to_string();
        assert!(!own.contains(MARK) && !own.contains(&home.b.id), "{field}: {own}");
    }
}

#[tokio::test]
async fn subscriptions_never_tell_of_another_tenant() {
    let home = Neighbours::move_in().await;
    // A's first event lies before all of B's.
    let document = "{ tenant { evidence(first: 1) { edges { cursor } } } }";
    let first = home.house.ask(&home.a.token, document, json!({})).await;
    let start = first["tenant"]["evidence"]["edges"][0]["cursor"].clone();
    assert!(start.is_string(), "{first:#}");
    for field in home.schema.root("Subscription") {
        let ids = Ids {
            cursor: Some(start.clone()),
            ..home.never()
        };
        let (document, mut variables) = home.schema.document("subscription", &field, &ids);
        // Nothing passes a filter by ids that nobody has.
        variables.as_object_mut().unwrap().remove("filter");
        let mut socket = Socket::open(home.house.router.clone(), &home.a.token).await;
        socket.subscribe(&document, variables).await;
        let own = format!("own-{}", field.name);
        let capture = json!({ "id": own, "vertical": "sales", "source": "web" });
        home.house
            .done(
                &home.b.token,
                "captureLead",
                json!({ "id": format!("{MARK}{own}"), "vertical": "sales", "source": "web" }),
            )
            .await;
        home.house.done(&home.a.token, "captureLead", capture).await;
        loop {
            let told = socket.result().await;
            assert!(told.get("errors").is_none(), "{}: {told:#}", field.name);
            let told = told.to_string();
            assert!(
                !told.contains(MARK) && !told.contains(&home.b.id),
                "{}: {told}",
                field.name
            );
            // What tells figures names no lead: it has told all there is when it has caught up.
            let tells_figures = ["invoicePreview", "roi", "usage"].contains(&field.name);
            // A replay ends with what was there when it began.
            if told.contains(&own)
                || (tells_figures && told.contains("CaughtUp"))
                || told.contains("ReplayEnded")
            {
                break;
            }
        }
    }
}

/// All that B's token can read, as text.
async fn everything_of_b(home: &Neighbours) -> String {
    home.house.settle().await;
    let mut all = String::new();
    for field in home.schema.root("Query") {
        let ids = home.never();
        let (document, variables) = home.schema.document("query", &field, &ids);
        let mut answer = home.house.answer(&home.b.token, &document, variables).await;
        // Up to where it is counted, which every tenant's events move on.
        if field.name == "entitlements" {
            answer["data"][field.name]["cursor"].take();
        }
        // An answer may repeat what it was asked for.
        let told = format!("{} {}", answer["data"], answer["errors"]);
        all += &told.replace(&ids.id, "ID");
    }
    all
}

/// The cursors in what B sees of a field.
async fn cursors_of_b(home: &Neighbours, field: &RootField<'_>) -> Vec<Value> {
    let (document, variables) = home.schema.document("query", field, &home.never());
    let answer = home.house.answer(&home.b.token, &document, variables).await;
    let edges = &answer["data"][field.name]["edges"];
    let cursors = edges
        .as_array()
        .into_iter()
        .flatten()
        .map(|edge| edge["cursor"].clone());
    cursors.filter(Value::is_string).take(3).collect()
}

#[tokio::test]
async fn the_administrators_token_reaches_a_tenant_only_by_naming_it() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let document = "mutation { captureLead(input: { vertical: \"sales\", source: \"web\" }) { id } }";
    assert_eq!(house.code(ADMIN, document, json!({})).await, "BAD_USER_INPUT");
    let body = json!({ "query": "{ me { tenantId isPlatformAdmin } }" }).to_string();
    let as_admin_of = |tenant: &str| {
        axum::http::Request::post("/graphql")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("x-annals-tenant", tenant)
            .body(axum::body::Body::from(body.clone()))
            .unwrap()
    };
    for named in [acme.id.as_str(), "acme"] {
        let (_, _, text) = house.send(as_admin_of(named)).await;
        assert!(text.contains(&acme.id) && text.contains("true"), "{text}");
    }
    let (status, _, text) = house.send(as_admin_of("nobody")).await;
    assert_eq!(status.as_u16(), 404, "{text}");
}
