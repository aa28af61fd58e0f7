//! Events in, rows out.

use domain::usage::{Event, Fact};
use domain::{agent_run, connector_sync};
use rust_decimal::Decimal;

use super::DailyUsage;
use crate::engine::rehearsal::Story;

fn used(story: Story, at: &str, name: &str, quantity: &str) -> Story {
    let quantity = quantity.parse().unwrap();
    let unit = Some("page".to_owned());
    let fact = Fact::try_new(name.parse().unwrap(), quantity, unit, [].into()).unwrap();
    story.then(at, name, "f1", Event::Recorded(fact))
}

fn shown(story: &Story) -> Vec<String> {
    let rows = story.rows::<DailyUsage>();
    let show = |row: &super::Day| {
        format!(
            "{} {} {} {} {}",
            row.day, row.meter, row.quantity, row.unit, row.records
        )
    };
    rows.iter().map(show).collect()
}

#[test]
fn a_day_is_the_tenants_day_and_sums_are_exact() {
    let mut story = Story::default();
    for (at, quantity) in [("22:59:59", "0.1"), ("22:59:59", "0.2"), ("23:00:00", "-0.3")] {
        story = used(story, &format!("2026-01-31T{at}Z"), "usage.pages", quantity);
    }
    story = used(story, "2026-01-31T12:00:00Z", "custom.pages", "1");
    assert_eq!(
        shown(&story),
        [
            "2026-01-31 custom.pages 1 page 1",
            "2026-01-31 pages 0.3 page 2",
            "2026-02-01 pages -0.3 page 1",
        ]
    );
}

#[test]
fn a_sum_stops_at_the_largest_decimal_so_that_one_tenant_cannot_stop_the_others() {
    let most = Decimal::MAX.to_string();
    let story = used(Story::default(), "2026-01-01T12:00:00Z", "usage.pages", &most);
    let story = used(story, "2026-01-01T13:00:00Z", "usage.pages", &most);
    assert_eq!(shown(&story), [format!("2026-01-01 pages {most} page 2")]);
}

#[test]
fn what_agents_and_connectors_do_is_metered() {
    let call = agent_run::Event::ModelCallRecorded {
        agent: "a".to_owned(),
        vertical: "sales".parse().unwrap(),
        provider: "p".to_owned(),
        model: "m".to_owned(),
        input_tokens: 100,
        cached_tokens: 40,
        output_tokens: 7,
        cost: None,
    };
    let sync = connector_sync::Event::Completed {
        connector: "c".to_owned(),
        recorded: 12,
        known: 3,
        rejected: 0,
        cursor: None,
        started_at: "2026-01-01T10:00:00Z".parse().unwrap(),
        duration_ms: 5,
    };
    let story = Story::default()
        .then(
            "2026-01-01T10:00:00Z",
            "agent_run.model_call_recorded",
            "r1",
            call,
        )
        .then("2026-01-01T10:00:00Z", "connector_sync.completed", "s1", sync);
    assert_eq!(
        shown(&story),
        [
            "2026-01-01 connector_records 12 record 1",
            "2026-01-01 connector_syncs 1 sync 1",
            "2026-01-01 model_calls 1 call 1",
            "2026-01-01 tokens.cached 40 token 1",
            "2026-01-01 tokens.input 100 token 1",
            "2026-01-01 tokens.output 7 token 1",
        ]
    );
}
