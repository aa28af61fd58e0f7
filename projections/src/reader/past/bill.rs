//! The bill of a period: its own lines, and what has changed since in the periods that were billed before.

use std::collections::BTreeMap;

use domain::TenantId;
use domain::invoice::{Bill, BillLine, Corrected, LineDifference, Stage};
use domain::pricing::{LineKind, Period, RatedLine, day_of};
use jiff::Timestamp;
use jiff::civil::Date;

use super::account::Account;
use super::books::Books;
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

/// What of a period was billed before: each line as all of it was billed, and the last invoice that did.
#[derive(Clone, Debug)]
struct Billed {
    period: Period,
    stage: Stage,
    lines: Vec<(Key, RatedLine, Last)>,
    versions: BTreeMap<String, u32>,
}

#[derive(Clone, Debug)]
struct Last {
    invoice: String,
    counted_up_to: u64,
}

/// What makes two lines the same: code, kind, and the first day.
type Key = (String, LineKind, Option<Date>);

fn key(kind: LineKind, line: &RatedLine) -> Key {
    (line.code.clone(), kind, line.days.map(|days| days.from))
}

/// The versions that lines were counted with, by meter.
fn versions<'l>(lines: impl Iterator<Item = &'l BillLine>) -> BTreeMap<String, u32> {
    let version = |line: &BillLine| Some((line.rated.meter.clone()?, line.meter_version?));
    lines
        .filter(|line| line.corrects.is_none())
        .filter_map(version)
        .collect()
}

/// What was billed by these invoices that counts at a position, by period.
fn billed(invoices: &[InvoiceRow], position: u64) -> Result<Vec<Billed>, StatementError> {
    let mut periods: Vec<Billed> = Vec::new();
    let is_void = |row: &&InvoiceRow| {
        let voided = row.voided_position.and_then(|at| u64::try_from(at).ok());
        voided.is_none_or(|at| at > position)
    };
    for row in invoices.iter().filter(is_void) {
        let bill = &row.bill;
        place(&mut periods, &bill.period, bill.stage);
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
            let last = Last {
                invoice: row.id.clone(),
                counted_up_to: bill.counted_up_to,
            };
            if let (Some(meter), Some(version)) = (&line.rated.meter, line.meter_version) {
                billed.versions.insert(meter.clone(), version);
            }
            match billed.lines.iter_mut().find(|(known, ..)| *known == key) {
                Some((_, so_far, by)) => {
                    *so_far = so_far.with(&line.rated)?;
                    *by = last;
                }
                None => billed.lines.push((key, line.rated.clone(), last)),
            }
        }
    }
    Ok(periods)
}

fn place<'b>(periods: &'b mut Vec<Billed>, period: &Period, stage: Stage) -> &'b mut Billed {
    let known = periods.iter().position(|billed| billed.period == *period);
    let index = known.unwrap_or_else(|| {
        periods.push(Billed {
            period: period.clone(),
            stage,
            lines: Vec::new(),
            versions: BTreeMap::new(),
        });
        periods.len() - 1
    });
    periods[index].stage = periods[index].stage.max(stage);
    &mut periods[index]
}

/// Draws the bill: the period's lines that are not billed yet, then what has changed in others, the oldest first.
async fn draw(
    account: &mut Account<'_>,
    page: Page<'_>,
    invoices: &[InvoiceRow],
    (pinned, at): (&BTreeMap<String, u32>, Timestamp),
) -> Result<Bill, StatementError> {
    let position = account.position();
    let mut periods = billed(invoices, position)?;
    let mut lines = Vec::new();
    let own = periods.iter().position(|billed| billed.period == page.period);
    let own = own.map(|index| periods.remove(index));
    let agreement = account.agreement(&page.period.zone)?;
    account.pin(pinned);
    let rated = account.rate(&agreement, &page.period, page.stage).await?;
    lines.extend(against(rated.lines, own.as_ref(), account, &page.period)?);
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
    for billed in &periods {
        let meters: Vec<(String, u32)> = billed.versions.clone().into_iter().collect();
        let agreement = account.agreement(&billed.period.zone)?;
        let is_touched = account.terms_changed > seen || {
            let span = (billed.period.begins_at()?, billed.period.ends_at()?);
            let parts = agreement.parts(&billed.period);
            account.has_changed(&meters, span, seen).await?
                || account.outcomes_changed(&parts, &billed.versions, seen).await?
        };
        if is_touched {
            account.pin(&billed.versions);
            let rated = account.rate(&agreement, &billed.period, billed.stage).await?;
            lines.extend(against(rated.lines, Some(billed), account, &billed.period)?);
        }
    }
    let rated = lines.iter().map(|line| line.rated.clone()).collect();
    let mut draft = account.settled(&agreement, &page.period, (rated, invoices))?;
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

/// What rated lines add to what was billed of their period: all of a line that is new, and the difference of one that is
/// not as it was.
fn against(
    rated: Vec<RatedLine>,
    billed: Option<&Billed>,
    account: &Account<'_>,
    period: &Period,
) -> Result<Vec<BillLine>, StatementError> {
    let version = |line: &RatedLine| {
        let meter = line.meter.as_ref()?;
        account.meters.get(meter).map(|(version, _)| *version)
    };
    let mut lines = Vec::new();
    let mut gone: Vec<&(Key, RatedLine, Last)> =
        billed.map_or_else(Vec::new, |billed| billed.lines.iter().collect());
    let closed = billed.is_some_and(|billed| billed.stage == Stage::Closing);
    let corrected = |kind: LineKind, last: &Last| Corrected {
        invoice: last.invoice.clone(),
        kind,
        period: period.clone(),
    };
    for line in rated {
        let meter_version = version(&line);
        let same = key(line.kind, &line);
        let Some(index) = gone.iter().position(|(known, ..)| *known == same) else {
            // A closed period's new line is a correction, too: of the last invoice that billed the period.
            let last = gone.first().filter(|_| closed).map(|(.., last)| last);
            let corrects = last.map(|last| corrected(line.kind, last));
            let kind = if corrects.is_some() {
                LineKind::Correction
            } else {
                line.kind
            };
            lines.push(BillLine {
                rated: RatedLine { kind, ..line },
                meter_version,
                counted_after: 0,
                corrects,
            });
            continue;
        };
        let (_, before, last) = gone.remove(index);
        let difference = line.since(before)?;
        if !difference.amount.amount.is_zero() {
            lines.push(BillLine {
                meter_version,
                counted_after: last.counted_up_to,
                corrects: Some(corrected(line.kind, last)),
                rated: difference,
            });
        }
    }
    for (_, before, last) in gone
        .into_iter()
        .filter(|(_, before, _)| !before.amount.amount.is_zero())
    {
        lines.push(BillLine {
            meter_version: version(before),
            counted_after: last.counted_up_to,
            corrects: Some(corrected(before.kind, last)),
            rated: before.nothing().since(before)?,
        });
    }
    Ok(lines)
}
