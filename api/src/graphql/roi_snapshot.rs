//! Frozen reports of returns over GraphQL.

use std::sync::Arc;

use async_graphql::{ComplexObject, ID, InputObject, Object, Result, SimpleObject};
use domain::TenantId;
use domain::roi::Figure;
use domain::roi_snapshot::{Report, RoiSnapshot as Aggregate};
use projections::StatementError;
use projections::roi::{RoiError, RoiWish};
use projections::roi_snapshot::{RoiSnapshotList, RoiSnapshotRow, SnapshotVersion};
use serde_json::json;

use super::kit::{
    Asked, Context, Cursor, Date, DateTime, Head, Ids, IntoFault, May, NodeId, Payload, UserError, evidence,
    queries, run,
};
use super::roi::{RoiAttribution, RoiState, Terms};
use super::roi_figure::{RoiFigureChange, RoiValue};
use super::roi_report::proof_of;
use crate::auth::Identity;
use crate::freezing::{Frozen, freeze, name_of};
use crate::options::Options;

/// Freezes a report as it is told now, with the place in the log up to which it counts.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct FreezeRoiInput {
    /// The id of the report's snapshots; made of the days, the line of business and the currency when left out. A report
    /// with other terms needs another id.
    id: Option<ID>,
    /// Of this line of business; of all together when left out.
    vertical: Option<String>,
    /// From this day on.
    from: Date,
    /// Until this day, included.
    to: Date,
    /// In this currency.
    currency: String,
    /// How outcomes are shared out; LINEAR when left out.
    model: Option<RoiAttribution>,
    /// How many days before an outcome a run may have begun.
    window_days: Option<u32>,
    /// The half-life of TIME_DECAY, in days.
    half_life_days: Option<u32>,
    /// After how many days an outcome is settled.
    settling_days: Option<u32>,
    /// Against this baseline.
    baseline: Option<ID>,
    /// The same key takes effect once.
    idempotency_key: Option<String>,
}

/// How reports are frozen.
#[derive(Default)]
pub(crate) struct RoiSnapshotMutation;

#[Object]
impl RoiSnapshotMutation {
    /// Freezes a report. It takes the place of the snapshot before, and says what has changed since; when nothing has, it
    /// is refused (NOTHING_CHANGED).
    async fn freeze_roi(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: FreezeRoiInput,
    ) -> Result<Payload<FreezeRoiInput>> {
        let identity = ctx.data::<Identity>()?;
        let caller = May::Write.check(identity).and_then(|()| identity.caller());
        let tenant = caller.map_err(IntoFault::into_fault)?.tenant;
        let under_key = Some(json!(format!("{input:?}")));
        let (id, key) = (input.id.clone().map(|id| id.0), input.idempotency_key.clone());
        let head = |id| Head {
            id: Some(id),
            idempotency_key: key,
            occurred_at: None,
            expected_version: None,
        };
        let asked = match report_of(ctx, input)? {
            Err(error) => return Ok(super::kit::Outcome::from(error).into()),
            Ok(report) => {
                let name = id.unwrap_or_else(|| name_of(&report));
                Asked {
                    mutation: "freeze_roi",
                    head: head(name),
                    command: Box::pin(frozen(ctx, tenant, report))
                        .await?
                        .map(|frozen| frozen.command),
                    under_key,
                }
            }
        };
        Box::pin(run::<Aggregate>(ctx, May::Write, asked))
            .await
            .map(Into::into)
    }
}

fn report_of(ctx: &Context<'_>, input: FreezeRoiInput) -> Result<Result<Report, UserError>> {
    let baseline = Ids::of(ctx)?.optional("baseline", &["roi_baseline"], input.baseline);
    let terms = match baseline {
        Err(error) => return Ok(Err(error)),
        Ok(baseline) => Terms {
            vertical: input.vertical,
            days: (input.from, input.to),
            currency: input.currency,
            model: input.model,
            window_days: input.window_days,
            half_life_days: input.half_life_days,
            settling_days: input.settling_days,
            baseline,
        },
    };
    Ok(terms
        .report()
        .map_err(|(field, reason)| UserError::invalid(&[field], &reason)))
}

async fn frozen(ctx: &Context<'_>, tenant: TenantId, report: Report) -> Result<Result<Frozen, UserError>> {
    let options = ctx.data::<Options>()?;
    let now = options.store.ambient().now();
    match freeze(&options.reader, &options.past, tenant, (report, now)).await {
        Ok(frozen) => Ok(Ok(frozen)),
        Err(error @ RoiError::Statement(StatementError::Past(_))) => Err(error.into_fault()),
        Err(error) => Ok(Err(UserError::refusal("CANNOT_BE_TOLD", error.to_string()))),
    }
}

