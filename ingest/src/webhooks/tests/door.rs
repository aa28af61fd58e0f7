//! The routes, on a log of their own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use ring::hmac;
use serde_json::json;
use store::{DeliveryState, Found};
use tokio::sync::Notify;
use tower::ServiceExt as _;

use crate::testing::{Ground, ground};
use crate::webhooks::source::hex;
use crate::webhooks::{Hmac, Options, Processor, Sender, Source, Sources, Stripe, Turned, router};

/// When the tests' clock stands.
pub(super) const NOW: i64 = 1_772_452_800;

pub(super) fn source(ground: &Ground, name: &str, sender: Sender) -> Source {
    Source {
        name: name.to_owned(),
        tenant: ground.caller.tenant,
        secrets: vec!["secret".to_owned()],
        tolerance: Duration::from_secs(300),
        sender,
    }
}

struct House {
    ground: Ground,
    route: Router,
    sources: Arc<Sources>,
    turned: Arc<Mutex<Vec<Turned>>>,
}

async fn house() -> House {
    let ground = ground().await;
    let whatsapp = Hmac::whatsapp(Some("the word".to_owned()));
    let sources = [
        source(&ground, "stripe", Sender::Stripe(Stripe::default())),
        source(&ground, "github", Sender::Hmac(Hmac::github())),
        source(&ground, "whatsapp", Sender::Hmac(whatsapp)),
    ];
    let sources: Sources = sources.map(|source| (source.name.clone(), source)).into();
    let sources = Arc::new(sources);
    let turned = Arc::new(Mutex::new(Vec::new()));
    let options = Options {
        sources: Arc::clone(&sources),
        body_bytes: 2_000,
        turned_away: {
            let turned = Arc::clone(&turned);
            Arc::new(move |_, one| turned.lock().unwrap().push(one))
        },
        arrived: Arc::new(Notify::new()),
    };
    House {
        route: router(ground.store.clone(), options),
        ground,
        sources,
        turned,
    }
}

pub(super) fn signed(message: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
    hex(hmac::sign(&key, message.as_bytes()).as_ref())
}

fn by_stripe(body: &str, at: i64) -> Vec<(&'static str, String)> {
    let signature = format!("t={at},v1={}", signed(&format!("{at}.{body}")));
    vec![("stripe-signature", signature)]
}

fn by_hub(body: &str) -> Vec<(&'static str, String)> {
    vec![("x-hub-signature-256", format!("sha256={}", signed(body)))]
}

