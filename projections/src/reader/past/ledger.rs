//! The ledger of a subscription's prepaid credits: what came in, what invoices drew and gave back, what expired.
//!
//! Nothing of it is stored. The grants are the subscription's events, what moved is in its invoices, and both are put
//! together in the order in which they were decided: an invoice right behind the position up to which it counts, since
//! what it draws was worked out there. What has expired is told by the moment that is asked for, so that no clock is
//! needed to write it down.

use domain::pricing::{CreditLedger, DraftInvoice, Entry, Grant, Movement};
use domain::{Currency, TenantId};
use jiff::Timestamp;

use super::account::Account;
use super::books::Books;
use super::{Past, StatementError};
use crate::invoice::InvoiceRow;

/// A ledger as it was at a moment.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// All that moved up to the moment.
    pub credits: CreditLedger,
    /// The position of the event behind each entry: of the grant, the invoice, the credit note or the void; of what
    /// expired, the grant's.
    pub behind: Vec<u64>,
    /// The position up to which events are counted.
    pub position: u64,
}

impl Past {
    /// The prepaid credits of a subscription as they were at a moment. `None`: there is no such subscription.
    ///
    /// # Errors
    /// [`StatementError`].
    pub async fn credit_ledger(
        &self,
        tenant: TenantId,
        subscription: &str,
        at: Timestamp,
    ) -> Result<Option<Ledger>, StatementError> {
        let books = Books::now(self, tenant).await?;
        let Some(mut account) = books.account(subscription).await? else {
            return Ok(None);
        };
        let currency = account.agreement(&account.zone)?.currency();
        let invoices = account.invoices(subscription).await?;
        Ok(Some(account.ledger(&invoices, currency, Some(at))))
    }
}

/// What moved, in the order in which it was decided.
enum Moved<'a> {
    Granted(&'a Grant),
    Issued(&'a InvoiceRow),
    Credited(&'a InvoiceRow, usize),
    Voided(&'a InvoiceRow),
}

impl Account<'_> {
    /// The ledger by the events up to the account's position; of those up to a moment only, when one is given, with what
    /// had expired by then.
    pub(super) fn ledger(
        &self,
        invoices: &[InvoiceRow],
        currency: Currency,
        until: Option<Timestamp>,
    ) -> Ledger {
        let upto = self.position();
        let mut moved: Vec<((u64, u64), u64, Timestamp, Moved<'_>)> = Vec::new();
        for (position, grant) in &self.grants {
            moved.push(((*position, 0), *position, grant.granted_at, Moved::Granted(grant)));
        }
        let place = |position: i64| u64::try_from(position).unwrap_or_default();
        for row in invoices.iter().filter(|row| !row.bill.credits.is_empty()) {
            let issued = place(row.issued_position);
            moved.push((
                (row.bill.counted_up_to, 1),
                issued,
                row.created_at,
                Moved::Issued(row),
            ));
            for (index, note) in row.credit_notes.iter().enumerate() {
                if !note.credits.is_empty() {
                    let credited = Moved::Credited(row, index);
                    moved.push(((note.position, 0), note.position, note.issued_at, credited));
                }
            }
            if let Some(voided) = row.voided_position.map(place) {
                moved.push(((voided, 0), voided, row.changed_at, Moved::Voided(row)));
            }
        }
        moved.retain(|((order, _), _, at, _)| *order <= upto && until.is_none_or(|until| *at <= until));
        moved.sort_by_key(|(order, ..)| *order);
        let mut credits = CreditLedger::new(currency);
        let mut behind = Vec::new();
        for (_, position, at, moved) in moved {
            match moved {
                Moved::Granted(grant) => credits.take_grant(grant.clone()),
                Moved::Issued(row) => credits.take_draw(&row.bill.credits, at, &row.id),
                Moved::Credited(row, index) => {
                    credits.take_return(&row.credit_notes[index].credits, at, &row.id);
                }
                Moved::Voided(row) => credits.take_void(at, &row.id),
            }
            self.prove(&mut behind, credits.entries(), position);
        }
        if let Some(until) = until {
            credits.expire(until);
            self.prove(&mut behind, credits.entries(), upto);
        }
        Ledger {
            credits,
            behind,
            position: upto,
        }
    }

    /// Lets prepaid credits pay what is due, as far as they last at a moment.
    pub(super) fn pay(
        &self,
        draft: &mut DraftInvoice,
        invoices: &[InvoiceRow],
        at: Timestamp,
    ) -> Result<(), StatementError> {
        if !self.grants.is_empty() {
            let mut ledger = self.ledger(invoices, draft.currency, None).credits;
            draft.draw(&mut ledger, at)?;
        }
        Ok(())
    }

    /// Notes the event behind each new entry: what expired is proved by its grant.
    fn prove(&self, behind: &mut Vec<u64>, entries: &[Entry], position: u64) {
        for entry in entries.iter().skip(behind.len()) {
            let grant = || self.grants.iter().find(|(_, grant)| grant.id == entry.grant);
            behind.push(match entry.movement {
                Movement::Expired => grant().map_or(position, |(position, _)| *position),
                Movement::Granted | Movement::Drawn | Movement::GivenBack => position,
            });
        }
    }
}
