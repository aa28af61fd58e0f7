//! Opportunities over GraphQL.

use domain::opportunity::{Command, Opportunity as Aggregate};

use super::kit::{MoneyInput, mutations, parsed, payload};

payload!(OpportunityPayload, "an opportunity's command");

mutations! {
    /// What may be asked of opportunities.
    OpportunityMutation: Aggregate, Write => OpportunityPayload;

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
        owner: Option<String>,
        /// What would be sold.
        product: Option<String>,
        /// The lead it came of.
        lead: Option<String>,
        /// What it may bring.
        expected: Option<MoneyInput>,
    })
    |input| Command::Open {
        title: input.title,
        stage: input.stage,
        vertical: parsed("vertical", &input.vertical)?,
        account: input.account,
        owner: input.owner,
        product: input.product,
        lead: input.lead,
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
}
