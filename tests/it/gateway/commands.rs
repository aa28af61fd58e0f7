//! Commands through mutations: each of them, refusals, keys and versions.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::house::House;
use super::rebuild::OPERATIONS;
use super::schema::Schema;
use super::story::story;

/// Those that a tenant's own token can't send.
const FOR_THE_PLATFORM: [&str; 4] = [
    "provisionTenant",
    "suspendTenant",
    "reactivateTenant",
    "closeTenant",
];

#[tokio::test]
async fn every_mutation_is_told_in_a_story_and_takes_effect() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let mut told: BTreeSet<String> = FOR_THE_PLATFORM.map(str::to_owned).into();
    told.insert("importCsv".to_owned());
    told.extend(OPERATIONS.map(str::to_owned));
    for (mutation, input) in story(&acme.id, "") {
        let payload = house.done(&acme.token, mutation, input).await;
        assert!(payload["cursor"].is_string(), "{mutation}: {payload}");
        told.insert(mutation.to_owned());
    }
    let person = json!({ "subject": "lead/l1", "reason": "as asked" });
    let held = json!({ "subject": "lead/l1", "hold": "case-7", "reason": "court order" });
    let rule = json!({ "eventType": "access.denied", "days": 90 });
    for (mutation, input) in [
        ("placeLegalHold", held.clone()),
        ("liftLegalHold", held),
        ("setRetentionRule", rule),
        ("removeRetentionRule", json!({ "eventType": "access.denied" })),
        ("forgetSubject", person),
    ] {
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let document = format!(
            "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ message }} }} }}"
        );
        let data = house.ask(&acme.token, &document, json!({ "input": input })).await;
        assert_eq!(data[mutation]["userErrors"], json!([]), "{mutation}");
        told.insert(mutation.to_owned());
    }
    told.insert("changeTenantSettings".to_owned());
    let settings = json!({ "name": "Acme & Sons", "timeZone": "UTC", "currency": "USD" });
    house
        .done(
            &acme.token,
            "changeTenantSettings",
            json!({ "id": acme.id, "settings": settings }),
        )
        .await;
    let schema = Schema::of(&house, &acme.token).await;
    let all: BTreeSet<String> = schema
        .root("Mutation")
        .iter()
        .map(|field| field.name.to_owned())
        .collect();
    assert_eq!(told, all, "each mutation has a line in tests/it/gateway/story.rs");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place_and_leaves_no_trace() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let before = house.store.log().head().await.unwrap();
    let wrong = [
        (
            "captureLead",
            json!({ "vertical": "sales", "source": "web", "email": "ada@" }),
            "email",
            "INVALID_VALUE",
        ),
        (
            "captureLead",
            json!({ "vertical": "sales", "source": "web", "phone": "12" }),
            "phone",
            "INVALID_VALUE",
        ),
        (
            "captureLead",
            json!({ "vertical": "Sales!", "source": "web" }),
            "vertical",
            "INVALID_VALUE",
        ),
        (
            "captureLead",
            json!({ "vertical": "sales", "source": " " }),
            "source",
            "BLANK",
        ),
        (
            "captureLead",
            json!({ "vertical": "sales", "source": "web", "id": "a b" }),
            "id",
            "INVALID_VALUE",
        ),
        (
            "qualifyLead",
            json!({ "id": "nobody", "score": 300 }),
            "score",
            "INVALID_VALUE",
        ),
    ];
    for (mutation, input, field, code) in wrong {
        let payload = house.mutate(&acme.token, mutation, input).await;
        assert_eq!(
            payload["userErrors"][0]["path"],
            json!(["input", field]),
            "{payload}"
        );
        assert_eq!(payload["userErrors"][0]["code"], code, "{payload}");
    }
    let payload = house
        .mutate(&acme.token, "qualifyLead", json!({ "id": "nobody", "score": 3 }))
        .await;
    assert_eq!(payload["userErrors"][0]["code"], "NOT_FOUND");
    let documents = [
        ("{ nonsense }", json!({})),
        ("{ me { ", json!({})),
        (
            "mutation { winOpportunity(input: { id: \"o\", value: { amount: 1.5, currency: \"EUR\" } }) { id } }",
            json!({}),
        ),
    ];
    for (document, variables) in documents {
        assert_eq!(
            house.code(&acme.token, document, variables).await,
            "BAD_USER_INPUT",
            "{document}"
        );
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
    assert_eq!(
        house.code_of(&acme.token, "captureLead", &other).await,
        "KEY_REUSED"
    );

    let assign =
        |who: &str, version: u64| json!({ "id": first["id"], "assignee": who, "expectedVersion": version });
    house.done(&acme.token, "assignLead", assign("ada", 1)).await;
    assert_eq!(
        house.code_of(&acme.token, "assignLead", &assign("bob", 1)).await,
        "CONFLICT"
    );
    assert_eq!(
        house.code_of(&acme.token, "assignLead", &assign("bob", 9)).await,
        "CONFLICT"
    );
}

#[tokio::test]
async fn facts_are_judged_one_by_one() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let fact = |id: &str, kind: &str| json!({ "id": id, "type": kind, "quantity": "1.5" });
    let batch =
        json!({ "records": [fact("1", "usage.pages"), fact("2", "pages"), fact("3", "custom.pages")] });
    let payload = house.done(&acme.token, "recordUsage", batch.clone()).await;
    let outcomes = |payload: &Value| -> Vec<String> {
        let results = payload["results"].as_array().unwrap().iter();
        results
            .map(|result| result["outcome"].as_str().unwrap().to_owned())
            .collect()
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
