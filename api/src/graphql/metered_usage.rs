//! What meters measured, over GraphQL.

use std::collections::BTreeMap;

use async_graphql::{ComplexObject, Enum, Object, Result, SimpleObject};
use domain::TenantId;
use projections::metered_usage::{Granularity, Measure, MeteredUsage, Span};
use projections::{CountedEvents, Counting, OutcomeLine};

use super::event::Event;
use super::kit::{
    AsOf, Attribute, AttributeInput, Code, Context, Cursor, Date, DateTime, Decimal, IntoFault, Long,
    PageInfo, fault, rows_of,
};
use super::meter::{MeterAggregation, named};
use super::meter_figures::{AskedFigures, Figures, Frame, texts};
use crate::auth::Identity;
use crate::options::Options;

/// The most buckets of an answer.
pub(super) const BUCKETS_AT_MOST: usize = 5_000;
/// A quantity that no decimal tells in full has so many places.
pub(super) const PLACES: u32 = 12;
/// How long the spans of an answer are, on the clocks of the tenant's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Granularity")]
pub(crate) enum UsageGranularity {
    /// An hour.
    Hour,
    /// A day: 23, 24 or 25 hours.
    Day,
    /// A calendar month, or what of it lies in the days asked for.
    Month,
    /// All of the days.
    Whole,
}

/// What a meter measured.
#[derive(Clone, SimpleObject)]
pub(crate) struct MeterUsage {
    /// The meter's code.
    meter: String,
    /// The meter's version.
    version: u32,
    /// What a person reads beside the figure.
    label: String,
    /// How values are put together.
    aggregation: MeterAggregation,
    /// What it is counted in.
    unit: String,
    /// A span and group each, in order; those without an event are left out, unless a level holds in them.
    buckets: Vec<MeterUsageBucket>,
}

/// What a meter measured in a span, in one group.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct MeterUsageBucket {
    #[graphql(skip)]
    behind: Behind,
    /// When the span begins.
    from: DateTime,
    /// When the span is over.
    until: DateTime,
    /// By what it is told apart.
    group: Vec<Attribute>,
    /// How much; exact, or rounded to 12 places where no decimal tells it in full.
    quantity: Decimal,
    /// How many events counted in the span.
    events: Long,
}

/// How the events behind a quantity are found.
#[derive(Clone)]
pub(super) struct Behind {
    pub(super) meter: String,
    pub(super) version: u32,
    pub(super) event_type: String,
    pub(super) group: BTreeMap<String, String>,
    pub(super) span: Span,
    /// The events lie behind this position.
    pub(super) beyond: u64,
    pub(super) as_of: Option<u64>,
}

/// Which events are behind a line of an outcome price.
pub(super) struct OutcomePage<'a> {
    pub(super) line: OutcomeLine<'a>,
    /// The events lie behind this position, and up to the other.
    pub(super) between: (u64, u64),
}

/// A page of the events behind a quantity, oldest first.
#[derive(SimpleObject)]
pub(crate) struct MeterEvidenceConnection {
    /// The events with their cursors.
    edges: Vec<MeterEvidenceEdge>,
    /// The events alone.
    nodes: Vec<Event>,
    /// Where the page lies among the events.
    page_info: PageInfo,
}

/// One of the events behind a quantity.
#[derive(SimpleObject)]
pub(crate) struct MeterEvidenceEdge {
    /// Give it as `after`.
    cursor: Cursor,
    /// The event.
    node: Event,
}

#[ComplexObject]
impl MeterUsageBucket {
    /// The events that were counted, in the order in which they were written down; of a level, from its first change on.
    async fn evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Only those after this event's cursor.")] after: Option<Cursor>,
    ) -> Result<MeterEvidenceConnection> {
        MeterEvidenceConnection::of(ctx, &self.behind, first, after).await
    }
}

/// Whose events, behind which position, and how many.
fn asked(ctx: &Context<'_>, first: i32, after: Option<Cursor>) -> Result<(TenantId, u64, usize)> {
    let identity = ctx.data::<Identity>()?;
    let tenant = identity.caller().map_err(IntoFault::into_fault)?.tenant;
    let limit = rows_of("first", first)?;
    let after = after.map(|cursor| cursor.position("after", tenant)).transpose();
    let after = after.map_err(|error| fault(Code::BadUserInput, error.to_string()))?;
    Ok((tenant, after.unwrap_or_default(), limit as usize))
}

impl MeterEvidenceConnection {
    /// A page of the events behind a quantity.
    pub(super) async fn of(
        ctx: &Context<'_>,
        behind: &Behind,
        first: i32,
        after: Option<Cursor>,
    ) -> Result<Self> {
        let options = ctx.data::<Options>()?;
        let (tenant, after, limit) = asked(ctx, first, after)?;
        let after = after.max(behind.beyond);
        let upto = match behind.as_of {
            Some(position) => position,
            None => {
                let folded = options
                    .reader
                    .checkpoints()
                    .await
                    .map_err(IntoFault::into_fault)?;
                let own = folded
                    .iter()
                    .find(|one| one.name == <MeteredUsage as projections::ReadModel>::NAME);
                own.map_or(0, |checkpoint| checkpoint.position)
            }
        };
        let counting = Counting {
            meter: &behind.meter,
            version: behind.version,
            event_type: &behind.event_type,
            group: &behind.group,
            span: behind.span,
        };
        let counted = options
            .past
            .counted_events(tenant, &counting, (after, upto), limit)
            .await;
        Self::told(tenant, &counted.map_err(IntoFault::into_fault)?)
    }

