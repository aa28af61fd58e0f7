//! Given what happened, when something is asked, then this follows.

use super::{Command, Event, ModelPrice, Refusal};
use crate::given::{at, money, when};
use crate::pricing::TokenPrice;

const NOW: &str = "2026-03-01T00:00:00Z";

fn price(effective_from: &str, [input, cached, output]: [&str; 3]) -> TokenPrice {
    TokenPrice {
        effective_from: at(effective_from),
        currency: "EUR".parse().unwrap(),
        input_per_million: input.parse().unwrap(),
        cached_input_per_million: Some(cached.parse().unwrap()),
        output_per_million: output.parse().unwrap(),
    }
}

fn set(model: &str, price: TokenPrice) -> Command {
    Command::Set {
        provider: "house".to_owned(),
        model: model.to_owned(),
        price,
    }
}

/// One of each event, for the committed snapshots.
pub(crate) fn examples() -> Vec<Event> {
    vec![Event::Set {
        provider: "house".to_owned(),
        model: "small-1".to_owned(),
        price: price("2026-01-01T00:00:00Z", ["0.20", "0.05", "0.80"]),
    }]
}

#[test]
fn a_price_is_set_and_set_again_but_not_the_same_twice() {
    let first = price("2026-01-01T00:00:00Z", ["0.20", "0.05", "0.80"]);
    when::<ModelPrice>(vec![], NOW, set("small-1", first.clone())).then_expect_events(examples());
    when::<ModelPrice>(examples(), NOW, set("small-1", first)).then_expect_error(Refusal::AlreadySet);
    let corrected = price("2026-01-01T00:00:00Z", ["0.25", "0.05", "0.80"]);
    when::<ModelPrice>(examples(), NOW, set("small-1", corrected.clone())).then_expect_events(vec![
        Event::Set {
            provider: "house".to_owned(),
            model: "small-1".to_owned(),
            price: corrected,
        },
    ]);
}

#[test]
fn what_is_no_price_is_refused_and_says_why() {
    let other = price("2026-02-01T00:00:00Z", ["1", "1", "1"]);
    when::<ModelPrice>(examples(), NOW, set("large-1", other)).then_expect_error(Refusal::OtherModel {
        provider: "house".to_owned(),
        model: "small-1".to_owned(),
    });
    let within = price("2026-01-01T00:07:00Z", ["1", "1", "1"]);
    when::<ModelPrice>(vec![], NOW, set("small-1", within))
        .then_expect_error(Refusal::WithinQuarter(at("2026-01-01T00:07:00Z")));
    let dear = price(NOW, ["1", "2", "1"]);
    when::<ModelPrice>(vec![], NOW, set("small-1", dear)).then_expect_error(Refusal::CachedOverInput {
        cached: money("2 EUR"),
        input: money("1 EUR"),
    });
    for broken in [["-1", "-2", "1"], ["1", "-1", "1"], ["1", "1", "-1"]] {
        let refused = when::<ModelPrice>(vec![], NOW, set("small-1", price(NOW, broken))).inspect_result();
        assert!(
            matches!(refused, Err(Refusal::Negative(_))),
            "{broken:?}: {refused:?}"
        );
    }
    let nameless = when::<ModelPrice>(vec![], NOW, set(" ", price(NOW, ["1", "1", "1"]))).inspect_result();
    assert!(matches!(nameless, Err(Refusal::Blank(_))), "{nameless:?}");
}
