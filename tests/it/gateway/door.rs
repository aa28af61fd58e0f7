//! The door: who was turned away is written down, and keys rotate.

use std::time::Duration;

use api::{Peer, RecordEvery, Transport};
use axum::Extension;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::house::{House, Tenant};
use super::provider::{ISSUER, Provider, Signer};
use super::socket::Socket;

pub(super) const ME: &str = "{ me { actor tenantId } }";
const FEED: &str = "query($action: String) { auditFeed(last: 100, filter: { action: $action }) \
                    { nodes { actorKind actorId payload } } }";

/// The payloads of a tenant's facts of access, oldest first, with their actors.
async fn facts(house: &House, token: &str, action: &str) -> Vec<(String, Value)> {
    house.settle().await;
    let feed = house.ask(token, FEED, json!({ "action": action })).await;
    let nodes = feed["auditFeed"]["nodes"].as_array().unwrap().iter();
    let facts = nodes.map(|node| {
        let actor = format!(
            "{}:{}",
            node["actorKind"].as_str().unwrap(),
            node["actorId"].as_str().unwrap()
        );
        let payload = node["payload"].as_object().unwrap().values().next().unwrap();
        (actor, payload.clone())
    });
    facts.collect()
}

/// Waits until so many facts are there.
pub(super) async fn facts_when(
    house: &House,
    token: &str,
    action: &str,
    wanted: usize,
) -> Vec<(String, Value)> {
    let mut tries = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..500 {
        tries.tick().await;
        let found = facts(house, token, action).await;
        if found.len() >= wanted {
            return found;
        }
    }
    panic!("there are not {wanted} of {action}");
}

pub(super) async fn ask(
    house: &House,
    token: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, HeaderMap, Value) {
    house
        .post(token, headers, json!({ "query": ME }).to_string())
        .await
}

pub(super) async fn status(house: &House, token: &str, headers: &[(&str, &str)]) -> StatusCode {
    ask(house, token, headers).await.0
}

pub(super) async fn key(house: &House, tenant: &Tenant, wish: Value) -> String {
    let issued = house.done(&tenant.token, "issueApiKey", wish).await;
    house.settle().await;
    issued["token"].as_str().unwrap().to_owned()
}

/// Waits until a token gets this answer: what a gateway has seen a moment ago it may take for a second more.
async fn until(house: &House, token: &str, wanted: StatusCode, what: &str) {
    house.settle().await;
    let mut again = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..100 {
        again.tick().await;
        if status(house, token, &[]).await == wanted {
            return;
        }
    }
    panic!("{what}: the answer is never {wanted}");
}

#[tokio::test]
async fn who_is_turned_away_stands_in_the_tenants_log_once_and_then_counted() {
    let signer = Signer::ed25519();
    let provider = Provider::start(vec![signer.published("k")]).await;
    let every = RecordEvery {
        denied: Duration::from_secs(2),
        ..RecordEvery::default()
    };
    let mut house = House::open_with(|options| {
        options.jwt = Some(provider.options());
        options.record_every = every;
    })
    .await;
    let acme = house.tenant("acme").await;
    let beta = house.tenant("beta").await;
    let peer = Peer {
        address: "192.0.2.7:4711".parse().unwrap(),
        transport: Transport::Plain,
    };
    house.router = house.router.clone().layer(Extension(peer));
    let reader = key(
        &house,
        &acme,
        json!({ "id": "reader", "name": "r", "scopes": ["READ"] }),
    )
    .await;
    let capture = json!({ "vertical": "sales", "source": "web" });
    for _ in 0..40 {
        assert_eq!(house.code_of(&reader, "captureLead", &capture).await, "FORBIDDEN");
    }
    let told = facts_when(&house, &acme.token, "access.denied", 2).await;
    assert_eq!(told.len(), 2, "{told:?}");
    let attempts: Vec<u64> = told
        .iter()
        .map(|(_, fact)| fact["attempts"].as_u64().unwrap())
        .collect();
    assert_eq!(
        attempts.iter().sum::<u64>(),
        40,
        "the first, and the rest of the while"
    );
    assert_eq!(attempts[0], 1);
    for (actor, fact) in &told {
        assert_eq!(actor, "API_KEY:reader");
        assert_eq!(fact["reason"], "missing_scope");
        assert_eq!(
            (&fact["asked"], &fact["address"]),
            (&json!("captureLead"), &json!("192.0.2.7"))
        );
    }

    // A revoked key and a token that is over are their tenant's affair; what nobody can tell is nobody's.
    house
        .done(
            &acme.token,
            "revokeApiKey",
            json!({ "id": "reader", "reason": "leaked" }),
        )
        .await;
    until(&house, &reader, StatusCode::UNAUTHORIZED, "revoked").await;
    let now = house.store.ambient().now().as_second();
    let claims = |exp: i64, role: &str| {
        let claims = json!({ "iss": ISSUER, "sub": "ada", "tenant": "acme", "roles": [role], "exp": exp });
        signer.token(&json!({ "kid": "k" }), &claims)
    };
    assert_eq!(
        house.code(&claims(now - 1, "member"), ME, json!({})).await,
        "UNAUTHENTICATED"
    );
    assert_eq!(
        house.code(&claims(now + 60, "king"), ME, json!({})).await,
        "FORBIDDEN"
    );
    assert_eq!(house.code("nonsense", ME, json!({})).await, "UNAUTHENTICATED");
    let told = facts_when(&house, &acme.token, "access.denied", 5).await;
    let mut reasons: Vec<(&str, &str)> = told[2..]
        .iter()
        .map(|(actor, fact)| (actor.as_str(), fact["reason"].as_str().unwrap()))
        .collect();
    reasons.sort_unstable();
    let wanted = [
        ("API_KEY:reader", "unauthenticated"),
        ("USER:ada", "bad_token"),
        ("USER:ada", "no_role"),
    ];
    assert_eq!(reasons, wanted);
    assert!(facts(&house, &beta.token, "access.denied").await.is_empty());
}

