//! What meters measured in spans and groups: the way from what was asked to the figures, for one meter and for ratios.

use std::collections::BTreeMap;

use async_graphql::Result;
use domain::TenantId;
use domain::meter::{Aggregation, Definition};
use domain::tenant::Zone;
use jiff::ToSpan as _;
use jiff::civil::Date;
use projections::metered_usage::{
    BadSpan, Granularity, Measure, MeteredUsage, Span, Usage, UsageHour, measured, spans,
};
use projections::{Past, Reader};

use super::kit::{AsOf, AttributeInput, Context, Cursor, IntoFault, May, Reading, attributes, reading, then};
use super::metered_usage::{Behind, bad};
use crate::options::Options;

/// The most spans of an answer.
const SPANS_AT_MOST: usize = 1_000;

/// Which spans and groups are asked for.
pub(super) struct AskedFigures {
    /// From a day to another, included.
    pub(super) days: (Date, Date),
    pub(super) granularity: Granularity,
    pub(super) group: Vec<AttributeInput>,
    pub(super) group_by: Option<Vec<String>>,
}

/// Who asks, of which moment, and for which spans and groups.
#[derive(Clone)]
pub(super) struct Frame<'a> {
    tenant: TenantId,
    zone: Zone,
    days: (Date, Date),
    granularity: Granularity,
    reader: &'a Reader,
    all: &'a Past,
    past: Option<(&'a Past, u64)>,
    cut: Vec<Span>,
    filter: BTreeMap<String, String>,
    group_by: Option<Vec<String>>,
}

/// What a meter measured.
pub(super) struct Figures {
    pub(super) version: u32,
    pub(super) definition: Definition,
    pub(super) measures: Vec<Measure>,
}

impl<'a> Frame<'a> {
    /// Lets somebody ask for figures of the tenant's, and cuts the days on the clocks of its zone.
    pub(super) async fn of(
        ctx: &Context<'a>,
        asked: AskedFigures,
        at_least: Option<Cursor>,
        as_of: Option<AsOf>,
    ) -> Result<Self> {
        let Reading { tenant, reader } = reading::<MeteredUsage>(ctx, May::Read, at_least).await?;
        let then = then(ctx, tenant, as_of).await?;
        let past = then.as_ref().map(|then| (then.past, then.position));
        let settings = match past {
            Some((past, position)) => past
                .tenant(tenant, position)
                .await
                .map_err(IntoFault::into_fault)?,
            None => reader.tenant(tenant).await.map_err(IntoFault::into_fault)?,
        };
        let zone = settings.map_or_else(|| "UTC".to_owned(), |row| row.time_zone);
        let zone = zone
            .parse()
            .map_err(|error: domain::InvalidValue| bad(format!("the tenant's zone: {error}")))?;
        let cut = spans(asked.days, asked.granularity, &zone, SPANS_AT_MOST);
        Ok(Self {
            tenant,
            zone,
            days: asked.days,
            granularity: asked.granularity,
            reader,
            all: &ctx.data::<Options>()?.past,
            past,
            cut: cut.map_err(|error| bad(format!("from, to: {error}")))?,
            filter: attributes("group", asked.group).map_err(super::kit::UserError::into_fault)?,
            group_by: asked.group_by,
        })
    }

    /// The spans, in order.
    pub(super) fn cut(&self) -> &[Span] {
        &self.cut
    }

    /// The same for the months before each of its own, so many of them, in one span each.
    pub(super) fn of_months_before(&self, months: u8) -> Result<Self> {
        let (first, last) = self.days;
        let is_whole = first.day() == 1 && last == last.last_of_month();
        if self.granularity != Granularity::Month || !is_whole {
            let message = "of: this ratio is told of whole months: ask for the granularity MONTH, from the first day of a \
                           month to the last day of one";
            return Err(bad(message.to_owned()));
        }
        let beyond = |_| bad(format!("from, to: {}", BadSpan::OutOfTime));
        let mut cut = Vec::new();
        for number in 0..self.cut.len() {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            let month = first.checked_add(number.months()).map_err(beyond)?;
            let begin = month.checked_sub(i64::from(months).months()).map_err(beyond)?;
            let end = month.yesterday().map_err(beyond)?;
            let span = spans((begin, end), Granularity::Whole, &self.zone, 1);
            cut.extend(span.map_err(|error| bad(format!("from, to: {error}")))?);
        }
        Ok(Self { cut, ..self.clone() })
    }

