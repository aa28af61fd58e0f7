//! Given these values, then this is a fact, or that is wrong with it.

use cqrs_es::{Aggregate, DomainEvent};

use super::{Event, Fact, FactType, Refusal, Usage};
use crate::kernel::{DecodeError, Entity, RefusalCode, StoredEvent};
use crate::tenant::{NotOpen, Tenant};

fn fact(event_type: &str, quantity: &str, unit: &str, dimensions: &[(&str, &str)]) -> Fact {
    Fact::try_new(
        event_type.parse().unwrap(),
        quantity.parse().unwrap(),
        Some(unit.to_owned()),
        dimensions
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    )
    .unwrap()
}

fn wrong(json: &str) -> String {
    serde_json::from_str::<Fact>(json).unwrap_err().to_string()
}

/// One of each family, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        Event::Recorded(fact("usage.tokens.input", "374", "token", &[("model", "small")])),
        Event::Recorded(fact("custom.pages_read", "2.5", "page", &[])),
    ]
}

#[test]
fn a_fact_is_stored_under_its_own_type_and_reads_back() {
    let json =
        r#"{"recorded":{"type":"usage.tokens.input","quantity":"374","unit":"token","dimensions":{}}}"#;
    let event: Event = serde_json::from_str(json).unwrap();
    assert_eq!(event.event_type(), "usage.tokens.input");
    assert_eq!(serde_json::to_string(&event).unwrap(), json);
    assert_eq!(
        crate::Event::decode("usage", "usage.tokens.input", 1, json),
        Ok(event.into())
    );
}

#[test]
fn a_type_belongs_to_one_of_two_families_and_is_made_of_lower_case_words() {
    for right in ["usage.x", "custom.a_1.b2", "usage.tokens.input.cached"] {
        assert!(right.parse::<FactType>().is_ok(), "{right}");
        assert_eq!(Event::current_version(right), Some(1));
    }
    let long = format!("usage.{}", "a".repeat(95));
    for wrong in [
        "usage",
        "usage.",
        "usage.a..b",
        "usage.A",
        "custom.a-b",
        "lead.captured",
        &long,
    ] {
        assert!(wrong.parse::<FactType>().is_err(), "{wrong}");
        assert_eq!(Event::current_version(wrong), None);
    }
}

#[test]
fn a_name_outside_the_families_is_no_event() {
    assert!(matches!(
        crate::Event::decode("usage", "billing.tokens", 1, "{}"),
        Err(DecodeError::UnknownType { .. })
    ));
}

#[test]
fn what_is_wrong_with_a_fact_names_the_field_and_the_rule() {
    assert!(
        wrong(r#"{"type": "tokens", "quantity": "1"}"#).starts_with("type: \"tokens\" is not a fact's type")
    );
    assert!(wrong(r#"{"type": "usage.x", "quantity": "1", "colour": "red"}"#).contains("colour"));
    assert!(
        wrong(r#"{"type": "usage.x", "quantity": "1", "unit": ""}"#)
            .starts_with("unit: \"\" does not have 1 to 64 characters")
    );
    assert!(
        wrong(r#"{"type": "usage.x", "quantity": "1", "dimensions": {"": "x"}}"#)
            .starts_with("dimensions: the name \"\" does not have 1 to 64 characters")
    );
}

#[test]
fn dimensions_are_limited_in_number_and_length() {
    let fact_with = |dimensions| Fact::try_new("usage.x".parse().unwrap(), 1.into(), None, dimensions);
    let many = |count: usize| (0..count).map(|n| (format!("d{n}"), String::new())).collect();
    assert!(fact_with(many(32)).is_ok());
    assert_eq!(
        fact_with(many(33)).unwrap_err().to_string(),
        "dimensions: there are 33, at most 32 are allowed"
    );
    let valued = |length: usize| [("note".to_owned(), "ä".repeat(length))].into();
    assert!(fact_with(valued(500)).is_ok());
    assert_eq!(
        fact_with(valued(501)).unwrap_err().to_string(),
        "dimensions.note: its value has 501 characters, at most 500 are allowed"
    );
}

#[test]
fn a_tenant_that_is_not_open_takes_no_facts() {
    let mut tenant = Tenant::default();
    assert_eq!(Usage::admit(&tenant), Err(Refusal::Tenant(NotOpen::Unknown)));
    for event in crate::tenant::tests::examples().into_iter().take(1) {
        tenant.apply(event);
    }
    assert_eq!(Usage::admit(&tenant), Ok(()));
    tenant.apply(crate::tenant::Event::Suspended {
        reason: "unpaid".to_owned(),
    });
    let refusal = Usage::admit(&tenant).unwrap_err();
    assert_eq!(refusal.code(), "TENANT_NOT_OPEN");
}