#[tokio::test]
async fn an_attacker_with_many_faces_fills_no_log() {
    let signer = Signer::ed25519();
    let provider = Provider::start(vec![signer.published("k")]).await;
    let house = House::open_with(|options| options.jwt = Some(provider.options())).await;
    let acme = house.tenant("acme").await;
    let now = house.store.ambient().now().as_second();
    for face in 0..300 {
        let claims = json!({ "iss": ISSUER, "sub": format!("eve-{face}"), "tenant": "acme", "exp": now - 1 });
        let token = signer.token(&json!({ "kid": "k" }), &claims);
        assert_eq!(house.code(&token, ME, json!({})).await, "UNAUTHENTICATED");
    }
    let told = facts_when(&house, &acme.token, "access.denied", 51).await;
    assert_eq!(told.len(), 51, "fifty apart, and one for all others");
    assert_eq!(told[50].1["reason"], "various");
    assert_eq!(told[50].0, "SYSTEM:gateway");
}

#[tokio::test]
async fn a_rotated_key_goes_on_for_its_overlap_and_no_longer() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let first = key(
        &house,
        &acme,
        json!({ "id": "k", "name": "k", "scopes": ["READ"] }),
    )
    .await;
    let rotate = async |overlap: u32| {
        let wish = json!({ "id": "k", "overlapSeconds": overlap });
        let rotated = house.done(&acme.token, "rotateApiKey", wish).await;
        house.settle().await;
        rotated["token"].as_str().unwrap().to_owned()
    };
    let second = rotate(3_600).await;
    for token in [&first, &second] {
        assert_eq!(status(&house, token, &[]).await, StatusCode::OK);
    }
    house.settle().await;
    let shown = "{ apiKey(id: \"k\") { previousUntil } }";
    assert!(house.ask(&acme.token, shown, json!({})).await["apiKey"]["previousUntil"].is_string());
    let third = rotate(0).await;
    for (name, token, wanted) in [
        ("first", &first, StatusCode::UNAUTHORIZED),
        ("second", &second, StatusCode::UNAUTHORIZED),
        ("third", &third, StatusCode::OK),
    ] {
        until(&house, token, wanted, name).await;
    }
    let long = json!({ "id": "k", "overlapSeconds": 2_592_001 });
    let refused = house.mutate(&acme.token, "rotateApiKey", long).await;
    assert_eq!(refused["userErrors"][0]["code"], "LONG_OVERLAP");
    house
        .done(&acme.token, "revokeApiKey", json!({ "id": "k", "reason": "end" }))
        .await;
    until(&house, &third, StatusCode::UNAUTHORIZED, "revoked").await;
}

#[tokio::test]
async fn what_the_key_before_opened_is_told_when_the_overlap_ends() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let old = key(
        &house,
        &acme,
        json!({ "id": "k", "name": "k", "scopes": ["READ"] }),
    )
    .await;
    let mut before = Socket::open(house.router.clone(), &old).await;
    before
        .subscribe(
            "subscription { events(filter: { types: [\"lead.*\"] }) { __typename } }",
            json!({}),
        )
        .await;
    let wish = json!({ "id": "k", "overlapSeconds": 1 });
    house.done(&acme.token, "rotateApiKey", wish).await;
    let mut after = Socket::open(house.router.clone(), &old).await;
    after
        .subscribe(
            "subscription { events(filter: { types: [\"lead.*\"] }) { __typename } }",
            json!({}),
        )
        .await;
    for socket in [&mut before, &mut after] {
        assert_eq!(socket.closing().await, 4403);
    }
}

#[tokio::test]
async fn the_last_use_of_a_key_is_written_once_in_a_while() {
    let house = House::open_with(|options| options.record_every = RecordEvery::default()).await;
    let acme = house.tenant("acme").await;
    let token = key(
        &house,
        &acme,
        json!({ "id": "k", "name": "k", "scopes": ["READ"] }),
    )
    .await;
    let used = "{ apiKey(id: \"k\") { lastUsedAt } }";
    house.settle().await;
    let before = house.ask(&acme.token, used, json!({})).await;
    assert_eq!(before["apiKey"]["lastUsedAt"], Value::Null);
    for _ in 0..20 {
        assert_eq!(status(&house, &token, &[]).await, StatusCode::OK);
    }
    let told = facts_when(&house, &acme.token, "access.key_used", 2).await;
    let of_key = told.iter().filter(|(actor, _)| actor == "API_KEY:k").count();
    assert_eq!(of_key, 1, "{told:?}");
    let after = house.ask(&acme.token, used, json!({})).await;
    assert!(after["apiKey"]["lastUsedAt"].is_string(), "{after}");
}