    /// What a meter counts, in its newest version when none is named.
    pub(super) async fn definition(&self, meter: &str, version: Option<u32>) -> Result<(u32, Definition)> {
        let position = self.past.map(|(_, position)| position);
        let known = self
            .all
            .meter_definition(self.tenant, (meter, version), position)
            .await;
        let known = known.map_err(IntoFault::into_fault)?;
        known.ok_or_else(|| bad(format!("meter: there is no meter {meter:?} of this version")))
    }

    /// What a meter measured in each span and group.
    pub(super) async fn figures(&self, meter: &str, version: Option<u32>) -> Result<Figures> {
        let (version, definition) = self.definition(meter, version).await?;
        names_known(
            &definition,
            self.filter.keys().chain(self.group_by.iter().flatten()),
        )?;
        let is_level = definition.aggregation == Aggregation::TimeWeightedSum;
        let wanted = Usage {
            meter,
            version,
            from: self.cut.first().filter(|_| !is_level).map(|span| span.from),
            until: self.cut.last().map(|span| span.until).unwrap_or_default(),
        };
        let hours = match self.past {
            Some((past, position)) => past
                .metered_usage(self.tenant, &wanted, position)
                .await
                .map_err(IntoFault::into_fault)?,
            None => self
                .reader
                .metered_usage(self.tenant, &wanted)
                .await
                .map_err(IntoFault::into_fault)?,
        };
        let hours = grouped(hours, &self.filter, self.group_by.as_deref());
        let measures = measured(definition.aggregation, &hours, &self.cut);
        Ok(Figures {
            version,
            measures: measures.map_err(|error| bad(error.to_string()))?,
            definition,
        })
    }

    /// How the events behind a figure are found.
    pub(super) fn behind(&self, meter: &str, figures: &Figures, measure: &Measure) -> Behind {
        let mut group = texts(&measure.group);
        group.extend(self.filter.clone());
        Behind {
            meter: meter.to_owned(),
            version: figures.version,
            event_type: figures.definition.event_type.clone(),
            group,
            span: Span {
                from: begin_of_evidence(&figures.definition, measure.span),
                until: measure.span.until,
            },
            beyond: 0,
            as_of: self.past.map(|(_, position)| position),
        }
    }
}

/// From where on events are behind what was measured in a span: of a level, from its first change on.
pub(super) fn begin_of_evidence(definition: &Definition, span: Span) -> jiff::Timestamp {
    match definition.aggregation {
        Aggregation::TimeWeightedSum => jiff::Timestamp::MIN,
        _ => span.from,
    }
}

fn names_known<'n>(definition: &Definition, names: impl Iterator<Item = &'n String>) -> Result<()> {
    for name in names {
        if !definition.group_by.contains_key(name) {
            let known: Vec<&str> = definition.group_by.keys().map(String::as_str).collect();
            let message = format!(
                "group: the meter does not tell {name:?} apart; it tells apart: {}",
                known.join(", ")
            );
            return Err(bad(message));
        }
    }
    Ok(())
}

/// The names and values of a group.
pub(super) fn texts(group: &str) -> BTreeMap<String, String> {
    serde_json::from_str(group).unwrap_or_default()
}

/// The hours of some groups, told apart by some names only.
fn grouped(
    mut hours: Vec<UsageHour>,
    filter: &BTreeMap<String, String>,
    names: Option<&[String]>,
) -> Vec<UsageHour> {
    if filter.is_empty() && names.is_none() {
        return hours;
    }
    hours.retain_mut(|hour| {
        let mut group = texts(&hour.group_key);
        let is_wanted = filter.iter().all(|(name, value)| group.get(name) == Some(value));
        if let Some(names) = names {
            group.retain(|name, _| names.contains(name));
            hour.group_key = serde_json::to_string(&group).unwrap_or_default();
        }
        is_wanted
    });
    hours
}