    /// A page of the events behind a line of an outcome price.
    pub(super) async fn of_outcomes(
        ctx: &Context<'_>,
        page: &OutcomePage<'_>,
        first: i32,
        after: Option<Cursor>,
    ) -> Result<Self> {
        let options = ctx.data::<Options>()?;
        let (tenant, after, limit) = asked(ctx, first, after)?;
        let (beyond, upto) = page.between;
        let between = (after.max(beyond), upto);
        let counted = options.past.outcome_events(tenant, &page.line, between, limit);
        Self::told(tenant, &counted.await.map_err(IntoFault::into_fault)?)
    }

    fn told(tenant: TenantId, counted: &CountedEvents) -> Result<Self> {
        let more = counted.more.then_some(projections::Direction::Forward);
        Self::shown(tenant, &counted.events, more)
    }

    /// A page without events.
    pub(super) fn nothing(first: i32) -> Result<Self> {
        rows_of("first", first)?;
        Self::shown(TenantId::new(ulid::Ulid::nil()), &[], None)
    }

    /// A page of a tenant's events, and where there are more.
    pub(super) fn shown(
        tenant: TenantId,
        events: &[std::sync::Arc<domain::RecordedEvent>],
        more: Option<projections::Direction>,
    ) -> Result<Self> {
        let edge = |event: &std::sync::Arc<domain::RecordedEvent>| {
            Ok(MeterEvidenceEdge {
                cursor: Cursor::at(tenant, event.position),
                node: Event::of(event)?,
            })
        };
        let edges: Vec<MeterEvidenceEdge> = events.iter().map(edge).collect::<Result<_>>()?;
        let page_info = PageInfo::of(
            more,
            edges.first().map(|edge| &edge.cursor),
            edges.last().map(|edge| &edge.cursor),
        );
        Ok(MeterEvidenceConnection {
            nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
            edges,
            page_info,
        })
    }
}

/// What can be asked about meters' figures.
#[derive(Default)]
pub(crate) struct MeteredUsageQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "GraphQL's arguments are the function's")]
impl MeteredUsageQuery {
    /// What a meter measured in days of the tenant's time zone.
    async fn meter_usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The meter: one of the tenant's own (\"pages\") or a bundled one (\"sales.leads_captured\")."
        )]
        meter: String,
        #[graphql(desc = "In this version; the newest when left out.")] version: Option<u32>,
        #[graphql(desc = "From this day on.")] from: Date,
        #[graphql(desc = "Until this day, included.")] to: Date,
        #[graphql(default_with = "UsageGranularity::Day", desc = "How long the spans are.")]
        granularity: UsageGranularity,
        #[graphql(default, desc = "Only of groups with these values.")] group: Vec<AttributeInput>,
        #[graphql(
            desc = "Told apart by these names only; by all of the meter's when left out, by none when empty."
        )]
        group_by: Option<Vec<String>>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
        #[graphql(desc = "As it was at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<MeterUsage> {
        let asked = AskedFigures {
            days: (from.0, to.0),
            granularity: granularity.into(),
            group,
            group_by,
        };
        let frame = Frame::of(ctx, asked, at_least, as_of).await?;
        let figures = frame.figures(&meter, version).await?;
        let Figures {
            version,
            definition,
            measures,
        } = &figures;
        if measures.len() > BUCKETS_AT_MOST {
            let message = format!(
                "these are {} buckets, at most {BUCKETS_AT_MOST} are told: ask for fewer days, longer spans or fewer groups",
                measures.len()
            );
            return Err(bad(message));
        }
        let bucket = |measure: &Measure| {
            let quantity = measure
                .quantity
                .to_decimal()
                .map_or_else(|| measure.quantity.rounded(PLACES), Ok);
            Ok(MeterUsageBucket {
                behind: frame.behind(&meter, &figures, measure),
                from: measure.span.from.into(),
                until: measure.span.until.into(),
                group: texts(&measure.group).into_iter().map(Into::into).collect(),
                quantity: quantity.map_err(|error| bad(error.to_string()))?.into(),
                events: measure.events.into(),
            })
        };
        Ok(MeterUsage {
            version: *version,
            label: definition.label.clone(),
            aggregation: named(definition.aggregation),
            unit: definition.unit.clone(),
            buckets: measures.iter().map(bucket).collect::<Result<_>>()?,
            meter: meter.clone(),
        })
    }
}

/// An error of what was asked.
pub(super) fn bad(message: impl Into<String>) -> async_graphql::Error {
    fault(Code::BadUserInput, message.into())
}
