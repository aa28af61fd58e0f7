//! The return on investment, of the rows of now or as the log makes them again.

use domain::model_price::price_book;
use domain::pricing::Days;
use domain::roi::Basis;
use domain::roi_baseline::{Registered, registered};
use domain::tenant::Zone;
use domain::{RecordedEvent, TenantId};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::books::{Books, Source};
use super::{Past, StatementError, span_of};
use crate::engine::ReadModel as _;
use crate::invoice::{InvoiceList, InvoiceRow};
use crate::metered_usage::Span;
use crate::model_use::{ModelUse, ModelUseRow, Uses};
use crate::reader::QueryError;
use crate::roi::{Materials, RoiError, RoiReport, RoiWish, report};
use crate::roi_journey::{JourneyRow, Journeys, RoiJourney};

/// The most days of a report.
const DAYS_AT_MOST: i32 = 1_100;
/// The most days that a window, a half-life or the time to settle may have.
const TERM_AT_MOST: u32 = 1_100;

/// The read models that a report is made from.
pub const ROI_READS: &[&str] = &[
    InvoiceList::NAME,
    crate::metered_usage::MeteredUsage::NAME,
    ModelUse::NAME,
    RoiJourney::NAME,
];

impl Past {
    /// What agents brought in and cost.
    ///
    /// # Errors
    /// [`RoiError`] says what is wrong with the wish, or why the log can't tell.
    pub async fn roi(&self, tenant: TenantId, wish: &RoiWish) -> Result<RoiReport, RoiError> {
        sound(wish)?;
        let mut books = match wish.position {
            None => Books::now(self, tenant).await?,
            Some(position) => Books::again(self, tenant, position).await?,
        };
        let days = Days {
            from: wish.report.first_day,
            until: wish.report.last_day.saturating_add(1.day()),
        };
        let span = span_of(days, &books.zone).map_err(StatementError::from)?;
        let mut position = books.position;
        if let Source::Rows(transaction) = &mut books.source {
            let folded = crate::engine::checkpoints(&mut ***transaction).await;
            let folded = folded.map_err(QueryError::from).map_err(StatementError::from)?;
            let reads = folded.iter().filter(|one| ROI_READS.contains(&one.name.as_str()));
            position = reads.map(|one| one.position).min().unwrap_or(position);
        }
        let baselines = self.of_kind(tenant, "roi_baseline", position).await?;
        let baselines: Vec<Registered> = registered(&baselines);
        let past = past_spans(&baselines, &books.zone)?;
        let window = SignedDuration::from_hours(24 * i64::from(wish.report.window_days));
        let begins = past.iter().map(|(_, span)| span.from).chain([span.from]);
        let earliest = begins.min().unwrap_or(span.from);
        let wide = Span {
            from: earliest.checked_sub(window).unwrap_or(Timestamp::MIN),
            until: past.iter().map(|(_, span)| span.until).fold(span.until, Ord::max),
        };
        let journeys = Journeys {
            vertical: wish.report.vertical.as_ref(),
            span: wide,
        };
        let uses = Uses {
            vertical: wish.report.vertical.as_ref(),
            span,
        };
        let (journeys, uses, invoices) = self.rows_of(&mut books, &journeys, &uses).await?;
        let prices = self.of_kind(tenant, "model_price", position).await?;
        let fees = self.fees(books, wish, invoices).await?;
        let materials = Materials {
            tenant,
            position,
            span,
            past,
            journeys,
            uses,
            book: price_book(&prices),
            prices: prices.iter().map(|event| event.position).collect(),
            baselines,
            fees,
        };
        report(&materials, wish)
    }

    async fn of_kind(
        &self,
        tenant: TenantId,
        kind: &str,
        position: u64,
    ) -> Result<Vec<RecordedEvent>, StatementError> {
        Ok(self.log.of_kind(tenant, kind, position).await?)
    }

    /// The rows at the books' position; the invoices only when they are of the past.
    async fn rows_of(
        &self,
        books: &mut Books<'_>,
        journeys: &Journeys<'_>,
        uses: &Uses<'_>,
    ) -> Result<(Vec<JourneyRow>, Vec<ModelUseRow>, Option<Vec<InvoiceRow>>), StatementError> {
        let (tenant, position) = (books.tenant, books.position);
        if let Source::Rows(transaction) = &mut books.source {
            let found = self.reader.journeys(transaction, tenant, journeys).await?;
            let used = self.reader.model_uses(transaction, tenant, uses).await?;
            return Ok((found, used, None));
        }
        let mut found = self.rows::<RoiJourney>(tenant, position).await?;
        found.retain(|row| journeys.has(row));
        let mut used = self.rows::<ModelUse>(tenant, position).await?;
        used.retain(|row| uses.has(row));
        let invoices = self.rows::<InvoiceList>(tenant, position).await?;
        Ok((found, used, Some(invoices)))
    }
}

fn past_spans(baselines: &[Registered], zone: &Zone) -> Result<Vec<(String, Span)>, StatementError> {
    let mut spans = Vec::new();
    for baseline in baselines {
        if let Basis::PastPeriod { first_day, last_day } = baseline.basis {
            let days = Days {
                from: first_day,
                until: last_day.saturating_add(1.day()),
            };
            spans.push((baseline.id.clone(), span_of(days, zone)?));
        }
    }
    Ok(spans)
}

fn sound(wish: &RoiWish) -> Result<(), RoiError> {
    let report = &wish.report;
    let (first, last) = (report.first_day, report.last_day);
    if last < first {
        return Err(RoiError::Days(format!("{last} lies before {first}")));
    }
    let days = (last - first).get_days() + 1;
    if days > DAYS_AT_MOST {
        return Err(RoiError::Days(format!(
            "these are {days} days, and {DAYS_AT_MOST} are told at most"
        )));
    }
    let terms = [
        ("windowDays", report.window_days, 1),
        ("halfLifeDays", report.half_life_days, 1),
        ("settlingDays", report.settling_days, 0),
    ];
    for (name, value, least) in terms {
        if !(least..=TERM_AT_MOST).contains(&value) {
            return Err(RoiError::Number(format!(
                "{name}: {value} is not between {least} and {TERM_AT_MOST}"
            )));
        }
    }
    Ok(())
}
