//! Outcomes as events tell of them: confirmed, assumed, undone, by the meters that a charge names.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::meter::{Aggregation, Definition, Gauge, Gauges};
use domain::pricing::{
    Charge, Days, OutcomeTerms, Paired, Part as PlanPart, Period, Told, Usage as Used, Word,
};
use domain::{Currency, RecordedEvent, TenantId};
use jiff::{Timestamp, ToSpan as _};
use rust_decimal::Decimal;
use store::Part;

use super::account::Account;
use super::books::{AT_MOST, Books};
use super::counted::aggregate_of;
use super::{CountedEvents, Past, PastError, StatementError, span_of};
use crate::engine::ReadModel as _;
use crate::engine::history::{Pace, Walk};
use crate::metered_usage::{MeteredUsage, Span};

/// The name under which a gauge tells what pairs events.
const KEY: &str = "key";
/// What pairs events, when nothing is said: the stream's id.
const SUBJECT: &str = "subject";
/// The first moment for which hours are asked.
pub(super) const LONG_AGO: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// A line of an outcome price: which outcomes it counted.
#[derive(Clone, Debug)]
pub struct OutcomeLine<'a> {
    /// The meter of the confirmed ones.
    pub meter: &'a str,
    /// Its version.
    pub version: u32,
    /// The terms.
    pub terms: &'a OutcomeTerms,
    /// The period whose zone days are cut in.
    pub period: &'a Period,
    /// The days of the line.
    pub days: Days,
}

/// Outcomes, with the events that tell of them.
pub(super) struct Outcomes {
    pub(super) paired: Vec<Paired>,
    events: BTreeMap<String, Arc<RecordedEvent>>,
}

impl Past {
    /// The events behind a line of an outcome price, after a position and up to another: those that tell of its outcomes,
    /// and those that undid them in time.
    ///
    /// # Errors
    /// [`StatementError`].
    pub async fn outcome_events(
        &self,
        tenant: TenantId,
        line: &OutcomeLine<'_>,
        (after, upto): (u64, u64),
        limit: usize,
    ) -> Result<CountedEvents, StatementError> {
        let books = Books::now(self, tenant).await?;
        let gauges = books.outcome_gauges(line.meter, (line.meter, line.version), line.terms, upto)?;
        drop(books);
        let outcomes = self.outcomes(tenant, line.terms, &gauges, upto).await?;
        let span = span_of(line.days, &line.period.zone)?;
        let mut events: BTreeMap<u64, Arc<RecordedEvent>> = BTreeMap::new();
        for one in &outcomes.paired {
            if one.outcome.at < span.from || one.outcome.at >= span.until {
                continue;
            }
            let undone = one.reversed.as_ref();
            let undone = undone.filter(|_| line.terms.undoes(&one.outcome, line.period));
            for id in one.told.iter().chain(undone) {
                if let Some(event) = outcomes.events.get(id)
                    && event.position > after
                {
                    events.insert(event.position, Arc::clone(event));
                }
            }
        }
        let more = events.len() > limit;
        let events: Vec<Arc<RecordedEvent>> = events.into_values().take(limit).collect();
        Ok(CountedEvents {
            values: vec![Decimal::ONE; events.len()],
            events,
            more,
        })
    }

    /// All outcomes that a tenant's events up to a position tell of.
    pub(super) async fn outcomes(
        &self,
        tenant: TenantId,
        terms: &OutcomeTerms,
        gauges: &OutcomeGauges,
        upto: u64,
    ) -> Result<Outcomes, StatementError> {
        let gather = self.in_time(self.gather(tenant, gauges, upto));
        let (told, events) = gather.await??;
        Ok(Outcomes {
            paired: terms.pair(told),
            events,
        })
    }

