//! A tenant's story in commands: each mutation of the schema at least once, in an order that the rules allow.

use serde_json::{Value, json};

/// The mutations of one tenant's token, with their inputs; every id begins with `prefix`.
pub(crate) fn story(tenant: &str, prefix: &str) -> Vec<(&'static str, Value)> {
    let with_prefix = |(mutation, input): (&'static str, Value)| {
        let text = input.to_string().replace("$tenant", tenant).replace('$', prefix);
        (mutation, serde_json::from_str(&text).unwrap())
    };
    chapters().into_iter().map(with_prefix).collect()
}

fn chapters() -> Vec<(&'static str, Value)> {
    let eur = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let mut story = vec![
        ("createWorkspace", json!({ "id": "$w1", "name": "North" })),
        ("renameWorkspace", json!({ "id": "$w1", "name": "South" })),
        ("createWorkspace", json!({ "id": "$w2", "name": "Old" })),
        ("archiveWorkspace", json!({ "id": "$w2" })),
        (
            "inviteMember",
            json!({ "id": "$m1", "email": "Ada@Example.org", "role": "MEMBER", "name": "Ada" }),
        ),
        ("joinMember", json!({ "id": "$m1", "user": "subject-1" })),
        ("changeMemberRole", json!({ "id": "$m1", "role": "ANALYST" })),
        (
            "inviteMember",
            json!({ "id": "$m2", "email": "bob@example.org", "role": "AUDITOR" }),
        ),
        ("removeMember", json!({ "id": "$m2", "reason": "left" })),
        (
            "issueApiKey",
            json!({ "id": "$k1", "name": "reader", "scopes": ["READ"] }),
        ),
        ("rotateApiKey", json!({ "id": "$k1" })),
        (
            "issueApiKey",
            json!({ "id": "$k2", "name": "old", "scopes": ["READ"] }),
        ),
        ("revokeApiKey", json!({ "id": "$k2", "reason": "leaked" })),
        ("enableVertical", json!({ "id": "$tenant", "vertical": "sales" })),
        ("enableVertical", json!({ "id": "$tenant", "vertical": "claims" })),
        (
            "disableVertical",
            json!({ "id": "$tenant", "vertical": "claims" }),
        ),
    ];
    let hooks = json!({ "id": "$h1", "url": "https://example.org/hooks", "events": ["lead.*"] });
    story.extend([
        ("createWebhookEndpoint", hooks.clone()),
        ("changeWebhookEndpoint", {
            let mut changed = hooks.clone();
            changed["delivery"] = json!("UNORDERED");
            changed
        }),
        ("pingWebhookEndpoint", json!({ "id": "$h1" })),
        ("rotateWebhookSecret", json!({ "id": "$h1", "scheme": "ED25519" })),
        (
            "pauseWebhookEndpoint",
            json!({ "id": "$h1", "reason": "maintenance" }),
        ),
        ("resumeWebhookEndpoint", json!({ "id": "$h1" })),
        ("redeliverWebhooks", json!({ "id": "$h1" })),
        ("createWebhookEndpoint", with_id(&hooks, "$h2")),
        (
            "removeWebhookEndpoint",
            json!({ "id": "$h2", "reason": "not needed" }),
        ),
    ]);
    let configured = json!({
        "id": "$a1", "name": "Scout", "vertical": "sales", "prompt": "Be kind.", "model": "small", "tools": ["crm"],
    });
    let called = json!({
        "id": "$r1", "provider": "acme", "model": "small", "inputTokens": 1200, "cachedTokens": 200,
        "outputTokens": 300, "cost": eur("0.0125"),
    });
    story.extend([
        ("configureAgent", configured.clone()),
        ("reviseAgent", json!({ "id": "$a1", "model": "large" })),
        ("configureAgent", with_id(&configured, "$a2")),
        ("retireAgent", json!({ "id": "$a2", "reason": "replaced" })),
        (
            "startAgentRun",
            json!({ "id": "$r1", "agent": "$a1", "vertical": "sales", "goal": "a meeting" }),
        ),
        ("recordModelCall", called),
        (
            "recordToolCall",
            json!({ "id": "$r1", "tool": "crm", "outcome": "OK", "durationMs": 30 }),
        ),
        (
            "completeAgentRun",
            json!({ "id": "$r1", "outcome": "meeting booked", "result": "RESOLVED" }),
        ),
        (
            "startAgentRun",
            json!({ "id": "$r2", "agent": "$a1", "vertical": "sales" }),
        ),
        (
            "failAgentRun",
            json!({ "id": "$r2", "reason": "the model was away" }),
        ),
        (
            "startAgentRun",
            json!({ "id": "$r3", "agent": "$a1", "vertical": "sales" }),
        ),
        (
            "cancelAgentRun",
            json!({ "id": "$r3", "reason": "no longer needed" }),
        ),
    ]);
    let lead = json!({
        "id": "$l1", "vertical": "sales", "source": "webinar", "name": "Grace",
        "email": "Grace@Example.org", "phone": "+1 (415) 555-2671",
    });
    story.extend([
        ("captureLead", lead.clone()),
        (
            "enrichLead",
            json!({ "id": "$l1", "attributes": [{ "name": "company_size", "value": "120" }] }),
        ),
        ("qualifyLead", json!({ "id": "$l1", "score": 80 })),
        ("assignLead", json!({ "id": "$l1", "assignee": "$m1" })),
        ("contactLead", json!({ "id": "$l1", "channel": "phone" })),
        ("convertLead", json!({ "id": "$l1", "opportunity": "$o1" })),
        ("captureLead", with_id(&lead, "$l2")),
        ("disqualifyLead", json!({ "id": "$l2", "reason": "no budget" })),
    ]);
    let opportunity = json!({
        "id": "$o1", "title": "Rollout", "stage": "Prospecting", "vertical": "sales", "account": "Acme",
        "owner": "$m1", "product": "GTX", "lead": "$l1", "expected": eur("900.00"),
    });
    story.extend([
        ("openOpportunity", opportunity.clone()),
        (
            "changeOpportunityStage",
            json!({ "id": "$o1", "stage": "Engaging" }),
        ),
        ("winOpportunity", json!({ "id": "$o1", "value": eur("1054.50") })),
        ("openOpportunity", with_id(&opportunity, "$o2")),
        ("loseOpportunity", json!({ "id": "$o2", "reason": "price" })),
        (
            "reopenOpportunity",
            json!({ "id": "$o2", "reason": "a new budget" }),
        ),
        ("loseOpportunity", json!({ "id": "$o2", "reason": "no budget" })),
        ("openOpportunity", with_id(&opportunity, "$o3")),
    ]);
    story.extend(sources());
    story.extend(meters());
    story.extend(bills());
    story
}

