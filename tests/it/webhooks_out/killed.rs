//! Senders are killed at random moments: every event comes to the receiver at least once, and few come twice.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use domain::lead::Lead;
use domain::webhook_endpoint::{
    Command as Ask, Delivery, PersonalMembers, Scheme, Secret, Settings, WebhookEndpoint,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use store::Orders;

use super::receiver::{FINE, Receiver};
use crate::support::{House, capture, house, lead_id, tenant};

struct Sender(Child);

impl Drop for Sender {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn sender(house: &House, data: &std::path::Path) -> Sender {
    let child = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args([
            "serve",
            "--role",
            "webhooks",
            "--listen",
            "127.0.0.1:0",
            "--webhook-allow-private",
        ])
        .args([
            "--webhook-timeout-seconds",
            "1",
            "--webhook-retries",
            "50ms,1s,1s,1s,1s,1s",
        ])
        .args([
            "--webhook-key",
            &"ab".repeat(32),
            "--database-url",
            house.database.url(),
            "--data-dir",
        ])
        .arg(data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Sender(child.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_that_are_killed_lose_nothing() {
    const EVENTS: usize = 120;
    let house = house().await;
    let caller = tenant(&house.store, "acme").await;
    let receiver = Receiver::start(|_, _| FINE.to_owned());
    for (id, delivery) in [
        ("in-order", Delivery::Ordered),
        ("unordered", Delivery::Unordered),
    ] {
        let settings = Settings {
            url: receiver.url(&format!("/{id}")).parse().unwrap(),
            description: None,
            events: vec!["lead.*".parse().unwrap()],
            delivery,
            personal_data: PersonalMembers::Withheld,
        };
        let secret = Secret {
            id: id.to_owned(),
            scheme: Scheme::Hmac,
        };
        let create = Orders::one(Ask::Create { settings, secret });
        house
            .store
            .execute::<WebhookEndpoint>(&caller, &id.parse().unwrap(), create)
            .await
            .unwrap();
    }
    let seed = crate::chaos::setting("ANNALS_CHAOS_SEED", 20_260_301);
    println!("senders killed with ANNALS_CHAOS_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let data = tempfile::tempdir().unwrap();
    // Two at a time; one of them is killed again and again.
    let stays = sender(&house, data.path());
    let mut dies = sender(&house, data.path());
    for number in 0..EVENTS {
        let id = lead_id(&format!("lead-{number}"));
        house
            .store
            .execute::<Lead>(&caller, &id, Orders::one(capture()))
            .await
            .unwrap();
        if number % 20 == 19 {
            let life = Duration::from_millis(random.random_range(20..400));
            drop(tokio::time::timeout(life, std::future::pending::<()>()).await);
            dies = sender(&house, data.path());
        }
    }
    // The one that stayed goes, too, with whatever it holds.
    drop(stays);
    let came = tokio::task::spawn_blocking(move || {
        receiver.until(|came| {
            let told: BTreeSet<_> = came
                .iter()
                .map(|one| (&one.path, one.body["subject"].to_string()))
                .collect();
            told.len() == 2 * EVENTS
        })
    })
    .await
    .unwrap();
    drop(dies);
    let in_order = came.iter().filter(|one| one.path == "/in-order");
    let mut first: Vec<u64> = Vec::new();
    for one in in_order {
        let position: u64 = one.body["sequence"].as_str().unwrap().parse().unwrap();
        if !first.contains(&position) {
            first.push(position);
        }
    }
    assert!(
        first.is_sorted(),
        "each event comes first after all before it: {first:?}"
    );
    println!("{} requests for {} deliveries", came.len(), 2 * EVENTS);
    assert!(came.len() < 2 * EVENTS + EVENTS, "few come twice: {}", came.len());
}
