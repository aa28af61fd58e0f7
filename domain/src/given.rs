//! How the slices' tests say: given what happened, when something is asked at a time.

use cqrs_es::Aggregate;
use cqrs_es::test::{AggregateResultValidator, TestFramework};
use jiff::Timestamp;

use crate::kernel::{At, Currency, Entity, Money};

/// The time that an RFC 3339 text names.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The amount that a text like `12.50 USD` names.
pub(crate) fn money(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').unwrap();
    Money::new(amount.parse().unwrap(), currency.parse::<Currency>().unwrap())
}

/// Given these events, when this is asked at that time.
pub(crate) fn when<A: Entity>(
    given: Vec<<A as Aggregate>::Event>,
    time: &str,
    command: A::Order,
) -> AggregateResultValidator<A> {
    TestFramework::with(())
        .given(given)
        .when(At::new(at(time), command))
}
