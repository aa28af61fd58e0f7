//! Plans over GraphQL.

use async_graphql::{Json, Object, Result, SimpleObject};
use domain::plan::{Command, Plan as Aggregate};
use domain::pricing::{PlanVersion, bundled_plans};
use projections::plan::{PlanList, PlanRow};
use serde_json::Value;

use super::kit::{Context, DateTime, IntoFault, May, NodeId, UserError, evidence, mutations, queries};
use crate::auth::Identity;

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
    };

    /// Adds a version to a plan: it is in force for whoever subscribes from its `effective_from` on.
    add_plan_version(Changing, AddPlanVersionInput {
        /// The version, whose number follows the last one's.
        version: Json<Value>,
    })
    |input| Command::AddVersion { version: version(input.version.0)? };
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
