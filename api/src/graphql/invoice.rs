//! Invoices over GraphQL.

use std::sync::Arc;

use async_graphql::{Object, SimpleObject};
use domain::invoice::{Command, Invoice as Aggregate, LineDifference};
use projections::invoice::{CreditNoteRow, DifferenceRow, DisputeRow, InvoiceList, InvoiceRow};

use super::invoice_deduction::{InvoiceCoupon, InvoiceTax};
use super::invoice_preview::{InvoiceCredit, InvoiceLine, before};
use super::issue_invoice::InvoiceStage;
use super::kit::{
    Cursor, Date, DateTime, Long, Money, MoneyInput, NodeId, evidence, mutations, queries, related,
};
use super::subscription::PlanSubscription;

mutations! {
    /// What may be asked of invoices that are issued.
    InvoiceMutation: Aggregate, Write;

    /// Takes down that an invoice was paid, or a part of it.
    record_invoice_payment(Changing, RecordInvoicePaymentInput {
        /// How much; not more than is left.
        amount: MoneyInput,
        /// The payment's reference.
        reference: Option<String>,
    })
    |input| Command::ReceivePayment {
        amount: input.amount.read("amount")?,
        reference: input.reference,
    };

    /// Lets an invoice be as if it had not been issued; its number stays, and its period can be billed again.
    void_invoice(Changing, VoidInvoiceInput {
        /// Why.
        reason: String,
    })
    |input| Command::Void { reason: input.reason };

    /// Gives back some of an invoice by a credit note, with its share of coupons and taxes.
    credit_invoice(Changing, CreditInvoiceInput {
        /// Of this line: 1, 2, 3, ...; of all, when left out.
        line: Option<u32>,
        /// How much of the lines, before coupons and taxes.
        amount: MoneyInput,
        /// Why.
        reason: String,
    })
    |input| Command::Credit {
        line: input.line,
        amount: input.amount.read("amount")?,
        reason: input.reason,
    };

    /// Says that a line of an invoice is wrong.
    dispute_invoice_line(Changing, DisputeInvoiceLineInput {
        /// Its place: 1, 2, 3, ...
        line: u32,
        /// Why.
        reason: String,
    })
    |input| Command::DisputeLine {
        line: input.line,
        reason: input.reason,
    };

    /// Ends the dispute of a line, with a credit note or without.
    settle_invoice_dispute(Changing, SettleInvoiceDisputeInput {
        /// The line's place: 1, 2, 3, ...
        line: u32,
        /// How much of the line is given back; left out, the line is right.
        credit: Option<MoneyInput>,
        /// Why.
        reason: String,
    })
    |input| Command::SettleDispute {
        line: input.line,
        credit: input.credit.map(|credit| credit.read("credit")).transpose()?,
        reason: input.reason,
    };
}

/// An invoice: what was issued, and what became of it.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Invoice {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// Its number as it is printed, for instance "INV-000042": given once, without gaps in a tenant.
    local_id: String,
    /// Its number.
    number: Long,
    /// The subscription's id inside the tenant.
    subscription_id: String,
    /// Who subscribes.
    customer: Option<String>,
    /// The period's first day.
    first_day: Date,
    /// The period's last day.
    last_day: Date,
    /// What of the period it bills.
    stage: InvoiceStage,
    /// `issued`, `paid` or `void`.
    status: String,
    /// The lines: what was used and what is due in the period, then what has changed in periods before.
    lines: Vec<InvoiceLine>,
    /// The invoice as files.
    files: InvoiceFiles,
    /// The sum of its lines.
    subtotal: Money,
    /// What coupons took off.
    discount: Box<Money>,
    /// The same by coupon: of the period, then what has changed in periods before.
    coupons: Vec<InvoiceCoupon>,
    /// The sum of its taxes.
    tax: Box<Money>,
    /// The same by tax: of the period, then what has changed in periods before.
    taxes: Vec<InvoiceTax>,
    /// What it comes to; below zero when it gives back more than it bills.
    total: Money,
    /// What prepaid credits paid of it.
    credits_drawn: Box<Money>,
    /// The same by grant, in the order in which they were drawn.
    credits: Vec<InvoiceCredit>,
    /// What was left to pay when it was issued; never below zero.
    due: Box<Money>,
    /// What was paid of it.
    paid: Box<Money>,
    /// What credit notes gave back, with taxes.
    credited: Box<Money>,
    /// What is left to be paid.
    outstanding: Money,
    /// What was given back.
    credit_notes: Vec<CreditNote>,
    /// Which lines were disputed.
    disputes: Vec<InvoiceDispute>,
    /// What the log says otherwise, when folding it again found a difference.
    difference: Option<Box<InvoiceDifference>>,
    /// Up to where events are counted; what is recorded behind it is corrected by a later invoice.
    counted_up_to: Cursor,
    /// When it was issued.
    issued_at: DateTime,
    /// When it changed last.
    changed_at: DateTime,
}

/// An invoice as files.
#[derive(Clone)]
pub(crate) struct InvoiceFiles {
    row: Arc<InvoiceRow>,
}

/// An invoice as files.
#[Object]
impl InvoiceFiles {
    /// The lines as comma-separated values (RFC 4180), a record a tier.
    async fn csv(&self) -> String {
        crate::invoicing::csv(&self.row)
    }
}

