//! What the platform costs in some days: what was issued for them, and what is not issued yet as it would be.

use domain::invoice::Stage;
use domain::pricing::{Agreement, Exact, Period, TooLarge, day_of};
use domain::{StreamId, TenantId};
use jiff::civil::Date;
use rust_decimal::Decimal;
use store::{Part, Place};

use super::account::Account;
use super::books::Books;
use super::{Past, StatementError};
use crate::invoice::InvoiceRow;
use crate::roi::{Fee, FeeState, RoiError, RoiWish};

/// The most events of an invoice that are read.
const AT_MOST: u32 = 100_000;

impl Past {
    /// The fees of a report's days: of each subscription, of each billing period that has days of them.
    pub(super) async fn fees(
        &self,
        mut books: Books<'_>,
        wish: &RoiWish,
        invoices: Option<Vec<InvoiceRow>>,
    ) -> Result<Vec<Fee>, RoiError> {
        let (tenant, position) = (books.tenant, books.position);
        let events = self.log.of_kind(tenant, "subscription", position).await;
        let events = events.map_err(StatementError::from)?;
        let mut ids: Vec<String> = Vec::new();
        for event in events {
            if !ids.contains(&event.stream.id) {
                ids.push(event.stream.id);
            }
        }
        if let Some(wanted) = &wish.subscription {
            if !ids.contains(wanted) {
                let message = format!("subscription: there is no subscription {wanted:?}");
                return Err(RoiError::Unknown(message));
            }
            ids.retain(|id| id == wanted);
        }
        let mut fees = Vec::new();
        for id in ids {
            let Some(mut account) = books.account(&id).await? else {
                break;
            };
            let own = match &invoices {
                Some(all) => all.iter().filter(|row| row.subscription == id).cloned().collect(),
                None => account.invoices(&id).await?,
            };
            match self.fees_of(&mut account, (&id, &own), wish).await {
                Ok(found) => fees.extend(found),
                Err(error) => fees.push(Fee {
                    subscription: id.clone(),
                    first_day: wish.report.first_day,
                    last_day: wish.report.last_day,
                    state: FeeState::Unknown(error.to_string()),
                    currency: None,
                    net: Decimal::ZERO,
                    counted: Decimal::ZERO,
                    positions: Vec::new(),
                }),
            }
            books = account.books;
        }
        Ok(fees)
    }

    async fn fees_of(
        &self,
        account: &mut Account<'_>,
        (id, invoices): (&str, &[InvoiceRow]),
        wish: &RoiWish,
    ) -> Result<Vec<Fee>, StatementError> {
        let zone = account.zone.clone();
        let agreement = account.agreement(&zone)?;
        let (cycle, today) = (agreement.cycle(), day_of(wish.now, &zone));
        let terms = self
            .positions_of(account.books.tenant, ("subscription", id), account.position())
            .await?;
        let mut fees = Vec::new();
        let mut period = cycle.period_on(wish.report.first_day)?;
        while period.first_day <= wish.report.last_day && period.first_day <= today {
            let next = cycle.period_on(period.end_day)?;
            let begun = period.first_day.max(cycle.starts_on);
            let own: Vec<&InvoiceRow> = invoices
                .iter()
                .filter(|row| row.voided_position.is_none() && row.bill.period == period)
                .collect();
            let is_in_force = period.end_day > cycle.starts_on && !agreement.parts(&period).is_empty();
            if (is_in_force || !own.is_empty()) && begun <= wish.report.last_day {
                let mut fee = match own.iter().any(|row| row.stage() == Stage::Closing) {
                    true => self.issued(account, (id, &period), &own).await?,
                    false => preview(account, &agreement, (id, &period), invoices).await?,
                };
                fee.positions.extend(&terms);
                fee.positions.sort_unstable();
                fee.positions.dedup();
                fee.counted = counted(&fee, (begun, period.end_day), wish)?;
                fees.push(fee);
            }
            period = next;
        }
        Ok(fees)
    }

    /// What invoices of a period come to without taxes, less credit notes.
    async fn issued(
        &self,
        account: &Account<'_>,
        (id, period): (&str, &Period),
        own: &[&InvoiceRow],
    ) -> Result<Fee, StatementError> {
        let mut net = Decimal::ZERO;
        let mut positions = Vec::new();
        for row in own {
            net += row.bill.subtotal - row.bill.discount;
            net -= row
                .credit_notes
                .iter()
                .map(|note| note.note.net.amount)
                .sum::<Decimal>();
            let stream = ("invoice", row.id.as_str());
            positions.extend(
                self.positions_of(account.books.tenant, stream, account.position())
                    .await?,
            );
        }
        let state = FeeState::Issued(own.iter().map(|row| row.id.clone()).collect());
        let currency = own.first().map(|row| row.bill.currency);
        Ok(fee((id, period), state, (currency, net), positions))
    }

    async fn positions_of(
        &self,
        tenant: TenantId,
        (aggregate_type, id): (&'static str, &str),
        upto: u64,
    ) -> Result<Vec<u64>, StatementError> {
        let stream = StreamId {
            aggregate_type,
            tenant,
            id: id.to_owned(),
        };
        let events = if aggregate_type == "subscription" {
            // It stays when a year is archived.
            self.log.of_stream(&stream, upto).await?
        } else {
            let part = Part::Stream(stream);
            self.log.part(&part, Place::default(), upto, AT_MOST).await?
        };
        Ok(events.iter().map(|event| event.position).collect())
    }
}

/// What a period that is not issued comes to without taxes, as far as events tell.
async fn preview(
    account: &mut Account<'_>,
    agreement: &Agreement,
    (id, period): (&str, &Period),
    invoices: &[InvoiceRow],
) -> Result<Fee, StatementError> {
    let rated = account.rate(agreement, period, Stage::Closing).await?;
    let draft = account.settled((agreement, period), rated.lines, invoices)?;
    let net = draft.subtotal - draft.discount;
    let currency = Some(draft.currency);
    Ok(fee((id, period), FeeState::Preview, (currency, net), Vec::new()))
}

fn fee(
    (id, period): (&str, &Period),
    state: FeeState,
    (currency, net): (Option<domain::Currency>, Decimal),
    positions: Vec<u64>,
) -> Fee {
    Fee {
        subscription: id.to_owned(),
        first_day: period.first_day,
        last_day: period.end_day.yesterday().unwrap_or(period.end_day),
        state,
        currency,
        net,
        counted: net,
        positions,
    }
}

/// All of a fee whose days are all among those of the report, else its share by days.
fn counted(fee: &Fee, (begun, end): (Date, Date), wish: &RoiWish) -> Result<Decimal, TooLarge> {
    let days = |from: Date, until: Date| i64::from((until - from).get_days());
    let until = wish.report.last_day.tomorrow().map_err(|_| TooLarge)?.min(end);
    let from = wish.report.first_day.max(begun);
    let (some, all) = (days(from, until), days(begun, end));
    if some >= all {
        return Ok(fee.net);
    }
    let places = fee.currency.map_or(0, domain::Currency::exponent);
    Exact::from(fee.net)
        .times(Exact::ratio(some.max(0), all)?)?
        .rounded(places)
}
