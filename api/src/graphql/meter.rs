//! Meters over GraphQL.

use async_graphql::{Enum, Object, Result, SimpleObject};
use domain::meter::{Aggregation, Command, Definition, Gauge, Meter as Aggregate, bundled_gauges};
use projections::meter::{MeterList, MeterRow};

use super::kit::{
    Attribute, AttributeInput, Context, DateTime, IntoFault, May, NodeId, attributes, evidence, mutations,
    queries,
};
use crate::auth::Identity;

/// How the values of a span become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Aggregation")]
pub(crate) enum MeterAggregation {
    /// How many events.
    Count,
    /// The values' sum.
    Sum,
    /// The largest value.
    Max,
    /// The smallest value.
    Min,
    /// The value of the event that happened last.
    Latest,
    /// How many different values.
    UniqueCount,
    /// The values' mean.
    Average,
    /// The mean of a level over the span; each value changes the level, from its event on.
    TimeWeightedSum,
}

mutations! {
    /// What may be asked of meters.
    MeterMutation: Aggregate, Write;

    /// Defines a meter: it counts all events of the log, also those before.
    define_meter(Creating, DefineMeterInput {
        /// What a person reads beside the figure.
        label: String,
        /// The type of the events that it reads, for instance "lead.captured" or "usage.pages".
        event_type: String,
        /// Other types of events that count in the same way, of the same kind of thing: "claim.denied" beside
        /// "claim.adjudicated".
        #[graphql(default)]
        also_event_types: Vec<String>,
        /// Which of the events count: a CEL expression, for instance `data.unit == "page"`. All, when left out.
        filter: Option<String>,
        /// What of an event counts: a CEL expression, for instance `decimal(data.quantity)`. Left out for a count.
        value: Option<String>,
        /// How values are put together.
        aggregation: MeterAggregation,
        /// By what the figures are told apart: names with CEL expressions.
        #[graphql(default)]
        group_by: Vec<AttributeInput>,
        /// What the figure is counted in: a known unit, or a currency of ISO 4217.
        unit: String,
    })
    |input| Command::Define {
        definition: Definition {
            label: input.label,
            event_type: input.event_type,
            also_event_types: input.also_event_types,
            filter: input.filter,
            value: input.value,
            aggregation: input.aggregation.into(),
            group_by: attributes("groupBy", input.group_by)?,
            unit: input.unit,
        },
    };

    /// Gives a meter a new version, which counts all events of the log; the versions before go on as they are.
    change_meter(Changing, ChangeMeterInput {
        /// What a person reads beside the figure.
        label: String,
        /// The type of the events that it reads.
        event_type: String,
        /// Other types of events that count in the same way, of the same kind of thing.
        #[graphql(default)]
        also_event_types: Vec<String>,
        /// Which of the events count: a CEL expression. All, when left out.
        filter: Option<String>,
        /// What of an event counts: a CEL expression. Left out for a count.
        value: Option<String>,
        /// How values are put together.
        aggregation: MeterAggregation,
        /// By what the figures are told apart: names with CEL expressions.
        #[graphql(default)]
        group_by: Vec<AttributeInput>,
        /// What the figure is counted in.
        unit: String,
    })
    |input| Command::Change {
        definition: Definition {
            label: input.label,
            event_type: input.event_type,
            also_event_types: input.also_event_types,
            filter: input.filter,
            value: input.value,
            aggregation: input.aggregation.into(),
            group_by: attributes("groupBy", input.group_by)?,
            unit: input.unit,
        },
    };

    /// Lets no version of a meter count any further; what it counted stays.
    retire_meter(Changing, RetireMeterInput {
        /// Why.
        reason: String,
    })
    |input| Command::Retire { reason: input.reason };
}

