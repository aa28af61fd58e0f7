//! Ratios of what meters measured, over GraphQL.

use std::borrow::Cow;
use std::collections::BTreeMap;

use async_graphql::{ComplexObject, Enum, InputObject, Object, OneofObject, Result, SimpleObject};
use domain::meter::{MeterCode, Ratio, bundled_ratios, check_side};
use domain::pricing::{Exact, share_of};
use projections::metered_usage::Span;

use super::kit::{AsOf, Attribute, AttributeInput, Context, Cursor, Date, DateTime, Decimal, IntoFault, May};
use super::meter_figures::{AskedFigures, Frame, texts};
use super::metered_usage::{BUCKETS_AT_MOST, Behind, MeterEvidenceConnection, PLACES, UsageGranularity, bad};
use crate::auth::Identity;

/// A ratio that every tenant has.
#[derive(SimpleObject)]
pub(crate) struct BundledRatio {
    /// Its code.
    code: String,
    /// What a person reads beside the figure.
    label: String,
    /// The meters above the line; their figures are added up.
    numerator: Vec<String>,
    /// The meters below it.
    denominator: Vec<String>,
    /// Of how many months before the month that is told the denominator is the mean month; 0: it is of the same span as the
    /// numerator. Others are told of whole months only.
    mean_of_months_before: i32,
}

impl From<&Ratio> for BundledRatio {
    fn from(ratio: &Ratio) -> Self {
        let codes = |codes: &[MeterCode]| codes.iter().map(ToString::to_string).collect();
        Self {
            code: ratio.code.to_string(),
            label: ratio.label.clone(),
            numerator: codes(&ratio.numerator),
            denominator: codes(&ratio.denominator),
            mean_of_months_before: ratio.mean_of_months_before.into(),
        }
    }
}

/// Meters by meters: counts and sums of one unit a side, or one meter of any kind.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct MeterRatioInput {
    /// The meters above the line.
    numerator: Vec<String>,
    /// The meters below it.
    denominator: Vec<String>,
}

/// A ratio: give one of the two.
#[derive(Clone, Debug, OneofObject)]
pub(crate) enum MeterRatioOf {
    /// A bundled one by its code, for instance "sales.conversion_rate".
    Code(String),
    /// One of meters, the tenant's own or bundled ones, each in its newest version.
    Meters(MeterRatioInput),
}

/// Which side of a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum RatioSide {
    /// Above the line.
    Numerator,
    /// Below it.
    Denominator,
}

/// What some meters measured by what others did.
#[derive(SimpleObject)]
pub(crate) struct MeterRatio {
    /// The bundled ratio's code; null for one of meters.
    code: Option<String>,
    /// What a person reads beside the figure; null for one of meters.
    label: Option<String>,
    /// The meters above the line.
    numerator: Vec<String>,
    /// The meters below it.
    denominator: Vec<String>,
    /// A span and group each, in order; those without an event on either side are left out.
    buckets: Vec<MeterRatioBucket>,
}

/// A ratio in a span, in one group.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct MeterRatioBucket {
    #[graphql(skip)]
    behind: Vec<(RatioSide, Behind)>,
    /// When the span begins.
    from: DateTime,
    /// When the span is over.
    until: DateTime,
    /// By what it is told apart.
    group: Vec<Attribute>,
    /// What is above the line.
    numerator: Decimal,
    /// What is below it.
    denominator: Decimal,
    /// The one by the other; exact, or rounded to 12 places. Null when there is nothing below the line.
    ratio: Option<Decimal>,
}

#[ComplexObject]
#[expect(clippy::too_many_arguments, reason = "GraphQL's arguments are the function's")]
impl MeterRatioBucket {
    /// The events of one side, in the order in which they were written down: those that its meter counted.
    async fn evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which side.")] side: RatioSide,
        #[graphql(desc = "Which meter, where a side has several; the first when left out.")] meter: Option<
            String,
        >,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Only those after this event's cursor.")] after: Option<Cursor>,
    ) -> Result<MeterEvidenceConnection> {
        let is_named = |behind: &Behind| meter.as_ref().is_none_or(|meter| *meter == behind.meter);
        let mut known = self
            .behind
            .iter()
            .filter(|(of, _)| *of == side)
            .map(|(_, behind)| behind);
        match (known.find(|behind| is_named(behind)), meter.as_ref()) {
            (Some(behind), _) => MeterEvidenceConnection::of(ctx, behind, first, after).await,
            // A meter that counted nothing in the span has no events there.
            (None, _) => MeterEvidenceConnection::nothing(first),
        }
    }
}

/// What is on both sides in a span and group.
struct Both {
    numerator: Exact,
    denominator: Exact,
    behind: Vec<(RatioSide, Behind)>,
}

impl Default for Both {
    fn default() -> Self {
        Self {
            numerator: Exact::ZERO,
            denominator: Exact::ZERO,
            behind: Vec::new(),
        }
    }
}

fn codes(side: &str, codes: Vec<String>) -> Result<Vec<MeterCode>> {
    let code = |code: String| code.parse().map_err(|error| bad(format!("{side}: {error}")));
    codes.into_iter().map(code).collect()
}

