//! The three roots: what each slice adds, a line an entry. A root nests as deep as it has entries, and each costs stack: so
//! those that belong together are one.

use async_graphql::{MergedObject, MergedSubscription};

use super::{
    agent, agent_run, alert, api_key, audit_facets, audit_feed, audit_feed_live, claim, connector,
    connector_sync, credit_ledger, data_subject, entitlements, event, import, invoice, invoice_live,
    invoice_preview, issue_invoice, lead, me, member, meter, meter_ratio, metered_usage, model_price, node,
    opportunity, plan, platform, platform_movement, platform_tenant, proof, quarantined_usage, read_model,
    read_model_history, read_model_operation, record_usage, replay, roi, roi_baseline, roi_snapshot,
    roi_summary, roi_summary_live, saved_filter, subscription, tenant, usage, usage_live, webhook_delivery,
    webhook_endpoint, what_if, workspace,
};

/// What can be asked.
#[derive(Default, MergedObject)]
pub(crate) struct Query(
    WorkQueries,
    BillsQueries,
    FiguresQueries,
    AuditQueries,
    HouseQueries,
);

/// What can be asked about the work: agents, connectors, customers.
#[derive(Default, MergedObject)]
pub(crate) struct WorkQueries(
    agent::AgentQuery,
    agent_run::AgentRunQuery,
    claim::ClaimQuery,
    connector::ConnectorQuery,
    lead::LeadQuery,
    opportunity::OpportunityQuery,
    usage::UsageQuery,
);

/// What can be asked about plans and bills.
#[derive(Default, MergedObject)]
pub(crate) struct BillsQueries(
    alert::AlertQuery,
    credit_ledger::CreditLedgerQuery,
    entitlements::EntitlementQuery,
    invoice::InvoiceQuery,
    invoice_preview::InvoicePreviewQuery,
    plan::BundledPlanQuery,
    plan::PlanQuery,
    subscription::SubscriptionQuery,
    what_if::WhatIfQuery,
);

/// What can be asked about meters and returns.
#[derive(Default, MergedObject)]
pub(crate) struct FiguresQueries(
    meter::BundledMeterQuery,
    meter::MeterQuery,
    meter_ratio::MeterRatioQuery,
    metered_usage::MeteredUsageQuery,
    model_price::BundledModelPriceQuery,
    model_price::ModelPriceQuery,
    quarantined_usage::QuarantinedUsageQuery,
    roi::RoiQuery,
    roi_baseline::RoiBaselineQuery,
    roi_snapshot::RoiSnapshotQuery,
    roi_summary::RoiSummaryQuery,
);

/// What can be asked about the record itself: who did what, replay, proofs.
#[derive(Default, MergedObject)]
pub(crate) struct AuditQueries(
    audit_facets::AuditFacetsQuery,
    audit_feed::AuditFeedQuery,
    data_subject::DataSubjectQuery,
    node::NodeQuery,
    proof::ProofQuery,
    read_model::ReadModelQuery,
    read_model_history::ReadModelHistoryQuery,
    replay::CausesQuery,
    replay::EntityReplayQuery,
    saved_filter::SavedFilterQuery,
);

/// What can be asked about tenants, their people and doors.
#[derive(Default, MergedObject)]
pub(crate) struct HouseQueries(
    api_key::ApiKeyQuery,
    me::MeQuery,
    member::MemberQuery,
    platform::PlatformQuery,
    platform_movement::PlatformMovementQuery,
    platform_tenant::PlatformTenantQuery,
    tenant::TenantQuery,
    webhook_delivery::WebhookDeliveryQuery,
    webhook_endpoint::WebhookEndpointQuery,
    workspace::WorkspaceQuery,
);

/// What can be done.
#[derive(Default, MergedObject)]
pub(crate) struct Mutation(
    WorkMutations,
    BillsMutations,
    FiguresMutations,
    AuditMutations,
    HouseMutations,
);

/// What can be done with the work: agents, connectors, customers.
#[derive(Default, MergedObject)]
pub(crate) struct WorkMutations(
    agent::AgentMutation,
    agent_run::AgentRunMutation,
    claim::ClaimMutation,
    connector::ConnectorMutation,
    connector_sync::ConnectorSyncMutation,
    import::ImportMutation,
    lead::LeadMutation,
    opportunity::OpportunityMutation,
    record_usage::UsageMutation,
);

/// What can be done with plans and bills.
#[derive(Default, MergedObject)]
pub(crate) struct BillsMutations(
    alert::AlertMutation,
    invoice::InvoiceMutation,
    issue_invoice::IssueInvoiceMutation,
    plan::PlanMutation,
    subscription::SubscriptionMutation,
);

/// What can be done with meters and returns.
#[derive(Default, MergedObject)]
pub(crate) struct FiguresMutations(
    meter::MeterMutation,
    model_price::ModelPriceMutation,
    roi_baseline::RoiBaselineMutation,
    roi_snapshot::RoiSnapshotMutation,
);

/// What can be done with the record itself: who did what, replay, proofs.
#[derive(Default, MergedObject)]
pub(crate) struct AuditMutations(
    data_subject::DataSubjectMutation,
    read_model_operation::ReadModelMutation,
    saved_filter::SavedFilterMutation,
);

/// What can be done with tenants, their people and doors.
#[derive(Default, MergedObject)]
pub(crate) struct HouseMutations(
    api_key::ApiKeyMutation,
    api_key::ApiKeyTokenMutation,
    member::MemberMutation,
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
