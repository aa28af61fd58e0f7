//! The three roots: what each slice adds, a line an entry.

use async_graphql::{MergedObject, MergedSubscription};

use super::{
    agent, agent_run, alert, api_key, audit_facets, audit_feed, audit_feed_live, claim, connector,
    connector_sync, data_subject, entitlements, event, import, invoice, invoice_live, invoice_preview,
    issue_invoice, lead, me, member, meter, metered_usage, model_price, node, opportunity, plan, proof,
    quarantined_usage, read_model, read_model_history, read_model_operation, record_usage, replay, roi,
    roi_baseline, roi_snapshot, roi_summary, roi_summary_live, subscription, tenant, usage, usage_live,
    webhook_delivery, webhook_endpoint, what_if, workspace,
};

/// What can be asked about returns. A root is as deep as it has parts, and each costs stack: so these are one.
#[derive(Default, MergedObject)]
pub(crate) struct Returns(
    model_price::BundledModelPriceQuery,
    model_price::ModelPriceQuery,
    roi::RoiQuery,
    roi_baseline::RoiBaselineQuery,
    roi_snapshot::RoiSnapshotQuery,
    roi_summary::RoiSummaryQuery,
);

/// What can be done with plans, prices and returns.
#[derive(Default, MergedObject)]
pub(crate) struct PlansAndReturns(
    model_price::ModelPriceMutation,
    plan::PlanMutation,
    roi_baseline::RoiBaselineMutation,
    roi_snapshot::RoiSnapshotMutation,
);

/// What can be asked.
#[derive(Default, MergedObject)]
pub(crate) struct Query(
    agent::AgentQuery,
    agent_run::AgentRunQuery,
    alert::AlertQuery,
    api_key::ApiKeyQuery,
    audit_facets::AuditFacetsQuery,
    audit_feed::AuditFeedQuery,
    claim::ClaimQuery,
    connector::ConnectorQuery,
    data_subject::DataSubjectQuery,
    entitlements::EntitlementQuery,
    invoice::InvoiceQuery,
    invoice_preview::InvoicePreviewQuery,
    lead::LeadQuery,
    me::MeQuery,
    member::MemberQuery,
    meter::BundledMeterQuery,
    meter::MeterQuery,
    metered_usage::MeteredUsageQuery,
    node::NodeQuery,
    opportunity::OpportunityQuery,
    proof::ProofQuery,
    plan::BundledPlanQuery,
    plan::PlanQuery,
    quarantined_usage::QuarantinedUsageQuery,
    read_model::ReadModelQuery,
    read_model_history::ReadModelHistoryQuery,
    replay::CausesQuery,
    replay::EntityReplayQuery,
    Returns,
    subscription::SubscriptionQuery,
    tenant::TenantQuery,
    usage::UsageQuery,
    webhook_delivery::WebhookDeliveryQuery,
    webhook_endpoint::WebhookEndpointQuery,
    what_if::WhatIfQuery,
    workspace::WorkspaceQuery,
);

/// What can be done.
#[derive(Default, MergedObject)]
pub(crate) struct Mutation(
    agent::AgentMutation,
    agent_run::AgentRunMutation,
    alert::AlertMutation,
    api_key::ApiKeyMutation,
    api_key::ApiKeyTokenMutation,
    claim::ClaimMutation,
    connector::ConnectorMutation,
    connector_sync::ConnectorSyncMutation,
    data_subject::DataSubjectMutation,
    import::ImportMutation,
    invoice::InvoiceMutation,
    issue_invoice::IssueInvoiceMutation,
    lead::LeadMutation,
    member::MemberMutation,
    meter::MeterMutation,
    opportunity::OpportunityMutation,
    PlansAndReturns,
    read_model_operation::ReadModelMutation,
    record_usage::UsageMutation,
    subscription::SubscriptionMutation,
    tenant::PlatformMutation,
    tenant::ProvisionMutation,
    tenant::TenantMutation,
    webhook_endpoint::WebhookEndpointMutation,
    webhook_endpoint::WebhookSecretMutation,
    workspace::WorkspaceMutation,
);

/// What can be followed live.
#[derive(Default, MergedSubscription)]
pub(crate) struct Subscription(
    audit_feed_live::AuditFeedSubscription,
    event::EventSubscription,
    invoice_live::RunningTotalSubscription,
    replay::ReplaySubscription,
    roi_summary_live::RoiSubscription,
    usage_live::UsageSubscription,
);
