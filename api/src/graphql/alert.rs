//! Alerts over GraphQL.

use async_graphql::{Enum, SimpleObject};
use domain::alert::{Alert as Aggregate, Command, Watch};
use projections::alert::{AlertList, AlertRow, Raised};

use super::kit::{Cursor, Date, DateTime, Decimal, Long, NodeId, UserError, evidence, mutations, queries};

/// What an alert watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum AlertKind {
    /// What a meter counts in a calendar month.
    Usage,
    /// What the running period of a subscription comes to, in its currency.
    Spend,
    /// What the usage of the running period of a subscription comes to, in per cent of its commitment.
    Commitment,
    /// What is left of the prepaid credits of a subscription, in its currency: told when it falls to a threshold.
    Balance,
    /// What a meter counts in a day, against the same weekday of the eight weeks before.
    Anomaly,
}

mutations! {
    /// What may be asked of alerts.
    AlertMutation: Aggregate, Write;

    /// Watches a figure: each threshold is told once a period (of a balance: once a filling), an anomaly once a day, as an event within two seconds.
    define_alert(Creating, DefineAlertInput {
        /// How a person calls it.
        name: String,
        /// What is watched.
        kind: AlertKind,
        /// The meter, for USAGE and ANOMALY.
        meter: Option<String>,
        /// The subscription's id inside the tenant, for SPEND, COMMITMENT and BALANCE.
        subscription: Option<String>,
        /// Which thresholds, 1 to 20; none for ANOMALY.
        #[graphql(default)]
        thresholds: Vec<Decimal>,
    })
    |input| Command::Define {
        name: input.name,
        watch: watch(input.kind, input.meter, input.subscription)?,
        thresholds: input.thresholds.into_iter().map(|threshold| threshold.0).collect(),
    };

    /// Watches a figure no more.
    retire_alert(Changing, RetireAlertInput {
        /// Why.
        reason: String,
    })
    |input| Command::Retire { reason: input.reason };
}

fn watch(kind: AlertKind, meter: Option<String>, subscription: Option<String>) -> Result<Watch, UserError> {
    let given = |field: &str, value: Option<String>| {
        value.ok_or_else(|| UserError::invalid(&[field], &"it must be given for this kind"))
    };
    Ok(match kind {
        AlertKind::Usage => Watch::Usage {
            meter: given("meter", meter)?,
        },
        AlertKind::Anomaly => Watch::Anomaly {
            meter: given("meter", meter)?,
        },
        AlertKind::Spend => Watch::Spend {
            subscription: given("subscription", subscription)?,
        },
        AlertKind::Commitment => Watch::Commitment {
            subscription: given("subscription", subscription)?,
        },
        AlertKind::Balance => Watch::Balance {
            subscription: given("subscription", subscription)?,
        },
    })
}

/// An alert as it is now.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Alert {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// How a person calls it.
    name: String,
    /// What is watched.
    kind: AlertKind,
    /// The meter, for USAGE and ANOMALY.
    meter: Option<String>,
    /// The subscription's id inside the tenant, for SPEND, COMMITMENT and BALANCE.
    subscription: Option<String>,
    /// Which thresholds, the lowest first.
    thresholds: Vec<Decimal>,
    /// `watching` or `retired`.
    status: String,
    /// Why it was retired.
    reason: Option<String>,
    /// How often it was raised.
    raised: Long,
    /// What it said last, the newest first; at most 20.
    last: Vec<AlertRaised>,
    /// When it was raised last.
    raised_at: Option<DateTime>,
    /// When it was defined.
    defined_at: DateTime,
}

/// What an alert said.
#[derive(Clone, SimpleObject)]
pub(crate) struct AlertRaised {
    /// Which threshold was reached; null for an anomaly.
    threshold: Option<Decimal>,
    /// What was expected at least, for an anomaly.
    expected_least: Option<Decimal>,
    /// What was expected at most, for an anomaly.
    expected_most: Option<Decimal>,
    /// The figure that was seen.
    figure: Decimal,
    /// What it is counted in: a unit, a currency, or `percent`.
    unit: String,
    /// The first day of the figure's period.
    first_day: Date,
    /// Its last day.
    last_day: Date,
    /// Up to where events were counted in it.
    counted_up_to: Cursor,
    /// When it was said.
    at: DateTime,
}

impl From<AlertRow> for Alert {
    fn from(row: AlertRow) -> Self {
        let (kind, meter, subscription) = match row.watch {
            Watch::Usage { meter } => (AlertKind::Usage, Some(meter), None),
            Watch::Anomaly { meter } => (AlertKind::Anomaly, Some(meter), None),
            Watch::Spend { subscription } => (AlertKind::Spend, None, Some(subscription)),
            Watch::Commitment { subscription } => (AlertKind::Commitment, None, Some(subscription)),
            Watch::Balance { subscription } => (AlertKind::Balance, None, Some(subscription)),
        };
        let tenant = row.tenant_id;
        let raised = |raised: Raised| AlertRaised {
            threshold: raised.threshold.map(Into::into),
            expected_least: raised.expected.map(|range| range.least.into()),
            expected_most: raised.expected.map(|range| range.most.into()),
            figure: raised.seen.figure.into(),
            unit: raised.seen.unit,
            first_day: raised.seen.first_day.into(),
            last_day: raised.seen.last_day.into(),
            counted_up_to: Cursor::at(tenant, raised.seen.position),
            at: raised.at.into(),
        };
        Self {
            as_of: None,
            id: NodeId::of::<AlertList>(tenant, &row.id),
            local_id: row.id,
            name: row.name,
            kind,
            meter,
            subscription,
            thresholds: row.thresholds.into_iter().map(Into::into).collect(),
            status: row.status,
            reason: row.reason,
            raised: row.raised.into(),
            last: row.last.into_iter().map(raised).collect(),
            raised_at: row.raised_at.map(Into::into),
            defined_at: row.created_at.into(),
        }
    }
}

evidence!(Alert of AlertList, |row| vec![("id", row.local_id.clone())]);

queries! {
    AlertQuery: AlertList, Read => Alert, AlertConnection, AlertEdge;
    alert("An alert of the tenant; null when there is none of this id."),
    alerts("The tenant's alerts, newest first.", "the tenant's alerts"),
    AlertFilter {
        /// Of this kind: `usage`, `spend`, `commitment`, `balance` or `anomaly`.
        kind,
        /// In this status: `watching` or `retired`.
        status,
    },
    AlertOrder, AlertOrderField {
        /// When it was defined.
        DefinedAt => Moments created_at,
    }
}