fn sources() -> Vec<(&'static str, Value)> {
    let settings = json!([{ "name": "delimiter", "value": ";" }]);
    let connector = json!({ "id": "$c1", "name": "CRM export", "kind": "csv_file", "settings": [] });
    let sync = json!({ "id": "$s1", "connector": "$c1", "source": "leads.csv" });
    let rejected =
        json!({ "id": "$s1", "row": 7, "column": "value", "value": "12,0x", "reason": "no number" });
    let fact = json!({
        "id": "$u1", "type": "usage.tokens.input", "quantity": "1200", "unit": "token",
        "dimensions": [{ "name": "model", "value": "small" }],
    });
    vec![
        ("registerConnector", connector.clone()),
        (
            "reconfigureConnector",
            json!({ "id": "$c1", "settings": settings }),
        ),
        (
            "replaceConnectorCredentials",
            json!({ "id": "$c1", "fingerprint": "ab".repeat(32) }),
        ),
        ("pauseConnector", json!({ "id": "$c1", "reason": "maintenance" })),
        ("resumeConnector", json!({ "id": "$c1" })),
        ("registerConnector", with_id(&connector, "$c2")),
        ("removeConnector", json!({ "id": "$c2", "reason": "unused" })),
        ("startConnectorSync", sync.clone()),
        ("progressConnectorSync", json!({ "id": "$s1", "records": 10 })),
        ("rejectConnectorRecord", rejected),
        (
            "completeConnectorSync",
            json!({ "id": "$s1", "recorded": 9, "known": 0, "rejected": 1 }),
        ),
        ("startConnectorSync", with_id(&sync, "$s2")),
        (
            "failConnectorSync",
            json!({ "id": "$s2", "reason": "the file ended early" }),
        ),
        ("recordUsage", json!({ "records": [fact] })),
    ]
}

fn meters() -> Vec<(&'static str, Value)> {
    let meter = json!({
        "id": "$me1", "label": "Tokens read", "eventType": "usage.tokens.input", "value": "decimal(data.quantity)",
        "aggregation": "SUM", "groupBy": [{ "name": "model", "value": "data.dimensions.model" }], "unit": "token",
    });
    let mut changed = meter.clone();
    changed["filter"] = json!("data.unit == \"token\"");
    let mut version = json!({
        "version": 1, "effective_from": "2026-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
        "charges": [{
            "code": "tokens", "name": "Tokens", "meter": "$me1", "unit": "token",
            "price": { "model": "standard", "unit_price": { "EUR": "0.001" } },
        }],
    });
    let plan = json!({ "id": "$p1", "name": "Own", "version": version });
    version["version"] = json!(2);
    version["effective_from"] = json!("2027-01-01T00:00:00Z");
    vec![
        ("definePlan", plan),
        ("addPlanVersion", json!({ "id": "$p1", "version": version })),
        ("defineMeter", meter.clone()),
        ("changeMeter", changed),
        (
            "defineAlert",
            json!({ "id": "$al1", "name": "Tokens", "kind": "USAGE", "meter": "$me1", "thresholds": ["1000"] }),
        ),
        ("retireAlert", json!({ "id": "$al1", "reason": "nobody listens" })),
        (
            "saveAuditFilter",
            json!({ "id": "$sf1", "name": "denials", "filter": { "outcome": "DENIED" } }),
        ),
        (
            "changeAuditFilter",
            json!({ "id": "$sf1", "name": "leads", "sharing": "TENANT", "filter": { "action": "lead.*" } }),
        ),
        (
            "saveAuditFilter",
            json!({ "id": "$sf2", "name": "w", "filter": { "workspaceId": "w1" } }),
        ),
        ("removeAuditFilter", json!({ "id": "$sf2" })),
        ("defineMeter", with_id(&meter, "$me2")),
        (
            "setModelPrice",
            json!({
                "id": "$mp1", "provider": "example-ai", "model": "medium-2", "currency": "EUR",
                "effectiveFrom": "2026-01-01T00:00:00Z", "inputPerMillion": "2.00", "outputPerMillion": "8.00",
            }),
        ),
        ("retireMeter", json!({ "id": "$me2", "reason": "nobody asks" })),
    ]
}

