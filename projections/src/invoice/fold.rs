//! An invoice's events become its row.

use domain::invoice::{Bill, Event as Change, LineDifference, Stage};
use domain::pricing::{CreditNote, CreditPart};
use domain::{Event, Money, RecordedEvent, TenantId};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::engine::{Context, EntityKey, ReadModel, Rows, Unfoldable};

/// Which invoices there are.
#[derive(Debug)]
pub struct InvoiceList;

/// An invoice as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvoiceRow {
    /// The tenant that has it.
    pub tenant_id: TenantId,
    /// Its number as it is printed.
    pub id: String,
    /// Its number: 1, 2, 3, ...
    pub number: i64,
    /// The subscription that it bills.
    pub subscription: String,
    /// Who subscribes.
    pub customer: Option<String>,
    /// The period's first day.
    pub first_day: Date,
    /// The period's last day.
    pub last_day: Date,
    /// `opening` or `closing`.
    pub stage: String,
    /// How many invoices of the subscription came before it.
    pub place: i32,
    /// The position up to which events are counted.
    pub counted_up_to: i64,
    /// `issued`, `paid` or `void`.
    pub status: String,
    /// The currency of all its amounts.
    pub currency: String,
    /// What it comes to.
    pub total: Decimal,
    /// What was paid of it.
    pub paid: Decimal,
    /// What credit notes gave back, with taxes.
    pub credited: Decimal,
    /// What is left to be paid.
    pub outstanding: Decimal,
    /// What it says.
    pub bill: Bill,
    /// What was given back.
    pub credit_notes: Vec<CreditNoteRow>,
    /// Which lines were disputed.
    pub disputes: Vec<DisputeRow>,
    /// What the log said otherwise, when that was found last.
    pub difference: Option<DifferenceRow>,
    /// Where it was issued.
    pub issued_position: i64,
    /// Where it was voided.
    pub voided_position: Option<i64>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it changed last.
    pub changed_at: Timestamp,
}

/// A credit note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreditNoteRow {
    /// Its number as it is printed: the invoice's, `-C` and its place.
    pub number: String,
    /// The line that it gives back; none for all.
    pub line: Option<u32>,
    /// What is given back of the lines.
    pub amount: Money,
    /// The same with coupons and taxes.
    pub note: CreditNote,
    /// Why.
    pub reason: String,
    /// What of it goes back to prepaid credits.
    #[serde(default)]
    pub credits: Vec<CreditPart>,
    /// Where it was issued.
    #[serde(default)]
    pub position: u64,
    /// When it was issued.
    pub issued_at: Timestamp,
}

/// A dispute of a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisputeRow {
    /// The line's place.
    pub line: u32,
    /// Why.
    pub reason: String,
    /// `open`, `credited` or `rejected`.
    pub status: String,
    /// The credit note that it ended in.
    pub credit_note: Option<String>,
    /// What was said in the end.
    pub answer: Option<String>,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it ended.
    pub settled_at: Option<Timestamp>,
}

/// What the log says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DifferenceRow {
    /// What the log says that it comes to.
    pub folded: Money,
    /// The lines that differ.
    pub lines: Vec<LineDifference>,
    /// When that was found.
    pub found_at: Timestamp,
}