impl House {
    async fn ask(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.route.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn send(
        &self,
        source: &str,
        headers: Vec<(&'static str, String)>,
        body: &str,
    ) -> (StatusCode, String) {
        let mut request = Request::post(format!("/v1/webhooks/{source}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.ask(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    async fn inbox(&self) -> Vec<(String, String, DeliveryState)> {
        let found = self
            .ground
            .store
            .inbox()
            .list(&Found::default(), 100)
            .await
            .unwrap();
        let told = |delivery: store::Delivery| (delivery.taken.id, delivery.taken.event_type, delivery.state);
        found.into_iter().map(told).collect()
    }
}

#[tokio::test]
async fn a_delivery_is_stored_as_it_came_once_and_unknown_types_are_kept() {
    let house = house().await;
    let body = json!({ "id": "evt_1", "type": "tax.rate.created", "created": NOW, "data": { "object": { "id": "x" } } });
    // The bytes count, not what they mean.
    let body = format!(" {body}\n");
    assert_eq!(
        house.send("stripe", by_stripe(&body, NOW), &body).await.0,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        house.send("stripe", by_stripe(&body, NOW - 9), &body).await.0,
        StatusCode::OK
    );
    let ping = "{\"zen\":\"Design for failure.\"}";
    let mut headers = by_hub(ping);
    headers.push(("x-github-delivery", "72d3162e".to_owned()));
    headers.push(("x-github-event", "ping".to_owned()));
    assert_eq!(house.send("github", headers, ping).await.0, StatusCode::ACCEPTED);
    let message = "{\"object\":\"whatsapp_business_account\"}";
    assert_eq!(
        house.send("whatsapp", by_hub(message), message).await.0,
        StatusCode::ACCEPTED
    );
    let all = Found::default();
    let stored = house.ground.store.inbox().list(&all, 100).await.unwrap();
    assert_eq!(stored[0].taken.body, body.as_bytes());
    let processor = Processor::new(house.ground.store.clone(), Arc::clone(&house.sources));
    assert_eq!(processor.run().await.unwrap(), 3);
    assert_eq!(processor.run().await.unwrap(), 0);
    let kept = house.inbox().await;
    assert!(
        kept.iter().all(|(_, _, state)| *state == DeliveryState::Kept),
        "{kept:?}"
    );
    let types: Vec<&str> = kept
        .iter()
        .map(|(_, event_type, _)| event_type.as_str())
        .collect();
    assert_eq!(types, ["tax.rate.created", "ping", "whatsapp_business_account"]);
    assert_eq!(kept[1].0, "72d3162e");
    assert!(
        kept[2].0.starts_with("sha256:"),
        "without an id, equal bodies are one delivery"
    );
    assert_eq!(house.ground.store.inbox().replay(&all).await.unwrap(), 3);
    assert_eq!(processor.run().await.unwrap(), 3);
}

#[tokio::test]
async fn what_nobody_signed_is_turned_away_and_told() {
    let house = house().await;
    let body = json!({ "id": "evt_1", "type": "invoice.paid", "created": NOW, "data": {} }).to_string();
    let right = by_stripe(&body, NOW);
    let cases = [
        (vec![], body.clone(), "signature_missing"),
        (
            vec![("stripe-signature", "v1=".to_owned())],
            body.clone(),
            "signature_unreadable",
        ),
        (by_stripe(&body, NOW - 301), body.clone(), "signature_old"),
        (by_stripe(&body, NOW + 301), body.clone(), "signature_old"),
        (right, format!("{body} "), "signature_wrong"),
    ];
    for (headers, body, reason) in cases {
        let (status, told) = house.send("stripe", headers, &body).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{told}");
        let turned = house.turned.lock().unwrap().pop().unwrap();
        assert_eq!((turned.reason, turned.source.as_str()), (reason, "stripe"));
        assert!(told.contains(&turned.message), "{told}");
    }
    assert_eq!(house.inbox().await, []);
}

#[tokio::test]
async fn what_can_be_no_delivery_is_refused() {
    let house = house().await;
    let statuses = async |source: &str, body: &str| {
        let headers = if source == "stripe" {
            by_stripe(body, NOW)
        } else {
            by_hub(body)
        };
        house.send(source, headers, body).await
    };
    assert_eq!(statuses("nobody", "{}").await.0, StatusCode::NOT_FOUND);
    assert_eq!(
        statuses("stripe", &"x".repeat(2_001)).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    for garbage in ["", "{", "\u{0}", "[]", "{\"type\":\"a\"}", "{\"id\":\"1\"}"] {
        let (status, told) = statuses("stripe", garbage).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{garbage}: {told}");
    }
    assert_eq!(statuses("github", "no json").await.0, StatusCode::BAD_REQUEST);
    // What is signed and of another shape than its type's is stored, and refused with the field named.
    let odd = json!({ "id": "evt_2", "type": "customer.subscription.created", "created": NOW,
                      "data": { "object": { "id": "sub_1", "status": "active" } } });
    assert_eq!(statuses("stripe", &odd.to_string()).await.0, StatusCode::ACCEPTED);
    let processor = Processor::new(house.ground.store.clone(), Arc::clone(&house.sources));
    processor.run().await.unwrap();
    let refused = house
        .ground
        .store
        .inbox()
        .list(&Found::default(), 9)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(refused.state, DeliveryState::Refused);
    assert_eq!(refused.note.unwrap(), "data.object.items: it is missing");
}

#[tokio::test]
async fn metas_challenge_is_answered_to_who_knows_the_word() {
    let house = house().await;
    let get = async |source: &str, query: &str| {
        let uri = format!("/v1/webhooks/{source}?{query}");
        house.ask(Request::get(uri).body(Body::empty()).unwrap()).await
    };
    let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=";
    assert_eq!(
        get("whatsapp", &format!("{query}the%20word")).await,
        (StatusCode::OK, "1158201444".to_owned())
    );
    assert_eq!(
        get("whatsapp", &format!("{query}another")).await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(house.turned.lock().unwrap().len(), 1);
    for (source, query) in [("whatsapp", ""), ("github", query), ("stripe", query)] {
        assert_eq!(
            get(source, query).await.0,
            StatusCode::METHOD_NOT_ALLOWED,
            "{source}"
        );
    }
}
