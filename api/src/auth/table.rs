//! Who may do what: the one table, a line for fields that are open to the same. A field without a line is
//! open to nobody. `docs/gateway.md` shows it, and a test compares the two.

use async_graphql::parser::types::OperationType;
use domain::api_key::Scope;

use super::{Denied, Identity, Role};

use Role::{Agent, Analyst, Auditor, Member, PlatformAdmin, TenantAdmin};
use Scope::{Admin, Ingest, Read, Write};

/// Fields of one root that are open to the same.
struct Line {
    /// `Query`, `Mutation` or `Subscription`.
    root: OperationType,
    fields: &'static [&'static str],
    /// A person or an agent needs one of these roles.
    roles: &'static [Role],
    /// An API key needs one of these scopes; no key is enough where there is none.
    scopes: &'static [Scope],
}

const EVERYBODY: &[Role] = &[PlatformAdmin, TenantAdmin, Member, Analyst, Auditor, Agent];
const PEOPLE: &[Role] = &[PlatformAdmin, TenantAdmin, Member, Analyst, Auditor];
const SETUP: &[Role] = &[PlatformAdmin, TenantAdmin, Member, Auditor];
const AUDIT: &[Role] = &[PlatformAdmin, TenantAdmin, Auditor];
const WORK: &[Role] = &[PlatformAdmin, TenantAdmin, Member, Agent];
const STAFF: &[Role] = &[PlatformAdmin, TenantAdmin, Member];
const ADMINS: &[Role] = &[PlatformAdmin, TenantAdmin];
const PLATFORM: &[Role] = &[PlatformAdmin];

const fn line(
    root: OperationType,
    fields: &'static [&'static str],
    roles: &'static [Role],
    scopes: &'static [Scope],
) -> Line {
    Line {
        root,
        fields,
        roles,
        scopes,
    }
}

use OperationType::{Mutation as M, Query as Q, Subscription as S};

