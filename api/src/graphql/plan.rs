//! Plans over GraphQL.

use async_graphql::{Json, Object, Result, SimpleObject};
use domain::RefusalCode as _;
use domain::plan::{Command, Plan as Aggregate, Refusal};
use domain::pricing::{PlanVersion, bundled_plans};
use projections::plan::{PlanList, PlanRow};
use serde_json::Value;

use super::kit::{
    Context, DateTime, Head, IntoFault, May, NodeId, Outcome, UserError, evidence, mutations, queries, tell,
};
use crate::auth::Identity;
use crate::options::Options;

mutations! {
    /// What may be asked of plans.
    PlanMutation: Aggregate, Write;

    /// Defines a plan that can be subscribed to.
    define_plan(Creating, DefinePlanInput {
        /// Its name on an invoice.
        name: String,
        /// Its first version, as docs/pricing.md tells: interval, currencies, fees, charges. Figures are texts.
        version: Json<Value>,
    })
    |input| Command::Define {
        name: input.name,
        version: version(input.version.0)?,
    }, unless definition_without_meters;

    /// Adds a version to a plan: it is in force for whoever subscribes from its `effective_from` on.
    add_plan_version(Changing, AddPlanVersionInput {
        /// The version, whose number follows the last one's.
        version: Json<Value>,
    })
    |input| Command::AddVersion { version: version(input.version.0)? }, unless version_without_meters;
}

/// Refuses a plan whose charges or quotas do not go with the meters that there are.
async fn definition_without_meters(
    ctx: &Context<'_>,
    mutation: &str,
    input: &DefinePlanInput,
) -> Result<Option<Outcome>> {
    without_meters(ctx, mutation, (input.head.clone().into(), &input.version)).await
}

/// Refuses a version whose charges or quotas do not go with the meters that there are.
async fn version_without_meters(
    ctx: &Context<'_>,
    mutation: &str,
    input: &AddPlanVersionInput,
) -> Result<Option<Outcome>> {
    without_meters(ctx, mutation, (input.head.clone().into(), &input.version)).await
}

async fn without_meters(
    ctx: &Context<'_>,
    mutation: &str,
    (head, given): (Head, &Json<Value>),
) -> Result<Option<Outcome>> {
    let identity = ctx.data::<Identity>()?;
    let caller = May::Write.check(identity).and_then(|()| identity.caller());
    // Who may not, and what is no version, is told by whoever runs the mutation.
    let (Ok(caller), Ok(version)) = (caller, version(given.0.clone())) else {
        return Ok(None);
    };
    let past = &ctx.data::<Options>()?.past;
    let own = past
        .own_meters(caller.tenant)
        .await
        .map_err(IntoFault::into_fault)?;
    let Err(faults) = version.check_meters(&own) else {
        return Ok(None);
    };
    let refusal = Refusal::InvalidPlan(faults);
    let target = format!("plan/{}", head.id.as_deref().unwrap_or_default());
    let refused = UserError::refusal(refusal.code(), refusal.to_string());
    tell(ctx, mutation, &target, refused).map(Some)
}

fn version(value: Value) -> Result<PlanVersion, UserError> {
    serde_json::from_value(value).map_err(|error| UserError::invalid(&["version"], &error))
}

/// A plan of the tenant's own as it is now.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Plan {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// Its code.
    local_id: String,
    /// Its name on an invoice.
    name: String,
    /// Its versions, the oldest first.
    versions: Vec<Json<Value>>,
    /// When it was defined.
    defined_at: DateTime,
    /// When it changed last.
    changed_at: DateTime,
}

fn shown(version: &PlanVersion) -> Json<Value> {
    Json(serde_json::to_value(version).unwrap_or_default())
}

impl From<PlanRow> for Plan {
    fn from(row: PlanRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<PlanList>(row.tenant_id, &row.id),
            local_id: row.id,
            name: row.name,
            versions: row.versions.iter().map(shown).collect(),
            defined_at: row.created_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}

evidence!(Plan of PlanList, |row| vec![("id", row.local_id.clone())]);

queries! {
    PlanQuery: PlanList, Read => Plan, PlanConnection, PlanEdge;
    plan("A plan of the tenant's own; null when there is none of this code."),
    plans("The tenant's own plans, newest first.", "the tenant's own plans"),
    PlanFilter {
        /// Of this name.
        name,
    },
    PlanOrder, PlanOrderField {
        /// When it was defined.
        DefinedAt => Moments created_at,
    }
}

/// A plan that every tenant can subscribe to.
#[derive(Clone, SimpleObject)]
pub(crate) struct BundledPlan {
    /// Its code.
    code: String,
    /// Its name on an invoice.
    name: String,
    /// Its versions, the oldest first.
    versions: Vec<Json<Value>>,
}

/// What can be asked about the plans that every tenant can subscribe to.
#[derive(Default)]
pub(crate) struct BundledPlanQuery;

#[Object]
impl BundledPlanQuery {
    /// The plans that every tenant can subscribe to, the cheapest first.
    async fn bundled_plans(&self, ctx: &Context<'_>) -> Result<Vec<BundledPlan>> {
        May::Read
            .check(ctx.data::<Identity>()?)
            .map_err(IntoFault::into_fault)?;
        let plan = |plan: domain::pricing::Plan| BundledPlan {
            code: plan.code().to_string(),
            name: plan.name().to_owned(),
            versions: plan.versions().iter().map(shown).collect(),
        };
        Ok(bundled_plans().into_iter().map(plan).collect())
    }
}