fn bills() -> Vec<(&'static str, Value)> {
    let eur = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let claim = json!({
        "id": "$d1", "vertical": "claims", "payer": "Payer", "billed": eur("200.00"),
        "serviceDate": "2026-02-01", "patient": "P-1",
    });
    vec![
        ("submitClaim", claim.clone()),
        (
            "denyClaim",
            json!({ "id": "$d1", "reasonCodes": ["CO-97"], "reason": "bundled" }),
        ),
        (
            "appealClaim",
            json!({ "id": "$d1", "reason": "separate service" }),
        ),
        (
            "adjudicateClaim",
            json!({ "id": "$d1", "allowed": eur("150.00"), "paid": eur("120.00"), "reasonCodes": ["CO-45"] }),
        ),
        ("recoverClaim", json!({ "id": "$d1", "amount": eur("30.00") })),
        (
            "reverseClaimPayment",
            json!({ "id": "$d1", "amount": eur("20.00"), "reason": "an audit" }),
        ),
        (
            "registerRoiBaseline",
            json!({
                "id": "$rb1", "name": "Before", "vertical": "claims",
                "basis": { "kind": "STATED", "amount": eur("10.00"), "days": 30 },
            }),
        ),
        (
            "withdrawRoiBaseline",
            json!({ "id": "$rb1", "reason": "another team" }),
        ),
        (
            "freezeRoi",
            json!({ "id": "$rs1", "vertical": "claims", "from": "2026-02-01", "to": "2026-02-28", "currency": "EUR" }),
        ),
        ("submitClaim", with_id(&claim, "$d2")),
        (
            "startSubscription",
            json!({ "id": "$b1", "plan": "starter", "price": eur("49.00"), "customer": "Acme" }),
        ),
        (
            "changeSubscriptionPlan",
            json!({ "id": "$b1", "plan": "professional", "price": eur("149.00") }),
        ),
        ("renewSubscriptionPlan", json!({ "id": "$b1" })),
        (
            "receivePayment",
            json!({ "id": "$b1", "amount": eur("149.00"), "invoice": "i1" }),
        ),
        (
            "failPayment",
            json!({ "id": "$b1", "amount": eur("149.00"), "reason": "card expired", "invoice": "i2" }),
        ),
        ("pauseSubscription", json!({ "id": "$b1", "reason": "holiday" })),
        ("resumeSubscription", json!({ "id": "$b1" })),
        ("cancelSubscription", json!({ "id": "$b1", "reason": "moved" })),
        (
            "startSubscription",
            json!({ "id": "$b2", "plan": "starter", "price": eur("49.00"), "customer": "Acme", "occurredAt": "2026-01-05T00:00:00Z" }),
        ),
        (
            "applyCoupon",
            json!({ "id": "$b2", "coupon": { "code": "tenth", "discount": { "percent": "10" } } }),
        ),
        (
            "grantCredit",
            json!({ "id": "$b2", "grant": "order-7", "amount": eur("3.00"), "origin": "BOUGHT", "priority": 5 }),
        ),
        (
            "setSubscriptionTaxes",
            json!({ "id": "$b2", "taxes": [{ "code": "vat", "name": "VAT", "rate_percent": "19" }] }),
        ),
        (
            "issueInvoice",
            json!({ "subscription": "$b2", "at": "2026-01-25T00:00:00Z" }),
        ),
        (
            "voidInvoice",
            json!({ "id": "INV-000001", "reason": "the wrong customer" }),
        ),
        (
            "issueInvoice",
            json!({ "subscription": "$b2", "at": "2026-01-25T00:00:00Z" }),
        ),
        (
            "recordInvoicePayment",
            json!({ "id": "INV-000002", "amount": eur("9.00"), "reference": "bank-1" }),
        ),
        (
            "creditInvoice",
            json!({ "id": "INV-000002", "line": 1, "amount": eur("4.00"), "reason": "kindness" }),
        ),
        (
            "disputeInvoiceLine",
            json!({ "id": "INV-000002", "line": 1, "reason": "too dear" }),
        ),
        (
            "settleInvoiceDispute",
            json!({ "id": "INV-000002", "line": 1, "reason": "as agreed" }),
        ),
    ]
}

/// The same input for another id.
pub(crate) fn with_id(input: &Value, id: &str) -> Value {
    let mut input = input.clone();
    input["id"] = json!(id);
    input
}
