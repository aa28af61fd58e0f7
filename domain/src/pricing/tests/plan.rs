//! Plans are refused with all that is wrong, where, and what to do.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::meter::{Aggregation, Definition};
use crate::pricing::{Plan, PlanVersion, Terms, Usage, bundled_plans};

fn plan() -> Value {
    json!({
        "code": "team", "name": "Team",
        "versions": [{
            "version": 1, "effective_from": "2026-01-01T00:00:00Z", "currencies": ["USD", "EUR"],
            "interval": "monthly",
            "fees": [{"code": "seat", "name": "Seats", "price": {"USD": "10", "EUR": "9"}}],
            "charges": [{
                "code": "tokens", "name": "Tokens", "meter": "tokens.input", "unit": "token",
                "price": {"model": "graduated", "tiers": [
                    {"up_to": "1000", "unit_price": {"USD": "0.01", "EUR": "0.009"}},
                    {"unit_price": {"USD": "0.005", "EUR": "0.0045"}}
                ]},
            }],
        }],
    })
}

fn read(plan: &Value) -> Result<Plan, String> {
    serde_json::from_value(plan.clone()).map_err(|error| error.to_string())
}

/// The refusal of the plan with a value changed, or added.
fn refused(pointer: &str, value: Value) -> String {
    let mut plan = plan();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = plan.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        other => {
            other[name] = value;
        }
    }
    read(&plan).unwrap_err()
}

#[test]
fn a_plan_is_read_and_written_the_same() {
    let team = read(&plan()).unwrap();
    let written = serde_json::to_value(&team).unwrap();
    assert_eq!(read(&written).unwrap(), team);
}

#[test]
fn the_version_in_force_is_the_last_one_that_has_begun() {
    let mut plan = plan();
    let mut second = plan["versions"][0].clone();
    second["version"] = json!(2);
    second["effective_from"] = json!("2026-06-01T00:00:00Z");
    plan["versions"].as_array_mut().unwrap().push(second);
    let plan = read(&plan).unwrap();
    let version = |at: &str| {
        plan.version_at(at.parse().unwrap())
            .map(|version| version.version)
    };
    assert_eq!(version("2025-12-31T23:59:59Z"), None);
    assert_eq!(version("2026-05-31T23:59:59Z"), Some(1));
    assert_eq!(version("2026-06-01T00:00:00Z"), Some(2));
}

#[test]
fn tiers_ascend_and_the_last_is_open() {
    const TIERS: &str = "/versions/0/charges/0/price/tiers";
    assert_eq!(
        refused(&format!("{TIERS}/0/up_to"), json!("0")),
        "versions[0].charges[0].price.tiers[0].up_to: it ends at 0 but begins above 0: tiers overlap or are out of \
         order: let the bounds ascend from above zero"
    );
    assert!(refused(&format!("{TIERS}/1/up_to"), json!("500")).contains("the last tier ends"));
    assert!(refused(&format!("{TIERS}/0/up_to"), Value::Null).contains("an open tier comes before others"));
    assert!(refused(TIERS, json!([])).contains("price.tiers: there is none"));
    let price = json!({"USD": "1", "EUR": "1"});
    let overlapping = json!([
        {"up_to": "10", "unit_price": price}, {"up_to": "5", "unit_price": price}, {"unit_price": price},
    ]);
    assert!(refused(TIERS, overlapping).contains("tiers[1].up_to: it ends at 5 but begins above 10"));
    assert!(refused(&format!("{TIERS}/1"), json!({})).contains("tiers[1]: it has no price"));
}

#[test]
fn each_price_has_each_currency_and_no_other() {
    assert_eq!(
        refused("/versions/0/fees/0/price", json!({"USD": "10"})),
        "versions[0].fees[0].price: there is no amount in EUR: name one, or take the currency off the plan's list"
    );
    assert!(
        refused(
            "/versions/0/fees/0/price",
            json!({"USD": "1", "EUR": "1", "JPY": "1"})
        )
        .contains("JPY is none of the plan's currencies")
    );
    assert!(
        refused("/versions/0/currencies", json!([])).contains("versions[0].currencies: there is no currency")
    );
    assert!(refused("/versions/0/currencies", json!(["UKP"])).contains("is not a currency of ISO 4217"));
}

