//! What the figures that alerts watch are by now.

use domain::TenantId;
use domain::alert::{Range, Sighting, WEEKS, Watch, usual_range};
use domain::invoice::Stage;
use domain::meter::Definition;
use domain::pricing::{Days, Exact, LineKind, day_of};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use rust_decimal::Decimal;

use super::books::{Books, Source};
use super::{Past, StatementError, span_of};
use crate::metered_usage::{Usage, UsageHour, measured};

/// Shares are told with so many places.
const PLACES: u32 = 2;
/// How long a pattern goes back, in days.
const DAYS: i64 = 7 * (WEEKS as i64) + 1;

/// A figure, and what it usually is, for an anomaly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The figure.
    pub sighting: Sighting,
    /// What it usually is; none when it is compared with thresholds.
    pub expected: Option<Range>,
}

impl Past {
    /// What a watched figure is by now. Of an anomaly: those days, today and yesterday, that are not as usual; today only
    /// when there is too much, since it is not over. Nothing when there is nothing to be seen.
    ///
    /// # Errors
    /// [`StatementError`].
    pub async fn look(
        &self,
        tenant: TenantId,
        watch: &Watch,
        now: Timestamp,
    ) -> Result<Vec<Seen>, StatementError> {
        let books = Books::now(self, tenant).await?;
        match watch {
            Watch::Usage { meter } => books.month(meter, now).await,
            Watch::Anomaly { meter } => books.strange_days(meter, now).await,
            Watch::Spend { subscription } => books.spend(subscription, now).await,
            Watch::Commitment { subscription } => books.committed(subscription, now).await,
            Watch::Balance { subscription } => books.balance(subscription, now).await,
        }
    }
}

