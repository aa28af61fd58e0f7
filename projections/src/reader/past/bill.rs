//! The bill of a period: its own lines, and what has changed since in the periods that were billed before.

use std::collections::BTreeMap;

use domain::TenantId;
use domain::invoice::{Bill, BillLine, Corrected, LineDifference, Stage};
use domain::pricing::{Added, Agreement, Deducted, DraftInvoice, LineKind, Period, RatedLine, added, day_of};
use jiff::Timestamp;
use jiff::civil::Date;

use super::account::Account;
use super::billed::{Billed, Last, billed, versions};
use super::books::Books;
use super::deducted::CouponsUsed;
use super::rebilled::differences;
use super::{Past, StatementError};
use crate::invoice::InvoiceRow;

/// Which bill is wanted.
#[derive(Clone, Copy, Debug)]
pub struct BillWish<'a> {
    /// Of this subscription.
    pub subscription: &'a str,
    /// Of the period of this moment.
    pub at: Timestamp,
    /// What of it.
    pub stage: Stage,
    /// The present moment: what is not over by then is not billed.
    pub now: Timestamp,
}

/// A bill as it would be issued now.
#[derive(Clone, Debug)]
pub enum Drawn {
    /// It was issued before.
    Known(Box<InvoiceRow>),
    /// It can be issued.
    Fresh(Box<Bill>),
}

/// An invoice folded again.
#[derive(Clone, Debug)]
pub struct Rebilled {
    /// What the log says.
    pub bill: Bill,
    /// The lines that are not as they were issued.
    pub differences: Vec<LineDifference>,
}

impl Past {
    /// The bill of a period. `None`: there is no such subscription.
    ///
    /// # Errors
    /// [`StatementError`] names the charge and what to do.
    pub async fn bill(&self, tenant: TenantId, wish: &BillWish<'_>) -> Result<Option<Drawn>, StatementError> {
        let books = Books::now(self, tenant).await?;
        let Some(mut account) = books.account(wish.subscription).await? else {
            return Ok(None);
        };
        let agreement = account.agreement(&account.zone)?;
        let on = day_of(wish.at, &account.zone);
        let starts_on = agreement.cycle().starts_on;
        let period = agreement.cycle().period_on(on)?;
        if period.end_day <= starts_on {
            return Err(StatementError::BeforeStart(starts_on));
        }
        let invoices = account.invoices(wish.subscription).await?;
        let is_it = |row: &&InvoiceRow| {
            row.voided_position.is_none() && row.bill.period == period && row.stage() >= wish.stage
        };
        if let Some(known) = invoices.iter().find(is_it) {
            return Ok(Some(Drawn::Known(Box::new(known.clone()))));
        }
        let today = day_of(wish.now, &account.zone);
        let first_day = period.first_day.max(starts_on);
        let is_running = agreement
            .parts(&period)
            .iter()
            .any(|part| part.in_force.days.until > today);
        match wish.stage {
            Stage::Opening if today < first_day => return Err(StatementError::NotBegun { first_day }),
            Stage::Closing if today < period.end_day && (is_running || today < first_day) => {
                let last_day = period.end_day.yesterday().unwrap_or(period.end_day);
                return Err(StatementError::NotOver { last_day });
            }
            Stage::Opening | Stage::Closing => {}
        }
        let page = Page {
            subscription: wish.subscription,
            period,
            stage: wish.stage,
        };
        let bill = draw(&mut account, page, &invoices, (&BTreeMap::new(), wish.now)).await?;
        Ok(Some(Drawn::Fresh(Box::new(bill))))
    }

    /// When the periods of a subscription begin that end in some days, the last one included.
    ///
    /// # Errors
    /// [`StatementError`].
    pub async fn periods_ending(
        &self,
        tenant: TenantId,
        subscription: &str,
        (first, last): (Date, Date),
    ) -> Result<Vec<Timestamp>, StatementError> {
        let books = Books::now(self, tenant).await?;
        let Some(account) = books.account(subscription).await? else {
            return Ok(Vec::new());
        };
        let agreement = account.agreement(&account.zone)?;
        let cycle = agreement.cycle();
        let mut begins = Vec::new();
        let mut period = cycle.period_on(first)?;
        while period.end_day.yesterday().is_ok_and(|end| end <= last) {
            if period.end_day > cycle.starts_on {
                begins.push(period.begins_at()?);
            }
            period = cycle.period_on(period.end_day)?;
        }
        Ok(begins)
    }

