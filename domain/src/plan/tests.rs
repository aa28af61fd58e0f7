//! Given what happened, when something is asked, then this follows.

use super::{Command, Event, Plan, PlanId, Refusal};
use crate::given::when;
use crate::pricing::PlanVersion;

const NOW: &str = "2026-03-01T00:00:00Z";

fn version(number: u32, effective_from: &str) -> PlanVersion {
    let text = format!(
        r#"{{
            "version": {number}, "effective_from": "{effective_from}", "currencies": ["USD"], "interval": "monthly",
            "fees": [{{ "code": "platform", "name": "Platform", "price": {{ "USD": "100" }} }}],
            "charges": [{{
                "code": "pages", "name": "Pages", "meter": "pages", "unit": "page",
                "price": {{ "model": "standard", "unit_price": {{ "USD": "0.05" }} }}
            }}]
        }}"#
    );
    serde_json::from_str(&text).unwrap()
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        Event::Defined {
            name: "Results".to_owned(),
            version: version(1, "2026-01-01T00:00:00Z"),
        },
        Event::VersionAdded {
            version: version(2, "2027-01-01T00:00:00Z"),
        },
    ]
}

#[test]
fn a_plan_is_defined_once_and_gets_versions_in_order() {
    let first = version(1, "2026-01-01T00:00:00Z");
    let define = || Command::Define {
        name: "Results".to_owned(),
        version: first.clone(),
    };
    let add = |version| Command::AddVersion { version };
    when::<Plan>(vec![], NOW, define()).then_expect_events(vec![examples().remove(0)]);
    when::<Plan>(examples(), NOW, define()).then_expect_error(Refusal::AlreadyDefined);
    let second = version(2, "2027-01-01T00:00:00Z");
    when::<Plan>(vec![], NOW, add(second.clone())).then_expect_error(Refusal::NotFound);
    when::<Plan>(vec![examples().remove(0)], NOW, add(second)).then_expect_events(vec![examples().remove(1)]);
    let earlier = version(2, "2025-01-01T00:00:00Z");
    let refused = when::<Plan>(vec![examples().remove(0)], NOW, add(earlier)).inspect_result();
    assert!(matches!(refused, Err(Refusal::InvalidPlan(_))), "{refused:?}");
}

#[test]
fn a_bundled_plans_code_is_not_for_a_tenants_own() {
    assert!("starter".parse::<PlanId>().is_err());
    assert!("results".parse::<PlanId>().is_ok());
}
