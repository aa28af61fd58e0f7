//! Prices of models: what is unpriced is said, and a price that comes later prices the past.

use serde_json::json;

use super::ground::{acme, amount, behind, called, november, roi};
use crate::gateway::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn calls_without_a_price_are_told_apart_until_they_have_one() {
    let house = House::open_wide().await;
    let acme = acme(&house).await;
    called(&house, &acme, ("r1", "2025-11-03T08:03:00Z"), ("large-1", None)).await;
    let told = roi(&house, &acme, november()).await;
    assert_eq!(told["cost"]["unpricedCalls"]["count"], 1);
    assert_eq!(
        behind(&told["cost"]["unpricedCalls"]),
        ["agent_run.model_call_recorded"]
    );
    assert_eq!(
        told["cost"]["unpricedModels"],
        json!([{ "provider": "house", "model": "large-1", "calls": 1 }])
    );
    assert_eq!(
        told["missing"],
        json!(["1 calls of large-1 of house are unpriced: set its price with setModelPrice"])
    );
    assert!(told["return"]["high"]["ratio"].is_null());
    let price = json!({
        "id": "large", "provider": "House", "model": "Large-1", "currency": "EUR",
        "effectiveFrom": "2025-11-01T00:00:00Z", "inputPerMillion": "20", "outputPerMillion": "80",
    });
    house.done(&acme.token, "setModelPrice", price).await;
    let told = roi(&house, &acme, november()).await;
    // Cached tokens cost as much as others: 1,000,000 × 20 + 100,000 × 80 by a million.
    assert_eq!(amount(&told["cost"]["ai"]), "30.90");
    assert_eq!(told["missing"], json!([]));
    let listed = house
        .ask(
            &acme.token,
            "{ modelPrices(first: 10, filter: { model: \"Large-1\" }) { nodes { localId prices { inputPerMillion cachedInputPerMillion } evidence(first: 5) \
             { nodes { type } } } } bundledModelPrices { provider model } }",
            json!({}),
        )
        .await;
    assert_eq!(listed["modelPrices"]["nodes"][0]["localId"], "large");
    assert_eq!(
        listed["modelPrices"]["nodes"][0]["evidence"]["nodes"],
        json!([{ "type": "model_price.set" }])
    );
    assert!(!listed["bundledModelPrices"].as_array().unwrap().is_empty());
}
