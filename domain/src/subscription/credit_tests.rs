//! Given a subscription, when credit comes in, then it can be drawn, or it is refused.

use super::tests::{LATER, STARTED_AT, credit, credit_granted, started};
use super::{Command, CreditGrant, InvalidCredit, Refusal, Subscription};
use crate::given::{money, when};

#[test]
fn credit_comes_in_once_and_only_what_can_be_drawn() {
    let grant = |credit| when::<Subscription>(vec![started()], LATER, Command::GrantCredit { credit });
    grant(credit()).then_expect_events(vec![credit_granted()]);
    let again = Command::GrantCredit { credit: credit() };
    when::<Subscription>(vec![started(), credit_granted()], LATER, again)
        .then_expect_error(Refusal::CreditTaken("order-7".to_owned()));
    let refused = |change: fn(&mut CreditGrant), why: &str| {
        let mut wrong = credit();
        change(&mut wrong);
        grant(wrong).then_expect_error_message(why);
    };
    refused(
        |credit| credit.id.clear(),
        "credit: its id is blank: name it, for instance by its order",
    );
    refused(
        |credit| credit.amount = money("0 EUR"),
        "credit: the amount 0 EUR is not above zero",
    );
    refused(
        |credit| credit.amount = money("-1 EUR"),
        "credit: the amount -1 EUR is not above zero",
    );
    refused(
        |credit| credit.amount = money("1 USD"),
        "amount: 1 USD is in USD, not in EUR",
    );
    refused(
        |credit| credit.amount = money("1.001 EUR"),
        "credit: the amount 1.001 EUR has more decimal places than its currency",
    );
    let past = |credit: &mut CreditGrant| credit.expires_at = Some(STARTED_AT.parse().unwrap());
    let mut wrong = credit();
    past(&mut wrong);
    let at = LATER.parse().unwrap();
    let expires_at = STARTED_AT.parse().unwrap();
    grant(wrong).then_expect_error(Refusal::InvalidCredit(InvalidCredit::ExpiresAtOnce {
        expires_at,
        at,
    }));
}