    /// An issued invoice folded again from the log, up to the position at which it was frozen. Invoices of before are
    /// taken as they were issued.
    ///
    /// # Errors
    /// [`StatementError`].
    pub async fn bill_again(&self, row: &InvoiceRow) -> Result<Rebilled, StatementError> {
        let issued = &row.bill;
        let earlier = self.earlier(row).await?;
        let books = Books::again(self, row.tenant_id, issued.counted_up_to).await?;
        let account = books.account(&issued.subscription).await?;
        let mut account = account.ok_or_else(|| StatementError::Gone(issued.subscription.clone()))?;
        let page = Page {
            subscription: &issued.subscription,
            period: issued.period.clone(),
            stage: issued.stage,
        };
        let pinned = versions(issued.lines.iter());
        let bill = draw(&mut account, page, &earlier, (&pinned, row.created_at)).await?;
        let differences = differences(issued, &bill);
        Ok(Rebilled { bill, differences })
    }

    async fn earlier(&self, row: &InvoiceRow) -> Result<Vec<InvoiceRow>, StatementError> {
        let mut transaction = self.reader.begin_at_one_moment(row.tenant_id).await?;
        let all = self
            .reader
            .invoices_of(&mut transaction, row.tenant_id, &row.subscription)
            .await?;
        Ok(all.into_iter().filter(|other| other.place < row.place).collect())
    }
}

/// What is billed.
struct Page<'a> {
    subscription: &'a str,
    period: Period,
    stage: Stage,
}

/// Draws the bill: the period's lines that are not billed yet, then what has changed in others, the oldest first; and in the
/// same way what that adds to their coupons and taxes.
async fn draw(
    account: &mut Account<'_>,
    page: Page<'_>,
    invoices: &[InvoiceRow],
    (pinned, at): (&BTreeMap<String, u32>, Timestamp),
) -> Result<Bill, StatementError> {
    let position = account.position();
    let mut periods = billed(invoices, position)?;
    let own = periods.iter().position(|billed| billed.period == page.period);
    let own = match own {
        Some(index) => periods.remove(index),
        None => Billed::nothing(&page.period, page.stage),
    };
    let agreement = account.agreement(&page.period.zone)?;
    account.pin(pinned);
    let rated = account.rate(&agreement, &page.period, page.stage).await?;
    let mut all = vec![Rated {
        is: Is::Own,
        billed: own,
        agreement: agreement.clone(),
        lines: rated.lines,
        versions: counted_with(account),
    }];
    // What the last invoice saw of other periods.
    let seen = invoices
        .iter()
        .map(|row| row.bill.counted_up_to)
        .max()
        .unwrap_or_default();
    let seen = match invoices.iter().any(|row| row.voided_position.is_some()) {
        // What a void invoice corrected is to be corrected again.
        true => 0,
        false => seen,
    };
    periods.sort_by_key(|billed| billed.period.first_day);
    for billed in periods {
        let meters: Vec<(String, u32)> = billed.versions.clone().into_iter().collect();
        let agreement = account.agreement(&billed.period.zone)?;
        let is_touched = account.terms_changed > seen || {
            let span = (billed.period.begins_at()?, billed.period.ends_at()?);
            let parts = agreement.parts(&billed.period);
            account.has_changed(&meters, span, seen).await?
                || account.outcomes_changed(&parts, &billed.versions, seen).await?
        };
        let (is, lines) = if is_touched {
            account.pin(&billed.versions);
            let rated = account.rate(&agreement, &billed.period, billed.stage).await?;
            (Is::Another, rated.lines)
        } else {
            let lines = billed.lines.iter().map(|billed| RatedLine {
                kind: billed.key.kind,
                ..billed.line.clone()
            });
            (Is::Untouched, lines.collect())
        };
        all.push(Rated {
            is,
            billed,
            agreement,
            lines,
            versions: counted_with(account),
        });
    }
    let (lines, deducted) = settled(account, all, &page.period)?;
    let rated = lines.iter().map(|line| line.rated.clone()).collect();
    let mut draft = DraftInvoice::of(agreement.currency(), rated, deducted)?;
    account.pay(&mut draft, invoices, at)?;
    Ok(Bill {
        subscription: page.subscription.to_owned(),
        customer: account.customer.clone(),
        period: page.period,
        stage: page.stage,
        before: u32::try_from(invoices.len()).unwrap_or(u32::MAX),
        counted_up_to: position,
        currency: draft.currency,
        lines,
        subtotal: draft.subtotal,
        coupons: draft.coupons,
        discount: draft.discount,
        taxes: draft.taxes,
        tax: draft.tax,
        total: draft.total,
        credits: draft.credits,
        credits_drawn: draft.credits_drawn,
        due: draft.due,
    })
}

