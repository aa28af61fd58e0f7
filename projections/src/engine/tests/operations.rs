//! Rebuilt, compared, switched, taken back, resumed.

use super::house::{house, tenant};
use crate::engine::{Listing, OperationError, Operations, Order, Policy, Scope};

#[tokio::test(flavor = "multi_thread")]
async fn a_build_is_filled_beside_the_live_one_compared_switched_and_taken_back() {
    let house = house().await;
    let last = house.capture("l1", "web").await;
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    let operations = house.operations();
    // Somebody changed a row behind the engine's back.
    sqlx::raw_sql("update sources set source = 'forged'")
        .execute(&house.owner)
        .await
        .unwrap();
    let build = operations.rebuild("sources", Order::default()).await.unwrap();
    let progress = tokio::sync::watch::Sender::default();
    operations.fill(&build, progress).await.unwrap();
    let last = house.capture("l2", "shop").await;
    let listing = Listing {
        after: None,
        limit: 10,
    };
    let diff = operations.diff("sources", &listing).await.unwrap();
    assert_eq!((diff.added, diff.changed, diff.gone), (0, 1, 0));
    let column = &diff.differences[0].columns[0];
    assert_eq!(
        (column.column.as_str(), &column.left, &column.right),
        ("source", &Some("forged".into()), &Some("web".into()))
    );
    operations.switch("sources").await.unwrap();
    projector.wait_for(last).await.unwrap();
    assert_eq!(house.sources().await, ["shop", "web"]);
    operations.rollback("sources").await.unwrap();
    assert_eq!(house.sources().await, ["forged", "shop"]);
    let last = house.capture("l3", "app").await;
    projector.wait_for(last).await.unwrap();
    assert_eq!(house.sources().await, ["app", "forged", "shop"]);
    projector.stop().await;
}

