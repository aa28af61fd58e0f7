//! The account of a subscription: which plan is in force when, and what its periods come to.

use std::collections::BTreeMap;

use domain::Currency;
use domain::invoice::Stage;
use domain::meter::{Aggregation, Definition};
use domain::pricing::{
    Agreement, Charge, DraftInvoice, Ended, Grant, InvoiceRequest, Model, Part as PlanPart, Period,
    Transaction as Turnover, Usage as Used, rate_invoice,
};
use domain::subscription::{Event as Term, agreement};
use domain::tenant::Zone;
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::books::{Books, Source};
use super::priced::PricedMeter;
use super::{StatementError, span_of};
use crate::invoice::InvoiceRow;
use crate::metered_usage::{Span, Usage, UsageHour, measured};

/// A quantity that no decimal tells in full is rated with so many places.
pub(super) const PLACES: u32 = 12;

/// What a subscription's bills are made from.
pub(super) struct Account<'p> {
    pub(super) books: Books<'p>,
    /// The tenant's zone.
    pub(super) zone: Zone,
    /// The currency of all its amounts.
    pub(super) currency: Currency,
    /// Who subscribes.
    pub(super) customer: Option<String>,
    pub(super) terms: Vec<(Timestamp, Term)>,
    /// The prepaid credits that came in, each with its position.
    pub(super) grants: Vec<(u64, Grant)>,
    /// The position of the last event that changed terms or plans.
    pub(super) terms_changed: u64,
    /// The meters' versions and definitions, by code; those that are there are counted in that version.
    pub(super) meters: BTreeMap<String, (u32, Definition)>,
}

