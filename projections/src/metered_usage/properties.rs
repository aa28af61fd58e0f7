//! Whatever happens in whatever order: a bill that follows the events, one that is rated again, and one that is rated in
//! one go from the events themselves come to the same, line by line, to the cent.

use std::sync::Arc;

use domain::meter::Aggregation;
use domain::pricing::{
    DraftInvoice, Ended, InForce, InvoiceRequest, Part, Period, PlanVersion, Then, Usage as Used, begin_of,
    rate_invoice,
};
use domain::usage::Fact;
use jiff::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{MeteredUsage, Span, UsageHour, measured};
use crate::engine::rehearsal::Story;

/// A fact of storage: the hour of March 2026 in which it happens (some lie outside), seconds in it, and thousandths.
type Used3 = (i64, i64, i64);

fn at((hour, second, _): Used3) -> Timestamp {
    // Two days before March in Berlin.
    let begin: Timestamp = "2026-02-26T23:00:00Z".parse().unwrap();
    begin + jiff::SignedDuration::from_secs(hour * 3_600 + second)
}

fn quantity((.., thousandths): Used3) -> Decimal {
    Decimal::new(thousandths, 3)
}

fn story(facts: &[Used3]) -> Story {
    facts
        .iter()
        .enumerate()
        .fold(Story::default(), |story, (number, fact)| {
            let recorded = Fact::try_new(
                "usage.storage".parse().unwrap(),
                quantity(*fact),
                Some("gigabyte_day".to_owned()),
                [].into(),
            );
            let event = domain::usage::Event::Recorded(recorded.unwrap());
            story.then(
                &at(*fact).to_string(),
                "usage.storage",
                &format!("f{number}"),
                event,
            )
        })
}

fn price() -> impl Strategy<Value = String> {
    let amount = || (0_u32..100_000).prop_map(|number| Decimal::new(number.into(), 4).to_string());
    prop_oneof![
        amount().prop_map(|one| format!(r#"{{ "model": "standard", "unit_price": {{ "EUR": "{one}" }} }}"#)),
        (amount(), amount(), 1_u32..500).prop_map(|(first, second, edge)| format!(
            r#"{{ "model": "graduated", "tiers": [
                {{ "up_to": "{edge}", "unit_price": {{ "EUR": "{first}" }} }},
                {{ "unit_price": {{ "EUR": "{second}" }}, "flat_fee": {{ "EUR": "{first}" }} }}
            ] }}"#
        )),
        (amount(), amount(), 1_u32..500).prop_map(|(first, second, edge)| format!(
            r#"{{ "model": "volume", "tiers": [
                {{ "up_to": "{edge}", "unit_price": {{ "EUR": "{first}" }} }},
                {{ "unit_price": {{ "EUR": "{second}" }} }}
            ] }}"#
        )),
        (amount(), 1_u32..200).prop_map(|(one, size)| format!(
            r#"{{ "model": "package", "package_size": "{size}", "package_price": {{ "EUR": "{one}" }} }}"#
        )),
    ]
}

fn plan() -> impl Strategy<Value = PlanVersion> {
    (price(), 0_u32..1_000, 0_u32..100).prop_map(|(price, fee, included)| {
        let text = format!(
            r#"{{
                "version": 1, "effective_from": "2026-01-01T00:00:00Z", "currencies": ["EUR"],
                "interval": "monthly", "anchor": "calendar",
                "fees": [{{ "code": "platform", "name": "Platform", "price": {{ "EUR": "{fee}" }}, "due": "in_arrears" }}],
                "charges": [{{
                    "code": "storage", "name": "Storage", "meter": "platform.storage", "unit": "gigabyte_day",
                    "included_units": "{included}", "price": {price}
                }}]
            }}"#
        );
        serde_json::from_str(&text).unwrap()
    })
}

fn march() -> Period {
    Period {
        first_day: "2026-03-01".parse().unwrap(),
        end_day: "2026-04-01".parse().unwrap(),
        zone: "Europe/Berlin".parse().unwrap(),
    }
}

fn span() -> Span {
    let Period {
        first_day,
        end_day,
        zone,
    } = march();
    Span {
        from: begin_of(first_day, &zone).unwrap(),
        until: begin_of(end_day, &zone).unwrap(),
    }
}

fn rated(plan: &PlanVersion, quantity: Decimal) -> DraftInvoice {
    let part = Part {
        plan: Arc::new(plan.clone()),
        in_force: InForce::whole(march()),
        then: Then::NoOther,
    };
    let usage = [("storage".to_owned(), Used::Quantity(quantity))].into();
    let request = InvoiceRequest {
        currency: "EUR".parse().unwrap(),
        starts_on: march().first_day,
        ended: vec![Ended { part, usage }],
        begun: Vec::new(),
    };
    rate_invoice(&request).unwrap()
}

fn of_march(rows: &[UsageHour]) -> Decimal {
    let hours: Vec<UsageHour> = rows
        .iter()
        .filter(|row| row.meter == "platform.storage")
        .cloned()
        .collect();
    let measures = measured(Aggregation::Sum, &hours, &[span()]).unwrap();
    measures
        .first()
        .map_or(Decimal::ZERO, |measure| measure.quantity.to_decimal().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn live_again_and_in_one_go_bills_agree(
        (facts, shuffled) in prop::collection::vec((0_i64..840, 0_i64..3_600, 0_i64..2_000_000), 1..40)
            .prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle())),
        plan in plan(),
    ) {
        // Each story is folded at once, in pages of one event, and told from memory, and all three must agree.
        let live = story(&shuffled).rows::<MeteredUsage>();
        let again = story(&facts).rows::<MeteredUsage>();
        let Span { from, until } = span();
        let in_one_go: Decimal =
            facts.iter().filter(|fact| (from..until).contains(&at(**fact))).map(|fact| quantity(*fact)).sum();
        let bill = rated(&plan, in_one_go.normalize());
        prop_assert_eq!(&rated(&plan, of_march(&live).normalize()), &bill);
        prop_assert_eq!(&rated(&plan, of_march(&again).normalize()), &bill);
        // The running total after each event is the bill of what was there by then.
        let mut so_far = Vec::new();
        for fact in shuffled.iter().take(5) {
            so_far.push(*fact);
            let rows = story(&so_far).rows::<MeteredUsage>();
            let known: Decimal =
                so_far.iter().filter(|fact| (from..until).contains(&at(**fact))).map(|fact| quantity(*fact)).sum();
            prop_assert_eq!(rated(&plan, of_march(&rows).normalize()).total, rated(&plan, known.normalize()).total);
        }
        let sum: Decimal = bill.lines.iter().map(|line| line.amount.amount).sum();
        prop_assert_eq!(bill.total, sum);
    }
}
