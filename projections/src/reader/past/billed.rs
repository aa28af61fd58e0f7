//! What invoices billed of each period so far: lines, coupons and taxes, corrections included.

use std::collections::BTreeMap;

use domain::Money;
use domain::invoice::{Bill, BillLine, Stage};
use domain::pricing::{BilledLine, Deducted, GivenBack, LineKey, Period};
use rust_decimal::Decimal;

use super::StatementError;
use crate::invoice::{CreditNoteRow, InvoiceRow};

/// What of a period was billed before: each line as all of it was billed, and the last invoice that did.
#[derive(Clone, Debug)]
pub(super) struct Billed {
    pub(super) period: Period,
    pub(super) stage: Stage,
    pub(super) lines: Vec<BilledLine<Last>>,
    pub(super) versions: BTreeMap<String, u32>,
    /// What coupons and taxes of all of it came to.
    pub(super) deducted: Deducted,
    /// The last invoice that billed anything of it.
    pub(super) last: Option<Last>,
    /// What credit notes gave back of its lines.
    pub(super) given_back: Vec<GivenBack>,
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
            given_back: Vec::new(),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Last {
    pub(super) invoice: String,
    pub(super) counted_up_to: u64,
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
            billed.last = Some(last.clone());
            if let (Some(meter), Some(version)) = (&line.rated.meter, line.meter_version) {
                billed.versions.insert(meter.clone(), version);
            }
            BilledLine::note(&mut billed.lines, kind, &line.rated, last.clone())?;
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
        for note in &row.credit_notes {
            if note.position <= position {
                give_back(&mut periods, bill, note)?;
            }
        }
    }
    Ok(periods)
}

/// Takes in what a credit note gave back, each part at the period of its line.
fn give_back(periods: &mut Vec<Billed>, bill: &Bill, note: &CreditNoteRow) -> Result<(), StatementError> {
    let lines: Vec<&BillLine> = match note.line {
        Some(place) => bill.line(place).into_iter().collect(),
        None => bill
            .lines
            .iter()
            .filter(|line| line.rated.amount.amount > Decimal::ZERO)
            .collect(),
    };
    let of = |line: &&BillLine| {
        let kind = line
            .corrects
            .as_ref()
            .map_or(line.rated.kind, |corrected| corrected.kind);
        (LineKey::of(kind, &line.rated), line.rated.amount)
    };
    let keys: Vec<(LineKey, Money)> = lines.iter().map(of).collect();
    let parts = GivenBack::of_note(&keys, note.amount, note.note.net)?;
    for (line, part) in lines.into_iter().zip(parts) {
        let corrected = line.corrects.as_ref();
        let period = corrected.map_or(&bill.period, |corrected| &corrected.period);
        place(periods, period, Stage::Opening).given_back.push(part);
    }
    Ok(())
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
