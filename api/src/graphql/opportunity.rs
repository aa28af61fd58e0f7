//! Opportunities over GraphQL.

use async_graphql::{ID, SimpleObject};
use domain::opportunity::{Command, Opportunity as Aggregate};
use projections::opportunity::{OpportunityList, OpportunityRow};

use super::kit::{DateTime, Money, MoneyInput, NodeId, evidence, mutations, parsed, queries, related};
use super::lead::Lead;
use super::people::{Worker, worker};

mutations! {
    /// What may be asked of opportunities.
    OpportunityMutation: Aggregate, Write;

    /// Opens an opportunity: business that may be won.
    open_opportunity(Creating, OpenOpportunityInput {
        /// What it is called.
        title: String,
        /// Where it stands in the tenant's own process.
        stage: String,
        /// The line of business it belongs to, for instance "sales".
        vertical: String,
        /// The customer.
        account: Option<String>,
        /// The member or agent who works on it.
        owner: Option<ID>,
        /// What would be sold.
        product: Option<String>,
        /// The lead it came of.
        lead: Option<ID>,
        /// What it may bring.
        expected: Option<MoneyInput>,
    })
    |input, ids| Command::Open {
        title: input.title,
        stage: input.stage,
        vertical: parsed("vertical", &input.vertical)?,
        account: input.account,
        owner: ids.optional("owner", &["member", "agent"], input.owner)?,
        product: input.product,
        lead: ids.optional("lead", &["lead"], input.lead)?,
        expected: input.expected.map(|money| money.read("expected")).transpose()?,
    };

    /// Moves an opportunity on, or back.
    change_opportunity_stage(Changing, ChangeOpportunityStageInput {
        /// Where it stands now.
        stage: String,
    })
    |input| Command::ChangeStage { stage: input.stage };

    /// Closes an opportunity with a result.
    win_opportunity(Changing, WinOpportunityInput {
        /// What it brought.
        value: MoneyInput,
    })
    |input| Command::Win { value: input.value.read("value")? };

    /// Closes an opportunity without a result.
    lose_opportunity(Changing, LoseOpportunityInput {
        /// Why.
        reason: String,
    })
    |input| Command::Lose { reason: input.reason };

    /// Opens an opportunity again that was won or lost: what it brought is taken back.
    reopen_opportunity(Changing, ReopenOpportunityInput {
        /// Why.
        reason: String,
    })
    |input| Command::Reopen { reason: input.reason };
}

/// An opportunity as it is now: business that may be won.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Opportunity {
    #[graphql(skip)]
    as_of: Option<u64>,
    /// Its id in all of this API: opaque, and good in this tenant only.
    pub(crate) id: NodeId,
    /// The id inside the tenant, as events, files and URLs have it.
    local_id: String,
    /// The line of business it belongs to.
    vertical: String,
    /// What it is called.
    title: String,
    /// Where it stands; after the end, where it stood last.
    stage: String,
    /// `open`, `won` or `lost`.
    status: String,
    /// The customer.
    account: Option<String>,
    /// The id of the member or agent who works on it.
    owner_id: Option<String>,
    /// What would be sold.
    product: Option<String>,
    /// The id of the lead it came of.
    lead_id: Option<String>,
    /// What it may bring.
    expected: Option<Money>,
    /// What it brought.
    value: Option<Money>,
    /// Why it was lost.
    reason: Option<String>,
    /// When it was opened.
    opened_at: DateTime,
    /// When it was won or lost.
    closed_at: Option<DateTime>,
}

impl From<OpportunityRow> for Opportunity {
    fn from(row: OpportunityRow) -> Self {
        Self {
            as_of: None,
            id: NodeId::of::<OpportunityList>(row.tenant_id, &row.id),
            local_id: row.id,
            vertical: row.vertical.into(),
            title: row.title,
            stage: row.stage,
            status: row.status,
            account: row.account,
            owner_id: row.owner,
            product: row.product,
            lead_id: row.lead,
            expected: row.expected.map(Into::into),
            value: row.value.map(Into::into),
            reason: row.reason,
            opened_at: row.created_at.into(),
            closed_at: row.closed_at.map(Into::into),
        }
    }
}

evidence!(Opportunity of OpportunityList, |row| vec![("id", row.local_id.clone())], ctx {
    /// Who works on it, if it is a member or an agent of the tenant.
    owner: Worker => worker(ctx, row.owner_id.as_deref(), row.as_of),
    /// The lead it came of, if the tenant has it.
    lead: Lead => related(ctx, row.lead_id.as_deref(), row.as_of),
});

queries! {
    OpportunityQuery: OpportunityList, Read => Opportunity, OpportunityConnection, OpportunityEdge;
    opportunity("An opportunity of the tenant; null when there is none of this id."),
    opportunities("The tenant's opportunities, newest first.", "the tenant's opportunities"),
    OpportunityFilter {
        /// Of this line of business.
        vertical,
        /// In this stage.
        stage,
        /// In this status: `open`, `won` or `lost`.
        status,
        /// Of this customer.
        account,
        /// On which this member or agent works.
        owner ["member", "agent"],
    },
    OpportunityOrder, OpportunityOrderField {
        /// When it was opened.
        OpenedAt => Moments created_at,
        /// What it is called.
        Title => Texts title,
    }
}
