//! What webhooks tell of a person: in the inbox and beside it, until the person is forgotten or the time is over.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::subject::{Command, Subject};
use ingest::webhooks::{Clerk, DEFAULT_BODY_BYTES, Options, Processor, Sender, Source, Sources, router};
use jiff::SignedDuration;
use ring::hmac;
use serde_json::{Value, json};
use store::{Delivery, DeliveryState, Found, Orders};
use tokio::sync::Notify;
use tower::ServiceExt as _;

use super::ground::{Ground, ground, subject};

const SECRET: &[u8] = b"a secret of Clerk's, long enough";
/// For how long bodies stay here.
const KEEP: SignedDuration = SignedDuration::from_hours(24 * 30);

impl Ground {
    /// Clerk, whose organization `org_1` is this tenant.
    fn clerk(&self) -> Arc<Sources> {
        let clerk = Clerk {
            organizations: [("org_1".to_owned(), self.acme.tenant)].into(),
            time_zone: "UTC".parse().unwrap(),
            currency: "EUR".parse().unwrap(),
        };
        let source = Source {
            name: "people".to_owned(),
            tenant: self.acme.tenant,
            secrets: vec![format!("whsec_{}", BASE64_STANDARD.encode(SECRET))],
            tolerance: Duration::from_secs(300),
            sender: Sender::Clerk(clerk),
        };
        Arc::new([(source.name.clone(), source)].into())
    }

    fn processor(&self) -> Processor {
        Processor::new(self.store.clone(), self.clerk()).keeping(KEEP)
    }

    /// Takes a message of Clerk's through the door, signed as Clerk signs, but does not process it.
    async fn taken(&self, id: &str, event_type: &str, data: Value) {
        let options = Options {
            sources: self.clerk(),
            body_bytes: DEFAULT_BODY_BYTES,
            turned_away: Arc::new(|_, turned| panic!("{turned:?}")),
            arrived: Arc::new(Notify::new()),
        };
        let now = store::Clock::now(&*self.clock);
        let body = json!({ "type": event_type, "timestamp": now.as_millisecond(), "data": data }).to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
        let signed = format!("{id}.{}.{body}", now.as_second());
        let signature = BASE64_STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
        let request = Request::post("/v1/webhooks/people")
            .header("svix-id", id)
            .header("svix-timestamp", now.as_second())
            .header("svix-signature", format!("v1,{signature}"))
            .body(Body::from(body))
            .unwrap();
        let answer = router(self.store.clone(), options)
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
    }

    /// Takes a message of Clerk's, and processes it.
    pub(super) async fn told(&self, id: &str, event_type: &str, data: Value) {
        self.taken(id, event_type, data).await;
        self.processor().run().await.unwrap();
    }

    /// Clerk tells of a user, and that it is a member of this tenant.
    pub(super) async fn joined_by_clerk(&self) {
        self.told("msg_user", "user.created", user()).await;
        let joined = membership("orgmem_1", "org_1", ("org:member", 1));
        self.told("msg_joined", "organizationMembership.created", joined)
            .await;
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        self.store.inbox().list(&Found::default(), 100).await.unwrap()
    }

    /// The ids of the deliveries whose bodies are there.
    async fn bodies(&self) -> Vec<String> {
        let deliveries = self.deliveries().await;
        let whole = deliveries
            .into_iter()
            .filter(|delivery| !delivery.taken.body.is_empty());
        whole.map(|delivery| delivery.taken.id).collect()
    }

    async fn ask(&self, id: &str, command: Command) {
        let id = subject(id);
        let asked = self
            .store
            .execute::<Subject>(&self.acme, &id, Orders::one(command));
        asked.await.unwrap();
    }

    async fn forgotten(&self, id: &str) -> u64 {
        let forgotten = self.store.forget(&self.acme, &subject(id), "request 17").await;
        forgotten.unwrap().position
    }
}

fn user() -> Value {
    json!({ "id": "user_1", "first_name": "Ada", "last_name": "Lovelace", "updated_at": 1,
            "email_addresses": [{ "email_address": "ada@example.org" }] })
}

