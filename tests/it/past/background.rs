//! The verification in the background: a row that was flipped behind the engine's back becomes a metric.

use std::num::NonZeroU32;
use std::time::Duration;

use annals::verification::Verification;
use metrics_exporter_prometheus::PrometheusBuilder;
use projections::{Past, PastLimits, Reader};
use store::{Orders, Role};

use super::ground::Ground;
use crate::support::{capture, lead_id, tenant};

/// The value of a read model's counter; 0 before it is there.
fn counted(metrics: &str, name: &str, read_model: &str) -> u64 {
    let series = format!("{name}{{read_model=\"{read_model}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&series));
    line.map_or(0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn a_flipped_row_is_found_in_the_background_and_counted() {
    // The tasks of this runtime are on this thread, as the recorder is.
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let ground = Ground::open().await;
    let caller = tenant(&ground.store, "acme").await;
    for id in ["l1", "l2", "l3"].map(lead_id) {
        let captured = ground
            .store
            .execute::<domain::lead::Lead>(&caller, &id, Orders::one(capture()));
        captured.await.unwrap();
    }
    ground.settle().await;
    let pool = store::pool(ground.database.url(), Role::Projector, 2).unwrap();
    let past = Past::new(
        Reader::new(pool),
        ground.store.log().clone(),
        PastLimits::default(),
    );
    let quick = NonZeroU32::new(1_000_000).unwrap();
    let every = Duration::from_millis(2);
    let ambient = ground.store.ambient().clone();
    let verification = Verification::start_in_turns(past, ambient, quick, every);
    let (compared, differ) = (
        "annals_read_model_verified_keys_total",
        "annals_read_model_differences",
    );
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let mut until = async |name: &str, read_model: &str| {
        for _ in 0..3_000 {
            look.tick().await;
            if counted(&metrics.render(), name, read_model) > 0 {
                return;
            }
        }
        panic!("{name} of {read_model} stays 0:\n{}", metrics.render());
    };
    until(compared, "lead").await;
    assert_eq!(counted(&metrics.render(), differ, "lead"), 0);
    let flip = "update lead set source = 'fax' where id = 'l2'";
    sqlx::query(flip)
        .execute(&ground.database.pool().await)
        .await
        .unwrap();
    until(differ, "lead").await;
    for model in projections::all().iter().filter(|model| model.name() != "lead") {
        assert_eq!(
            counted(&metrics.render(), differ, model.name()),
            0,
            "{}",
            model.name()
        );
    }
    verification.stop().await;
}
