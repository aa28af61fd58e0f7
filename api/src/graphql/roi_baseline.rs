//! Baselines of returns over GraphQL.

use async_graphql::{Enum, InputObject, SimpleObject};
use domain::roi::Basis;
use domain::roi_baseline::{Command, RoiBaseline as Aggregate};
use projections::roi_baseline::{RoiBaselineList, RoiBaselineRow};

use super::kit::{
    Date, DateTime, Decimal, Money, MoneyInput, NodeId, UserError, evidence, mutations, parsed, queries,
};

/// By what a baseline measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum RoiBasisKind {
    /// By what came in during past days: give `firstDay` and `lastDay`.
    PastPeriod,
    /// By what came in of those on whom no run worked; of these `owners` alone, when there are any.
    ControlGroup,
    /// By a stated figure: give `amount` and `days`.
    Stated,
}

/// By what periods are measured.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RoiBasisInput {
    /// Which kind it is.
    kind: RoiBasisKind,
    /// Of PAST_PERIOD: the first day.
    first_day: Option<Date>,
    /// Of PAST_PERIOD: the last day, which must be over.
    last_day: Option<Date>,
    /// Of CONTROL_GROUP: only opportunities of these owners.
    owners: Option<Vec<String>>,
    /// Of STATED: what comes in without agents.
    amount: Option<MoneyInput>,
    /// Of STATED: in how many days.
    days: Option<u32>,
    /// Of STATED: the initial denial rate without agents, in per cent: claims denied first, by claims submitted.
    denial_percent: Option<Decimal>,
}

impl RoiBasisInput {
    fn read(self) -> Result<Basis, UserError> {
        fn given<T>(name: &'static str, value: Option<T>) -> Result<T, UserError> {
            value.ok_or_else(|| UserError::invalid(&["basis", name], &"it is needed for this kind"))
        }
        let others: &[(&str, &[RoiBasisKind], Option<()>)] = &[
            (
                "firstDay",
                &[RoiBasisKind::PastPeriod],
                self.first_day.as_ref().map(|_| ()),
            ),
            (
                "lastDay",
                &[RoiBasisKind::PastPeriod],
                self.last_day.as_ref().map(|_| ()),
            ),
            (
                "owners",
                &[RoiBasisKind::ControlGroup],
                self.owners.as_ref().map(|_| ()),
            ),
            (
                "amount",
                &[RoiBasisKind::Stated],
                self.amount.as_ref().map(|_| ()),
            ),
            ("days", &[RoiBasisKind::Stated], self.days.map(|_| ())),
            (
                "denialPercent",
                &[RoiBasisKind::Stated],
                self.denial_percent.as_ref().map(|_| ()),
            ),
        ];
        if let Some((name, ..)) = others
            .iter()
            .find(|(_, kinds, given)| given.is_some() && !kinds.contains(&self.kind))
        {
            return Err(UserError::invalid(
                &["basis", name],
                &"it does not go with this kind",
            ));
        }
        Ok(match self.kind {
            RoiBasisKind::PastPeriod => Basis::PastPeriod {
                first_day: given("firstDay", self.first_day)?.0,
                last_day: given("lastDay", self.last_day)?.0,
            },
            RoiBasisKind::ControlGroup => Basis::ControlGroup {
                owners: self.owners.unwrap_or_default(),
            },
            RoiBasisKind::Stated => Basis::Stated {
                amount: given("amount", self.amount)?.read("basis")?,
                days: given("days", self.days)?,
                denial_percent: self.denial_percent.map(|percent| percent.0),
            },
        })
    }
}

