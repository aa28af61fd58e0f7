//! Events in, rows out.

use domain::agent_run::Event;

use super::{AI_COST, PlatformUsage};
use crate::engine::rehearsal::{Story, money};

fn call(cost: Option<&str>) -> Event {
    Event::ModelCallRecorded {
        agent: "scout".to_owned(),
        vertical: "sales".parse().unwrap(),
        provider: "p".to_owned(),
        model: "m".to_owned(),
        input_tokens: 10,
        cached_tokens: 4,
        output_tokens: 5,
        cost: cost.map(money),
    }
}

#[test]
fn a_month_of_utc_sums_what_the_platforms_meters_read_and_what_models_cost() {
    let name = "agent_run.model_call_recorded";
    let rows = Story::default()
        .then("2026-01-31T23:30:00Z", name, "r1", call(Some("0.10 USD")))
        .then("2026-01-01T00:00:00Z", name, "r1", call(Some("0.002 USD")))
        .then("2026-01-15T00:00:00Z", name, "r2", call(None))
        .then("2026-02-01T00:00:00Z", name, "r2", call(Some("1 EUR")))
        .rows::<PlatformUsage>();
    let told: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{} {} {} {} {}",
                row.month, row.meter, row.member, row.quantity, row.events
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            format!("2026-01-01 {AI_COST} USD 0.102 2"),
            "2026-01-01 platform.cached_tokens  12 3".to_owned(),
            "2026-01-01 platform.input_tokens  30 3".to_owned(),
            "2026-01-01 platform.model_calls  3 3".to_owned(),
            "2026-01-01 platform.output_tokens  15 3".to_owned(),
            format!("2026-02-01 {AI_COST} EUR 1 1"),
            "2026-02-01 platform.cached_tokens  4 1".to_owned(),
            "2026-02-01 platform.input_tokens  10 1".to_owned(),
            "2026-02-01 platform.model_calls  1 1".to_owned(),
            "2026-02-01 platform.output_tokens  5 1".to_owned(),
        ]
    );
}
