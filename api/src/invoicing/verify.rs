//! Issued invoices folded again from the log: what differs is written down.

use domain::invoice::{Command, Invoice, InvoiceId, LineDifference, Refusal};
use domain::{Caller, Money};
use projections::invoice::InvoiceRow;
use projections::{QueryError, StatementError};
use store::{Orders, StoreError};

use super::Invoicing;

/// What folding an invoice again came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To the same, line by line.
    Same,
    /// To something else.
    Different {
        /// What the log says that it comes to.
        folded: Money,
        /// The lines that differ.
        lines: Vec<LineDifference>,
    },
}

/// Why an invoice could not be folded again.
#[derive(Debug, thiserror::Error)]
pub enum Unverifiable {
    /// The log can't be rated any more, for instance because a year is archived.
    #[error(transparent)]
    Bill(#[from] StatementError),
    /// The difference could not be written down.
    #[error(transparent)]
    Store(#[from] StoreError<Refusal>),
    /// The read models are away.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// How many invoices are read at once.
const PAGE: u32 = 100;

impl Invoicing {
    /// Folds an invoice again; a difference is written down, the same one once.
    ///
    /// # Errors
    /// [`Unverifiable`].
    pub async fn verify(&self, caller: &Caller, row: &InvoiceRow) -> Result<Verdict, Unverifiable> {
        let again = self.past.bill_again(row).await?;
        if again.differences.is_empty() && again.bill.total() == row.bill.total() {
            return Ok(Verdict::Same);
        }
        let (folded, lines) = (again.bill.total(), again.differences);
        let id: InvoiceId = row.id.parse().map_err(StatementError::from)?;
        let report = Command::ReportDifference {
            folded,
            lines: lines.clone(),
        };
        match self
            .store
            .execute::<Invoice>(caller, &id, Orders::one(report))
            .await
        {
            // It was found before, here or by another process; what is void is nobody's concern.
            Ok(_) | Err(StoreError::Refused(Refusal::AlreadyReported | Refusal::Void)) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Verdict::Different { folded, lines })
    }

    /// Folds all invoices of a tenant again, one after the other, and tells each verdict.
    ///
    /// # Errors
    /// [`Unverifiable`] when the read models are away; an invoice that can't be folded again is told as one.
    pub async fn verify_all(
        &self,
        caller: &Caller,
        mut tell: impl FnMut(&InvoiceRow, Result<Verdict, Unverifiable>) + Send,
    ) -> Result<(), Unverifiable> {
        let mut after = 0;
        loop {
            let page = self.reader.invoices_after(caller.tenant, after, PAGE).await?;
            for row in &page {
                after = row.issued_position;
                if row.voided_position.is_none() {
                    tell(row, self.verify(caller, row).await);
                }
            }
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }
}