#[test]
fn figures_are_texts_in_range() {
    let fee = "/versions/0/fees/0/price";
    assert!(refused(fee, json!({"USD": "-1", "EUR": "1"})).contains("price.USD: -1 is negative"));
    assert!(refused(fee, json!({"USD": 0.1, "EUR": "1"})).contains("expected a string"));
    assert!(refused(fee, json!({"USD": "1,5", "EUR": "1"})).contains("\"1,5\" is not a decimal"));
    let charge = "/versions/0/charges/0";
    assert!(
        refused(&format!("{charge}/included_units"), json!("-5")).contains("included_units: -5 is negative")
    );
    assert!(
        refused(&format!("{charge}/transform"), json!({"divide_by": "0"}))
            .contains("divide_by: 0 is not above zero")
    );
    assert!(
        refused(&format!("{charge}/on_negative"), json!("credit"))
            .contains("cannot price a quantity below zero")
    );
    let bounds = json!({"amount": {"USD": "1", "EUR": "1"}, "overage_factor": "0.5"});
    assert!(refused(&format!("{charge}/commitment"), bounds).contains("the overage factor 0.5 is below 1"));
    let package = json!({"model": "package", "package_size": "0", "package_price": {"USD": "1", "EUR": "1"}});
    assert!(refused(&format!("{charge}/price"), package).contains("package_size: 0 is not above zero"));
}

#[test]
fn a_maximum_is_not_below_its_minimum() {
    let mut plan = plan();
    plan["versions"][0]["charges"][0]["minimum_spend"] = json!({"USD": "10", "EUR": "10"});
    plan["versions"][0]["charges"][0]["maximum_spend"] = json!({"USD": "9", "EUR": "10"});
    assert_eq!(
        read(&plan).unwrap_err(),
        "versions[0].charges[0].maximum_spend: the maximum of 9 USD is below the minimum of 10 USD: raise the \
         maximum, or lower the minimum"
    );
}

#[test]
fn versions_and_codes_are_in_order_and_unique() {
    let mut plan = plan();
    let same = plan["versions"][0].clone();
    plan["versions"].as_array_mut().unwrap().push(same);
    plan["versions"][0]["charges"][0]["code"] = json!("seat");
    let all = read(&plan).unwrap_err();
    for part in [
        "versions[1].version: version 1 comes after version 1",
        "versions[1].effective_from: 2026-01-01T00:00:00Z is not after",
        "versions[0]: the code \"seat\" comes twice",
    ] {
        assert!(all.contains(part), "{all}");
    }
    assert!(refused("/versions", json!([])).contains("versions: there is none"));
    assert!(refused("/name", json!(" ")).contains("name: it is blank"));
}

/// What is wrong with a plan of a charge and a quota, where there is a meter `pages` of pages and one `level` of a level.
fn against_meters((meter, unit): (&str, &str), quota: Value) -> String {
    let version: PlanVersion = serde_json::from_value(json!({
        "version": 1, "effective_from": "2026-01-01T00:00:00Z", "currencies": ["USD"], "interval": "monthly",
        "charges": [{ "code": "c", "name": "C", "meter": meter, "unit": unit,
            "price": { "model": "standard", "unit_price": { "USD": "1" } } }],
        "limits": { "quotas": [quota] },
    }))
    .unwrap();
    let definition = |event_type: &str, aggregation| Definition {
        label: "Pages".to_owned(),
        event_type: event_type.to_owned(),
        also_event_types: Vec::new(),
        filter: None,
        value: None,
        aggregation,
        group_by: BTreeMap::new(),
        unit: "page".to_owned(),
    };
    let own = [
        ("pages".to_owned(), definition("usage.pages", Aggregation::Count)),
        (
            "begun".to_owned(),
            definition("lead.captured", Aggregation::Count),
        ),
        (
            "level".to_owned(),
            definition("lead.captured", Aggregation::Latest),
        ),
    ];
    let judged = version.check_meters(&own.into());
    judged.map_or_else(|error| error.to_string(), |()| "fine".to_owned())
}