async fn fill(operations: &Operations, order: Order) -> Result<(), OperationError> {
    let build = operations.rebuild("sources", order).await?;
    operations
        .fill(&build, tokio::sync::watch::Sender::default())
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_parked_is_folded_in_order_after_a_fix() {
    let house = house().await;
    house.capture("good", "web").await;
    let bad = house.capture("bad", "hell").await;
    let last = house.enrich("bad").await;
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    let parked = house.operations().parked().await.unwrap();
    let stream = parked[0].stream.clone();
    let still = house.operations().resume("sources", &stream).await.unwrap_err();
    assert!(
        matches!(&still, OperationError::StillRefused { position, resumed: 0, .. } if *position == bad),
        "{still}"
    );
    assert_eq!(house.operations().parked().await.unwrap(), parked);
    assert_eq!(house.mended().resume("sources", &stream).await.unwrap(), 2);
    assert_eq!(house.sources().await, ["hell", "web"]);
    assert_eq!(house.operations().parked().await.unwrap(), []);
    assert_eq!(house.count("read_model_stale").await, 0);
    let none = house.mended().resume("sources", &stream).await.unwrap_err();
    assert!(matches!(none, OperationError::NotParked { .. }), "{none}");
    // The projector that parked it lets it flow again.
    let last = house.enrich("bad").await;
    projector.wait_for(last).await.unwrap();
    assert_eq!(house.operations().parked().await.unwrap(), []);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_forbids_a_switch_until_the_difference_is_accepted() {
    let house = house().await;
    let last = house.capture("l1", "web").await;
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    sqlx::raw_sql("insert into sources select tenant_id, 'ghost', 'nobody', 1, position from sources")
        .execute(&house.owner)
        .await
        .unwrap();
    let operations = house.operations();
    let order = Order {
        policy: Policy::Accepted,
        ..Order::default()
    };
    fill(&operations, order).await.unwrap();
    let refused = operations.switch("sources").await.unwrap_err();
    assert!(
        matches!(refused, OperationError::Differs { gone: 1, .. }),
        "{refused}"
    );
    let again = fill(&operations, Order::default()).await.unwrap_err();
    assert!(matches!(again, OperationError::AlreadyThere { .. }), "{again}");
    operations.accept("sources").await.unwrap();
    // What was accepted is this difference, and no other.
    sqlx::raw_sql("update sources set source = 'forged' where id = 'l1'")
        .execute(&house.owner)
        .await
        .unwrap();
    let refused = operations.switch("sources").await.unwrap_err();
    assert!(
        matches!(
            refused,
            OperationError::Differs {
                gone: 1,
                changed: 1,
                ..
            }
        ),
        "{refused}"
    );
    operations.accept("sources").await.unwrap();
    operations.switch("sources").await.unwrap();
    assert_eq!(house.sources().await, ["web"]);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenants_rows_or_one_row_are_rebuilt_alone() {
    let house = house().await;
    let other = tenant(&house.store, "other").await;
    house.capture("l1", "web").await;
    house.capture("l2", "web").await;
    let last = house.capture_for(&other, "l1", "web").await;
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    let forge = "update sources set source = 'forged'";
    sqlx::raw_sql(forge).execute(&house.owner).await.unwrap();
    let operations = house.operations();
    let acme = house.caller.tenant;
    let row = Scope {
        tenant: Some(acme),
        key: Some(vec![acme.to_string(), "l2".to_owned()]),
    };
    for (scope, changed, after) in [
        (row, 1, ["forged", "forged", "web"]),
        (
            Scope {
                tenant: Some(acme),
                key: None,
            },
            1,
            ["forged", "web", "web"],
        ),
    ] {
        let order = Order {
            scope,
            ..Order::default()
        };
        fill(&operations, order).await.unwrap();
        let diff = operations.switch("sources").await.unwrap();
        assert_eq!((diff.added, diff.changed, diff.gone), (0, changed, 0));
        assert_eq!(house.sources().await, after);
    }
    operations.rollback("sources").await.unwrap();
    assert_eq!(house.sources().await, ["forged", "forged", "web"]);
    let last = house.capture("l3", "app").await;
    projector.wait_for(last).await.unwrap();
    assert_eq!(house.sources().await, ["app", "forged", "forged", "web"]);
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_interrupted_goes_on_with_little_memory_and_ends_the_same() {
    let house = house().await;
    let mut last = 0;
    for number in 0..400 {
        last = house.capture(&format!("l{number}"), "web").await;
    }
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    projector.stop().await;
    for name in ["sources", "lead", "audit_feed"] {
        // So little memory that every page is written at once.
        let operations = house.operations().with_memory(1);
        let build = operations.rebuild(name, Order::default()).await.unwrap();
        for _ in 0..20 {
            let progress = tokio::sync::watch::Sender::default();
            let mut moved = progress.subscribe();
            tokio::select! {
                filled = operations.fill(&build, progress) => match filled {
                    // The server has not noticed yet that whoever filled it before is gone.
                    Ok(()) | Err(OperationError::Busy { .. }) => {}
                    Err(error) => panic!("{name}: {error}"),
                },
                _ = moved.changed() => {}
            }
        }
        let mut again = tokio::time::interval(std::time::Duration::from_millis(10));
        while let Ok(build) = operations.rebuild(name, Order::default()).await {
            match operations
                .fill(&build, tokio::sync::watch::Sender::default())
                .await
            {
                Ok(()) => {}
                Err(OperationError::Busy { .. }) => drop(again.tick().await),
                Err(error) => panic!("{name}: {error}"),
            }
        }
        let diff = operations.switch(name).await.unwrap();
        assert!(diff.is_empty(), "{name}: {diff:?}");
    }
    assert_eq!(house.count("lead").await, 400);
    assert_eq!(house.count("audit_feed").await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_done_says_what_and_what_to_do() {
    let house = house().await;
    let operations = house.operations();
    let early = operations.rebuild("sources", Order::default()).await.unwrap_err();
    assert!(early.to_string().contains("start a projector"), "{early}");
    let last = house.capture("l1", "web").await;
    let projector = house.project();
    projector.wait_for(last).await.unwrap();
    let unknown = operations.rebuild("leads", Order::default()).await.unwrap_err();
    assert!(
        unknown
            .to_string()
            .contains("there are audit_feed, lead, sources"),
        "{unknown}"
    );
    let nobody = domain::TenantId::new(house.store.ambient().fresh_id());
    let scope = Scope {
        tenant: Some(nobody),
        key: None,
    };
    let order = Order {
        scope,
        ..Order::default()
    };
    let nobody = operations.rebuild("sources", order).await.unwrap_err();
    assert!(matches!(nobody, OperationError::UnknownTenant(_)), "{nobody}");
    let scope = Scope {
        tenant: Some(house.caller.tenant),
        key: Some(vec!["l1".to_owned()]),
    };
    let order = Order {
        scope,
        ..Order::default()
    };
    let short = operations.rebuild("sources", order).await.unwrap_err();
    assert!(short.to_string().contains("tenant_id, id"), "{short}");
    for refused in [
        operations.switch("sources").await.map(drop).unwrap_err(),
        operations.rollback("sources").await.map(drop).unwrap_err(),
        operations
            .diff("sources", &Listing::default())
            .await
            .map(drop)
            .unwrap_err(),
        operations.discard("sources").await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(refused, OperationError::NoBuild { .. }), "{refused}");
    }
    let estimate = operations.estimate("sources", &Scope::default()).await.unwrap();
    assert_eq!((estimate.events, estimate.rows), (2, 1));
    let status = operations.status().await.unwrap();
    let sources = status.iter().find(|status| status.name == "sources").unwrap();
    assert_eq!(
        (sources.lag_events, sources.lag_ms, sources.carried),
        (0, 0, true)
    );
    projector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_are_shared_out_and_dealt_out_anew() {
    let house = house().await;
    let mut callers = vec![house.caller.clone()];
    for number in 0..8 {
        callers.push(tenant(&house.store, &format!("t{number}")).await);
    }
    let mut expected = 0;
    for shards in [3, 1, 4] {
        let one = house.project_in(shards);
        let two = house.project_in(shards);
        let mut last = 0;
        for caller in &callers {
            last = house.capture_for(caller, &format!("l{shards}"), "web").await;
            expected += 1;
        }
        two.wait_for(last).await.unwrap();
        one.wait_for(last).await.unwrap();
        assert_eq!(house.count("sources").await, expected);
        one.stop().await;
        two.stop().await;
    }
}