/// Something of an invoice that is given back.
#[derive(Clone, SimpleObject)]
pub(crate) struct CreditNote {
    /// Its number as it is printed: the invoice's, "-C" and its place.
    number: String,
    /// The line that it gives back; null for all.
    line: Option<u32>,
    /// What is given back of the lines, before coupons and taxes.
    amount: Money,
    /// What is given back without taxes.
    net: Money,
    /// What is given back.
    total: Money,
    /// What of it goes back to prepaid credits, by grant: what is more than was left to be paid.
    credits: Vec<InvoiceCredit>,
    /// Why.
    reason: String,
    /// When it was issued.
    issued_at: DateTime,
}

/// A line that somebody says is wrong.
#[derive(Clone, SimpleObject)]
pub(crate) struct InvoiceDispute {
    /// The line's place: 1, 2, 3, ...
    line: u32,
    /// Why.
    reason: String,
    /// `open`, `credited` or `rejected`.
    status: String,
    /// The number of the credit note that it ended in.
    credit_note: Option<String>,
    /// What was said in the end.
    answer: Option<String>,
    /// When it began.
    opened_at: DateTime,
    /// When it ended.
    settled_at: Option<DateTime>,
}

/// What the log says otherwise than the invoice.
#[derive(Clone, SimpleObject)]
pub(crate) struct InvoiceDifference {
    /// What the log says that it comes to.
    folded: Money,
    /// The lines that differ.
    lines: Vec<InvoiceLineDifference>,
    /// When that was found.
    found_at: DateTime,
}

/// A line that folds to something else than what was issued.
#[derive(Clone, SimpleObject)]
pub(crate) struct InvoiceLineDifference {
    /// Its place: 1, 2, 3, ...
    line: u32,
    /// The code of the fee or charge.
    code: String,
    /// What was issued; null for a line that should be there.
    issued: Option<Money>,
    /// What the log says; null for a line that should not be there.
    folded: Option<Money>,
}

impl From<CreditNoteRow> for CreditNote {
    fn from(row: CreditNoteRow) -> Self {
        Self {
            number: row.number,
            line: row.line,
            amount: row.amount.into(),
            net: row.note.net.into(),
            total: row.note.total.into(),
            credits: InvoiceCredit::all(&row.credits, row.note.total.currency),
            reason: row.reason,
            issued_at: row.issued_at.into(),
        }
    }
}

impl From<DisputeRow> for InvoiceDispute {
    fn from(row: DisputeRow) -> Self {
        Self {
            line: row.line,
            reason: row.reason,
            status: row.status,
            credit_note: row.credit_note,
            answer: row.answer,
            opened_at: row.opened_at.into(),
            settled_at: row.settled_at.map(Into::into),
        }
    }
}

impl From<LineDifference> for InvoiceLineDifference {
    fn from(line: LineDifference) -> Self {
        Self {
            line: line.line,
            code: line.code,
            issued: line.issued.map(Into::into),
            folded: line.folded.map(Into::into),
        }
    }
}

impl From<DifferenceRow> for InvoiceDifference {
    fn from(row: DifferenceRow) -> Self {
        Self {
            folded: row.folded.into(),
            lines: row.lines.into_iter().map(Into::into).collect(),
            found_at: row.found_at.into(),
        }
    }
}

impl From<InvoiceRow> for Invoice {
    fn from(row: InvoiceRow) -> Self {
        let (tenant, bill) = (row.tenant_id, &row.bill);
        let money = |amount| Money::of(amount, bill.currency.code());
        Self {
            as_of: None,
            id: NodeId::of::<InvoiceList>(tenant, &row.id),
            local_id: row.id.clone(),
            number: row.number.into(),
            subscription_id: row.subscription.clone(),
            customer: row.customer.clone(),
            first_day: row.first_day.into(),
            last_day: before(bill.period.end_day),
            stage: bill.stage.into(),
            status: row.status.clone(),
            subtotal: money(bill.subtotal),
            discount: Box::new(money(bill.discount)),
            coupons: InvoiceCoupon::all(&bill.coupons, bill.currency),
            tax: Box::new(money(bill.tax)),
            taxes: bill.taxes.iter().map(Into::into).collect(),
            total: money(bill.total),
            credits_drawn: Box::new(money(bill.credits_drawn)),
            credits: InvoiceCredit::all(&bill.credits, bill.currency),
            due: Box::new(money(bill.due)),
            paid: Box::new(money(row.paid)),
            credited: Box::new(money(row.credited)),
            outstanding: money(row.outstanding),
            credit_notes: row.credit_notes.iter().cloned().map(Into::into).collect(),
            disputes: row.disputes.iter().cloned().map(Into::into).collect(),
            difference: row.difference.clone().map(|found| Box::new(found.into())),
            counted_up_to: Cursor::at(tenant, bill.counted_up_to),
            issued_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
            // What was issued was rated, so that it can be shown.
            lines: InvoiceLine::of_bill(bill).unwrap_or_default(),
            files: InvoiceFiles { row: Arc::new(row) },
        }
    }
}

evidence!(Invoice of InvoiceList, |row| vec![("id", row.local_id.clone())], ctx {
    /// The subscription that it bills, if the tenant has it.
    subscription: PlanSubscription => related(ctx, Some(&row.subscription_id), row.as_of),
});

queries! {
    InvoiceQuery: InvoiceList, Read => Invoice, InvoiceConnection, InvoiceEdge;
    invoice("An invoice of the tenant; null when there is none of this id."),
    invoices("The tenant's invoices, newest first.", "the tenant's invoices"),
    InvoiceFilter {
        /// Of this subscription.
        subscription ["subscription"],
        /// Of this customer.
        customer,
        /// In this status: `issued`, `paid` or `void`.
        status,
    },
    InvoiceOrder, InvoiceOrderField {
        /// When it was issued.
        IssuedAt => Moments created_at,
        /// Its number.
        Number => Numbers number,
    }
}