#[test]
fn a_charge_in_another_unit_than_its_meters_is_refused_and_a_meter_may_come_later() {
    let soft = || json!({ "meter": "later", "quantity": "1", "enforcement": "soft" });
    let charge = |meter, unit| against_meters((meter, unit), soft());
    assert_eq!(charge("pages", "page"), "fine");
    assert_eq!(
        charge("pages", "token"),
        "charges[0].unit: the meter pages counts in \"page\", not in \"token\": name the meter's unit"
    );
    assert_eq!(charge("platform.agent_runs", "run"), "fine");
    assert_eq!(
        charge("platform.agent_runs", "call"),
        "charges[0].unit: the meter platform.agent_runs counts in \"run\", not in \"call\": name the meter's unit"
    );
    assert_eq!(charge("later", "token"), "fine");
    let never = charge("platform.dreams", "call");
    assert!(
        never.starts_with("charges[0].meter: there is no bundled meter \"platform.dreams\": name one of"),
        "{never}"
    );
}

#[test]
fn a_quota_that_could_not_be_kept_is_refused_with_what_to_do() {
    let quota = |meter: &str, quantity: &str, enforcement: &str| {
        let quota = json!({ "meter": meter, "quantity": quantity, "enforcement": enforcement });
        against_meters(("pages", "page"), quota)
    };
    for meter in [
        "platform.agent_runs",
        "platform.model_calls",
        "sales.leads_captured",
        "begun",
    ] {
        assert_eq!(quota(meter, "0", "hard"), "fine", "{meter}");
    }
    assert_eq!(
        quota("pages", "5", "hard"),
        "limits.quotas[0].meter: no command is refused for pages: those are that begin agent_run.* (startAgentRun), \
         claim.submitted (submitClaim), connector_sync.* (startConnectorSync), lead.captured (captureLead): make the \
         quota soft, or choose a meter over one of these"
    );
    let refused = quota("claims.processed", "5", "hard");
    assert!(
        refused.contains("no command is refused for claims.processed"),
        "{refused}"
    );
    assert_eq!(quota("pages", "5", "soft"), "fine");
    for enforcement in ["hard", "soft"] {
        let unknown = quota("platform.dreams", "5", enforcement);
        assert!(
            unknown.contains("there is no bundled meter \"platform.dreams\""),
            "{unknown}"
        );
        let negative = quota("platform.agent_runs", "-1", enforcement);
        assert_eq!(
            negative,
            "limits.quotas[0].quantity: -1 is negative: name a quantity of zero or more"
        );
        let level = quota("level", "5", enforcement);
        assert!(
            level.contains("level is a latest, and quotas are of sums and counts"),
            "{level}"
        );
    }
    let later = quota("later", "5", "hard");
    assert!(
        later.contains("define the meter first, or make the quota soft"),
        "{later}"
    );
    assert_eq!(quota("later", "5", "soft"), "fine");
}

#[test]
fn the_documented_plan_is_rated_in_each_of_its_currencies() {
    let plan: Plan = serde_json::from_str(include_str!("../../../../docs/examples/plan.json")).unwrap();
    let version = &plan.versions()[0];
    let tokens = version
        .charges
        .iter()
        .find(|charge| charge.code == "input_tokens")
        .unwrap();
    let amount = |code: &str| {
        let terms = Terms::whole(code.parse().unwrap());
        let usage = Usage::Quantity("155500000".parse().unwrap());
        tokens.rate(&usage, terms).unwrap()[0].amount.to_string()
    };
    assert_eq!([amount("USD"), amount("EUR")], ["426.25 USD", "396.15 EUR"]);
}

#[test]
fn the_bundled_plans_cost_what_they_are_said_to() {
    let plans = bundled_plans();
    let told: Vec<(String, String, Option<u32>, Option<u32>)> = plans
        .iter()
        .map(|plan| {
            let version = &plan.versions()[0];
            let price = version.fees[0]
                .price
                .amounts()
                .map(|(currency, amount)| format!("{amount} {currency}"));
            let limits = version.limits.clone();
            (
                plan.code().to_string(),
                price.collect(),
                limits.verticals,
                limits.members,
            )
        })
        .collect();
    let row =
        |code: &str, price: &str, verticals, members| (code.to_owned(), price.to_owned(), verticals, members);
    assert_eq!(
        told,
        [
            row("starter", "2000 USD", Some(1), Some(10)),
            row("professional", "5000 USD", Some(3), Some(50)),
            row("enterprise", "10000 USD", None, None),
        ]
    );
}
