//! The past: random stories, noted live along the way, told again from the log.

mod background;
pub(crate) mod ground;
mod verify;

use domain::lead::Lead;
use domain::{Caller, lead};
use jiff::SignedDuration;
use projections::lead::LeadList;
use projections::{AsOf, Past, PastError, PastLimits, Touch};
use rand::SeedableRng;
use rand::rngs::StdRng;
use store::Orders;

use crate::support::{capture, tenant as provisioned};
use ground::Ground;

#[tokio::test(flavor = "multi_thread")]
async fn a_random_story_folded_live_is_the_story_told_from_the_log_at_every_step() {
    for seed in [1, 2, 3] {
        let mut random = StdRng::seed_from_u64(seed);
        let ground = Ground::open().await;
        let caller = provisioned(&ground.store, "acme").await;
        let other = provisioned(&ground.store, "other").await;
        let mut noted = Vec::new();
        for step in 0..60 {
            ground.happen(&caller, &mut random).await;
            if step % 3 == 0 {
                ground.happen(&other, &mut random).await;
            }
            noted.push((ground.settle().await, ground.live(&caller).await));
        }
        for (position, live) in noted {
            let told = ground.told(&caller, position).await;
            assert_eq!(told, live, "at position {position}, seed {seed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_means_the_last_position_that_was_recorded_by_then() {
    let ground = Ground::open().await;
    let caller = provisioned(&ground.store, "acme").await;
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..80 {
        ground.happen(&caller, &mut random).await;
    }
    let log = ground.store.log();
    let events = log.page(0, &store::Filter::default(), 1_000).await.unwrap();
    let step = SignedDuration::from_micros(1);
    for event in &events {
        for at in [
            event.recorded_at - step,
            event.recorded_at,
            event.recorded_at + step,
        ] {
            let expected = events.iter().filter(|event| event.recorded_at <= at).count() as u64;
            assert_eq!(log.position_at(None, at).await.unwrap(), expected, "{at}");
        }
    }
    let now = ground.store.ambient().now();
    let future = ground.past.position(None, AsOf::Time(now + step), now).await;
    assert!(matches!(future, Err(PastError::InTheFuture { .. })), "{future:?}");
    let head = events.len() as u64;
    let beyond = ground.past.position(None, AsOf::Position(head + 1), now).await;
    assert!(matches!(beyond, Err(PastError::NotRecorded { .. })), "{beyond:?}");
    assert_eq!(
        ground
            .past
            .position(None, AsOf::Position(head), now)
            .await
            .unwrap(),
        head
    );
    assert_eq!(log.tenants().await.unwrap(), [caller.tenant]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_costs_too_much_is_refused_with_what_to_do() {
    let ground = Ground::open().await;
    let caller = provisioned(&ground.store, "acme").await;
    for number in 0..5 {
        let id = format!("l{number}").parse().unwrap();
        let orders = Orders::one(capture());
        ground.store.execute::<Lead>(&caller, &id, orders).await.unwrap();
    }
    let narrow = PastLimits {
        rows: 4,
        ..PastLimits::default()
    };
    let past = ground.past.clone().with_limits(narrow);
    let error = past.rows::<LeadList>(caller.tenant, 6).await.unwrap_err();
    assert!(
        error.to_string().starts_with("more than 4 rows of lead"),
        "{error}"
    );
    assert_eq!(past.rows::<LeadList>(caller.tenant, 5).await.unwrap().len(), 4);
    let quick = PastLimits {
        time: std::time::Duration::ZERO,
        ..PastLimits::default()
    };
    let past = ground.past.clone().with_limits(quick);
    let error = past.rows::<LeadList>(caller.tenant, 6).await.unwrap_err();
    assert!(
        error.to_string().starts_with("it takes longer than 0 ms"),
        "{error}"
    );
}

/// The columns of a key, beside the tenant's.
type Key<'a> = &'a [(&'a str, &'a str)];

fn owned(key: Key<'_>) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    key.iter().map(owned).collect()
}

/// All of a row's story.
async fn story(past: &Past, read_model: &str, caller: &Caller, key: Key<'_>) -> Vec<Touch> {
    let mut story = past
        .story(read_model, caller.tenant, &owned(key), None)
        .await
        .unwrap();
    let mut touches = Vec::new();
    while let Some(more) = story.next().await.unwrap() {
        touches.extend(more);
    }
    touches
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_explained_by_the_events_that_changed_it_and_no_others() {
    let ground = Ground::open().await;
    let caller = provisioned(&ground.store, "acme").await;
    let (id, other) = ("l1".parse().unwrap(), "l2".parse().unwrap());
    let contact = || lead::Command::Contact {
        channel: "phone".to_owned(),
    };
    let assign = || lead::Command::Assign {
        assignee: "m1".to_owned(),
    };
    for command in [capture(), contact(), contact(), assign()] {
        let orders = Orders::one(command);
        ground.store.execute::<Lead>(&caller, &id, orders).await.unwrap();
        drop(
            ground
                .store
                .execute::<Lead>(&caller, &other, Orders::one(capture()))
                .await,
        );
    }
    let touches = story(&ground.past, "lead", &caller, &[("id", "l1")]).await;
    let told: Vec<_> = touches
        .iter()
        .map(|touch| {
            let row = touch.row.as_ref().unwrap();
            (
                touch.event.event_type.as_str(),
                row["contacts"].to_string(),
                row["assignee"].to_string(),
            )
        })
        .collect();
    let null = || "null".to_owned();
    assert_eq!(
        told,
        [
            ("lead.captured", "0".to_owned(), null()),
            ("lead.contacted", "1".to_owned(), null()),
            ("lead.contacted", "2".to_owned(), null()),
            ("lead.assigned", "2".to_owned(), "\"m1\"".to_owned()),
        ]
    );
    assert_eq!(touches[1].changed, ["contacts"]);
    // The second contact is no first response: it reaches for the month, and leaves it as it was.
    let month = [("vertical", "sales"), ("month", "2026-03-01")];
    let touches = story(&ground.past, "roi_summary", &caller, &month).await;
    let changed: Vec<_> = touches.iter().map(|touch| touch.changed.len()).collect();
    assert_eq!(touches.len(), 4, "{changed:?}");
    assert_eq!(changed[3], 0, "{changed:?}");
    let pages = ground
        .past
        .story("roi_summary", caller.tenant, &owned(&month), None)
        .await
        .unwrap();
    let first = ground.past.explain(pages, 0, 2).await.unwrap();
    assert_eq!((first.touches.len(), first.more), (2, true));
    let after = first.touches[1].event.position;
    let pages = ground
        .past
        .story("roi_summary", caller.tenant, &owned(&month), None)
        .await
        .unwrap();
    let second = ground.past.explain(pages, after, 2).await.unwrap();
    assert_eq!((second.touches.len(), second.more), (1, false));
    // An entry of the audit feed is one event.
    let touches = story(&ground.past, "audit_feed", &caller, &[("position", "2")]).await;
    assert_eq!(touches.len(), 1);
    assert_eq!(touches[0].event.position, 2);
    assert_eq!(touches[0].row.as_ref().unwrap()["action"], "lead.captured");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_explained_is_refused_with_what_there_is() {
    let ground = Ground::open().await;
    let caller = provisioned(&ground.store, "acme").await;
    let cases: [(&str, Key<'_>, &str); 6] = [
        (
            "leads",
            &[("id", "l1")],
            "there is no read model \"leads\": there are account_history, agent, agent_run, alert, api_key,",
        ),
        (
            "lead",
            &[("name", "l1")],
            "the key of lead is made of id: there is no \"name\" in it",
        ),
        ("lead", &[], "the key of lead is made of id: \"id\" is missing"),
        (
            "lead",
            &[("id", "l1"), ("id", "l2")],
            "the key of lead is made of id: \"id\" is there twice",
        ),
        (
            "audit_feed",
            &[("position", "x")],
            "the key of audit_feed is made of position: position: \"x\" is not a number",
        ),
        (
            "roi_summary",
            &[("vertical", "sales"), ("month", "March")],
            "the key of roi_summary is made of vertical, month: ",
        ),
    ];
    for (read_model, key, expected) in cases {
        let refused = ground
            .past
            .story(read_model, caller.tenant, &owned(key), None)
            .await;
        let text = refused.unwrap_err().to_string();
        assert!(text.starts_with(expected), "{text}");
    }
    let key = owned(&[("id", "nobody")]);
    let mut nothing = ground
        .past
        .story("lead", caller.tenant, &key, None)
        .await
        .unwrap();
    let text = nothing.next().await.unwrap_err().to_string();
    assert!(text.contains("no row") && text.contains("nobody"), "{text}");
}