    async fn gather(
        &self,
        tenant: TenantId,
        gauges: &OutcomeGauges,
        upto: u64,
    ) -> Result<Result<(Vec<Told>, BTreeMap<String, Arc<RecordedEvent>>), StatementError>, PastError> {
        let (mut told, mut events) = (Vec::new(), BTreeMap::new());
        let mut families: Vec<&'static [&'static str]> =
            gauges.types.iter().map(|one| aggregate_of(one)).collect();
        families.sort_unstable();
        families.dedup();
        if families.iter().any(|family| family.is_empty()) {
            families = vec![&[]];
        }
        for aggregates in families {
            let part = Part::Tenant { tenant, aggregates };
            let waiting = self.waiting(MeteredUsage::NAME, tenant).await?;
            let mut walk = Walk::new(self.log.clone(), part, upto).without(waiting);
            let mut pace = Pace::new(None);
            loop {
                let page = walk.next(&mut pace).await?;
                if page.is_empty() {
                    break;
                }
                for noted in &page {
                    match gauges.read(&noted.event) {
                        Ok(said) if said.is_empty() => {}
                        Ok(said) => {
                            told.extend(said);
                            events.insert(noted.event.event_id.to_string(), Arc::clone(&noted.event));
                        }
                        Err(error) => return Ok(Err(error)),
                    }
                }
                if events.len() > AT_MOST as usize {
                    return Ok(Err(
                        gauges.unrated("there are more outcomes than can be rated at once")
                    ));
                }
            }
        }
        Ok(Ok((told, events)))
    }
}

/// The meters of an outcome price, ready to tell what pairs events.
pub(super) struct OutcomeGauges {
    gauges: Gauges,
    types: Vec<String>,
    words: Vec<(String, Word, Aggregation)>,
    charge: String,
    currency: Option<Currency>,
}

impl OutcomeGauges {
    fn unrated(&self, reason: &str) -> StatementError {
        StatementError::Unrated {
            charge: self.charge.clone(),
            reason: reason.to_owned(),
        }
    }

    /// The same, refusing amounts of other currencies.
    fn within(self, currency: Currency) -> Self {
        Self {
            currency: Some(currency),
            ..self
        }
    }

    /// What an event says of outcomes.
    fn read(&self, event: &RecordedEvent) -> Result<Vec<Told>, StatementError> {
        let mut told = Vec::new();
        for reading in self.gauges.read(event) {
            // What a meter sets aside is no outcome: it is in the quarantine, with the reason.
            let Ok(counted) = reading.outcome else { continue };
            let code = reading.gauge.code().as_str();
            let Some((_, word, aggregation)) = self.words.iter().find(|(known, ..)| known == code) else {
                continue;
            };
            let group: BTreeMap<String, String> = serde_json::from_str(&counted.group).unwrap_or_default();
            if let (Some(found), Some(own)) = (group.get("currency"), self.currency)
                && *word != Word::Reversed
                && found.as_str() != own.code()
            {
                return Err(StatementError::OtherCurrency {
                    meter: self.charge.clone(),
                    other: found.clone(),
                    currency: own.code(),
                });
            }
            told.push(Told {
                key: group.get(KEY).cloned().unwrap_or_default(),
                at: event.occurred_at,
                word: *word,
                id: event.event_id.to_string(),
                value: match aggregation {
                    Aggregation::Sum => counted.value,
                    _ => Decimal::ONE,
                },
            });
        }
        Ok(told)
    }
}

