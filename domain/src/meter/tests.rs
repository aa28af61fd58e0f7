//! Given what happened, when something is asked, then this follows; and what expressions make of events.

mod taking;

use std::sync::Arc;

use ulid::Ulid;

use super::{
    Aggregation, Command, Definition, Event, Gauge, Gauges, Meter, Reading, Refusal, bundled_gauges,
};
use crate::given::{at, when};
use crate::usage::Fact;
use crate::{Actor, ActorKind, EventId, RecordedEvent, StreamId, TenantId};

const NOW: &str = "2026-03-01T00:00:00Z";

fn definition() -> Definition {
    Definition {
        label: "Pages read".to_owned(),
        event_type: "usage.pages".to_owned(),
        also_event_types: Vec::new(),
        filter: Some("data.unit == \"page\"".to_owned()),
        value: Some("decimal(data.quantity)".to_owned()),
        aggregation: Aggregation::Sum,
        group_by: [("language".to_owned(), "data.dimensions.language".to_owned())].into(),
        unit: "page".to_owned(),
    }
}

fn defined() -> Event {
    Event::Defined {
        version: 1,
        definition: definition(),
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![
        defined(),
        Event::Changed {
            version: 2,
            definition: Definition {
                filter: None,
                ..definition()
            },
        },
        Event::Retired {
            reason: "nobody reads any more".to_owned(),
            version: 2,
        },
    ]
}

#[test]
fn a_meter_is_defined_once_changed_in_versions_and_retired_for_good() {
    let define = || Command::Define {
        definition: definition(),
    };
    when::<Meter>(vec![], NOW, define()).then_expect_events(vec![defined()]);
    when::<Meter>(vec![defined()], NOW, define()).then_expect_error(Refusal::AlreadyDefined);
    let change = |definition| Command::Change { definition };
    when::<Meter>(vec![defined()], NOW, change(definition())).then_expect_error(Refusal::NothingNew);
    when::<Meter>(vec![], NOW, change(definition())).then_expect_error(Refusal::NotFound);
    let wider = Definition {
        filter: None,
        ..definition()
    };
    when::<Meter>(vec![defined()], NOW, change(wider)).then_expect_events(vec![examples().remove(1)]);
    when::<Meter>(examples(), NOW, change(definition()))
        .then_expect_error(Refusal::Retired("nobody reads any more".to_owned()));
}

/// What is said of a definition that was changed like this.
#[track_caller]
fn refused(change: impl FnOnce(&mut Definition)) -> String {
    let mut definition = definition();
    change(&mut definition);
    definition.check().unwrap_err().to_string()
}

#[track_caller]
fn refused_filter(filter: &str) -> String {
    refused(|definition| definition.filter = Some(filter.to_owned()))
}

#[test]
fn a_bad_definition_is_refused_and_told_where() {
    let value = |value: &str| refused(|definition| definition.value = Some(value.to_owned()));
    assert_eq!(
        refused(|d| d.label = " ".to_owned()),
        "label: a label has 1 to 200 characters"
    );
    let also = |types: &[&str]| types.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let unheard_of = refused(|d| d.also_event_types = also(&["lead.caught"]));
    assert!(unheard_of.starts_with("also_event_types: there is no event type \"lead.caught\""));
    let twice = refused(|d| d.also_event_types = also(&["usage.pages"]));
    assert_eq!(twice, "also_event_types: usage.pages is named twice");
    let foreign = refused(|d| d.also_event_types = also(&["usage.images", "lead.captured"]));
    assert!(
        foreign.contains("lead.captured and usage.pages are not of one kind of thing"),
        "{foreign}"
    );
    let many = ["usage.a", "usage.b", "usage.c", "usage.d", "usage.e"];
    let many = refused(|d| d.also_event_types = also(&many));
    assert_eq!(many, "also_event_types: a meter reads at most 5 types of events");
    let unknown_type = refused(|d| d.event_type = "lead.caught".to_owned());
    assert!(unknown_type.starts_with("event_type: there is no event type \"lead.caught\""));
    let unit = refused(|d| d.unit = "parsec".to_owned());
    assert!(
        unit.starts_with("unit: there is no unit \"parsec\": take one of amount, call"),
        "{unit}"
    );
    assert_eq!(
        refused(|d| d.value = None),
        "value: sum needs a value, for instance decimal(data.quantity)"
    );
    assert!(refused(|d| d.aggregation = Aggregation::Count).starts_with("value: events are counted"));
    assert_eq!(
        value("decimal(data.quantity) / 0"),
        "value: column 26: this divides by zero"
    );
    assert_eq!(
        value("data.quantity * 'two'"),
        "value: column 17: * needs a number, but this is a text"
    );
    assert_eq!(value("true"), "value: column 1: a value must be a number");
    assert_eq!(
        value("0.0000000001"),
        "value: 0.0000000001 has more than 9 decimal places"
    );
    assert!(value("int(data.quantity)").contains("would change the number: write decimal(...)"));
    assert!(value("1e3").contains("can't be kept exactly"));
    assert!(value(&"1+".repeat(2_000)).contains("at most 2000 are allowed"));
    assert!(refused_filter("data.unit = 'page'").starts_with("filter: column 11: "));
    assert_eq!(
        refused_filter("1 + 1"),
        "filter: column 1: a filter must be true or false"
    );
    assert!(
        refused_filter("unit == 'page'")
            .starts_with("filter: column 1: there is no name unit: an expression reads")
    );
    assert!(
        refused_filter("data.unit == 1 && round(2) == 2")
            .starts_with("filter: column 24: there is no function round")
    );
    assert!(refused_filter("data.tags.exists(t, t == 'x')").contains("loops"));
    assert!(refused_filter("").contains("the expression is empty"));
    assert_eq!(
        refused_filter(&"(".repeat(500)),
        "filter: column 17: it nests deeper than 16 levels"
    );
    assert!(value(&"1+".repeat(500)).contains("more than 150 operators"));
    let group = refused(|d| drop(d.group_by.insert("Über".to_owned(), "type".to_owned())));
    assert!(group.starts_with("group_by.Über: a name has 1 to 40 characters"));
    let personal = refused(|definition| {
        definition.event_type = "lead.captured".to_owned();
        definition.group_by = [("who".to_owned(), "data.email".to_owned())].into();
    });
    assert!(
        personal.starts_with("group_by.who: data.email is personal data"),
        "{personal}"
    );
}

#[test]
fn the_bundled_meters_are_usable_and_named_once() {
    let mut codes: Vec<_> = bundled_gauges()
        .iter()
        .map(|gauge| gauge.code().as_str())
        .collect();
    assert!(codes.iter().all(|code| code.contains('.')));
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all);
}

