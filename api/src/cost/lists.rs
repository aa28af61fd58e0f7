//! How long each list of the schema is reckoned to be: a line a list. A list that is not here fails the test
//! below. Pages of a connection need no line: they are as long as `first` or `last` says.

use async_graphql::parser::types::Field;

/// A type's list field and the length that it is reckoned with. `*` stands for every type that has the field.
const LISTS: &[(&str, &str, usize)] = &[
    ("*", "userErrors", 2),
    ("Agent", "tools", 1),
    ("AgentRun", "costs", 2),
    ("Alert", "last", 5),
    ("Alert", "thresholds", 3),
    ("ApiKey", "origins", 1),
    ("ApiKey", "scopes", 1),
    ("AuditFacets", "actions", 20),
    ("AuditFacets", "actors", 20),
    ("AuditFacets", "entityTypes", 10),
    ("AuditFacets", "outcomes", 3),
    ("AuditFacets", "workspaces", 10),
    ("CausationGraph", "edges", 20),
    ("CausationGraph", "entries", 20),
    ("CausationGraph", "foreign", 2),
    ("Claim", "reasonCodes", 1),
    ("Claim", "recovered", 2),
    ("Claim", "reversed", 1),
    ("Connector", "settings", 5),
    ("ConsistencyProof", "hashes", 1),
    ("EntryChanges", "changes", 5),
    ("InclusionProof", "hashes", 1),
    ("BundledModelPrice", "prices", 2),
    ("BundledPlan", "versions", 2),
    ("CreditLedger", "grants", 5),
    ("CreditNote", "credits", 1),
    ("Invoice", "coupons", 2),
    ("Invoice", "creditNotes", 1),
    ("Invoice", "credits", 2),
    ("Invoice", "disputes", 1),
    ("Invoice", "lines", 20),
    ("Invoice", "taxes", 2),
    ("InvoiceDifference", "lines", 2),
    ("Entitlements", "features", 5),
    ("Entitlements", "limits", 5),
    ("Entitlements", "plans", 1),
    ("InvoiceLine", "tiers", 3),
    ("InvoicePreview", "credits", 2),
    ("InvoicePreview", "lines", 20),
    ("DataSubject", "holds", 3),
    ("Lead", "attributes", 5),
    ("Me", "roles", 1),
    ("Me", "scopes", 1),
    ("Meter", "versions", 2),
    ("MeterDefinition", "alsoEventTypes", 1),
    ("MeterDefinition", "groupBy", 2),
    ("MeterUsage", "buckets", 60),
    ("MeterUsageBucket", "group", 2),
    ("BundledRatio", "denominator", 2),
    ("BundledRatio", "numerator", 2),
    ("MeterRatio", "buckets", 60),
    ("MeterRatio", "denominator", 2),
    ("MeterRatio", "numerator", 2),
    ("MeterRatioBucket", "group", 2),
    ("Query", "bundledRatios", 6),
    ("ModelPrice", "prices", 2),
    ("Plan", "versions", 2),
    ("PlatformOverview", "aiCost", 2),
    ("PlatformOverview", "billed", 2),
    ("PlatformOverview", "margin", 2),
    ("PlatformOverview", "revenue", 2),
    ("PlatformOverview", "usage", 15),
    ("PlatformTenant", "aiCost", 2),
    ("PlatformTenant", "billed", 2),
    ("PlatformTenant", "margin", 2),
    ("PlatformTenant", "revenue", 2),
    ("PlatformTenant", "usage", 15),
    ("PlanSubscription", "received", 2),
    ("Query", "bundledMeters", 30),
    ("Query", "bundledModelPrices", 20),
    ("Query", "bundledPlans", 3),
    ("Query", "nodes", 100),
    ("Query", "readModels", 20),
    ("Query", "sealKeys", 1),
    ("ReadModelBuild", "key", 2),
    ("ReadModelDiffRow", "columns", 3),
    ("ReadModelDiffRow", "key", 2),
    ("ReadModelDifference", "columns", 3),
    ("ReadModelRowStep", "changed", 5),
    ("ReadModelRowStory", "steps", 20),
    ("ReadModelStatus", "builds", 2),
    ("ReadModelStatus", "tenantsBehind", 20),
    ("Roi", "agents", 5),
    ("Roi", "baselinesSetAside", 1),
    ("Roi", "figures", 30),
    ("Roi", "missing", 1),
    ("Roi", "notConverted", 2),
    ("Roi", "sentences", 2),
    ("RoiBasis", "owners", 2),
    ("RoiCost", "fees", 2),
    ("RoiCost", "unpricedModels", 2),
    ("RoiFee", "invoices", 1),
    ("RoiSentence", "parts", 8),
    ("RoiSnapshot", "versions", 2),
    ("RoiSnapshotVersion", "changes", 5),
    ("RoiSnapshotVersion", "figures", 30),
    ("ReadModelVerification", "differences", 20),
    ("RecordUsagePayload", "results", 10),
    ("ReplayStep", "changes", 5),
    ("RevenueMovement", "evidence", 2),
    ("RoiChanged", "months", 24),
    ("RoiMonth", "aiCost", 2),
    ("WebhookDelivery", "tries", 3),
    ("WebhookEndpoint", "events", 2),
    ("RoiMonth", "billed", 2),
    ("RoiMonth", "openByStage", 5),
    ("RoiMonth", "paid", 2),
    ("RoiMonth", "recovered", 2),
    ("RoiMonth", "wonValue", 2),
    ("Tenant", "verticals", 1),
    ("Usage", "totals", 10),
    ("UsageChanged", "days", 30),
    ("UserError", "path", 1),
];

