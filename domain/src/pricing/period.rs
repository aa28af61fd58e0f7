//! Billing periods: cut at midnight in the tenant's time zone, across daylight-saving changes.

use jiff::civil::{Date, date};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::exact::{Exact, TooLarge};
use crate::tenant::Zone;

/// How long a billing period is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Interval {
    /// Seven days.
    Weekly,
    /// A month.
    Monthly,
    /// Three months.
    Quarterly,
    /// Twelve months.
    Yearly,
}

/// Where billing periods begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// With the calendar: on Mondays, on the first of months, of January, April, July and October, of January.
    #[default]
    Calendar,
    /// With the subscription's first day. A month without that day ends with its last one: from 31 January on,
    /// periods begin on 28 February and on 31 March (Stripe "billing cycle anchor").
    Anniversary,
}

/// The billing periods of one subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Cycle {
    /// How long they are.
    pub interval: Interval,
    /// Where they begin.
    pub anchor: Anchor,
    /// The subscription's first day.
    pub starts_on: Date,
    /// The tenant's zone, in which days begin.
    pub zone: Zone,
}

/// One billing period: whole days in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Period {
    /// Its first day.
    pub first_day: Date,
    /// The first day after it.
    pub end_day: Date,
    /// The zone in which days begin.
    pub zone: Zone,
}

/// A day outside the years -9999 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("billing periods are cut for the years -9999 to 9999 only")]
pub struct OutOfTime;

impl Interval {
    const fn months(self) -> Option<i64> {
        match self {
            Self::Weekly => None,
            Self::Monthly => Some(1),
            Self::Quarterly => Some(3),
            Self::Yearly => Some(12),
        }
    }
}

impl Interval {
    /// How many of it a month has: a third of a quarter, a twelfth of a year, and 365/84 weeks.
    ///
    /// # Panics
    /// Never: no divisor is zero.
    #[must_use]
    pub fn periods_a_month(self) -> Exact {
        let (periods, months) = self.months().map_or((365, 84), |months| (1, months));
        Exact::ratio(periods, months).expect("no divisor is zero")
    }
}

impl Cycle {
    /// The day that all periods are counted from.
    fn origin(&self) -> Date {
        match (self.anchor, self.interval) {
            (Anchor::Anniversary, _) => self.starts_on,
            (Anchor::Calendar, Interval::Weekly) => date(2024, 1, 1),
            (Anchor::Calendar, Interval::Monthly | Interval::Quarterly | Interval::Yearly) => {
                date(2000, 1, 1)
            }
        }
    }

    /// The first day of the period with this number, counted from the origin's own day, so that a month-end
    /// anchor is not worn down by February.
    fn first_day(&self, number: i64) -> Result<Date, OutOfTime> {
        let span = match self.interval.months() {
            None => Span::new().try_weeks(number),
            Some(months) => number.checked_mul(months).map_or_else(
                || Span::new().try_months(i64::MAX),
                |months| Span::new().try_months(months),
            ),
        };
        span.and_then(|span| self.origin().checked_add(span))
            .map_err(|_| OutOfTime)
    }

    /// The period that a day belongs to.
    ///
    /// # Errors
    /// [`OutOfTime`].
    pub fn period_on(&self, day: Date) -> Result<Period, OutOfTime> {
        let origin = self.origin();
        let mut number = match self.interval.months() {
            None => (day - origin).get_days() as i64 / 7,
            Some(months) => {
                let of = |day: Date| i64::from(day.year()) * 12 + i64::from(day.month());
                (of(day) - of(origin)).div_euclid(months)
            }
        };
        while self.first_day(number)? > day {
            number -= 1;
        }
        while self.first_day(number + 1)? <= day {
            number += 1;
        }
        Ok(Period {
            first_day: self.first_day(number)?,
            end_day: self.first_day(number + 1)?,
            zone: self.zone.clone(),
        })
    }

    /// The period that an instant belongs to.
    ///
    /// # Errors
    /// [`OutOfTime`].
    pub fn period_at(&self, at: Timestamp) -> Result<Period, OutOfTime> {
        self.period_on(day_of(at, &self.zone))
    }
}

/// The day that an instant falls on in a zone.
#[must_use]
pub fn day_of(at: Timestamp, zone: &Zone) -> Date {
    at.to_zoned(zone.rules()).date()
}

/// The instant at which a day begins in a zone: midnight, or the first instant after it where clocks jump over
/// midnight.
///
/// # Errors
/// [`OutOfTime`].
pub fn begin_of(day: Date, zone: &Zone) -> Result<Timestamp, OutOfTime> {
    let zoned = day.to_zoned(zone.rules()).map_err(|_| OutOfTime)?;
    Ok(zoned.timestamp())
}

impl Period {
    /// Its first instant.
    ///
    /// # Errors
    /// [`OutOfTime`].
    pub fn begins_at(&self) -> Result<Timestamp, OutOfTime> {
        begin_of(self.first_day, &self.zone)
    }

    /// The first instant after it.
    ///
    /// # Errors
    /// [`OutOfTime`].
    pub fn ends_at(&self) -> Result<Timestamp, OutOfTime> {
        begin_of(self.end_day, &self.zone)
    }

    /// Whether an instant belongs to it.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        let day = day_of(at, &self.zone);
        self.first_day <= day && day < self.end_day
    }

    /// How many days it has. A day of 23 or 25 hours is one.
    #[must_use]
    pub fn days(&self) -> i64 {
        days_between(self.first_day, self.end_day)
    }

    /// The share of its days from one day up to another, this one excluded; days outside do not count.
    ///
    /// # Errors
    /// [`TooLarge`] for a period without days.
    pub fn share(&self, from: Date, until: Date) -> Result<Exact, TooLarge> {
        let from = from.clamp(self.first_day, self.end_day);
        let until = until.clamp(from, self.end_day);
        Exact::ratio(days_between(from, until), self.days())
    }
}

fn days_between(from: Date, until: Date) -> i64 {
    i64::from((until - from).get_days())
}