impl InvoiceRow {
    /// What of the period it bills.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.bill.stage
    }

    fn begin(event: &RecordedEvent, bill: &Bill) -> Self {
        let period = &bill.period;
        let status = if bill.due.is_zero() { "paid" } else { "issued" };
        let id = event.stream.id.clone();
        let number = id.rsplit('-').next().and_then(|digits| digits.parse().ok());
        Self {
            tenant_id: event.tenant(),
            number: number.unwrap_or_default(),
            id,
            subscription: bill.subscription.clone(),
            customer: bill.customer.clone(),
            first_day: period.first_day,
            last_day: period.end_day.yesterday().unwrap_or(period.end_day),
            stage: bill.stage.to_string(),
            place: i32::try_from(bill.before).unwrap_or(i32::MAX),
            counted_up_to: i64::try_from(bill.counted_up_to).unwrap_or(i64::MAX),
            status: status.to_owned(),
            currency: bill.currency.code().to_owned(),
            total: bill.total,
            paid: Decimal::ZERO,
            credited: Decimal::ZERO,
            outstanding: bill.due,
            bill: bill.clone(),
            credit_notes: Vec::new(),
            disputes: Vec::new(),
            difference: None,
            issued_position: i64::try_from(event.position).unwrap_or(i64::MAX),
            voided_position: None,
            created_at: event.occurred_at,
            changed_at: event.occurred_at,
        }
    }

    fn settle(&mut self, left: Money) {
        self.outstanding = left.amount;
        if left.amount.is_zero() {
            "paid".clone_into(&mut self.status);
        }
    }

    fn note(&self, place: u32) -> String {
        format!("{}-C{place}", self.id)
    }

    fn change(&mut self, event: &RecordedEvent, change: &Change) {
        self.changed_at = event.occurred_at;
        match change {
            Change::Issued { .. } => {}
            Change::PaymentReceived { amount, left, .. } => {
                self.paid += amount.amount;
                self.settle(*left);
            }
            Change::Voided { .. } => {
                "void".clone_into(&mut self.status);
                self.outstanding = Decimal::ZERO;
                self.voided_position = i64::try_from(event.position).ok();
            }
            Change::Credited {
                number,
                line,
                amount,
                note,
                credits,
                left,
                reason,
                ..
            } => {
                self.credited += note.total.amount;
                self.credit_notes.push(CreditNoteRow {
                    number: self.note(*number),
                    line: *line,
                    amount: *amount,
                    note: note.clone(),
                    reason: reason.clone(),
                    credits: credits.clone(),
                    position: event.position,
                    issued_at: event.occurred_at,
                });
                self.settle(*left);
            }
            Change::LineDisputed { line, reason, .. } => self.disputes.push(DisputeRow {
                line: *line,
                reason: reason.clone(),
                status: "open".to_owned(),
                credit_note: None,
                answer: None,
                opened_at: event.occurred_at,
                settled_at: None,
            }),
            Change::DisputeSettled {
                line,
                credit_note,
                reason,
            } => {
                let note = credit_note.map(|place| self.note(place));
                if let Some(dispute) = self.disputes.iter_mut().find(|dispute| dispute.line == *line) {
                    let status = if note.is_some() { "credited" } else { "rejected" };
                    status.clone_into(&mut dispute.status);
                    dispute.credit_note = note;
                    dispute.answer = Some(reason.clone());
                    dispute.settled_at = Some(event.occurred_at);
                }
            }
            Change::DifferenceFound { folded, lines, .. } => {
                self.difference = Some(DifferenceRow {
                    folded: *folded,
                    lines: lines.clone(),
                    found_at: event.occurred_at,
                });
            }
        }
    }
}

impl ReadModel for InvoiceList {
    const NAME: &'static str = "invoice";
    const VERSION: i32 = 2;
    const KEY: &'static [&'static str] = &["tenant_id", "id"];
    const READS: &'static [&'static str] = &["invoice"];

    type Key = EntityKey;
    type Row = InvoiceRow;

    fn touches(event: &RecordedEvent, _context: &Context) -> Vec<EntityKey> {
        vec![EntityKey::of(event)]
    }

    fn fold(rows: &mut Rows<Self>, event: &RecordedEvent, _context: &Context) -> Result<(), Unfoldable> {
        let Event::Invoice(change) = &event.event else {
            return Ok(());
        };
        let key = EntityKey::of(event);
        if let Change::Issued { bill } = change {
            rows.put(key, InvoiceRow::begin(event, bill));
        } else {
            rows.known(&key)?.change(event, change);
        }
        Ok(())
    }
}
