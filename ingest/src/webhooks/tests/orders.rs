//! Deliveries come in any order, and again: the log ends in the same state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::subscription::Event as Paid;
use domain::tenant::{Command, DeploymentMode, Settings, Tenant, TenantKey};
use domain::{Caller, Event, RecordedEvent, TenantId};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use store::{DeliveryState, Filter, Found, NewDelivery, Orders, Store};

use super::door::NOW;
use super::lives::{Messages, WHOLE, by_clerk, by_stripe};
use crate::testing::{Ground, ground};
use crate::webhooks::{Clerk, Processor, Sender, Source, Stripe};

/// A tenant's state, told without the order in which it came about.
fn state(events: &[RecordedEvent]) -> BTreeMap<String, Value> {
    let mut state: BTreeMap<String, Value> = BTreeMap::new();
    let mut sums: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for recorded in events {
        let (id, at) = (&recorded.stream.id, recorded.occurred_at);
        let mut put = |name: &str, value: Value| state.insert(format!("{id} {name}"), value);
        match &recorded.event {
            Event::Subscription(event) => match event {
                Paid::Started {
                    plan,
                    price,
                    started_at,
                    customer,
                } => {
                    put("plan", json!([plan, price.to_string(), started_at, customer]));
                    put("standing", json!("active"));
                }
                Paid::PlanChanged { plan, price, .. } => {
                    let begun = state[&format!("{id} plan")].clone();
                    state.insert(
                        format!("{id} plan"),
                        json!([plan, price.to_string(), begun[2], begun[3]]),
                    );
                }
                Paid::Paused { .. } => drop(put("standing", json!("paused"))),
                Paid::Resumed { .. } | Paid::BecameCurrent { .. } => drop(put("standing", json!("active"))),
                Paid::BecamePastDue { .. } => drop(put("standing", json!("past_due"))),
                Paid::Canceled { reason, .. } => drop(put("standing", json!(["canceled", reason, at]))),
                // No sender knows of these.
                Paid::CouponApplied { .. } | Paid::CreditGranted { .. } | Paid::TaxesSet { .. } => {
                    panic!("{event:?}")
                }
                Paid::PaymentReceived { .. }
                | Paid::PaymentFailed { .. }
                | Paid::PaymentDisputed { .. }
                | Paid::DisputeClosed { .. } => {
                    let mut told = recorded.event.encode();
                    // The plan at the time of writing.
                    told.as_object_mut()
                        .unwrap()
                        .values_mut()
                        .for_each(|fields| fields["plan"] = json!(null));
                    let is_new = sums.entry(id.clone()).or_default().insert(format!("{told} {at}"));
                    assert!(is_new, "it counts once: {told}");
                }
            },
            Event::Member(event) => match event {
                domain::member::Event::Invited { email, .. } => drop(put("invited", json!([email, at]))),
                domain::member::Event::Joined { user, .. } => drop(put("joined", json!([user, at]))),
                domain::member::Event::RoleChanged { .. } => {}
                domain::member::Event::Removed { reason, .. } => drop(put("removed", json!([reason, at]))),
            },
            Event::Tenant(event) => {
                let fields = event;
                if let domain::tenant::Event::SettingsChanged { settings, .. }
                | domain::tenant::Event::Provisioned { settings, .. } = fields
                {
                    state.insert("tenant settings".to_owned(), json!(settings));
                }
            }
            other => panic!("{other:?}"),
        }
        let role = match &recorded.event {
            Event::Member(
                domain::member::Event::Invited { role, .. } | domain::member::Event::RoleChanged { role, .. },
            ) => Some(*role),
            _ => None,
        };
        if let Some(role) = role {
            state.insert(format!("{id} role"), json!(role));
        }
    }
    let sums = sums
        .into_iter()
        .map(|(id, told)| (format!("{id} sums"), json!(told)));
    state.into_iter().chain(sums).collect()
}