/// What folding the past again, or counting a list, costs besides: a type's field, and its surcharge. A row's past
/// lies in its own stream, or else among all of the tenant's events.
const PASTS: &[(&str, &str, usize)] = &[
    ("AuditEntry", "changed", 20),
    ("CompletenessProof", "file", 100),
    ("Connector", "evidence", 50),
    ("Query", "auditFacets", 50),
    ("InvoiceLine", "evidence", 50),
    ("MeterRatioBucket", "evidence", 50),
    ("MeterUsageBucket", "evidence", 50),
    ("Query", "causationGraph", 20),
    ("Query", "entityReplay", 20),
    ("Query", "entityState", 10),
    ("Query", "explainReadModelRow", 50),
    ("CreditEntry", "event", 5),
    ("Query", "creditLedger", 50),
    ("Query", "invoicePreview", 50),
    ("PlatformTenant", "usageEvidence", 50),
    ("Query", "platformMovements", 50),
    ("Query", "platformOverview", 50),
    ("Query", "platformTenants", 50),
    ("Query", "readModelDiff", 100),
    ("Query", "verifyReadModel", 500),
    ("Query", "whatIf", 100),
    ("ReadModelDiffRow", "evidence", 20),
    ("ReplayStep", "causes", 20),
    ("RoiMonth", "evidence", 50),
    ("UsageDay", "evidence", 50),
    ("*", "evidence", 5),
    ("*", "totalCount", 50),
];
/// What an answer as of a past moment costs besides.
const AS_OF: usize = 20;

/// What a field costs besides, for the past that it folds again.
pub(super) fn past(parent: &str, field: &Field) -> usize {
    let name = field.name.node.as_str();
    let line = PASTS
        .iter()
        .find(|(of, known, _)| *known == name && (*of == parent || *of == "*"));
    let as_of = field.get_argument("asOf").map_or(0, |_| AS_OF);
    line.map_or(0, |(.., surcharge)| *surcharge) + as_of
}

/// The longest page of a connection.
pub(super) const PAGE_AT_MOST: usize = 100;

/// How long a list is reckoned to be, inside a page of so many rows; `None` for a field that is no list.
pub(super) fn length(parent: &str, field: &str, page: usize) -> Option<usize> {
    if is_page(parent, field) {
        return Some(page);
    }
    let line = LISTS
        .iter()
        .find(|(of, name, _)| *name == field && (*of == parent || *of == "*"));
    line.map(|(_, _, length)| *length)
}

fn is_page(parent: &str, field: &str) -> bool {
    parent.ends_with("Connection") && matches!(field, "edges" | "nodes")
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::types::BaseType;

    use super::{LISTS, length};
    use crate::documents::types::Types;

    #[test]
    fn every_list_of_the_schema_has_a_length() {
        let types = Types::of(&crate::schema_sdl());
        let lists: Vec<(&str, &str)> = types
            .all_fields()
            .filter(|(.., field)| matches!(field.kind.base, BaseType::List(_)))
            .map(|(parent, name, _)| (parent, name))
            .collect();
        let missing: Vec<String> = lists
            .iter()
            .filter(|(parent, name)| length(parent, name, 1).is_none())
            .map(|(parent, name)| format!("(\"{parent}\", \"{name}\", how many)"))
            .collect();
        assert!(
            missing.is_empty(),
            "tell api/src/cost/lists.rs how long these lists are: {missing:#?}"
        );
        for (parent, name, _) in LISTS {
            let is_there = lists
                .iter()
                .any(|(of, list)| list == name && (of == parent || *parent == "*"));
            assert!(
                is_there,
                "{parent}.{name} is no list of the schema any more: take its line out"
            );
        }
    }
}
