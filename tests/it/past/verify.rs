//! Rows that were changed behind the engine's back are found, and the event is named at which they parted.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use domain::lead::{self, Lead};
use domain::opportunity::{self, Opportunity};
use domain::{Caller, Money};
use projections::{Check, Difference, DifferenceKind, Extent, Past, PastError, PastLimits, Reader};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::PgPool;
use store::{Orders, Role};

use super::ground::Ground;
use crate::support::{capture, tenant};

/// Two tenants with a random past, folded.
async fn lived_in() -> (Ground, Caller, Caller) {
    let ground = Ground::open().await;
    let (acme, other) = (
        tenant(&ground.store, "acme").await,
        tenant(&ground.store, "other").await,
    );
    let mut random = StdRng::seed_from_u64(11);
    for _ in 0..120 {
        ground.happen(&acme, &mut random).await;
        ground.happen(&other, &mut random).await;
    }
    (ground, acme, other)
}

async fn behind_the_engines_back(owner: &PgPool, statement: &str) {
    let changed = sqlx::query(statement).execute(owner).await.unwrap();
    assert_eq!(changed.rows_affected(), 1, "{statement}");
}

async fn capture_and_contact(ground: &Ground, caller: &Caller, id: &str, contacts: u32) {
    let contact = || lead::Command::Contact {
        channel: "phone".to_owned(),
    };
    let commands = std::iter::once(capture()).chain((0..contacts).map(|_| contact()));
    for command in commands {
        let id = id.parse().unwrap();
        let orders = Orders::one(command);
        ground.store.execute::<Lead>(caller, &id, orders).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_touched_is_as_the_log_says_in_every_read_model() {
    let (ground, _, _) = lived_in().await;
    ground.settle().await;
    for model in projections::all() {
        for extent in [Extent::All, Extent::Sample { keys: 20, seed: 3 }] {
            let check = Check {
                extent,
                ..Check::all()
            };
            let verified = ground.past.verify(model.name(), &check).await.unwrap();
            assert_eq!(verified.different, 0, "{verified:#?}");
            assert_eq!(verified.tenants, 2, "{}", model.name());
        }
    }
    let verified = ground.past.verify("audit_feed", &Check::all()).await.unwrap();
    assert_eq!(verified.keys, ground.store.log().head().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_flipped_deleted_or_added_is_found_with_its_columns_and_its_event() {
    let (ground, acme, other) = lived_in().await;
    capture_and_contact(&ground, &acme, "flipped", 3).await;
    capture_and_contact(&ground, &acme, "deleted", 1).await;
    capture_and_contact(&ground, &other, "absurd", 2).await;
    ground.settle().await;
    let owner = ground.database.pool().await;
    for statement in [
        "update lead set contacts = 1 where id = 'flipped'",
        "delete from lead where id = 'deleted'",
        "update lead set contacts = -5, assignee = 'nobody' where id = 'absurd'",
        "insert into lead select (jsonb_populate_record(l, '{\"id\": \"added\"}')).* from lead l where id = 'flipped'",
    ] {
        behind_the_engines_back(&owner, statement).await;
    }
    let check = Check::all();
    let verified = ground.past.verify("lead", &check).await.unwrap();
    assert_eq!(verified.different, 4, "{verified:#?}");
    let of = |id: &str| -> &Difference {
        let mut differences = verified.differences.iter();
        differences.find(|one| one.key["id"] == id).unwrap()
    };
    let flipped = of("flipped");
    assert_eq!(
        (&flipped.kind, flipped.tenant),
        (&DifferenceKind::Changed, acme.tenant)
    );
    let column = &flipped.columns[0];
    assert_eq!((flipped.columns.len(), column.column.as_str()), (1, "contacts"));
    assert_eq!((&column.left, &column.right), (&Some(json!(1)), &Some(json!(3))));
    // After the first contact it still agreed: the second one parted them.
    let event = flipped.event.as_ref().unwrap();
    assert_eq!((event.event_type.as_str(), event.sequence), ("lead.contacted", 3));

    let deleted = of("deleted");
    assert_eq!(deleted.kind, DifferenceKind::Missing);
    assert_eq!(deleted.event.as_ref().unwrap().event_type, "lead.captured");
    let added = of("added");
    assert_eq!(
        (&added.kind, added.event.is_none()),
        (&DifferenceKind::Superfluous, true)
    );
    // It never was like that: the last event that changed these columns is named.
    let absurd = of("absurd");
    let columns: Vec<&str> = absurd
        .columns
        .iter()
        .map(|column| column.column.as_str())
        .collect();
    assert_eq!(columns, ["assignee", "contacts"]);
    assert_eq!(absurd.event.as_ref().unwrap().sequence, 3);

    let named = Check {
        tenant: Some(other.tenant),
        ..check
    };
    let verified = ground.past.verify("lead", &named).await.unwrap();
    assert_eq!((verified.tenants, verified.different), (1, 1));
    let told = Check { told: 1, ..check };
    let verified = ground.past.verify("lead", &told).await.unwrap();
    assert_eq!((verified.different, verified.differences.len()), (4, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_and_entries_are_found_as_well_and_by_samples_too() {
    let (ground, acme, _) = lived_in().await;
    let value = Money::new(Decimal::new(4_711, 2), "EUR".parse().unwrap());
    let open = opportunity::Command::Open {
        title: "Deal".to_owned(),
        stage: "first".to_owned(),
        vertical: "claims".parse().unwrap(),
        account: None,
        owner: None,
        product: None,
        lead: None,
        expected: None,
    };
    let id = "deal".parse().unwrap();
    for command in [open, opportunity::Command::Win { value }] {
        let orders = Orders::one(command);
        ground
            .store
            .execute::<Opportunity>(&acme, &id, orders)
            .await
            .unwrap();
    }
    let head = ground.settle().await;
    let owner = ground.database.pool().await;
    for statement in [
        "update roi_summary set opportunities_won = 0, won_value = '{}' where vertical = 'claims'",
        "update daily_usage set quantity = quantity + 0.1 where day = (select max(day) from daily_usage) \
         and tenant_id = (select tenant_id from daily_usage order by day desc limit 1)",
        "delete from audit_feed where position = 7",
        "insert into audit_feed select (jsonb_populate_record(a, '{\"position\": 100000}')).* from audit_feed a \
         where position = 5",
    ] {
        behind_the_engines_back(&owner, statement).await;
    }
    for extent in [Extent::All, Extent::Sample { keys: 400, seed: 5 }] {
        let check = Check {
            extent,
            ..Check::all()
        };
        let months = ground.past.verify("roi_summary", &check).await.unwrap();
        assert_eq!(months.different, 1, "{months:#?}");
        let month = &months.differences[0];
        assert_eq!(month.key["vertical"], "claims");
        assert_eq!(
            month.event.as_ref().unwrap().position,
            head,
            "the win parted them"
        );
        let days = ground.past.verify("daily_usage", &check).await.unwrap();
        assert_eq!(days.different, 1, "{days:#?}");
        assert_eq!(days.differences[0].columns[0].column, "quantity");
        let entries = ground.past.verify("audit_feed", &check).await.unwrap();
        let missing = entries
            .differences
            .iter()
            .find(|one| one.kind == DifferenceKind::Missing);
        assert_eq!(
            missing.unwrap().event.as_ref().unwrap().position,
            7,
            "{entries:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projectors_pool_also_finds_rows_of_tenants_that_never_were() {
    let (ground, _, _) = lived_in().await;
    ground.settle().await;
    let owner = ground.database.pool().await;
    let stranger =
        "insert into workspace values ('00000000000000000000000009', 'w', 'W', 'active', now(), now(), 1)";
    behind_the_engines_back(&owner, stranger).await;
    let reader = Reader::new(store::pool(ground.database.url(), Role::Projector, 2).unwrap());
    let past = Past::new(reader, ground.store.log().clone(), PastLimits::default());
    for extent in [Extent::All, Extent::Sample { keys: 30, seed: 1 }] {
        let check = Check {
            extent,
            ..Check::all()
        };
        let verified = past.verify("workspace", &check).await.unwrap();
        assert_eq!((verified.tenants, verified.different), (3, 1), "{verified:#?}");
        assert_eq!(verified.differences[0].kind, DifferenceKind::Superfluous);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_is_as_gentle_as_it_is_asked_to_be() {
    let (ground, _, _) = lived_in().await;
    ground.settle().await;
    let gently = Check {
        events_per_second: NonZeroU32::new(200),
        ..Check::all()
    };
    let begun = Instant::now();
    let verified = ground.past.verify("audit_feed", &gently).await.unwrap();
    assert!(verified.events > 100, "{verified:?}");
    let least = Duration::from_millis(verified.events * 1_000 / 200).mul_f32(0.8);
    assert!(
        begun.elapsed() >= least,
        "{:?} for {} events",
        begun.elapsed(),
        verified.events
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_compared_is_said() {
    let (ground, _, _) = lived_in().await;
    ground.settle().await;
    let unknown = ground.past.verify("leads", &Check::all()).await.unwrap_err();
    assert!(matches!(unknown, PastError::UnknownReadModel { .. }), "{unknown}");
    let owner = ground.database.pool().await;
    let newer = "update read_model_checkpoints set version = 9 where name = 'lead'";
    behind_the_engines_back(&owner, newer).await;
    let other = ground.past.verify("lead", &Check::all()).await.unwrap_err();
    let expected = "the rows of lead were folded by its version 9, and this program folds version 1";
    assert!(other.to_string().starts_with(expected), "{other}");
}