/// A report that was frozen, with all its snapshots: each takes the place of the one before.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct RoiSnapshot {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant.
    local_id: String,
    /// The line of business; null: all together.
    vertical: Option<String>,
    /// The first day.
    #[graphql(name = "from")]
    first_day: Date,
    /// The last day.
    #[graphql(name = "to")]
    last_day: Date,
    /// The currency of its amounts.
    currency: String,
    /// The snapshots, the oldest first; the last one holds.
    versions: Vec<RoiSnapshotVersion>,
    /// When it was frozen first.
    frozen_at: DateTime,
    /// When it was frozen last.
    changed_at: DateTime,
}

/// A snapshot of a report.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct RoiSnapshotVersion {
    #[graphql(skip)]
    tenant: TenantId,
    #[graphql(skip)]
    version: Arc<SnapshotVersion>,
    /// Its place: 1, 2, 3, ...
    number: u32,
    /// How outcomes are shared out.
    model: RoiAttribution,
    /// How many days before an outcome a run may have begun.
    window_days: u32,
    /// The half-life of time decay, in days.
    half_life_days: u32,
    /// After how many days an outcome is settled.
    settling_days: u32,
    /// How sure the outcomes were.
    state: RoiState,
    /// Up to where events were counted: give it as `asOf` of `roi` to get the same figures with their events.
    counted_up_to: Cursor,
    /// The moment by which outcomes were settled or not.
    told_at: DateTime,
    /// Up to where the snapshot counted that it took the place of; null for the first.
    supersedes: Option<Cursor>,
    /// Its figures.
    figures: Vec<RoiFrozenFigure>,
    /// When it was frozen.
    frozen_at: DateTime,
}

/// A figure as it was frozen.
#[derive(Clone, SimpleObject)]
pub(crate) struct RoiFrozenFigure {
    /// Which.
    name: String,
    /// What it says.
    value: RoiValue,
}

impl From<&Figure> for RoiFrozenFigure {
    fn from(figure: &Figure) -> Self {
        Self {
            name: figure.name.clone(),
            value: figure.value.into(),
        }
    }
}

#[ComplexObject]
impl RoiSnapshotVersion {
    /// What is not as the snapshot before said, each with the events that were recorded between the two.
    #[graphql(complexity = "50 + 10 * child_complexity")]
    async fn changes(&self, ctx: &Context<'_>) -> Result<Vec<RoiFigureChange>> {
        let version = &self.version;
        if version.changes.is_empty() {
            return Ok(Vec::new());
        }
        let wish = RoiWish {
            report: version.report.clone(),
            subscription: None,
            position: Some(version.counted_up_to),
            now: version.told_at,
        };
        let past = &ctx.data::<Options>()?.past;
        let told = Box::pin(past.roi(self.tenant, &wish))
            .await
            .map_err(IntoFault::into_fault)?;
        let beyond = version.supersedes.unwrap_or_default();
        let explained = version.changes.iter().map(|change| {
            let behind = told.behind_a_change_of(&change.name);
            let mut shown = RoiFigureChange::from(change.clone());
            shown.proof = behind.map(|behind| (Arc::new(proof_of(&told, behind)), beyond));
            shown
        });
        Ok(explained.collect())
    }
}

impl RoiSnapshotVersion {
    fn of(tenant: TenantId, version: SnapshotVersion) -> Self {
        let report = &version.report;
        Self {
            tenant,
            number: version.number,
            model: report.model.into(),
            window_days: report.window_days,
            half_life_days: report.half_life_days,
            settling_days: report.settling_days,
            state: version.state.into(),
            counted_up_to: Cursor::at(tenant, version.counted_up_to),
            told_at: version.told_at.into(),
            supersedes: version.supersedes.map(|position| Cursor::at(tenant, position)),
            figures: version.figures.iter().map(Into::into).collect(),
            frozen_at: version.frozen_at.into(),
            version: Arc::new(version),
        }
    }
}

impl From<RoiSnapshotRow> for RoiSnapshot {
    fn from(row: RoiSnapshotRow) -> Self {
        let tenant = row.tenant_id;
        let versions = row.versions.into_iter();
        Self {
            as_of: None,
            id: NodeId::of::<RoiSnapshotList>(tenant, &row.id),
            local_id: row.id,
            vertical: row.vertical,
            first_day: row.first_day.into(),
            last_day: row.last_day.into(),
            currency: row.currency,
            versions: versions
                .map(|version| RoiSnapshotVersion::of(tenant, version))
                .collect(),
            frozen_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}

evidence!(RoiSnapshot of RoiSnapshotList, |row| vec![("id", row.local_id.clone())]);

queries! {
    RoiSnapshotQuery: RoiSnapshotList, Read => RoiSnapshot, RoiSnapshotConnection, RoiSnapshotEdge;
    roi_snapshot("A frozen report; null when there is none of this id."),
    roi_snapshots("The frozen reports, newest first.", "the tenant's frozen reports"),
    RoiSnapshotFilter {
        /// Of this line of business.
        vertical,
        /// In this currency.
        currency,
    },
    RoiSnapshotOrder, RoiSnapshotOrderField {
        /// When it was frozen first.
        FrozenAt => Moments created_at,
    }
}
