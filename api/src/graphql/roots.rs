//! The three roots: what each slice adds, a line an entry.

use async_graphql::{MergedObject, MergedSubscription};

use super::{
    agent, agent_run, api_key, claim, connector, connector_sync, event, import, lead, me, member,
    opportunity, subscription, tenant, usage, workspace,
};

/// What can be asked.
#[derive(Default, MergedObject)]
pub(crate) struct Query(me::MeQuery);

/// What can be done.
#[derive(Default, MergedObject)]
pub(crate) struct Mutation(
    agent::AgentMutation,
    agent_run::AgentRunMutation,
    api_key::ApiKeyMutation,
    api_key::ApiKeyTokenMutation,
    claim::ClaimMutation,
    connector::ConnectorMutation,
    connector_sync::ConnectorSyncMutation,
    import::ImportMutation,
    lead::LeadMutation,
    member::MemberMutation,
    opportunity::OpportunityMutation,
    subscription::SubscriptionMutation,
    tenant::PlatformMutation,
    tenant::ProvisionMutation,
    tenant::TenantMutation,
    usage::UsageMutation,
    workspace::WorkspaceMutation,
);

/// What can be followed live.
#[derive(Default, MergedSubscription)]
pub(crate) struct Subscription(event::EventSubscription);