impl Account<'_> {
    /// The position up to which everything is counted.
    pub(super) const fn position(&self) -> u64 {
        self.books.position
    }

    /// Which plan is in force on which days, on the clocks of a zone.
    pub(super) fn agreement(&self, zone: &Zone) -> Result<Agreement, StatementError> {
        Ok(agreement(&self.books.plans, &self.terms, zone)?.expect("an account has a start"))
    }

    /// The same, as if another plan had been subscribed to all the time, at its own price.
    pub(super) fn agreement_under(&self, code: &str, zone: &Zone) -> Result<Agreement, StatementError> {
        let terms = super::what_if::under(&self.books.plans, &self.terms, code)?;
        Ok(agreement(&self.books.plans, &terms, zone)?.expect("an account has a start"))
    }

    /// The invoices of the subscription, in their order, as they are now.
    pub(super) async fn invoices(&mut self, subscription: &str) -> Result<Vec<InvoiceRow>, StatementError> {
        let Source::Rows(transaction) = &mut self.books.source else {
            return Ok(Vec::new());
        };
        let reader = &self.books.past.reader;
        Ok(reader
            .invoices_of(transaction, self.books.tenant, subscription)
            .await?)
    }

    /// Whether hours of a meter before a moment changed behind a position; so it is taken to be where that can't be told.
    pub(super) async fn has_changed(
        &mut self,
        meters: &[(String, u32)],
        (from, until): (Timestamp, Timestamp),
        behind: u64,
    ) -> Result<bool, StatementError> {
        match &mut self.books.source {
            Source::Rows(transaction) => {
                let reader = &self.books.past.reader;
                let changed =
                    reader.usage_changed(transaction, self.books.tenant, meters, ((from, until), behind));
                Ok(changed.await?)
            }
            Source::Log(_) => Ok(true),
        }
    }

    /// Rates a period: what is due in advance at its opening, all of it at its closing.
    pub(super) async fn rate(
        &mut self,
        agreement: &Agreement,
        period: &Period,
        stage: Stage,
    ) -> Result<DraftInvoice, StatementError> {
        let parts = agreement.parts(period);
        let mut ended = Vec::new();
        if stage == Stage::Closing {
            let wanted = self.wanted(&parts, &period.zone)?;
            let hours = self.hours(&wanted, agreement.currency()).await?;
            for part in &parts {
                let usage = self.used(part, &period.zone, &hours).await?;
                ended.push(Ended {
                    part: part.clone(),
                    usage,
                });
            }
        }
        Ok(rate_invoice(&InvoiceRequest {
            currency: agreement.currency(),
            starts_on: agreement.cycle().starts_on,
            ended,
            begun: parts,
        })?)
    }

    /// Which hours of which meters the parts of a period need.
    fn wanted(&mut self, parts: &[PlanPart], zone: &Zone) -> Result<Vec<Wanted>, StatementError> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for part in parts {
            let span = span_of(part.in_force.days, zone)?;
            for charge in &part.plan.charges {
                let (version, definition) = self.meter(charge)?;
                let is_by_currency = definition.group_by.contains_key("currency");
                let is_by_event = matches!(charge.price, Model::Percentage(_)) && !is_by_currency;
                if is_by_event || charge.outcome.is_some() {
                    continue;
                }
                let is_level = definition.aggregation == Aggregation::TimeWeightedSum;
                // Of a level, the hours go back to the first; `None` is less than any moment.
                let from = Some(span.from).filter(|_| !is_level);
                match wanted.iter_mut().find(|one| one.meter == charge.meter) {
                    Some(one) => {
                        one.from = one.from.min(from);
                        one.until = one.until.max(span.until);
                    }
                    None => wanted.push(Wanted {
                        meter: charge.meter.clone(),
                        version,
                        from,
                        until: span.until,
                    }),
                }
            }
        }
        Ok(wanted)
    }

    fn meter(&mut self, charge: &Charge) -> Result<(u32, Definition), StatementError> {
        if !self.meters.contains_key(&charge.meter) {
            let known = self.books.definition(&charge.meter, None);
            let known = known.ok_or_else(|| StatementError::NoMeter {
                charge: charge.code.clone(),
                meter: charge.meter.clone(),
            })?;
            self.meters.insert(charge.meter.clone(), known);
        }
        let (version, definition) = &self.meters[&charge.meter];
        if charge.unit != definition.unit {
            return Err(StatementError::OtherUnit {
                charge: charge.code.clone(),
                unit: charge.unit.clone(),
                meter: charge.meter.clone(),
                counts_in: definition.unit.clone(),
            });
        }
        Ok((*version, definition.clone()))
    }

    /// Counts with these versions from now on, where they are known; with the newest of others.
    pub(super) fn pin(&mut self, versions: &BTreeMap<String, u32>) {
        self.meters.clear();
        for (meter, version) in versions {
            if let Some(known) = self.books.definition(meter, Some(*version)) {
                self.meters.insert(meter.clone(), known);
            }
        }
    }

    /// The hours of all meters, by one statement.
    async fn hours(&mut self, wanted: &[Wanted], currency: Currency) -> Result<Hours, StatementError> {
        let mut by_meter = Hours::new();
        match &mut self.books.source {
            Source::Rows(transaction) => {
                let usages: Vec<Usage<'_>> = wanted.iter().map(Wanted::usage).collect();
                let reader = &self.books.past.reader;
                let hours = reader
                    .usage_at_once(transaction, self.books.tenant, &usages)
                    .await?;
                for hour in hours {
                    by_meter.entry(hour.meter.clone()).or_default().push(hour);
                }
            }
            Source::Log(hours) => {
                for one in wanted {
                    let mine = hours.iter().filter(|hour| {
                        hour.meter == one.meter
                            && u32::try_from(hour.version) == Ok(one.version)
                            && one.from.is_none_or(|from| hour.hour >= from)
                            && hour.hour < one.until
                    });
                    by_meter
                        .entry(one.meter.clone())
                        .or_default()
                        .extend(mine.cloned());
                }
            }
        }
        for (meter, hours) in &by_meter {
            let is_by_currency =
                |(_, definition): &(u32, Definition)| definition.group_by.contains_key("currency");
            if !self.meters.get(meter).is_some_and(is_by_currency) {
                continue;
            }
            let of = |hour: &UsageHour| -> Option<String> {
                let group: BTreeMap<String, String> = serde_json::from_str(&hour.group_key).ok()?;
                group.get("currency").cloned()
            };
            let other = |found: &String| found.as_str() != currency.code();
            if let Some(other) = hours.iter().filter_map(of).find(other) {
                return Err(StatementError::OtherCurrency {
                    meter: meter.clone(),
                    other,
                    currency: currency.code(),
                });
            }
        }
        for hour in by_meter.values_mut().flatten() {
            "{}".clone_into(&mut hour.group_key);
        }
        Ok(by_meter)
    }

    async fn used(
        &mut self,
        part: &PlanPart,
        zone: &Zone,
        hours: &Hours,
    ) -> Result<BTreeMap<String, Used>, StatementError> {
        let mut used = BTreeMap::new();
        let span = span_of(part.in_force.days, zone)?;
        for charge in &part.plan.charges {
            let usage = self.usage_of(charge, (part, span), hours).await?;
            used.insert(charge.code.clone(), usage);
        }
        Ok(used)
    }

    async fn usage_of(
        &mut self,
        charge: &Charge,
        (part, span): (&PlanPart, Span),
        hours: &Hours,
    ) -> Result<Used, StatementError> {
        let unrated = |reason: &str| StatementError::Unrated {
            charge: charge.code.clone(),
            reason: reason.to_owned(),
        };
        if span.from >= span.until {
            return Ok(match &charge.price {
                Model::Percentage(_) => Used::Transactions(Vec::new()),
                _ => Used::Quantity(Decimal::ZERO),
            });
        }
        let (version, definition) = self.meter(charge)?;
        if let Some(terms) = &charge.outcome {
            return self.outcomes_of(charge, (version, terms), (part, span)).await;
        }
        if let Model::Percentage(_) = &charge.price {
            if definition.aggregation != Aggregation::Sum {
                return Err(unrated(
                    "a share is taken of each event's amount, so its meter must be a sum",
                ));
            }
            let books = &self.books;
            let ended_at = books.ended_at(&charge.meter, version);
            let meter = PricedMeter::try_new(&definition, None, ended_at)
                .map_err(|error| unrated(&error.to_string()))?;
            let priced = books.past.priced(books.tenant, &meter, books.wanted(span));
            let Some(priced) = priced.await? else {
                return Err(unrated("there are more transactions than can be rated at once"));
            };
            let turnovers = priced.into_iter().map(|event| Turnover {
                at: event.read.at,
                id: event.read.event_id,
                amount: event.read.value,
            });
            return Ok(Used::Transactions(turnovers.collect()));
        }
        let mine = hours.get(&charge.meter).map_or(&[][..], Vec::as_slice);
        let measure = measured(definition.aggregation, mine, &[span])?
            .into_iter()
            .next();
        let (quantity, events) = match measure {
            Some(measure) => {
                let decimal = measure.quantity.to_decimal();
                (
                    decimal.map_or_else(|| measure.quantity.rounded(PLACES), Ok)?,
                    measure.events,
                )
            }
            None => (Decimal::ZERO, 0),
        };
        Ok(match &charge.price {
            Model::Dynamic(_) => Used::Priced {
                quantity: events.into(),
                amount: quantity,
            },
            _ => Used::Quantity(quantity),
        })
    }
}

/// Hours by their meter, the groups of each put together.
type Hours = BTreeMap<String, Vec<UsageHour>>;

/// The hours that a bill needs of a meter.
struct Wanted {
    meter: String,
    version: u32,
    from: Option<Timestamp>,
    until: Timestamp,
}

impl Wanted {
    fn usage(&self) -> Usage<'_> {
        Usage {
            meter: &self.meter,
            version: self.version,
            from: self.from,
            until: self.until,
        }
    }
}