/// Sends deliveries to a source of its own, some at once, and tells the state of its tenant.
async fn sent(
    ground: &Ground,
    source: Source,
    messages: &Messages,
    batches: usize,
) -> BTreeMap<String, Value> {
    let (store, name) = (&ground.store, source.name.clone());
    let tenant = match source.sender {
        Sender::Clerk(_) => source.tenant_of("org_1"),
        _ => source.tenant,
    };
    let processor = Processor::new(store.clone(), Arc::new([(name.clone(), source)].into()));
    for batch in messages.chunks(messages.len().div_ceil(batches.max(1)).max(1)) {
        for (id, event_type, body) in batch {
            let delivery = NewDelivery {
                source: name.clone(),
                id: id.clone(),
                event_type: event_type.clone(),
                body: body.to_string().into_bytes(),
                received_at: Timestamp::from_second(NOW).unwrap(),
            };
            store.inbox().take(&delivery).await.unwrap();
        }
        processor.run().await.unwrap();
    }
    let found = Found {
        source: Some(name),
        ..Found::default()
    };
    for delivery in store.inbox().list(&found, 100).await.unwrap() {
        let note = delivery.note.unwrap_or_default();
        let is_whole = messages.len() >= WHOLE;
        let fine = match delivery.state {
            DeliveryState::Processed | DeliveryState::Kept => true,
            // Before all is told, some wait for others.
            DeliveryState::Held => !is_whole,
            DeliveryState::Waiting | DeliveryState::Refused => false,
        };
        assert!(fine, "{}: {} {note}", delivery.taken.event_type, delivery.state);
    }
    // Once more, from the first one on: nothing changes.
    let head = store.log().head().await.unwrap();
    store.inbox().replay(&found).await.unwrap();
    processor.run().await.unwrap();
    assert_eq!(
        store.log().head().await.unwrap(),
        head,
        "what is replayed changes nothing"
    );
    state(&store.log().page(0, &Filter::tenant(tenant), 1_000).await.unwrap())
}

fn source(name: String, tenant: TenantId, sender: Sender) -> Source {
    Source {
        name,
        tenant,
        secrets: vec![],
        tolerance: Duration::from_secs(300),
        sender,
    }
}

async fn fresh_tenant(store: &Store, like: &Caller, number: u32) -> TenantId {
    let tenant = TenantId::new(store.ambient().fresh_id());
    let provision = Command::Provision {
        slug: format!("tenant-{number}").parse().unwrap(),
        mode: DeploymentMode::Shared,
        settings: Settings {
            name: "Acme".into(),
            time_zone: "UTC".parse().unwrap(),
            currency: "USD".parse().unwrap(),
        },
    };
    let caller = Caller::new(tenant, like.actor.clone());
    let key = TenantKey::from(tenant);
    store
        .execute::<Tenant>(&caller, &key, Orders::one(provision))
        .await
        .unwrap();
    tenant
}

/// Runs random orders, each with some deliveries twice, and holds their ends against the sender's own order.
fn in_any_order(messages: fn() -> Messages, sender: fn() -> Sender) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ground = runtime.block_on(ground());
    let number = std::cell::Cell::new(0);
    let run = |messages: &Messages, batches: usize| {
        runtime.block_on(async {
            number.set(number.get() + 1);
            let tenant = fresh_tenant(&ground.store, &ground.caller, number.get()).await;
            let source = source(format!("source-{}", number.get()), tenant, sender());
            sent(&ground, source, messages, batches).await
        })
    };
    let all = messages();
    let orders = (1..=all.len(), any::<u64>(), 1_usize..20);
    let mut runner = TestRunner::new(Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&orders, |(told, seed, batches)| {
        // So much of the story happened; the last run of it always all.
        let happened: Messages = all[..told].to_vec();
        let in_order = run(&happened, 1);
        let mut shuffled = happened.clone();
        shuffled.extend(happened.iter().step_by(3).cloned());
        let mut random = proptest::test_runner::TestRng::from_seed(
            proptest::test_runner::RngAlgorithm::ChaCha,
            &[&seed.to_le_bytes()[..], &[0; 24]].concat(),
        );
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, (random.next_u64() % (index as u64 + 1)) as usize);
        }
        let any_order = run(&shuffled, batches);
        prop_assert_eq!(any_order, in_order);
        Ok(())
    });
    outcome.unwrap();
    let whole = run(&all, 1);
    assert!(whole.values().any(|value| value[0] == "canceled"), "{whole:#?}");
}

#[test]
fn a_life_told_by_stripe_ends_the_same_in_any_order() {
    in_any_order(by_stripe, || Sender::Stripe(Stripe::default()));
}

#[test]
fn a_life_told_by_clerk_ends_the_same_in_any_order() {
    in_any_order(by_clerk, || {
        Sender::Clerk(Clerk {
            organizations: BTreeMap::new(),
            time_zone: "UTC".parse().unwrap(),
            currency: "USD".parse().unwrap(),
        })
    });
}
