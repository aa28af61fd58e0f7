//! What invoices billed of each period so far: lines, coupons and taxes, corrections included.

use std::collections::BTreeMap;

use domain::invoice::{BillLine, Stage};
use domain::pricing::{Deducted, LineKind, Period, RatedLine};
use jiff::civil::Date;

use super::StatementError;
use crate::invoice::InvoiceRow;

/// What of a period was billed before: each line as all of it was billed, and the last invoice that did.
#[derive(Clone, Debug)]
pub(super) struct Billed {
    pub(super) period: Period,
    pub(super) stage: Stage,
    pub(super) lines: Vec<(Key, RatedLine, Last)>,
    pub(super) versions: BTreeMap<String, u32>,
    /// What coupons and taxes of all of it came to.
    pub(super) deducted: Deducted,
    /// The last invoice that billed anything of it.
    pub(super) last: Option<Last>,
}

impl Billed {
    /// Of a period of which nothing was billed.
    pub(super) fn nothing(period: &Period, stage: Stage) -> Self {
        Self {
            period: period.clone(),
            stage,
            lines: Vec::new(),
            versions: BTreeMap::new(),
            deducted: Deducted::default(),
            last: None,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Last {
    pub(super) invoice: String,
    pub(super) counted_up_to: u64,
}

/// What makes two lines the same: code, kind, and the first day.
pub(super) type Key = (String, LineKind, Option<Date>);

pub(super) fn key(kind: LineKind, line: &RatedLine) -> Key {
    (line.code.clone(), kind, line.days.map(|days| days.from))
}

/// The versions that lines were counted with, by meter.
pub(super) fn versions<'l>(lines: impl Iterator<Item = &'l BillLine>) -> BTreeMap<String, u32> {
    let version = |line: &BillLine| Some((line.rated.meter.clone()?, line.meter_version?));
    lines
        .filter(|line| line.corrects.is_none())
        .filter_map(version)
        .collect()
}

/// What was billed by these invoices that counts at a position, by period.
pub(super) fn billed(invoices: &[InvoiceRow], position: u64) -> Result<Vec<Billed>, StatementError> {
    let mut periods: Vec<Billed> = Vec::new();
    let is_void = |row: &&InvoiceRow| {
        let voided = row.voided_position.and_then(|at| u64::try_from(at).ok());
        voided.is_none_or(|at| at > position)
    };
    for row in invoices.iter().filter(is_void) {
        let bill = &row.bill;
        let last = Last {
            invoice: row.id.clone(),
            counted_up_to: bill.counted_up_to,
        };
        place(&mut periods, &bill.period, bill.stage).last = Some(last.clone());
        for line in &bill.lines {
            let (period, kind) = match &line.corrects {
                Some(corrected) => (&corrected.period, corrected.kind),
                None => (&bill.period, line.rated.kind),
            };
            let stage = if line.corrects.is_some() {
                Stage::Opening
            } else {
                bill.stage
            };
            let billed = place(&mut periods, period, stage);
            let key = key(kind, &line.rated);
            billed.last = Some(last.clone());
            if let (Some(meter), Some(version)) = (&line.rated.meter, line.meter_version) {
                billed.versions.insert(meter.clone(), version);
            }
            match billed.lines.iter_mut().find(|(known, ..)| *known == key) {
                Some((_, so_far, by)) => {
                    *so_far = so_far.with(&line.rated)?;
                    *by = last.clone();
                }
                None => billed.lines.push((key, line.rated.clone(), last.clone())),
            }
        }
        for coupon in &bill.coupons {
            let period = coupon.corrects.as_ref().unwrap_or(&bill.period);
            place(&mut periods, period, Stage::Opening)
                .deducted
                .add_coupon(coupon)?;
        }
        for tax in &bill.taxes {
            let period = tax.corrects.as_ref().unwrap_or(&bill.period);
            place(&mut periods, period, Stage::Opening)
                .deducted
                .add_tax(tax)?;
        }
    }
    Ok(periods)
}

fn place<'b>(periods: &'b mut Vec<Billed>, period: &Period, stage: Stage) -> &'b mut Billed {
    let known = periods.iter().position(|billed| billed.period == *period);
    let index = known.unwrap_or_else(|| {
        periods.push(Billed::nothing(period, stage));
        periods.len() - 1
    });
    periods[index].stage = periods[index].stage.max(stage);
    &mut periods[index]
}