mutations! {
    /// What may be asked of baselines.
    RoiBaselineMutation: Aggregate, Write;

    /// Registers a baseline: it holds for periods that begin later, and never changes.
    register_roi_baseline(Creating, RegisterRoiBaselineInput {
        /// What it is called.
        name: String,
        /// The line of business that it is of; of all together when left out.
        vertical: Option<String>,
        /// By what periods are measured.
        basis: RoiBasisInput,
    })
    |input| Command::Register {
        name: input.name,
        vertical: input.vertical.as_deref().map(|code| parsed("vertical", code)).transpose()?,
        basis: input.basis.read()?,
    };

    /// Withdraws a baseline: it holds for no period that begins later.
    withdraw_roi_baseline(Changing, WithdrawRoiBaselineInput {
        /// Why.
        reason: String,
    })
    |input| Command::Withdraw { reason: input.reason };
}

/// By what periods are measured.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiBasis {
    /// Which kind it is.
    kind: RoiBasisKind,
    /// Of PAST_PERIOD: the first day.
    first_day: Option<Date>,
    /// Of PAST_PERIOD: the last day.
    last_day: Option<Date>,
    /// Of CONTROL_GROUP: only opportunities of these owners; empty: all on whom no run worked.
    owners: Vec<String>,
    /// Of STATED: what comes in without agents.
    amount: Option<Money>,
    /// Of STATED: in how many days.
    days: Option<u32>,
    /// Of STATED: the initial denial rate without agents, in per cent: claims denied first, by claims submitted.
    denial_percent: Option<Decimal>,
}

impl From<Basis> for RoiBasis {
    fn from(basis: Basis) -> Self {
        let mut shown = Self {
            kind: RoiBasisKind::ControlGroup,
            first_day: None,
            last_day: None,
            owners: Vec::new(),
            amount: None,
            days: None,
            denial_percent: None,
        };
        match basis {
            Basis::PastPeriod { first_day, last_day } => {
                shown.kind = RoiBasisKind::PastPeriod;
                shown.first_day = Some(first_day.into());
                shown.last_day = Some(last_day.into());
            }
            Basis::ControlGroup { owners } => shown.owners = owners,
            Basis::Stated {
                amount,
                days,
                denial_percent,
            } => {
                shown.kind = RoiBasisKind::Stated;
                shown.amount = Some(amount.into());
                shown.days = Some(days);
                shown.denial_percent = denial_percent.map(Into::into);
            }
        }
        shown
    }
}

/// A baseline: what would come in without agents, registered beforehand.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct RoiBaseline {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant.
    local_id: String,
    /// What it is called.
    name: String,
    /// The line of business that it is of; null: all together.
    vertical: Option<String>,
    /// By what periods are measured.
    basis: RoiBasis,
    /// "registered" or "withdrawn".
    status: String,
    /// Why it was withdrawn.
    reason: Option<String>,
    /// When it was registered, by the log's clock: it holds for periods that begin later.
    registered_at: DateTime,
    /// When it was withdrawn, by the log's clock.
    withdrawn_at: Option<DateTime>,
}

impl From<RoiBaselineRow> for RoiBaseline {
    fn from(row: RoiBaselineRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<RoiBaselineList>(row.tenant_id, &row.id),
            local_id: row.id,
            name: row.name,
            vertical: row.vertical.map(Into::into),
            basis: row.basis.into(),
            status: row.status,
            reason: row.reason,
            registered_at: row.registered_at.into(),
            withdrawn_at: row.withdrawn_at.map(Into::into),
        }
    }
}

evidence!(RoiBaseline of RoiBaselineList, |row| vec![("id", row.local_id.clone())]);

queries! {
    RoiBaselineQuery: RoiBaselineList, Read => RoiBaseline, RoiBaselineConnection, RoiBaselineEdge;
    roi_baseline("A baseline; null when there is none of this id."),
    roi_baselines("The baselines, newest first.", "the tenant's baselines"),
    RoiBaselineFilter {
        /// Of this line of business.
        vertical,
        /// "registered" or "withdrawn".
        status,
    },
    RoiBaselineOrder, RoiBaselineOrderField {
        /// When it was registered.
        RegisteredAt => Moments created_at,
    }
}
