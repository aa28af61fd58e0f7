//! Outcomes as events tell of them: confirmed, assumed, undone, by the meters that a charge names.

use std::collections::{BTreeMap, BTreeSet};

use domain::meter::Aggregation;
use domain::pricing::{
    Charge, Days, OutcomeTerms, Paired, Part as PlanPart, Period, Told, Usage as Used, Word,
};
use domain::{Currency, TenantId};
use jiff::{Timestamp, ToSpan as _};
use rust_decimal::Decimal;

use super::account::Account;
use super::books::Books;
use super::priced::{AT_MOST, Origin, PricedEvent, PricedMeter, Wanted};
use super::{CountedEvents, Past, PastError, StatementError, span_of};
use crate::metered_usage::Span;

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

/// Outcomes, with the positions of the events that tell of them.
pub(super) struct Outcomes {
    pub(super) paired: Vec<Paired>,
    positions: BTreeMap<String, u64>,
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
        let meters = books.outcome_meters(line.meter, (line.meter, line.version), line.terms, upto)?;
        drop(books);
        let span = span_of(line.days, &line.period.zone)?;
        let wanted = Wanted {
            span,
            upto,
            origin: Origin::Kept,
        };
        let outcomes = self.outcomes(tenant, (line.terms, &meters), wanted).await?;
        let mut positions: Vec<u64> = Vec::new();
        for one in &outcomes.paired {
            let undone = one.reversed.as_ref();
            let undone = undone.filter(|_| line.terms.undoes(&one.outcome, line.period));
            let told = one.told.iter().chain(undone);
            positions.extend(told.filter_map(|id| outcomes.positions.get(id)));
        }
        positions.retain(|position| *position > after);
        positions.sort_unstable();
        positions.dedup();
        let more = positions.len() > limit;
        positions.truncate(limit);
        let events = self.log.at(tenant, &positions).await?;
        Ok(CountedEvents {
            values: vec![Decimal::ONE; events.len()],
            events: events.into_iter().map(std::sync::Arc::new).collect(),
            more,
        })
    }

    /// The outcomes of a span that a tenant's events up to a position tell of.
    pub(super) async fn outcomes(
        &self,
        tenant: TenantId,
        (terms, meters): (&OutcomeTerms, &OutcomeMeters),
        wanted: Wanted,
    ) -> Result<Outcomes, StatementError> {
        let (told, events) = self.in_time(self.told(tenant, meters, wanted)).await?;
        let (mut paired, mut positions) = (Vec::new(), BTreeMap::new());
        if events.len() > AT_MOST {
            return Err(meters.unrated("there are more outcomes than can be rated at once"));
        }
        for of_one in events.chunk_by(|one, other| one.read.pair == other.read.pair) {
            let mut said = Vec::new();
            for event in of_one {
                meters.says(event, &told, &mut said)?;
            }
            for one in terms.pair(said) {
                if wanted.span.has(one.outcome.at) {
                    paired.push(one);
                }
            }
            let position = |event: &PricedEvent| (event.read.event_id.clone(), event.read.position);
            positions.extend(of_one.iter().map(position));
        }
        Ok(Outcomes { paired, positions })
    }

    /// Which meter says which word, and all events that belong to outcomes of a span, pair by pair.
    async fn told(
        &self,
        tenant: TenantId,
        meters: &OutcomeMeters,
        wanted: Wanted,
    ) -> Result<(Vec<(i64, Word)>, Vec<PricedEvent>), PastError> {
        let Wanted { span, upto, origin } = wanted;
        match origin {
            Origin::Kept => {
                let (mut told, mut telling, mut all) = (Vec::new(), Vec::new(), Vec::new());
                for (meter, word) in &meters.words {
                    let kept = self.read_on(tenant, meter, upto).await?;
                    let is_known = told.iter().any(|(id, _)| *id == kept.id());
                    told.push((kept.id(), *word));
                    if *word != Word::Reversed {
                        telling.push(kept);
                    }
                    if !is_known {
                        all.push(kept);
                    }
                }
                let reader = &self.reader;
                let pairs = reader.priced_pairs((&telling, &all), span, AT_MOST + 1);
                Ok((told, pairs.await?))
            }
            Origin::Log => {
                let (mut told, mut all) = (Vec::new(), Vec::new());
                for (id, (meter, word)) in (0..).zip(&meters.words) {
                    told.push((id, *word));
                    all.extend(self.read_whole(tenant, (id, meter), upto).await?);
                }
                let is_telling = |event: &&PricedEvent| {
                    span.has(event.read.at) && !told.contains(&(event.of, Word::Reversed))
                };
                let telling = all.iter().filter(is_telling);
                let pairs: BTreeSet<String> = telling.map(|event| event.read.pair.clone()).collect();
                all.retain(|event| pairs.contains(&event.read.pair));
                all.sort_by(|one, other| one.read.pair.cmp(&other.read.pair));
                Ok((told, all))
            }
        }
    }
}

/// The meters of an outcome price, and what their events say.
pub(super) struct OutcomeMeters {
    words: Vec<(PricedMeter, Word)>,
    charge: String,
    currency: Option<Currency>,
}

impl OutcomeMeters {
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

    /// What an event says of outcomes: a word for each meter that reads it so.
    fn says(
        &self,
        event: &PricedEvent,
        told: &[(i64, Word)],
        said: &mut Vec<Told>,
    ) -> Result<(), StatementError> {
        let read = &event.read;
        for (_, word) in told.iter().filter(|(id, _)| *id == event.of) {
            if let (Some(found), Some(own)) = (&read.currency, self.currency)
                && *word != Word::Reversed
                && found.as_str() != own.code()
            {
                return Err(StatementError::OtherCurrency {
                    meter: self.charge.clone(),
                    other: found.clone(),
                    currency: own.code(),
                });
            }
            said.push(Told {
                key: read.pair.clone(),
                at: read.at,
                word: *word,
                id: read.event_id.clone(),
                value: read.value,
            });
        }
        Ok(())
    }
}

impl Books<'_> {
    /// The meters of an outcome price: the charge's own in a version, the others in their newest.
    pub(super) fn outcome_meters(
        &self,
        charge: &str,
        (meter, version): (&str, u32),
        terms: &OutcomeTerms,
        upto: u64,
    ) -> Result<OutcomeMeters, StatementError> {
        let mut ready = OutcomeMeters {
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
        for (meter, version, key, word) in all {
            let known = self.definition_at(meter, version, upto);
            let (version, definition) = known.ok_or_else(|| StatementError::NoMeter {
                charge: ready.charge.clone(),
                meter: meter.to_owned(),
            })?;
            if !matches!(definition.aggregation, Aggregation::Count | Aggregation::Sum) {
                return Err(
                    ready.unrated("outcomes are counted or summed: use a meter that is a count or a sum")
                );
            }
            let ended_at = self.ended_at(meter, version);
            let meter = PricedMeter::try_new(&definition, Some(key), ended_at)
                .map_err(|error| ready.unrated(&format!("the outcomes of {meter}: {error}")))?;
            ready.words.push((meter, word));
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
        let books = &self.books;
        let meters = books.outcome_meters(&charge.code, (&charge.meter, version), terms, books.position)?;
        let meters = meters.within(self.currency);
        let outcomes = books
            .past
            .outcomes(books.tenant, (terms, &meters), books.wanted(span));
        let period = &part.in_force.period;
        Ok(terms.usage(&outcomes.await?.paired, period, (span.from, span.until)))
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