impl Books<'_> {
    /// The meters of an outcome price: the charge's own in a version, the others in their newest.
    pub(super) fn outcome_gauges(
        &self,
        charge: &str,
        (meter, version): (&str, u32),
        terms: &OutcomeTerms,
        upto: u64,
    ) -> Result<OutcomeGauges, StatementError> {
        let mut ready = OutcomeGauges {
            gauges: Gauges::default(),
            types: Vec::new(),
            words: Vec::new(),
            charge: charge.to_owned(),
            currency: None,
        };
        let own = terms.key.as_deref().unwrap_or(SUBJECT);
        let others = [(&terms.assumed, Word::Assumed), (&terms.reversed, Word::Reversed)];
        let others = others.into_iter().filter_map(|(other, word)| {
            let other = other.as_ref()?;
            Some((
                other.meter.as_str(),
                None,
                other.key.as_deref().unwrap_or(own),
                word,
            ))
        });
        let all = [(meter, Some(version), own, Word::Confirmed)]
            .into_iter()
            .chain(others);
        for (place, (meter, version, key, word)) in all.enumerate() {
            let known = self.definition_at(meter, version, upto);
            let (version, definition) = known.ok_or_else(|| StatementError::NoMeter {
                charge: ready.charge.clone(),
                meter: meter.to_owned(),
            })?;
            let aggregation = definition.aggregation;
            if !matches!(aggregation, Aggregation::Count | Aggregation::Sum) {
                return Err(
                    ready.unrated("outcomes are counted or summed: use a meter that is a count or a sum")
                );
            }
            let mut groups = definition.group_by.clone();
            groups.retain(|name, _| name == "currency");
            groups.insert(KEY.to_owned(), key.to_owned());
            let code = format!("outcome{place}");
            let definition = Definition {
                group_by: groups,
                ..definition
            };
            let bad = |error: String| ready.unrated(&format!("the outcomes of {meter}: {error}"));
            let gauge = code
                .parse()
                .map_err(|error: domain::InvalidValue| bad(error.to_string()));
            let gauge = gauge.and_then(|code| {
                Gauge::try_new(code, version, definition.clone()).map_err(|error| bad(error.to_string()))
            })?;
            ready.types.extend(definition.event_types().map(str::to_owned));
            ready.words.push((code, word, aggregation));
            ready.gauges = std::mem::take(&mut ready.gauges).with([Arc::new(gauge)]);
        }
        Ok(ready)
    }
}

/// The hours in which events may change what a period's outcomes come to.
pub(super) fn reach(period: &Period, terms: &OutcomeTerms) -> Result<(Timestamp, Timestamp), StatementError> {
    let days = i64::from(terms.stability_days) + 1;
    let end = period.end_day.saturating_add(days.days());
    Ok((LONG_AGO, domain::pricing::begin_of(end, &period.zone)?))
}

impl Account<'_> {
    /// The outcomes that a charge bills of some days.
    pub(super) async fn outcomes_of(
        &self,
        charge: &Charge,
        (version, terms): (u32, &OutcomeTerms),
        (part, span): (&PlanPart, Span),
    ) -> Result<Used, StatementError> {
        let (books, upto) = (&self.books, self.position());
        let gauges = books.outcome_gauges(&charge.code, (&charge.meter, version), terms, upto)?;
        let gauges = gauges.within(self.currency);
        let outcomes = books.past.outcomes(books.tenant, terms, &gauges, upto).await?;
        let period = &part.in_force.period;
        Ok(terms.usage(&outcomes.paired, period, (span.from, span.until)))
    }

    /// Whether events behind a position may change the outcomes that a period bills.
    pub(super) async fn outcomes_changed(
        &mut self,
        parts: &[PlanPart],
        versions: &BTreeMap<String, u32>,
        behind: u64,
    ) -> Result<bool, StatementError> {
        for part in parts {
            for charge in &part.plan.charges {
                let Some(terms) = &charge.outcome else { continue };
                let others = [&terms.assumed, &terms.reversed].into_iter().flatten();
                let codes = others.map(|other| (&other.meter, None));
                let own = (&charge.meter, versions.get(&charge.meter).copied());
                let mut meters = Vec::new();
                for (code, version) in codes.chain([own]) {
                    if let Some((version, _)) = self.books.definition(code, version) {
                        meters.push((code.clone(), version));
                    }
                }
                let span = reach(&part.in_force.period, terms)?;
                if self.has_changed(&meters, span, behind).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
