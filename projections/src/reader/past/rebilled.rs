//! What differs between an invoice as it was issued and as the log makes it again.

use std::collections::BTreeMap;

use domain::Money;
use domain::invoice::{Bill, BillLine, LineDifference};
use domain::pricing::Period;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// The lines of two bills that are not the same, place by place, then coupons, taxes and the credits that were drawn otherwise.
pub(super) fn differences(issued: &Bill, folded: &Bill) -> Vec<LineDifference> {
    let places = issued.lines.len().max(folded.lines.len());
    let differing = (0..places).filter_map(|index| {
        let (was, is) = (issued.lines.get(index), folded.lines.get(index));
        let same = |line: &BillLine| (line.rated.code.clone(), line.rated.quantity, line.rated.amount);
        if was.map(same) == is.map(same) {
            return None;
        }
        Some(LineDifference {
            code: was.or(is)?.rated.code.clone(),
            line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            issued: was.map(|line| line.rated.amount),
            folded: is.map(|line| line.rated.amount),
        })
    });
    let mut besides: BTreeMap<Beside, [Option<Decimal>; 2]> = BTreeMap::new();
    for (index, bill) in [issued, folded].into_iter().enumerate() {
        for (beside, amount) in beside_the_lines(bill) {
            let known = &mut besides.entry(beside).or_default()[index];
            *known = Some(known.unwrap_or_default() + amount);
        }
    }
    let besides = besides.into_iter().filter(|(_, [was, is])| was != is);
    let besides = besides.map(|((_, code, _), [was, is])| LineDifference {
        code,
        line: 0,
        issued: was.map(|amount| Money::new(amount, issued.currency)),
        folded: is.map(|amount| Money::new(amount, folded.currency)),
    });
    differing.chain(besides).collect()
}

/// What is on a bill and is no line: in which order it comes, its name, and the period that it corrects.
type Beside = (u8, String, Option<Date>);

fn beside_the_lines(bill: &Bill) -> Vec<(Beside, Decimal)> {
    let of = |corrects: &Option<Period>| corrects.as_ref().map(|period| period.first_day);
    let coupons = bill.coupons.iter().map(|coupon| {
        let name = format!("coupon {}", coupon.code);
        ((0, name, of(&coupon.corrects)), -coupon.amount.amount)
    });
    let taxes = bill.taxes.iter().map(|tax| {
        let name = format!("tax {}", tax.code);
        ((1, name, of(&tax.corrects)), tax.amount.amount)
    });
    let credits = bill.credits.iter().map(|part| {
        let name = format!("credit {}", part.grant);
        ((2, name, None), -part.amount)
    });
    coupons.chain(taxes).chain(credits).collect()
}