/// The table. One field a line of text, so that two changes to it rarely meet.
#[rustfmt::skip]
const TABLE: &[Line] = &[
    line(Q, &["me"], EVERYBODY, &[Read, Write, Ingest, Admin]),
    // What an id leads to is checked as the field of its kind.
    line(Q, &["node", "nodes"], EVERYBODY, &[Read]),
    line(Q, &[
        "agent",
        "agentRun",
        "agentRuns",
        "agents",
        "claim",
        "claims",
        "lead",
        "leads",
        "opportunities",
        "opportunity",
        "tenant",
        "workspace",
        "workspaces",
    ], EVERYBODY, &[Read]),
    line(Q, &[
        "alert",
        "alerts",
        "bundledMeters",
        "bundledModelPrices",
        "bundledPlans",
        "bundledRatios",
        "creditLedger",
        "entitlements",
        "invoice",
        "invoicePreview",
        "invoices",
        "meter",
        "meterRatio",
        "meterUsage",
        "meters",
        "modelPrice",
        "modelPrices",
        "plan",
        "plans",
        "quarantinedUsage",
        "roi",
        "roiBaseline",
        "roiBaselines",
        "roiSnapshot",
        "roiSnapshots",
        "roiSummary",
        "subscription",
        "subscriptions",
        "usage",
        "whatIf",
    ], PEOPLE, &[Read]),
    line(Q, &[
        "connector",
        "connectors",
        "member",
        "members",
    ], SETUP, &[Read]),
    line(Q, &[
        "auditFacets",
        "auditFeed",
        "causationGraph",
        "checkpoint",
        "completenessProof",
        "consistencyProof",
        "entityReplay",
        "entityState",
        "inclusionProof",
        "savedFilter",
        "savedFilters",
        "sealKeys",
    ], AUDIT, &[Read]),
    line(Q, &[
        "apiKey",
        "apiKeys",
        "webhookDeliveries",
        "webhookEndpoint",
        "webhookEndpoints",
    ], AUDIT, &[Admin]),
    line(Q, &[
        "dataSubject",
    ], ADMINS, &[Admin]),
    line(Q, &[
        "explainReadModelRow",
        "parkedStreams",
        "platformMovements",
        "platformOverview",
        "platformTenants",
        "readModelDiff",
        "readModels",
        "tenants",
        "verifyReadModel",
    ], PLATFORM, &[]),
    line(M, &[
        "adjudicateClaim",
        "appealClaim",
        "assignLead",
        "cancelAgentRun",
        "captureLead",
        "changeOpportunityStage",
        "completeAgentRun",
        "contactLead",
        "convertLead",
        "denyClaim",
        "disqualifyLead",
        "enrichLead",
        "failAgentRun",
        "loseOpportunity",
        "openOpportunity",
        "qualifyLead",
        "recordModelCall",
        "recordToolCall",
        "recoverClaim",
        "reopenOpportunity",
        "reverseClaimPayment",
        "startAgentRun",
        "submitClaim",
        "winOpportunity",
    ], WORK, &[Write]),
    line(M, &[
        "recordUsage",
    ], WORK, &[Ingest, Write]),
    line(M, &[
        "completeConnectorSync",
        "failConnectorSync",
        "importCsv",
        "progressConnectorSync",
        "rejectConnectorRecord",
        "startConnectorSync",
    ], STAFF, &[Ingest, Write]),
    line(M, &[
        "configureAgent",
        "pauseConnector",
        "reconfigureConnector",
        "registerConnector",
        "removeConnector",
        "replaceConnectorCredentials",
        "resumeConnector",
        "retireAgent",
        "reviseAgent",
    ], STAFF, &[Write]),
    line(M, &[
        "addPlanVersion",
        "applyCoupon",
        "cancelSubscription",
        "changeMeter",
        "changeSubscriptionPlan",
        "creditInvoice",
        "defineAlert",
        "defineMeter",
        "definePlan",
        "disputeInvoiceLine",
        "failPayment",
        "freezeRoi",
        "grantCredit",
        "issueInvoice",
        "pauseSubscription",
        "receivePayment",
        "recordInvoicePayment",
        "registerRoiBaseline",
        "renewSubscriptionPlan",
        "resumeSubscription",
        "retireAlert",
        "retireMeter",
        "setModelPrice",
        "setSubscriptionTaxes",
        "settleInvoiceDispute",
        "startSubscription",
        "voidInvoice",
        "withdrawRoiBaseline",
    ], ADMINS, &[Write]),
    line(M, &[
        "archiveWorkspace",
        "changeMemberRole",
        "changeTenantSettings",
        "changeWebhookEndpoint",
        "createWebhookEndpoint",
        "createWorkspace",
        "disableVertical",
        "enableVertical",
        "forgetSubject",
        "inviteMember",
        "issueApiKey",
        "joinMember",
        "liftLegalHold",
        "pauseWebhookEndpoint",
        "pingWebhookEndpoint",
        "placeLegalHold",
        "redeliverWebhooks",
        "removeMember",
        "removeRetentionRule",
        "removeWebhookEndpoint",
        "renameWorkspace",
        "resumeWebhookEndpoint",
        "revokeApiKey",
        "rotateApiKey",
        "rotateWebhookSecret",
        "setRetentionRule",
    ], ADMINS, &[Admin]),
    line(M, &[
        "changeAuditFilter",
        "removeAuditFilter",
        "saveAuditFilter",
    ], AUDIT, &[Admin]),
    line(M, &[
        "acceptReadModelDiff",
        "closeTenant",
        "discardReadModelBuild",
        "provisionTenant",
        "reactivateTenant",
        "rebuildReadModel",
        "resumeReadModel",
        "rollbackReadModel",
        "suspendTenant",
        "switchReadModel",
    ], PLATFORM, &[]),
    line(S, &[
        "auditFeed",
        "events",
        "replay",
    ], AUDIT, &[Read]),
    line(S, &[
        "invoicePreview",
        "roi",
        "usage",
    ], PEOPLE, &[Read]),
];

