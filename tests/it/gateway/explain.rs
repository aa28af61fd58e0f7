//! What the platform's administrator asks about the past of read models.

use serde_json::json;

use super::house::{ADMIN, House};

const EXPLAIN: &str = "query($tenant: ULID!, $key: [AttributeInput!]!, $after: Cursor) {
    explainReadModelRow(readModel: \"lead\", tenantId: $tenant, key: $key, first: 1, after: $after) {
        steps { event { type cursor } changed row } pageInfo { hasNextPage endCursor } } }";

#[tokio::test]
async fn a_row_is_explained_to_the_administrator_alone() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let lead = json!({ "id": "l1", "vertical": "sales", "source": "web" });
    house.done(&acme.token, "captureLead", lead).await;
    house
        .done(&acme.token, "qualifyLead", json!({ "id": "l1", "score": 7 }))
        .await;
    let key = json!([{ "name": "id", "value": "l1" }]);
    let asked = json!({ "tenant": acme.id, "key": key });
    assert_eq!(house.code(&acme.token, EXPLAIN, asked.clone()).await, "FORBIDDEN");
    let first = house.ask(ADMIN, EXPLAIN, asked).await["explainReadModelRow"].clone();
    assert_eq!(first["steps"][0]["event"]["type"], "lead.captured");
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let after = first["pageInfo"]["endCursor"].clone();
    let asked = json!({ "tenant": acme.id, "key": key, "after": after });
    let second = house.ask(ADMIN, EXPLAIN, asked).await["explainReadModelRow"].clone();
    assert_eq!(
        second["steps"][0]["changed"],
        json!(["score", "status"]),
        "{second:#}"
    );
    assert_eq!(second["steps"][0]["row"]["score"], 7);
    for (key, code) in [
        (json!([{ "name": "id", "value": "nobody" }]), "NOT_FOUND"),
        (json!([{ "name": "name", "value": "l1" }]), "BAD_USER_INPUT"),
        (json!([]), "BAD_USER_INPUT"),
    ] {
        let asked = json!({ "tenant": acme.id, "key": key });
        assert_eq!(house.code(ADMIN, EXPLAIN, asked).await, code);
    }
}

#[tokio::test]
async fn rows_are_verified_for_the_administrator_alone() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    for id in ["l1", "l2", "l3"] {
        let lead = json!({ "id": id, "vertical": "sales", "source": "web" });
        house.done(&acme.token, "captureLead", lead).await;
    }
    house.settle().await;
    let document =
        "query($name: String!, $sample: Int) { verifyReadModel(readModel: $name, sample: $sample) {
        tenants keys different seed differences { kind } } }";
    let all = json!({ "name": "lead" });
    assert_eq!(house.code(&acme.token, document, all.clone()).await, "FORBIDDEN");
    let verified = house.ask(ADMIN, document, all).await["verifyReadModel"].clone();
    let expected = json!({ "tenants": 1, "keys": 3, "different": 0, "seed": null, "differences": [] });
    assert_eq!(verified, expected);
    house
        .behind_the_engines_back("update lead set source = 'fax' where id = 'l2'")
        .await;
    let some = json!({ "name": "lead", "sample": 30 });
    let verified = house.ask(ADMIN, document, some).await["verifyReadModel"].clone();
    assert_eq!(
        verified["differences"],
        json!([{ "kind": "CHANGED" }]),
        "{verified:#}"
    );
    assert!(verified["seed"].is_u64(), "{verified:#}");
    let unknown = json!({ "name": "leads" });
    assert_eq!(house.code(ADMIN, document, unknown).await, "BAD_USER_INPUT");
}
