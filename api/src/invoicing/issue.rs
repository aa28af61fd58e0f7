//! Issuing: one number, one invoice, one time.
//!
//! A tenant's numbers are the names of its invoices' streams, so the log itself gives each of them once: whoever
//! appends the first event of `INV-000042` has the number, whoever comes second is told so and asks for the next one. A
//! number is tried only when the one before is taken, so there is no gap, whoever is killed when. Which bill it is goes
//! under a key in the same transaction: the subscription, and how many invoices it had before. Two who draw the same bill
//! at the same time thus issue one.

use std::time::Duration;

use domain::Caller;
use domain::invoice::{Command, Invoice, InvoiceId, Refusal, Stage};
use jiff::Timestamp;
use projections::invoice::InvoiceList;
use projections::metered_usage::MeteredUsage;
use projections::{BillWish, Drawn, Past, QueryError, ReadModel as _, Reader, StatementError};
use sha2::{Digest, Sha256};
use store::{Key, Orders, ReadError, Store, StoreError};

/// The source of the keys under which bills are issued.
const KEY_SOURCE: &str = "annals:invoice";
/// How often a bill is drawn again because others were quicker.
const TRIES: u32 = 16;
/// How long the read models may take to see what is in the log.
const CATCH_UP: Duration = Duration::from_secs(30);

/// Issues invoices, and folds them again. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Invoicing {
    pub(super) store: Store,
    pub(super) reader: Reader,
    pub(super) past: Past,
}

/// Which bill is to be issued.
#[derive(Clone, Debug)]
pub struct IssueWish {
    /// Of this subscription.
    pub subscription: String,
    /// Of the period of this moment.
    pub at: Timestamp,
    /// What of it.
    pub stage: Stage,
}

/// An invoice that is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Its number.
    pub id: InvoiceId,
    /// The position of its last event.
    pub position: u64,
    /// Its version.
    pub version: u64,
    /// Whether it was issued before.
    pub known: bool,
}

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum InvoicingError {
    /// The period can't be billed.
    #[error(transparent)]
    Bill(#[from] StatementError),
    /// Nothing is to be billed in it.
    #[error(
        "nothing is to be billed in the period: no plan is in force, and nothing billed before has changed"
    )]
    Nothing,
    /// The log does not take it.
    #[error(transparent)]
    Store(#[from] StoreError<Refusal>),
    /// The read models can't be read, or do not catch up.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The log can't be read.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// Others issue invoices of the same subscription all the time.
    #[error("others issue invoices of this subscription at the same time: try again")]
    Busy,
}

impl Invoicing {
    /// Works on this log and its read models.
    #[must_use]
    pub const fn new(store: Store, reader: Reader, past: Past) -> Self {
        Self { store, reader, past }
    }

    /// The read models that it reads.
    #[must_use]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// What it rates with.
    #[must_use]
    pub const fn past(&self) -> &Past {
        &self.past
    }

    /// Issues the bill of a period, once: the invoice that is there already is the answer, too. `None`: there is no such
    /// subscription.
    ///
    /// # Errors
    /// [`InvoicingError`].
    pub async fn issue(&self, caller: &Caller, wish: &IssueWish) -> Result<Option<Issued>, InvoicingError> {
        let head = self.store.log().head().await?;
        self.seen(head).await?;
        self.issue_seen(caller, wish).await
    }

    /// Waits until what bills are made of has seen a position.
    pub(super) async fn seen(&self, position: u64) -> Result<(), QueryError> {
        let needed = [InvoiceList::NAME, MeteredUsage::NAME];
        self.reader.wait_for_those(&needed, position, CATCH_UP).await
    }

    /// The same, when what bills are made of has seen everything that counts.
    pub(super) async fn issue_seen(
        &self,
        caller: &Caller,
        wish: &IssueWish,
    ) -> Result<Option<Issued>, InvoicingError> {
        for _ in 0..TRIES {
            let now = self.store.ambient().now();
            let bill_wish = BillWish {
                subscription: &wish.subscription,
                at: wish.at,
                stage: wish.stage,
                now,
            };
            let bill = match self.past.bill(caller.tenant, &bill_wish).await? {
                None => return Ok(None),
                Some(Drawn::Fresh(bill)) if bill.lines.is_empty() => return Err(InvoicingError::Nothing),
                Some(Drawn::Fresh(bill)) => bill,
                Some(Drawn::Known(row)) => {
                    let id = InvoiceId::of_number(u64::try_from(row.number).unwrap_or_default());
                    return Ok(Some(Issued {
                        id,
                        position: u64::try_from(row.counted_up_to).unwrap_or_default(),
                        version: 1,
                        known: true,
                    }));
                }
            };
            let name = format!("{}#{}", wish.subscription, bill.before);
            let key = Key {
                source: KEY_SOURCE.to_owned(),
                hash: Sha256::digest(&name).into(),
                id: name,
            };
            let mut number = self.reader.last_invoice_number(caller.tenant).await? + 1;
            let committed = loop {
                let id = InvoiceId::of_number(number);
                // Issued at the moment for which it was drawn: credits that last until then are credits that it may draw.
                let orders = Orders::one(Command::Issue { bill: bill.clone() }).at(Some(now));
                let orders = orders.under(Some(key.clone()));
                match self.store.execute::<Invoice>(caller, &id, orders).await {
                    Err(StoreError::Refused(Refusal::AlreadyIssued)) => number += 1,
                    outcome => break outcome?,
                }
            };
            if committed.known {
                // Somebody else issued the subscription's next invoice meanwhile: perhaps this one, perhaps another.
                self.seen(committed.position).await?;
                continue;
            }
            let id = committed.id.parse().map_err(StatementError::from)?;
            return Ok(Some(Issued {
                id,
                position: committed.position,
                version: committed.version,
                known: false,
            }));
        }
        Err(InvoicingError::Busy)
    }
}
