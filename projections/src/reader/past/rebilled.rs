//! What differs between an invoice as it was issued and as the log makes it again.

use std::collections::{BTreeMap, BTreeSet};

use domain::Money;
use domain::invoice::{Bill, BillLine, LineDifference};
use rust_decimal::Decimal;

/// The lines of two bills that are not the same, place by place, then the credits that were drawn otherwise.
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
    let drawn = |bill: &Bill| -> BTreeMap<String, Decimal> {
        let parts = bill.credits.iter().map(|part| (part.grant.clone(), part.amount));
        parts.collect()
    };
    let (was, is) = (drawn(issued), drawn(folded));
    let grants: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let credits = grants
        .into_iter()
        .filter(|grant| was.get(*grant) != is.get(*grant));
    let credits = credits.map(|grant| LineDifference {
        code: format!("credit {grant}"),
        line: 0,
        issued: was.get(grant).map(|amount| Money::new(-*amount, issued.currency)),
        folded: is.get(grant).map(|amount| Money::new(-*amount, folded.currency)),
    });
    differing.chain(credits).collect()
}
