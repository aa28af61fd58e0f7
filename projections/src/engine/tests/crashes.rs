//! The projector's connection is cut at each step of a page: nothing counts twice, and nothing is lost.

use super::house::{House, house};

/// Cuts the connection that does something to a table, so many times; told by a sequence, which no rollback undoes.
async fn cut_at(house: &House, step: &str, table: &str, timing: &str) {
    let sql = format!(
        "create sequence cuts_{step}; \
         create function cut_{step}() returns trigger language plpgsql security definer as $$ \
         begin \
             if nextval('cuts_{step}') <= 3 then perform pg_terminate_backend(pg_backend_pid()); end if; \
             return null; \
         end $$; \
         create {timing} on {table} {deferred} for each row execute function cut_{step}()",
        deferred = if timing.starts_with("constraint") {
            "deferrable initially deferred"
        } else {
            ""
        },
    );
    sqlx::raw_sql(&sql).execute(&house.owner).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_that_is_cut_off_at_any_step_counts_every_event_once() {
    for (step, table, timing) in [
        ("rows", "lead", "trigger cut after insert or update"),
        ("added", "audit_feed", "trigger cut after insert"),
        (
            "parking",
            "read_model_parked",
            "trigger cut after insert or update",
        ),
        ("checkpoint", "read_model_checkpoints", "trigger cut after update"),
        (
            "commit",
            "read_model_checkpoints",
            "constraint trigger cut after update",
        ),
    ] {
        let house = house().await;
        house.capture("l0", "web").await;
        house.capture("bad", "hell").await;
        cut_at(&house, step, table, timing).await;
        let projector = house.project();
        let mut last = 0;
        for number in 1..=20 {
            last = house.capture(&format!("l{number}"), "web").await;
        }
        last = last.max(house.enrich("bad").await);
        projector.wait_for(last).await.unwrap();
        projector.stop().await;
        let cuts: i64 = sqlx::query_scalar(&format!("select last_value from cuts_{step}"))
            .fetch_one(&house.owner)
            .await
            .unwrap();
        assert!(cuts >= 3, "{step}: {cuts}");
        assert_eq!(house.count("lead").await, 22, "{step}");
        assert_eq!(house.count("audit_feed").await, 24, "{step}");
        assert_eq!(house.count("sources").await, 21, "{step}");
        let parked = house.operations().parked().await.unwrap();
        assert_eq!((parked.len(), parked[0].events), (1, 2), "{step}");
    }
}
