//! Issuing: one number, one invoice, one time.
//!
//! A tenant's numbers are the names of its invoices' streams, so the log itself gives each of them once: whoever
//! appends the first event of `INV-000042` has the number, whoever comes second is told so and asks for the next one. A
//! number is tried only when the one before is taken, so there is no gap, whoever is killed when. Which bill it is goes
//! under a key in the same transaction: the subscription, and how many invoices it had before. Two who draw the same bill
//! at the same time thus issue one.
//!
//! Where all tenants share a series, the key is the number itself, known on the whole platform; a bill is drawn when all
//! that has lower numbers is seen, and drawn again when a number since was taken for the same subscription.

use std::time::Duration;

use domain::invoice::{Bill, Command, Invoice, InvoiceId, Refusal, Stage};
use domain::{Caller, TenantId};
use jiff::Timestamp;
use projections::invoice::{InvoiceList, Series};
use projections::metered_usage::MeteredUsage;
use projections::{BillWish, Drawn, Past, QueryError, ReadModel as _, Reader, StatementError};
use sha2::{Digest, Sha256};
use store::{Committed, Key, Orders, Reach, ReadError, Store, StoreError};

/// The source of the keys under which bills are issued.
const KEY_SOURCE: &str = "annals:invoice";
/// The source of the keys that stand for the platform's numbers.
const NUMBER_SOURCE: &str = "annals:invoice-number";
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
    pub(super) series: Series,
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
        Self {
            store,
            reader,
            past,
            series: Series::Tenant,
        }
    }

    /// The same, numbering invoices in this series.
    #[must_use]
    pub fn in_series(self, series: Series) -> Self {
        Self { series, ..self }
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
            let shared = match self.series {
                Series::Tenant => 0,
                // All that is issued under lower numbers is seen before the bill is drawn.
                Series::Platform => {
                    let free = self.free_number(caller).await?;
                    self.seen(self.store.log().head().await?).await?;
                    free
                }
            };
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
                    let id = row.id.parse().map_err(StatementError::from)?;
                    return Ok(Some(Issued {
                        id,
                        position: u64::try_from(row.counted_up_to).unwrap_or_default(),
                        version: 1,
                        known: true,
                    }));
                }
            };
            let draft = Draft {
                wish,
                bill: &bill,
                now,
            };
            let committed = match self.series {
                Series::Tenant => self.under_own_number(caller, &draft).await?,
                Series::Platform => self.under_shared_number(caller, &draft, shared).await?,
            };
            let Some(committed) = committed else {
                // Somebody else issued the subscription's next invoice meanwhile: perhaps this one, perhaps another.
                continue;
            };
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

    /// Issues under the tenant's next number. Nothing: the subscription had its next invoice meanwhile.
    async fn under_own_number(
        &self,
        caller: &Caller,
        draft: &Draft<'_>,
    ) -> Result<Option<Committed>, InvoicingError> {
        let name = format!("{}#{}", draft.wish.subscription, draft.bill.before);
        let key = key(KEY_SOURCE, name);
        let mut number = self
            .reader
            .last_invoice_number(caller.tenant, Series::Tenant)
            .await?
            + 1;
        let committed = loop {
            let id = InvoiceId::of_number(number);
            let orders = draft.orders(key.clone());
            match self.store.execute::<Invoice>(caller, &id, orders).await {
                Err(StoreError::Refused(Refusal::AlreadyIssued)) => number += 1,
                outcome => break outcome?,
            }
        };
        if committed.known {
            self.seen(committed.position).await?;
            return Ok(None);
        }
        Ok(Some(committed))
    }

    /// Issues under the platform's next number, from one on that was free before the bill was drawn: each that somebody
    /// took since is looked at, whether it is of the same subscription. If so, nothing.
    async fn under_shared_number(
        &self,
        caller: &Caller,
        draft: &Draft<'_>,
        mut number: u64,
    ) -> Result<Option<Committed>, InvoicingError> {
        loop {
            let id = InvoiceId::of_platform_number(number);
            let key = number_key(number);
            let orders = draft.orders(key.clone());
            let committed = self
                .store
                .execute_within::<Invoice>(caller, &id, orders, Reach::Platform)
                .await;
            let committed = committed?;
            if !committed.known {
                return Ok(Some(committed));
            }
            if let Some((tenant, id)) = self.taken_by(number).await?
                && tenant == caller.tenant
            {
                self.seen(committed.position).await?;
                let taken = self.reader.entity::<InvoiceList>(tenant, &id).await?;
                if taken.is_none_or(|row| row.subscription == draft.wish.subscription) {
                    return Ok(None);
                }
            }
            number += 1;
        }
    }

    /// The platform's lowest number that is free. None is taken while a lower one is free, so that it is found by halves.
    async fn free_number(&self, caller: &Caller) -> Result<u64, InvoicingError> {
        let mut taken = self
            .reader
            .last_invoice_number(caller.tenant, Series::Platform)
            .await?;
        let mut step = 1;
        let mut free = loop {
            let number = taken + step;
            if self.taken_by(number).await?.is_none() {
                break number;
            }
            taken = number;
            step *= 2;
        };
        while free - taken > 1 {
            let middle = taken + (free - taken) / 2;
            match self.taken_by(middle).await? {
                Some(_) => taken = middle,
                None => free = middle,
            }
        }
        Ok(free)
    }

    async fn taken_by(&self, number: u64) -> Result<Option<(TenantId, String)>, InvoicingError> {
        let taken = self.store.taken_by(&number_key(number)).await;
        Ok(taken.map_err(StoreError::from)?)
    }
}

/// A bill that is to be issued, and the moment for which it was drawn.
struct Draft<'a> {
    wish: &'a IssueWish,
    bill: &'a Bill,
    now: Timestamp,
}

impl Draft<'_> {
    /// Issued at the moment for which it was drawn: credits that last until then are credits that it may draw.
    fn orders(&self, key: Key) -> Orders<Command> {
        let bill = Box::new(self.bill.clone());
        Orders::one(Command::Issue { bill })
            .at(Some(self.now))
            .under(Some(key))
    }
}

fn number_key(number: u64) -> Key {
    key(NUMBER_SOURCE, number.to_string())
}

fn key(source: &str, name: String) -> Key {
    Key {
        source: source.to_owned(),
        hash: Sha256::digest(&name).into(),
        id: name,
    }
}
