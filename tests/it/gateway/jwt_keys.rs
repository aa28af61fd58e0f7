//! The issuer's keys: fetched when they are needed, kept while they are good.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;

use super::jwt::{ME, Trusting, kid};
use super::provider::{Provider, Signer};

#[tokio::test]
async fn keys_rotate_and_the_old_one_ends() {
    let (old, new) = (Signer::ed25519(), Signer::p256());
    let provider = Provider::start(vec![old.published("old")]).await;
    let trusting = Trusting::open(&provider, |_| {}).await;
    let by_old = old.token(&kid("old"), &trusting.claims(json!({})));
    let by_new = new.token(&kid("new"), &trusting.claims(json!({})));
    assert_eq!(trusting.status(&by_old).await.0, StatusCode::OK);
    provider.publish(vec![old.published("old"), new.published("new")]);
    assert_eq!(
        trusting.status(&by_new).await.0,
        StatusCode::OK,
        "an unknown key is looked for"
    );
    provider.publish(vec![new.published("new")]);
    let unknown = new.token(&kid("newer"), &trusting.claims(json!({})));
    assert_eq!(
        trusting.status(&unknown).await.0,
        StatusCode::UNAUTHORIZED,
        "and the set is the new one now"
    );
    let again = old.token(&kid("old"), &trusting.claims(json!({ "jti": "another" })));
    let (status, message) = trusting.status(&again).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(message.contains("no key \"old\""), "{message}");
}

#[tokio::test]
async fn unknown_keys_lead_to_no_more_fetches_than_the_cool_down_lets() {
    let signer = Signer::ed25519();
    let provider = Provider::start(vec![signer.published("k")]).await;
    let trusting = Trusting::open(&provider, |jwt| jwt.keys_cool_down = Duration::from_secs(3_600)).await;
    for stranger in 0..50 {
        let token = signer.token(&kid(&format!("made-up-{stranger}")), &trusting.claims(json!({})));
        assert_eq!(trusting.status(&token).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(provider.asked(), 1);
    let good = signer.token(&kid("k"), &trusting.claims(json!({})));
    assert_eq!(trusting.status(&good).await.0, StatusCode::OK);
}

#[tokio::test]
async fn old_keys_are_fetched_again_behind_the_requests() {
    let (old, new) = (Signer::ed25519(), Signer::ed25519());
    let provider = Provider::start(vec![old.published("k")]).await;
    let trusting = Trusting::open(&provider, |jwt| jwt.keys_fresh_for = Duration::ZERO).await;
    let mut serial = 0;
    let mut token = |signer: &Signer| {
        serial += 1;
        signer.token(&kid("k"), &trusting.claims(json!({ "jti": serial })))
    };
    assert_eq!(trusting.status(&token(&old)).await.0, StatusCode::OK);
    // The issuer puts another key in the place of the first, under its name.
    provider.publish(vec![new.published("k")]);
    let mut tries = 0;
    while trusting.status(&token(&new)).await.0 != StatusCode::OK {
        tries += 1;
        assert!(tries < 100_000, "the new key was never fetched");
        tokio::task::yield_now().await;
    }
    assert_eq!(trusting.status(&token(&old)).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn without_the_issuer_known_keys_go_on_and_without_keys_it_is_said() {
    let signer = Signer::ed25519();
    let mut provider = Provider::start(vec![signer.published("k")]).await;
    let trusting = Trusting::open(&provider, |jwt| jwt.keys_fresh_for = Duration::ZERO).await;
    let other = Trusting::open(&provider, |_| {}).await;
    let token = |id: &str| signer.token(&kid("k"), &trusting.claims(json!({ "jti": id })));
    assert_eq!(trusting.status(&token("1")).await.0, StatusCode::OK);
    provider.stop().await;
    for id in ["2", "3", "4"] {
        assert_eq!(trusting.status(&token(id)).await.0, StatusCode::OK);
    }
    let (status, message) = other.status(&token("1")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(message.contains("issuer"), "{message}");
    // Keys of the house itself need no issuer.
    other.house.ask(&other.acme.token, ME, json!({})).await;
}