fn membership(id: &str, organization: &str, (role, updated_at): (&str, i64)) -> Value {
    json!({ "id": id, "role": role, "created_at": 1, "updated_at": updated_at,
            "organization": { "id": organization, "name": "Acme", "slug": organization.replace('_', "-"), "updated_at": 1 },
            "public_user_data": { "user_id": "user_1", "first_name": "Ada", "last_name": "Lovelace",
                                  "identifier": "ada@example.org" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_webhooks_told_of_a_forgotten_member_is_gone_and_stays_so() {
    let ground = ground().await;
    let projector = ground.project(&ground.store);
    ground.joined_by_clerk().await;
    let payer = json!({ "id": "csi_1", "status": "incomplete", "plan": { "slug": "gold", "amount": 1, "currency": "usd" },
                        "payer": { "organization_id": "org_1", "user_id": "user_1", "email": "ada@example.org" },
                        "updated_at": 1 });
    ground.told("msg_payer", "subscriptionItem.created", payer).await;
    ground
        .told(
            "msg_session",
            "session.created",
            json!({ "id": "s", "user_id": "user_1", "agent": "Lovelace" }),
        )
        .await;
    // The same person in an organization that is another tenant is another subject, and nobody asked for that one.
    let other = membership("orgmem_2", "org_2", ("org:member", 1));
    ground
        .told("msg_other", "organizationMembership.created", other)
        .await;
    projector
        .wait_for(ground.store.log().head().await.unwrap())
        .await
        .unwrap();
    for table in ["webhook_inbox", "member"] {
        assert!(
            ground
                .tables_with("ada@example.org")
                .await
                .contains(&table.to_owned()),
            "{table}"
        );
    }

    let position = ground.forgotten("member/orgmem_1").await;
    assert_eq!(ground.bodies().await, ["msg_other"]);
    let told: String = sqlx::query_scalar("select told::text from webhook_things where id = 'orgmem_1'")
        .fetch_one(&ground.owner().await)
        .await
        .unwrap();
    assert!(
        told.contains("[erased]") && told.contains("user_1") && !told.contains("Lovelace"),
        "{told}"
    );
    projector.wait_for(position).await.unwrap();
    ground.seal().await;
    let note = ground
        .store
        .certificate(ground.acme.tenant, position)
        .await
        .unwrap()
        .unwrap();
    let certificate = store::Certificate::open(&note, &ground.trusted().await).unwrap();
    let rows = |masked: &[store::MaskedRows]| -> Vec<(String, u64)> {
        masked
            .iter()
            .map(|masked| (masked.name.clone(), masked.rows))
            .collect()
    };
    let counted = |list: &[(&str, u64)]| -> Vec<(String, u64)> {
        list.iter()
            .map(|(name, rows)| ((*name).to_owned(), *rows))
            .collect()
    };
    assert_eq!(rows(&certificate.beside), counted(&[("webhook_inbox", 4)]));
    assert_eq!(
        rows(&certificate.read_models),
        counted(&[("audit_feed", 1), ("member", 1)])
    );

    // What comes later takes effect, and is not kept; nor is what comes once more, or can be replayed.
    let promoted = membership("orgmem_1", "org_1", ("org:admin", 9));
    ground
        .told("msg_promoted", "organizationMembership.updated", promoted)
        .await;
    ground.told("msg_user_again", "user.updated", user()).await;
    assert_eq!(ground.bodies().await, ["msg_other"]);
    ground.store.inbox().replay(&Found::default()).await.unwrap();
    assert_eq!(
        ground.processor().run().await.unwrap(),
        1,
        "the one that has a body"
    );
    for delivery in ground.deliveries().await {
        assert_ne!(delivery.state, DeliveryState::Refused, "{delivery:?}");
    }
    projector
        .wait_for(ground.store.log().head().await.unwrap())
        .await
        .unwrap();
    let roles: Vec<(String, String)> = sqlx::query_as("select id, role from member order by id")
        .fetch_all(&ground.owner().await)
        .await
        .unwrap();
    let roles: Vec<_> = roles
        .iter()
        .map(|(id, role)| (id.as_str(), role.as_str()))
        .collect();
    assert_eq!(roles, [("orgmem_1", "admin"), ("orgmem_2", "member")]);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_waits_while_its_member_is_forgotten_goes_when_it_is_processed() {
    let ground = ground().await;
    ground.joined_by_clerk().await;
    let changed = membership("orgmem_1", "org_1", ("org:admin", 5));
    ground
        .taken("msg_changed", "organizationMembership.updated", changed)
        .await;
    ground.forgotten("member/orgmem_1").await;
    assert_eq!(ground.bodies().await, ["msg_changed"]);
    ground.processor().run().await.unwrap();
    assert_eq!(ground.bodies().await, Vec::<String>::new());
    assert_eq!(ground.tables_that_tell().await, Vec::<String>::new());
    // Who was killed between processing and blanking leaves it to the sweep.
    ground
        .tamper(
            "update webhook_inbox set body = 'Lovelace', blanked_at = null where delivery_id = 'msg_changed'",
        )
        .await;
    ground
        .tamper(
            "insert into webhook_mentions (source, person, organization, number) \
             select source, 'user_1', 'org_1', number from webhook_inbox where delivery_id = 'msg_changed'",
        )
        .await;
    assert_eq!(ground.processor().sweep().await.unwrap(), 1);
    assert_eq!(ground.bodies().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_go_after_their_time_but_those_that_wait_and_those_under_legal_hold() {
    let ground = ground().await;
    ground.joined_by_clerk().await;
    ground
        .told("msg_kept", "email.created", json!({ "to": "ada@example.org" }))
        .await;
    let place = Command::PlaceHold {
        hold: "case-1".parse().unwrap(),
        reason: "court order".to_owned(),
    };
    ground.ask("member/orgmem_1", place).await;
    ground
        .taken("msg_waits", "email.created", json!({ "to": "ada@example.org" }))
        .await;
    ground.clock.advance(KEEP);
    ground
        .told("msg_young", "email.created", json!({ "to": "ada@example.org" }))
        .await;
    ground
        .tamper("update webhook_inbox set state = 'waiting' where delivery_id = 'msg_waits'")
        .await;
    assert_eq!(
        ground.processor().sweep().await.unwrap(),
        0,
        "a body that is as old as it may be stays"
    );
    ground.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(ground.processor().sweep().await.unwrap(), 1);
    assert_eq!(
        ground.bodies().await,
        ["msg_user", "msg_joined", "msg_waits", "msg_young"]
    );
    let kept = ground.deliveries().await;
    let blanked = kept
        .iter()
        .find(|delivery| delivery.taken.id == "msg_kept")
        .unwrap();
    assert_eq!(blanked.blanked_at, Some(store::Clock::now(&*ground.clock)));

    let lift = Command::LiftHold {
        hold: "case-1".parse().unwrap(),
        reason: "closed".to_owned(),
    };
    ground.ask("member/orgmem_1", lift).await;
    assert_eq!(ground.processor().sweep().await.unwrap(), 2);
    let for_ever = Processor::new(ground.store.clone(), ground.clerk());
    ground.clock.advance(KEEP * 2);
    assert_eq!(for_ever.sweep().await.unwrap(), 0);
    assert_eq!(ground.bodies().await, ["msg_waits", "msg_young"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_retention_takes_what_webhooks_told_as_well() {
    use domain::retention::{self, Retention};
    let ground = ground().await;
    ground.joined_by_clerk().await;
    let rule = retention::Command::SetRule {
        event_type: "member.invited".to_owned(),
        days: 60,
    };
    let id = store::retention_id(ground.acme.tenant);
    ground
        .store
        .execute::<Retention>(&ground.acme, &id, Orders::one(rule))
        .await
        .unwrap();
    ground.clock.advance(SignedDuration::from_hours(24 * 95));
    assert_eq!(ground.tables_that_tell().await, ["webhook_inbox"]);
    ground
        .store
        .apply_retention(&ground.acme, "member.invited")
        .await
        .unwrap();
    assert_eq!(ground.tables_that_tell().await, Vec::<String>::new());
}