/// What a version of a meter counts.
#[derive(Clone, SimpleObject)]
pub(crate) struct MeterDefinition {
    /// The version, from 1.
    version: u32,
    /// What a person reads beside the figure.
    label: String,
    /// The type of the events that it reads.
    event_type: String,
    /// Other types of events that count in the same way.
    also_event_types: Vec<String>,
    /// Which of the events count; all, when null.
    filter: Option<String>,
    /// What of an event counts; null for a count.
    value: Option<String>,
    /// How values are put together.
    aggregation: MeterAggregation,
    /// By what the figures are told apart: names with CEL expressions.
    group_by: Vec<Attribute>,
    /// What the figure is counted in.
    unit: String,
}

impl MeterDefinition {
    fn of(version: u32, definition: Definition) -> Self {
        Self {
            version,
            label: definition.label,
            event_type: definition.event_type,
            also_event_types: definition.also_event_types,
            filter: definition.filter,
            value: definition.value,
            aggregation: definition.aggregation.into(),
            group_by: definition.group_by.into_iter().map(Into::into).collect(),
            unit: definition.unit,
        }
    }
}

/// A meter of the tenant's own as it is now.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Meter {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// Its code.
    local_id: String,
    /// What a person reads beside the figure.
    label: String,
    /// The type of the events that it reads.
    event_type: String,
    /// What it counts in.
    unit: String,
    /// The newest version.
    version: u32,
    /// What each version counts, the first one first.
    versions: Vec<MeterDefinition>,
    /// `counting` or `retired`.
    status: String,
    /// Why it was retired.
    reason: Option<String>,
    /// When it was defined.
    defined_at: DateTime,
    /// When it changed last.
    changed_at: DateTime,
}

impl From<MeterRow> for Meter {
    fn from(row: MeterRow) -> Self {
        let versions = (1..).zip(row.versions);
        Self {
            as_of: None,
            id: NodeId::of::<MeterList>(row.tenant_id, &row.id),
            local_id: row.id,
            label: row.label,
            event_type: row.event_type,
            unit: row.unit,
            version: u32::try_from(row.version).unwrap_or_default(),
            versions: versions
                .map(|(version, one)| MeterDefinition::of(version, one))
                .collect(),
            status: row.status,
            reason: row.reason,
            defined_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}

evidence!(Meter of MeterList, |row| vec![("id", row.local_id.clone())]);

queries! {
    MeterQuery: MeterList, Read => Meter, MeterConnection, MeterEdge;
    meter("A meter of the tenant's own; null when there is none of this id."),
    meters("The tenant's own meters, newest first.", "the tenant's own meters"),
    MeterFilter {
        /// That read events of this type.
        event_type,
        /// In this status: `counting` or `retired`.
        status,
    },
    MeterOrder, MeterOrderField {
        /// When it was defined.
        DefinedAt => Moments created_at,
    }
}

/// A meter that every tenant has.
#[derive(Clone, SimpleObject)]
pub(crate) struct BundledMeter {
    /// Its code: a vertical, a dot and a name.
    code: String,
    /// What it counts.
    definition: MeterDefinition,
}

impl From<&Gauge> for BundledMeter {
    fn from(gauge: &Gauge) -> Self {
        Self {
            code: gauge.code().to_string(),
            definition: MeterDefinition::of(gauge.version(), gauge.definition().clone()),
        }
    }
}

/// What can be asked about the meters that every tenant has.
#[derive(Default)]
pub(crate) struct BundledMeterQuery;

#[Object]
impl BundledMeterQuery {
    /// The meters that every tenant has.
    async fn bundled_meters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those of this vertical: \"sales\", \"claims\" or \"platform\".")]
        vertical: Option<String>,
    ) -> Result<Vec<BundledMeter>> {
        May::Read
            .check(ctx.data::<Identity>()?)
            .map_err(IntoFault::into_fault)?;
        let wanted = |gauge: &&Gauge| {
            vertical
                .as_deref()
                .is_none_or(|wanted| gauge.code().bundle() == Some(wanted))
        };
        Ok(bundled_gauges()
            .iter()
            .map(|gauge| &**gauge)
            .filter(wanted)
            .map(Into::into)
            .collect())
    }
}

/// As GraphQL names it.
pub(super) fn named(aggregation: Aggregation) -> MeterAggregation {
    aggregation.into()
}
