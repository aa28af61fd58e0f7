//! A stream that is really parked: what queries, status, verification and the past say of it, until it is resumed.

use serde_json::{Value, json};

use super::house::{ADMIN, House};

const PARKED: &str = "{ parkedStreams(first: 10, name: \"lead\") {
    nodes { stream tenantId eventType reason events } } }";
const STATUS: &str = "query($tenant: ULID) { readModels(tenant: $tenant) {
    name lagEvents lagMs parkedStreams tenantsBehind { tenantId lagEvents lagMs parkedStreams } } }";
const VERIFY: &str = "{ verifyReadModel(readModel: \"lead\") { keys parked different differences { key } } }";
const RESUME: &str = "mutation($input: ResumeReadModelInput!) { resumeReadModel(input: $input) {
    events userErrors { path code message } } }";

async fn lead_status(house: &House, variables: Value) -> Value {
    let data = house.ask(ADMIN, STATUS, variables).await;
    let mut statuses = data["readModels"].as_array().unwrap().iter();
    statuses.find(|one| one["name"] == "lead").unwrap().clone()
}

async fn enrich(house: &House, token: &str, (name, value): (&str, &str)) -> Value {
    let attributes = json!([{ "name": name, "value": value }]);
    let more = json!({ "id": "bad", "attributes": attributes });
    house.done(token, "enrichLead", more).await["cursor"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_stream_is_told_everywhere_stops_nobody_else_and_is_resumed() {
    let house = House::open_with_operations().await;
    let (acme, other) = (house.tenant("acme").await, house.tenant("other").await);
    for (token, id) in [(&acme.token, "good"), (&acme.token, "bad"), (&other.token, "bad")] {
        let lead = json!({ "id": id, "vertical": "sales", "source": "web" });
        house.done(token, "captureLead", lead).await;
    }
    house.settle().await;
    // From now on the table does not take what a fold makes of some events.
    house
        .behind_the_engines_back(
            "alter table lead add constraint poison check (attributes::text not like '%poison%')",
        )
        .await;
    enrich(&house, &acme.token, ("note", "poison")).await;
    let last = enrich(&house, &acme.token, ("size", "7")).await;
    house.settle().await;

    let parked = house.ask(ADMIN, PARKED, json!({})).await["parkedStreams"]["nodes"][0].clone();
    assert_eq!(
        (&parked["stream"], &parked["events"]),
        (&json!("lead/bad"), &json!(2)),
        "{parked:#}"
    );
    assert_eq!(
        (&parked["tenantId"], &parked["eventType"]),
        (&json!(acme.id), &json!("lead.enriched"))
    );
    assert!(
        parked["reason"].as_str().unwrap().contains("poison"),
        "{parked:#}"
    );
    let behind = json!([{ "tenantId": acme.id, "lagEvents": 0, "lagMs": 0, "parkedStreams": 1 }]);
    let status = lead_status(&house, json!({})).await;
    assert_eq!(status["tenantsBehind"], behind, "{status:#}");
    assert_eq!(
        (&status["lagEvents"], &status["parkedStreams"]),
        (&json!(0), &json!(1))
    );
    for (tenant, streams) in [(&acme.id, 1), (&other.id, 0)] {
        let status = lead_status(&house, json!({ "tenant": tenant })).await;
        assert_eq!(
            (&status["parkedStreams"], &status["lagMs"]),
            (&json!(streams), &json!(0)),
            "{status:#}"
        );
    }

    // The row is as it was before what waits, and says so; now, and as of the last event.
    let document = "query($last: Cursor!) {
        now: leads(first: 9) { nodes { id: localId stale attributes { value } } }
        then: leads(first: 9, asOf: { cursor: $last }) { nodes { id: localId stale attributes { value } } }
        lead(id: \"bad\") { evidence(first: 20) { nodes { type } } } }";
    let seen = house.ask(&acme.token, document, json!({ "last": last })).await;
    let bad = json!({ "id": "bad", "stale": true, "attributes": [] });
    let good = json!({ "id": "good", "stale": false, "attributes": [] });
    for list in ["now", "then"] {
        assert_eq!(seen[list]["nodes"], json!([good, bad]), "{seen:#}");
    }
    assert_eq!(
        seen["lead"]["evidence"]["nodes"],
        json!([{ "type": "lead.captured" }])
    );

    // Known to be behind, it is no difference; what was forged is, in its own row as well.
    let verified = house.ask(ADMIN, VERIFY, json!({})).await["verifyReadModel"].clone();
    assert_eq!(
        verified,
        json!({ "keys": 3, "parked": 1, "different": 0, "differences": [] })
    );
    let forge = format!(
        "update lead set source = 'fax' where id = 'bad' and tenant_id = '{}'",
        acme.id
    );
    house.behind_the_engines_back(&forge).await;
    let verified = house.ask(ADMIN, VERIFY, json!({})).await["verifyReadModel"].clone();
    assert_eq!(
        (&verified["parked"], &verified["different"]),
        (&json!(1), &json!(1)),
        "{verified:#}"
    );
    house.behind_the_engines_back(&forge.replace("fax", "web")).await;

    let input = json!({ "input": { "name": "lead", "tenant": acme.id, "stream": "lead/bad" } });
    let still = house.ask(ADMIN, RESUME, input.clone()).await["resumeReadModel"].clone();
    assert_eq!(still["userErrors"][0]["code"], "STILL_REFUSED", "{still:#}");
    assert_eq!(still["events"], 0);
    house
        .behind_the_engines_back("alter table lead drop constraint poison")
        .await;
    let resumed = house.ask(ADMIN, RESUME, input.clone()).await["resumeReadModel"].clone();
    assert_eq!(resumed, json!({ "events": 2, "userErrors": [] }));
    assert_eq!(
        house.ask(ADMIN, PARKED, json!({})).await["parkedStreams"]["nodes"],
        json!([])
    );
    assert_eq!(lead_status(&house, json!({})).await["tenantsBehind"], json!([]));
    let last = enrich(&house, &acme.token, ("note", "well")).await;
    house.settle().await;
    let seen = house.ask(&acme.token, document, json!({ "last": last })).await;
    let well = json!({ "id": "bad", "stale": false, "attributes": [{ "value": "well" }, { "value": "7" }] });
    for list in ["now", "then"] {
        assert_eq!(seen[list]["nodes"], json!([good, well]), "{seen:#}");
    }
    let again = house.ask(ADMIN, RESUME, input).await["resumeReadModel"].clone();
    assert_eq!(again["userErrors"][0]["code"], "NOT_PARKED", "{again:#}");
}