/// What can be asked about ratios.
#[derive(Default)]
pub(crate) struct MeterRatioQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "GraphQL's arguments are the function's")]
impl MeterRatioQuery {
    /// The ratios that every tenant has.
    async fn bundled_ratios(&self, ctx: &Context<'_>) -> Result<Vec<BundledRatio>> {
        May::Read
            .check(ctx.data::<Identity>()?)
            .map_err(IntoFault::into_fault)?;
        Ok(bundled_ratios().iter().map(Into::into).collect())
    }

    /// A ratio of what meters measured in days of the tenant's time zone: both sides in the same spans and groups.
    async fn meter_ratio(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ratio.")] of: MeterRatioOf,
        #[graphql(desc = "From this day on.")] from: Date,
        #[graphql(desc = "Until this day, included.")] to: Date,
        #[graphql(default_with = "UsageGranularity::Day", desc = "How long the spans are.")]
        granularity: UsageGranularity,
        #[graphql(
            default,
            desc = "Only of groups with these values; all meters must tell them apart."
        )]
        group: Vec<AttributeInput>,
        #[graphql(
            default,
            desc = "Told apart by these names, which all meters must have; by none when left out."
        )]
        group_by: Vec<String>,
        #[graphql(desc = "A cursor whose effect must be seen, for instance a mutation's.")] at_least: Option<
            Cursor,
        >,
        #[graphql(desc = "As it was at this point in the past.")] as_of: Option<AsOf>,
    ) -> Result<MeterRatio> {
        let asked = AskedFigures {
            days: (from.0, to.0),
            granularity: granularity.into(),
            group,
            group_by: Some(group_by),
        };
        let frame = Frame::of(ctx, asked, at_least, as_of).await?;
        let (known, [numerator, denominator]) = match of {
            MeterRatioOf::Code(code) => {
                let known = bundled_ratios().iter().find(|ratio| ratio.code.as_str() == code);
                let ratio = known.ok_or_else(|| {
                    let known: Vec<&str> = bundled_ratios().iter().map(|ratio| ratio.code.as_str()).collect();
                    bad(format!(
                        "of: there is no ratio {code:?}: take one of {}",
                        known.join(", ")
                    ))
                })?;
                (Some(ratio), [ratio.numerator.clone(), ratio.denominator.clone()])
            }
            MeterRatioOf::Meters(MeterRatioInput {
                numerator,
                denominator,
            }) => {
                let sides = [codes("numerator", numerator)?, codes("denominator", denominator)?];
                (None, sides)
            }
        };
        let mut buckets: BTreeMap<(Span, String), Both> = BTreeMap::new();
        for (side, name, meters) in [
            (RatioSide::Numerator, "numerator", &numerator),
            (RatioSide::Denominator, "denominator", &denominator),
        ] {
            let mut definitions = Vec::new();
            for meter in meters {
                let (_, definition) = frame.definition(meter.as_str(), None).await?;
                definitions.push((meter.clone(), definition));
            }
            check_side(name, &definitions).map_err(|error| bad(error.to_string()))?;
            let months = known
                .filter(|_| side == RatioSide::Denominator)
                .map_or(0, |ratio| ratio.mean_of_months_before);
            let asked = match months {
                0 => Cow::Borrowed(&frame),
                months => Cow::Owned(frame.of_months_before(months)?),
            };
            for meter in meters {
                let figures = asked.figures(meter.as_str(), None).await?;
                for measure in &figures.measures {
                    // Its own span, or the month that the span comes before.
                    let place = asked.cut().iter().position(|span| *span == measure.span);
                    let span = place.map_or(measure.span, |place| frame.cut()[place]);
                    let both = buckets.entry((span, measure.group.clone())).or_default();
                    let sum = match side {
                        RatioSide::Numerator => &mut both.numerator,
                        RatioSide::Denominator => &mut both.denominator,
                    };
                    let quantity = measure.quantity.over(Exact::whole(months.max(1).into()));
                    *sum = quantity
                        .and_then(|quantity| sum.plus(quantity))
                        .map_err(|error| bad(error.to_string()))?;
                    both.behind
                        .push((side, asked.behind(meter.as_str(), &figures, measure)));
                }
            }
        }
        if buckets.len() > BUCKETS_AT_MOST {
            let message = format!(
                "these are {} buckets, at most {BUCKETS_AT_MOST} are told: ask for fewer days, longer spans or fewer groups",
                buckets.len()
            );
            return Err(bad(message));
        }
        let told = |figure: Exact| {
            let decimal = figure.to_decimal().map_or_else(|| figure.rounded(PLACES), Ok);
            decimal.map(Decimal::from).map_err(|error| bad(error.to_string()))
        };
        let bucket = |((span, group), both): ((Span, String), Both)| {
            let ratio = share_of(both.numerator, both.denominator).map_err(|error| bad(error.to_string()))?;
            Ok(MeterRatioBucket {
                behind: both.behind,
                from: span.from.into(),
                until: span.until.into(),
                group: texts(&group).into_iter().map(Into::into).collect(),
                numerator: told(both.numerator)?,
                denominator: told(both.denominator)?,
                ratio: ratio.map(told).transpose()?,
            })
        };
        let names = |codes: &[MeterCode]| codes.iter().map(ToString::to_string).collect();
        Ok(MeterRatio {
            code: known.map(|ratio| ratio.code.to_string()),
            label: known.map(|ratio| ratio.label.clone()),
            numerator: names(&numerator),
            denominator: names(&denominator),
            buckets: buckets.into_iter().map(bucket).collect::<Result<_>>()?,
        })
    }
}
