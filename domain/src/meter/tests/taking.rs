//! Which facts' quantities a meter takes.

use super::{fact, gauges, told};
use crate::meter::{Aggregation, Definition};

#[test]
fn a_fact_in_another_unit_is_set_aside_unless_the_meter_reads_the_unit_itself() {
    type Change = fn(&mut Definition);
    const CONVERTS: &str = "decimal(data.quantity) * (data.unit == \"furlong\" ? 220 : 1)";
    let furlongs = |change: Change| {
        let gauges = gauges(|definition| {
            definition.filter = None;
            definition.group_by.clear();
            change(definition);
        });
        told(&gauges.read(&fact("3", "furlong", &[("currency", "EUR")])))
    };
    let refused = "unit: it is given in \"furlong\", but the meter counts in \"page\": record it in \"page\", or let \
                   the meter's filter or value read data.unit";
    assert_eq!(furlongs(|_| {}), [refused]);
    assert_eq!(
        furlongs(|definition| definition.filter = Some("actor.id == \"nightly\"".to_owned())),
        [refused]
    );
    assert_eq!(
        furlongs(|definition| {
            definition.group_by = [("unit".to_owned(), "data.unit".to_owned())].into();
        }),
        [refused],
        "groups are added up, too"
    );
    assert!(furlongs(|definition| definition.filter = Some("data.unit == \"page\"".to_owned())).is_empty());
    assert_eq!(
        furlongs(|definition| definition.value = Some(CONVERTS.to_owned())),
        ["660 {}"],
    );
    assert_eq!(
        furlongs(|definition| {
            definition.aggregation = Aggregation::Count;
            definition.value = None;
        }),
        ["0 {}"],
        "events have no unit"
    );
    assert_eq!(
        furlongs(|definition| definition.value = Some("7".to_owned())),
        ["7 {}"],
        "the unit is that of the quantity alone"
    );
}

#[test]
fn a_quantity_below_zero_is_a_correction_or_the_change_of_a_level_and_nothing_else() {
    let below_zero = |aggregation, corrects: &[(&str, &str)]| {
        let gauges = gauges(|definition| {
            definition.group_by.clear();
            definition.aggregation = aggregation;
        });
        told(&gauges.read(&fact("-3", "page", corrects)))
    };
    assert_eq!(
        below_zero(Aggregation::Sum, &[]),
        [
            "quantity: -3 is below zero, and it corrects nothing: name the record that it corrects by corrects, or count \
          changes of a level by a meter of time_weighted_sum"
        ]
    );
    assert!(below_zero(Aggregation::Sum, &[("corrects", " ")])[0].starts_with("quantity: -3 is below zero"));
    assert_eq!(below_zero(Aggregation::Sum, &[("corrects", "f1")]), ["-3 {}"]);
    for aggregation in [
        Aggregation::TimeWeightedSum,
        Aggregation::Latest,
        Aggregation::Min,
        Aggregation::Max,
        Aggregation::Average,
    ] {
        assert_eq!(below_zero(aggregation, &[]), ["-3 {}"], "{aggregation}");
    }
}

#[test]
fn an_amount_is_in_the_currency_of_its_group() {
    let gauges = gauges(|definition| {
        definition.filter = None;
        definition.unit = "amount".to_owned();
        definition.group_by = [("currency".to_owned(), "data.dimensions.currency".to_owned())].into();
    });
    let read = |unit: &str| told(&gauges.read(&fact("3", unit, &[("currency", "EUR")])));
    assert_eq!(read("EUR"), ["3 {\"currency\":\"EUR\"}"]);
    assert_eq!(read("amount"), ["3 {\"currency\":\"EUR\"}"]);
    assert!(read("USD")[0].starts_with("unit: it is given in \"USD\""));
}