/// A period as it is now: what was billed of it, and all of its lines, with the versions of the meters that counted.
struct Rated {
    is: Is,
    billed: Billed,
    agreement: Agreement,
    lines: Vec<RatedLine>,
    versions: BTreeMap<String, u32>,
}

/// Whose period it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    /// The bill's own.
    Own,
    /// One that was billed before.
    Another,
    /// One that was billed before, of which nothing has changed.
    Untouched,
}

fn counted_with(account: &Account<'_>) -> BTreeMap<String, u32> {
    let meters = account.meters.iter();
    meters
        .map(|(meter, (version, _))| (meter.clone(), *version))
        .collect()
}

/// What is to be billed: the lines of the page's own period that are not billed yet, then the differences of the others, and in
/// the same order those of their coupons and taxes. What coupons took off is counted from the first period on.
fn settled(
    account: &Account<'_>,
    all: Vec<Rated>,
    own: &Period,
) -> Result<(Vec<BillLine>, Deducted), StatementError> {
    let mut in_order: Vec<(usize, Rated)> = all.into_iter().enumerate().collect();
    in_order.sort_by_key(|(_, rated)| rated.billed.period.first_day);
    let mut used = CouponsUsed::default();
    let mut added: Vec<(usize, Vec<BillLine>, Deducted)> = Vec::new();
    for (place, mut rated) in in_order {
        let lines = std::mem::take(&mut rated.lines);
        let draft = account.settle(&rated.agreement, &rated.billed, lines, &used)?;
        let lines = match rated.is {
            Is::Own | Is::Another => against(draft.lines.clone(), &rated)?,
            Is::Untouched => Vec::new(),
        };
        let now = Deducted::from(draft);
        used.note(&now);
        let period = &rated.billed.period;
        let corrects = Some(period).filter(|period| *period != own);
        added.push((place, lines, now.since(&rated.billed.deducted, corrects)?));
    }
    added.sort_by_key(|(place, ..)| *place);
    let (mut lines, mut all) = (Vec::new(), Deducted::default());
    for (_, of_one, deducted) in added {
        lines.extend(of_one);
        all.coupons.extend(deducted.coupons);
        all.taxes.extend(deducted.taxes);
    }
    Ok((lines, all))
}

/// What rated lines add to what was billed of their period, with what they correct: another period's new line is a
/// correction, too, of the last invoice that billed the period.
fn against(lines: Vec<RatedLine>, of: &Rated) -> Result<Vec<BillLine>, StatementError> {
    let Rated {
        is, billed, versions, ..
    } = of;
    let corrected = |kind: LineKind, last: &Last| Corrected {
        invoice: last.invoice.clone(),
        kind,
        period: billed.period.clone(),
    };
    let bill_line = |Added { line, before }: Added<'_, Last>| {
        let meter_version = line.meter.as_ref().and_then(|meter| versions.get(meter).copied());
        let corrects = match before {
            Some(before) => Some(corrected(before.key.kind, &before.by)),
            None => {
                let last = billed.last.as_ref().filter(|_| *is == Is::Another);
                last.map(|last| corrected(line.kind, last))
            }
        };
        let kind = corrects.as_ref().map_or(line.kind, |_| LineKind::Correction);
        BillLine {
            rated: RatedLine { kind, ..line },
            meter_version,
            counted_after: before.map_or(0, |before| before.by.counted_up_to),
            corrects,
        }
    };
    Ok(added(lines, &billed.lines)?.into_iter().map(bill_line).collect())
}