fn fact(quantity: &str, unit: &str, dimensions: &[(&str, &str)]) -> RecordedEvent {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let dimensions = dimensions.iter().map(owned).collect();
    let quantity = quantity.parse().unwrap();
    let fact = Fact::try_new(
        "usage.pages".parse().unwrap(),
        quantity,
        Some(unit.to_owned()),
        dimensions,
    );
    let event: crate::Event = crate::usage::Event::Recorded(fact.unwrap()).into();
    RecordedEvent {
        position: 1,
        event_id: EventId::new(Ulid::from_parts(1, 1)),
        stream: StreamId {
            aggregate_type: "usage",
            tenant: TenantId::new(Ulid::from_parts(1, 1)),
            id: "fact-1".to_owned(),
        },
        sequence: 1,
        event_type: "usage.pages".to_owned(),
        version: 1,
        occurred_at: at(NOW),
        recorded_at: at(NOW),
        actor: Actor::new(ActorKind::ApiKey, "nightly"),
        correlation_id: None,
        causation_id: None,
        workspace: None,
        context: None,
        payload: event.encode().to_string().into(),
        event,
        hash: [0; 32],
    }
}

fn gauges(change: impl FnOnce(&mut Definition)) -> Gauges {
    let mut definition = definition();
    change(&mut definition);
    let gauge = Gauge::try_new("pages".parse().unwrap(), 1, definition).unwrap();
    Gauges::default().with([Arc::new(gauge)])
}

fn told(readings: &[Reading]) -> Vec<String> {
    let tell = |reading: &Reading| match &reading.outcome {
        Ok(counted) => format!("{} {}{}", counted.value, counted.group, counted.member),
        Err(reason) => reason.clone(),
    };
    readings.iter().map(tell).collect()
}

#[test]
fn a_meter_reads_filters_groups_and_takes_decimals_as_they_are() {
    let gauges = gauges(|_| {});
    let read = |event| told(&gauges.read(&event));
    assert_eq!(
        read(fact("0.123456789", "page", &[("language", "d\"e")])),
        ["0.123456789 {\"language\":\"d\\\"e\"}"]
    );
    assert!(
        read(fact("1", "row", &[])).is_empty(),
        "the filter leaves it out before anything is missing"
    );
    assert_eq!(
        read(fact("1", "page", &[])),
        ["group_by.language: there is no field data.dimensions.language"]
    );
    assert_eq!(
        read(fact("0.1234567891", "page", &[("language", "de")])),
        ["value: 0.1234567891 has more than 9 decimal places"]
    );
    assert_eq!(
        read(fact("1000000000000", "page", &[("language", "de")])),
        ["value: 1000000000000 has more than 12 digits before the point"]
    );
}

