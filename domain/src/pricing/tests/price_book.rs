//! What calls cost by the book.

use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::given::{at, money};
use crate::pricing::{CallCost, Exact, ModelCall, PriceBook, TokenPrice, Tokens, bundled_prices};

fn price(effective_from: &str, [input, cached, output]: [&str; 3]) -> TokenPrice {
    TokenPrice {
        effective_from: at(effective_from),
        currency: "USD".parse().unwrap(),
        input_per_million: input.parse().unwrap(),
        cached_input_per_million: Some(cached.parse().unwrap()),
        output_per_million: output.parse().unwrap(),
    }
}

fn book() -> PriceBook {
    let mut book = PriceBook::default();
    book.set("House", "small-1", price("2026-02-01T00:00:00Z", ["4", "1", "8"]));
    book.set(
        "House",
        "small-1",
        price("2026-01-01T00:00:00Z", ["2", "0.50", "6"]),
    );
    book
}

fn call<'c>(model: &'c str, time: &str, [input, cached, output]: [u64; 3]) -> ModelCall<'c> {
    ModelCall {
        provider: "house",
        model,
        tokens: Tokens {
            input,
            cached,
            output,
        },
        cost: None,
        at: at(time),
    }
}

fn dollars(amount: &str) -> CallCost {
    CallCost::Priced {
        amount: amount.parse().unwrap(),
        currency: "USD".parse().unwrap(),
    }
}

#[test]
fn a_call_costs_what_the_book_said_at_its_moment() {
    let book = book();
    let of = |model, time, tokens| book.cost(&call(model, time, tokens)).unwrap();
    // 800,000 × 2 + 200,000 × 0.50 + 100,000 × 6, by a million.
    let tokens = [1_000_000, 200_000, 100_000];
    assert_eq!(of("small-1", "2026-01-31T23:59:59.999Z", tokens), dollars("2.3"));
    // 800,000 × 4 + 200,000 × 1 + 100,000 × 8.
    assert_eq!(of("small-1", "2026-02-01T00:00:00Z", tokens), dollars("4.2"));
    assert_eq!(
        of("small-1", "2026-01-01T00:00:00Z", [1, 0, 0]),
        dollars("0.000002")
    );
}

#[test]
fn what_nobody_priced_is_unpriced_and_never_nothing() {
    let book = book();
    let of = |model, time| book.cost(&call(model, time, [1, 0, 0])).unwrap();
    assert_eq!(of("small-1", "2025-12-31T23:59:59Z"), CallCost::Unpriced);
    assert_eq!(of("small-2", "2026-02-01T00:00:00Z"), CallCost::Unpriced);
    assert_eq!(of("small-1-20", "2026-02-01T00:00:00Z"), CallCost::Unpriced);
}

#[test]
fn a_recorded_cost_wins_even_when_it_is_nothing() {
    let free = ModelCall {
        cost: Some(money("0 EUR")),
        ..call("small-1", "2026-02-01T00:00:00Z", [1_000_000, 0, 0])
    };
    assert_eq!(book().cost(&free), Ok(CallCost::Recorded(money("0 EUR"))));
}

#[test]
fn a_name_with_the_date_of_its_build_is_the_model_unless_it_has_a_price_of_its_own() {
    let mut book = book();
    let time = "2026-02-01T00:00:00Z";
    let million = [1_000_000, 0, 0];
    for name in ["small-1-2026-01-31", "small-1-20260131", "SMALL-1"] {
        assert_eq!(book.cost(&call(name, time, million)), Ok(dollars("4")), "{name}");
    }
    book.set(
        "house",
        "small-1-20260131",
        price("2026-01-01T00:00:00Z", ["9", "9", "9"]),
    );
    assert_eq!(
        book.cost(&call("small-1-20260131", time, million)),
        Ok(dollars("9"))
    );
    assert_eq!(
        book.cost(&call("small-1-2026-01-31", time, million)),
        Ok(dollars("4"))
    );
}

#[test]
fn a_price_of_ones_own_goes_before_the_bundled_one_from_its_moment_on() {
    let mut book = PriceBook::bundled();
    let input = |book: &PriceBook, time| {
        let price = book.price("openai", "gpt-4o", at(time));
        price.map(|price| price.input_per_million.to_string())
    };
    assert_eq!(input(&book, "2026-03-01T00:00:00Z").as_deref(), Some("2.50"));
    book.set("openai", "gpt-4o", price("2026-03-01T00:00:00Z", ["1", "1", "1"]));
    assert_eq!(input(&book, "2026-02-28T23:45:00Z").as_deref(), Some("2.50"));
    assert_eq!(input(&book, "2026-03-01T00:00:00Z").as_deref(), Some("1"));
}

#[test]
fn the_bundled_book_can_be_read_and_its_prices_begin_with_quarters() {
    for bundled in bundled_prices() {
        assert!(!bundled.prices.is_empty(), "{bundled:?}");
        assert!(
            bundled.prices.iter().all(TokenPrice::begins_with_a_quarter),
            "{bundled:?}"
        );
        let in_order = |pair: &[TokenPrice]| pair[0].effective_from < pair[1].effective_from;
        assert!(bundled.prices.windows(2).all(in_order), "{bundled:?}");
    }
}

proptest! {
    /// Tokens may be added up before they are priced: nothing is rounded on the way.
    #[test]
    fn calls_cost_together_what_they_cost_one_by_one(
        calls in prop::collection::vec((0_u64..4_000_000, 0_u64..4_000_000, 0_u64..1_000_000), 1..20),
    ) {
        let book = book();
        let time = "2026-01-05T10:00:00Z";
        let amount = |tokens| match book.cost(&call("small-1", time, tokens)).unwrap() {
            CallCost::Priced { amount, .. } => amount,
            other => panic!("{other:?}"),
        };
        let mut together = [0, 0, 0];
        let mut one_by_one = Exact::from(Decimal::ZERO);
        for (fresh, cached, output) in calls {
            let tokens = [fresh + cached, cached, output];
            one_by_one = one_by_one.plus(amount(tokens)).unwrap();
            for (sum, more) in together.iter_mut().zip(tokens) {
                *sum += more;
            }
        }
        prop_assert_eq!(amount(together), one_by_one);
    }
}