/// The line of a field.
fn of(root: OperationType, field: &str) -> Option<&'static Line> {
    TABLE
        .iter()
        .find(|line| line.root == root && line.fields.contains(&field))
}

/// Refuses whoever may not ask for a field.
pub(crate) fn may_ask(identity: &Identity, root: OperationType, field: &str) -> Result<(), Denied> {
    of(root, field)
        .ok_or_else(|| Denied::NotOpen(field.to_owned()))?
        .check(field, identity)
}

/// Refuses whoever may not ask for the rows of a read model, by whatever way they come: it is open to the same as
/// the field of its name.
pub(crate) fn may_see(identity: &Identity, read_model: &str) -> Result<(), Denied> {
    let mut words = read_model.split('_');
    let mut field = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(1);
        field.extend([&first.to_uppercase(), rest]);
    }
    may_ask(identity, Q, &field)
}

impl Line {
    /// Refuses whoever this is not open to.
    fn check(&self, field: &str, identity: &Identity) -> Result<(), Denied> {
        if identity.roles.is_empty() {
            if self.scopes.iter().any(|scope| identity.scopes.contains(scope)) {
                return Ok(());
            }
            return Err(match self.scopes.first() {
                Some(scope) => Denied::MissingScope(*scope),
                None => Denied::NotPlatformAdmin,
            });
        }
        if self.roles.iter().any(|role| identity.roles.contains(role)) {
            return Ok(());
        }
        Err(Denied::NotForRole {
            field: field.to_owned(),
            roles: listed(identity.roles.iter().copied()),
            open_to: listed(self.roles.iter().copied()),
        })
    }
}

fn listed(roles: impl Iterator<Item = Role>) -> String {
    let names: Vec<String> = roles.map(|role| role.to_string()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::IntoEnumIterator as _;

    use super::{Line, Role, TABLE};
    use crate::documents::types::{Types, root};

    #[test]
    fn each_root_field_of_the_schema_has_one_line_and_each_line_has_its_fields() {
        let types = Types::of(&crate::schema_sdl());
        let mut told = BTreeSet::new();
        for line in TABLE {
            for field in line.fields {
                let name = root(line.root);
                assert!(
                    types.field(name, field).is_some(),
                    "{name}.{field} is not in the schema"
                );
                assert!(told.insert((name, *field)), "{name}.{field} has two lines");
            }
        }
        let roots = ["Query", "Mutation", "Subscription"];
        for (name, field, _) in types.all_fields().filter(|(name, ..)| roots.contains(name)) {
            assert!(
                told.contains(&(name, field)),
                "{name}.{field} has no line in api/src/auth/table.rs, so it is open to nobody"
            );
        }
    }

    fn row(line: &Line) -> String {
        let fields: Vec<String> = line.fields.iter().map(|field| format!("`{field}`")).collect();
        let marks = Role::iter().map(|role| if line.roles.contains(&role) { "×" } else { "" });
        let scopes: Vec<String> = line.scopes.iter().map(ToString::to_string).collect();
        let marks: Vec<&str> = marks.collect();
        let scopes = if scopes.is_empty() {
            "—".to_owned()
        } else {
            scopes.join(" or ")
        };
        format!("| {} | {} | {scopes} |\n", fields.join(" "), marks.join(" | "))
    }

    #[test]
    fn the_documentation_shows_this_table() {
        let names: Vec<String> = Role::iter().map(|role| role.to_string()).collect();
        let mut table = format!("| fields | {} | API key's scope |\n", names.join(" | "));
        table += &format!("|---|{}---|\n", "---|".repeat(names.len()));
        table.extend(TABLE.iter().map(row));
        let docs = include_str!("../../../docs/gateway.md");
        assert!(
            docs.contains(&table),
            "docs/gateway.md, section \"Who asks\", needs this table:\n{table}"
        );
    }
}
