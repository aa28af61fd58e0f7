//! The one list of read models: a line an entry, alphabetical.

use crate::engine::{AnyReadModel, read_model};

/// Every read model.
#[must_use]
pub fn all() -> Vec<Box<dyn AnyReadModel>> {
    vec![
        read_model::<crate::account_history::AccountHistory>(),
        read_model::<crate::agent::AgentList>(),
        read_model::<crate::agent_run::AgentRunList>(),
        read_model::<crate::alert::AlertList>(),
        read_model::<crate::api_key::ApiKeys>(),
        read_model::<crate::audit_feed::AuditFeed>(),
        read_model::<crate::claim::ClaimList>(),
        read_model::<crate::connector::ConnectorList>(),
        read_model::<crate::daily_usage::DailyUsage>(),
        read_model::<crate::invoice::InvoiceList>(),
        read_model::<crate::lead::LeadList>(),
        read_model::<crate::member::MemberList>(),
        read_model::<crate::meter::MeterList>(),
        read_model::<crate::metered_usage::MeteredUsage>(),
        read_model::<crate::model_price::ModelPriceList>(),
        read_model::<crate::model_use::ModelUse>(),
        read_model::<crate::opportunity::OpportunityList>(),
        read_model::<crate::plan::PlanList>(),
        read_model::<crate::platform_usage::PlatformUsage>(),
        read_model::<crate::quarantined_usage::QuarantinedUsage>(),
        read_model::<crate::roi_baseline::RoiBaselineList>(),
        read_model::<crate::roi_journey::RoiJourney>(),
        read_model::<crate::roi_snapshot::RoiSnapshotList>(),
        read_model::<crate::roi_summary::RoiSummary>(),
        read_model::<crate::saved_filter::SavedFilterList>(),
        read_model::<crate::subscription::SubscriptionList>(),
        read_model::<crate::tenant::Tenants>(),
        read_model::<crate::webhook_endpoint::WebhookEndpointList>(),
        read_model::<crate::workspace::WorkspaceList>(),
    ]
}