impl Books<'_> {
    fn sighting(&self, days: Days, (figure, unit): (Decimal, &str)) -> Sighting {
        Sighting {
            first_day: days.from,
            last_day: days.until.yesterday().unwrap_or(days.until),
            figure,
            unit: unit.to_owned(),
            position: self.position,
        }
    }

    async fn month(mut self, meter: &str, now: Timestamp) -> Result<Vec<Seen>, StatementError> {
        let Some((version, definition)) = self.definition(meter, None) else {
            return Ok(Vec::new());
        };
        let today = day_of(now, &self.zone);
        let days = Days {
            from: today.first_of_month(),
            until: today.last_of_month().saturating_add(1.day()),
        };
        let hours = self.hours_of((meter, version, &definition), days).await?;
        let figure = self.figure(&definition, &hours, days)?;
        let sighting = self.sighting(days, (figure, &definition.unit));
        Ok(vec![Seen {
            sighting,
            expected: None,
        }])
    }

    async fn strange_days(mut self, meter: &str, now: Timestamp) -> Result<Vec<Seen>, StatementError> {
        let Some((version, definition)) = self.definition(meter, None) else {
            return Ok(Vec::new());
        };
        let today = day_of(now, &self.zone);
        let all = Days {
            from: today.saturating_sub(DAYS.days()),
            until: today.saturating_add(1.day()),
        };
        let hours = self.hours_of((meter, version, &definition), all).await?;
        let Some(first) = hours.iter().map(|hour| hour.hour).min() else {
            return Ok(Vec::new());
        };
        let first = day_of(first, &self.zone);
        let of = |day: Date| Days {
            from: day,
            until: day.saturating_add(1.day()),
        };
        let mut seen = Vec::new();
        for day in [today.saturating_sub(1.day()), today] {
            let mut weeks = Vec::new();
            for week in 1..=i64::try_from(WEEKS).unwrap_or(i64::MAX) {
                let before = day.saturating_sub((7 * week).days());
                if before >= first {
                    weeks.push(self.figure(&definition, &hours, of(before))?);
                }
            }
            let Some(expected) = usual_range(&weeks) else {
                continue;
            };
            let figure = self.figure(&definition, &hours, of(day))?;
            let too_little = figure < expected.least && day < today;
            if too_little || figure > expected.most {
                seen.push(Seen {
                    sighting: self.sighting(of(day), (figure, &definition.unit)),
                    expected: Some(expected),
                });
            }
        }
        Ok(seen)
    }

    async fn spend(self, subscription: &str, now: Timestamp) -> Result<Vec<Seen>, StatementError> {
        let Some(mut account) = self.account(subscription).await? else {
            return Ok(Vec::new());
        };
        let agreement = account.agreement(&account.zone)?;
        let period = agreement.cycle().period_on(day_of(now, &account.zone))?;
        let draft = account.rate(&agreement, &period, Stage::Closing).await?;
        let days = Days {
            from: period.first_day,
            until: period.end_day,
        };
        let figure = (draft.total, draft.currency.code());
        Ok(vec![Seen {
            sighting: account.books.sighting(days, figure),
            expected: None,
        }])
    }

    /// What is left of prepaid credits; the period is that since credit came in last.
    async fn balance(self, subscription: &str, now: Timestamp) -> Result<Vec<Seen>, StatementError> {
        let Some(mut account) = self.account(subscription).await? else {
            return Ok(Vec::new());
        };
        let currency = account.agreement(&account.zone)?.currency();
        let invoices = account.invoices(subscription).await?;
        let ledger = account.ledger(&invoices, currency, None);
        let granted = ledger.credits.grants().map(|(grant, _)| grant.granted_at).max();
        let Some(granted) = granted else {
            return Ok(Vec::new());
        };
        let days = Days {
            from: day_of(granted, &account.zone),
            until: day_of(now, &account.zone).saturating_add(1.day()),
        };
        let left = ledger.credits.available(now).amount;
        Ok(vec![Seen {
            sighting: account.books.sighting(days, (left, currency.code())),
            expected: None,
        }])
    }

    async fn committed(self, subscription: &str, now: Timestamp) -> Result<Vec<Seen>, StatementError> {
        let Some(mut account) = self.account(subscription).await? else {
            return Ok(Vec::new());
        };
        let agreement = account.agreement(&account.zone)?;
        let period = agreement.cycle().period_on(day_of(now, &account.zone))?;
        let mut committed = Exact::ZERO;
        for part in agreement.parts(&period) {
            let Some(commitment) = &part.plan.commitment else {
                continue;
            };
            let mut amounts = commitment.amount.amounts();
            let amount = amounts.find(|(currency, _)| *currency == agreement.currency());
            let Some((_, amount)) = amount else {
                continue;
            };
            let days = part.in_force.days;
            let share = period.share(days.from, days.until)?;
            committed = committed.plus(Exact::from(amount).times(share)?)?;
        }
        if committed.is_zero() {
            return Ok(Vec::new());
        }
        let draft = account.rate(&agreement, &period, Stage::Closing).await?;
        let usage = draft.lines.iter().filter(|line| line.kind == LineKind::Usage);
        let used: Decimal = usage.map(|line| line.amount.amount).sum();
        let percent = Exact::from(used).times(Exact::whole(100))?.over(committed)?;
        let days = Days {
            from: period.first_day,
            until: period.end_day,
        };
        let figure = (percent.rounded(PLACES)?, "percent");
        Ok(vec![Seen {
            sighting: account.books.sighting(days, figure),
            expected: None,
        }])
    }

    /// The hours of a meter in some days, groups put together.
    async fn hours_of(
        &mut self,
        (meter, version, definition): (&str, u32, &Definition),
        days: Days,
    ) -> Result<Vec<UsageHour>, StatementError> {
        let span = span_of(days, &self.zone)?;
        let is_level = definition.aggregation == domain::meter::Aggregation::TimeWeightedSum;
        let usage = Usage {
            meter,
            version,
            from: Some(span.from).filter(|_| !is_level),
            until: span.until,
        };
        let mut hours = match &mut self.source {
            Source::Rows(transaction) => {
                let reader = &self.past.reader;
                reader.usage_at_once(transaction, self.tenant, &[usage]).await?
            }
            Source::Log(_) => Vec::new(),
        };
        for hour in &mut hours {
            "{}".clone_into(&mut hour.group_key);
        }
        Ok(hours)
    }

    fn figure(
        &self,
        definition: &Definition,
        hours: &[UsageHour],
        days: Days,
    ) -> Result<Decimal, StatementError> {
        let span = span_of(days, &self.zone)?;
        let measure = measured(definition.aggregation, hours, &[span])?.pop();
        let Some(measure) = measure else {
            return Ok(Decimal::ZERO);
        };
        let decimal = measure.quantity.to_decimal();
        Ok(decimal.map_or_else(|| measure.quantity.rounded(super::account::PLACES), Ok)?)
    }
}
