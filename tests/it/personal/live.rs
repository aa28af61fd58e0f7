//! What is kept for live subscribers tells nothing of whom was forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::{Options, TokenSource};
use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures::StreamExt;
use projections::Reader;
use serde_json::json;
use tower::ServiceExt;

use super::ground::{Ground, ground, subject};

const ADMIN: &str = "the-administrators-token";

struct Tokens(AtomicU64);

impl TokenSource for Tokens {
    fn token(&self) -> String {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        format!("annals_{number:0>8}{number:0>35}")
    }
}

fn gateway(ground: &Ground) -> Router {
    let pool = store::pool(ground.database.url(), store::Role::Gateway, 4).unwrap();
    let mut options = Options::new(
        ground.store.clone(),
        Reader::new(pool),
        Arc::new(Tokens(AtomicU64::new(1))),
    );
    options.admin_token_sha256 = Some(api::token_hash(ADMIN));
    options.record_every.read = Duration::ZERO;
    api::router(options)
}

/// A subscriber that goes on behind what it saw last, and all that it was sent.
struct Subscriber {
    stream: BodyDataStream,
    text: String,
}

impl Subscriber {
    async fn open(router: &Router, ground: &Ground, last: Option<&str>) -> Self {
        let document = "subscription { events { __typename ... on Event { type payload } } }";
        let mut request = Request::post("/graphql")
            .header("content-type", "application/json")
            .header("accept", "text/event-stream")
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("x-annals-tenant", ground.acme.tenant.to_string());
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let body = Body::from(json!({ "query": document }).to_string());
        let response = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        Self {
            stream: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// Reads until something was sent; its id.
    async fn until(&mut self, wanted: &str) -> String {
        loop {
            let found = self
                .text
                .split_inclusive("\n\n")
                .find(|event| event.contains(wanted) && event.contains("data:") && event.ends_with("\n\n"));
            if let Some(event) = found {
                let id = event.lines().find_map(|line| line.strip_prefix("id: "));
                return id.unwrap().to_owned();
            }
            let chunk = self.stream.next().await.unwrap().unwrap();
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_subscriber_is_not_told_the_name_of_whom_was_forgotten_meanwhile() {
    let ground = ground().await;
    let router = gateway(&ground);
    let mut first = Subscriber::open(&router, &ground, None).await;
    let begin = first.until("CaughtUp").await;
    ground.capture("l1").await;
    first.until("lead.captured").await;
    assert!(first.text.contains("Lovelace"), "{}", first.text);
    // What the first keeps open is shared: the second one is told out of the same responses.
    let mut second = Subscriber::open(&router, &ground, Some(&begin)).await;
    second.until("lead.captured").await;
    assert!(second.text.contains("Lovelace"), "{}", second.text);

    ground
        .store
        .forget(&ground.acme, &subject("lead/l1"), "request 17")
        .await
        .unwrap();
    first.until("subject.forgotten").await;
    let mut late = Subscriber::open(&router, &ground, Some(&begin)).await;
    late.until("subject.forgotten").await;
    assert!(late.text.contains("lead.captured"), "{}", late.text);
    assert!(!late.text.contains("Lovelace"), "{}", late.text);
    // Those who were there go on without a gap.
    ground.capture("l2").await;
    for subscriber in [&mut first, &mut second, &mut late] {
        while subscriber.text.matches("lead.captured").count() < 2 {
            let chunk = subscriber.stream.next().await.unwrap().unwrap();
            subscriber.text.push_str(&String::from_utf8_lossy(&chunk));
        }
        assert_eq!(subscriber.text.matches("subject.forgotten").count(), 1);
    }
}