/// What an expression makes of a fact of 12.50 pages in German.
fn value(expression: &str) -> String {
    let gauges = gauges(|definition| {
        definition.filter = None;
        definition.group_by.clear();
        definition.value = Some(expression.to_owned());
    });
    told(&gauges.read(&fact("12.50", "page", &[("language", "de")]))).remove(0)
}

#[test]
fn expressions_are_worked_out_in_decimals() {
    let number = |expression: &str| value(expression).trim_end_matches(" {}").to_owned();
    assert_eq!(number("data.quantity"), "12.5");
    assert_eq!(number("decimal(data.quantity) * 0.1 + 0.2"), "1.45");
    assert_eq!(number("decimal(data.quantity) - -1.5"), "14");
    assert_eq!(number("7 / 2"), "3.5");
    assert_eq!(number("1 / 3"), "0.333333333");
    assert_eq!(number("-(2 / 3)"), "-0.666666667");
    assert_eq!(number("7 % 4 + size(data.unit)"), "7");
    assert_eq!(number("data.dimensions['language'] in ['de', 'fr'] ? 1 : 2"), "1");
    assert_eq!(number("has(data.dimensions.colour) ? 1 : 2"), "2");
    assert_eq!(
        number("has(data.dimensions.language) && data.unit.startsWith('pa') ? 1 : 2"),
        "1"
    );
    assert_eq!(
        number("data.nothing == 1 || true ? 1 : 2"),
        "1",
        "one side that decides is enough"
    );
    assert_eq!(
        number("actor.kind == 'api_key' && subject == 'fact-1' && type == 'usage.pages' ? 1 : 2"),
        "1"
    );
    assert_eq!(
        number("secondsBetween('2026-02-28T23:59:59.5Z', occurred_at)"),
        "0.5"
    );
    assert_eq!(number("'language' in data.dimensions ? 1 : 2"), "1");
}

#[test]
fn the_largest_expressions_that_are_let_through_fit_any_stack() {
    let nested = |inside: &str| format!("{}{inside}{}", "(".repeat(16), ")".repeat(16));
    let choices = format!("{}0", "true ? 1 : ".repeat(16));
    let sum = format!("{}1", "1+".repeat(150));
    let minus = format!("{}1", "- ".repeat(150));
    for (expression, expected) in [
        (&nested("1"), "1 {}"),
        (&choices, "1 {}"),
        (&sum, "151 {}"),
        (&minus, "1 {}"),
    ] {
        assert_eq!(value(expression), expected);
    }
    value(&nested(&format!("{}0", "true ? 1 : ".repeat(16))));
}

#[test]
fn what_has_no_value_says_why() {
    assert_eq!(value("1 / (size(data.unit) - 4)"), "value: it divides by zero");
    assert_eq!(value("7 % (size(data.unit) - 4)"), "value: it divides by zero");
    assert_eq!(value("data.price * 2"), "value: there is no field data.price");
    assert_eq!(
        value("data.quantity * 2"),
        "value: * needs a number, but it got a text: write decimal(...) around it"
    );
    assert_eq!(
        value("data.quantity == 12.5 ? 1 : 2"),
        "value: == needs a text, but it got a number"
    );
    assert_eq!(value("data.unit"), "value: \"page\" is not a decimal number");
    assert_eq!(value("data.dimensions"), "value: it is a map, not a number");
    assert_eq!(
        value("secondsBetween(data.unit, occurred_at)"),
        "value: \"page\" is not a time of RFC 3339"
    );
    let huge = format!("{0} * {0}", "decimal('99999999999999999999')");
    assert_eq!(value(&huge), "value: a number is larger than 28 digits");
    assert_eq!(
        value("decimal('0.00000000000001') * decimal('0.000000000000000001')"),
        "value: a number is larger than 28 digits",
        "digits are not dropped behind anybody's back"
    );
}

#[test]
fn different_values_are_counted_by_what_they_are() {
    let gauges = gauges(|definition| {
        definition.aggregation = Aggregation::UniqueCount;
        definition.value = Some("data.dimensions.language".to_owned());
        definition.group_by.clear();
    });
    assert_eq!(
        told(&gauges.read(&fact("1", "page", &[("language", "de")]))),
        ["0 {}de"]
    );
}
