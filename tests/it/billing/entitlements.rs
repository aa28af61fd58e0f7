//! What a plan opens is checked in commands: from memory, exactly, and with what lifts it.

use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::gateway::house::{House, Tenant};

/// A tenant whose plan opens 3 members, 1 line of business, 2 runs of agents a month, and no meters of its own.
async fn limited(house: &House) -> Tenant {
    let acme = house.tenant("acme").await;
    let plan = |id: &str, fee: &str, limits: Value| {
        json!({
            "id": id, "name": id,
            "version": {
                "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
                "fees": [{ "code": "platform", "name": "Platform", "price": { "EUR": fee } }], "limits": limits,
            },
        })
    };
    let quota = |quantity: &str| json!([{ "meter": "platform.agent_runs", "quantity": quantity }]);
    let small = json!({ "members": 3, "verticals": 1, "features": ["exports"], "quotas": quota("2") });
    let large = json!({ "members": 5, "verticals": 2, "features": ["own_meters"], "quotas": quota("3") });
    house
        .done(&acme.token, "definePlan", plan("small", "10", small))
        .await;
    house
        .done(&acme.token, "definePlan", plan("large", "20", large))
        .await;
    let subscription = json!({
        "id": "s1", "plan": "small", "price": { "amount": "10", "currency": "EUR" },
        "occurredAt": "2026-01-01T00:00:00+01:00",
    });
    house.done(&acme.token, "startSubscription", subscription).await;
    house.settle().await;
    acme
}

const INVITE: &str = "mutation($input: InviteMemberInput!) { inviteMember(input: $input) { known userErrors {
    code message limit { subject limit used liftedBy } } } }";

fn invited(index: usize) -> Value {
    json!({
        "id": format!("m{index}"), "email": format!("m{index}@example.org"), "role": "MEMBER",
        "idempotencyKey": format!("invite-{index}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_plan_refuses_with_the_limit_the_use_and_the_plan_that_lifts_it() {
    let house = House::open_wide().await;
    let acme = limited(&house).await;
    for index in 0..3 {
        house.done(&acme.token, "inviteMember", invited(index)).await;
    }
    let data = house
        .ask(&acme.token, INVITE, json!({ "input": invited(3) }))
        .await;
    let expected = json!([{
        "code": "LIMIT_REACHED",
        "message": "the limit of 3 for members is reached: 3 are used; the plan large lifts it",
        "limit": { "subject": "members", "limit": "3", "used": "3", "liftedBy": "large" },
    }]);
    assert_eq!(data["inviteMember"]["userErrors"], expected);
    // What took effect before is the answer under its key, however full the plan is.
    let data = house
        .ask(&acme.token, INVITE, json!({ "input": invited(2) }))
        .await;
    assert_eq!(data["inviteMember"], json!({ "known": true, "userErrors": [] }));
    let removed = json!({ "id": "m0", "reason": "left" });
    house.done(&acme.token, "removeMember", removed).await;
    seen(&house, &acme, "members", "2").await;
    house.done(&acme.token, "inviteMember", invited(4)).await;

    let enable = |vertical: &str| json!({ "id": acme.id, "vertical": vertical });
    house.done(&acme.token, "enableVertical", enable("sales")).await;
    let refused = house
        .mutate(&acme.token, "enableVertical", enable("claims"))
        .await;
    assert_eq!(refused["userErrors"][0]["code"], "LIMIT_REACHED");
    let meter = json!({ "id": "m", "label": "M", "eventType": "lead.captured", "aggregation": "COUNT", "unit": "lead" });
    let refused = house.mutate(&acme.token, "defineMeter", meter.clone()).await;
    assert_eq!(
        refused["userErrors"][0]["message"],
        "the feature own_meters is not in the plan; the plan large lifts it"
    );

    // The larger plan is in force at once.
    let change = json!({ "id": "s1", "plan": "large", "price": { "amount": "20", "currency": "EUR" } });
    house.done(&acme.token, "changeSubscriptionPlan", change).await;
    let told = seen(&house, &acme, "members", "3").await;
    assert_eq!(
        (&told["plans"], &told["features"]),
        (&json!(["large"]), &json!(["own_meters"]))
    );
    let members = json!({
        "subject": "members", "limit": "5", "used": "3", "left": "2", "enforcement": "HARD", "liftedBy": "enterprise",
    });
    assert_eq!(told["limits"][0], members);
    house.done(&acme.token, "defineMeter", meter).await;
    house.done(&acme.token, "enableVertical", enable("claims")).await;
}

/// Asks until so much is used: this process learns of its own events from the log.
async fn seen(house: &House, acme: &Tenant, subject: &str, used: &str) -> Value {
    let head = house.store.log().head().await.unwrap();
    let document =
        "{ entitlements { cursor plans features limits { subject limit used left enforcement liftedBy } } }";
    let mut follower = house.store.tail().follow(0, store::Filter::default());
    while follower.position() < head {
        follower.next().await.unwrap();
    }
    house.settle().await;
    loop {
        let told = house.ask(&acme.token, document, json!({})).await["entitlements"].clone();
        let limits = told["limits"].as_array().unwrap();
        let is_it = |limit: &&Value| limit["subject"] == subject && limit["used"] == used;
        if limits.iter().any(|limit| is_it(&limit)) {
            return told;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_never_use_more_than_there_is() {
    let house = House::open_wide().await;
    let acme = limited(&house).await;
    let run = |index: usize| {
        let (house, acme) = (&house, &acme);
        async move {
            let input = json!({ "id": format!("r{index}"), "agent": "ada", "vertical": "sales" });
            house.mutate(&acme.token, "startAgentRun", input).await["userErrors"][0]["code"].clone()
        }
    };
    let codes: Vec<Value> = futures::stream::iter((0..12).map(run))
        .buffer_unordered(12)
        .collect()
        .await;
    let begun = codes.iter().filter(|code| code.is_null()).count();
    assert_eq!(begun, 2, "{codes:?}");
    let mut refused = codes.iter().filter(|code| !code.is_null());
    assert!(refused.all(|code| code == "LIMIT_REACHED"), "{codes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_no_command_could_keep_is_refused_and_one_over_calls_of_models_holds_runs_back() {
    let house = House::open_wide().await;
    let acme = house.tenant("acme").await;
    let meter = json!({ "id": "pages", "label": "Pages", "eventType": "usage.pages", "aggregation": "SUM",
        "value": "decimal(data.quantity)", "unit": "page" });
    house.done(&acme.token, "defineMeter", meter).await;
    let plan = |id: &str, quota: Value| {
        json!({ "id": id, "name": "Quotas", "version": {
            "version": 1, "effective_from": "2024-01-01T00:00:00Z", "currencies": ["EUR"], "interval": "monthly",
            "fees": [{ "code": "platform", "name": "Platform", "price": { "EUR": "10" } }],
            "limits": { "quotas": [quota] } } })
    };
    let refused = [
        (
            json!({ "meter": "pages", "quantity": "5" }),
            "no command is refused for pages",
        ),
        (
            json!({ "meter": "sales.deals_won", "quantity": "5" }),
            "make the quota soft",
        ),
        (
            json!({ "meter": "platform.storage", "quantity": "5" }),
            "agent_run.* (startAgentRun)",
        ),
        (
            json!({ "meter": "platform.active_agents", "quantity": "5" }),
            "quotas are of sums and counts",
        ),
        (
            json!({ "meter": "later", "quantity": "5" }),
            "define the meter first",
        ),
        (
            json!({ "meter": "platform.dreams", "quantity": "5", "enforcement": "soft" }),
            "no bundled meter",
        ),
        (
            json!({ "meter": "platform.agent_runs", "quantity": "-1" }),
            "-1 is negative",
        ),
    ];
    for (quota, reason) in refused {
        let payload = house
            .mutate(&acme.token, "definePlan", plan("wrong", quota))
            .await;
        let error = &payload["userErrors"][0];
        assert_eq!(error["code"], "INVALID_PLAN", "{payload:#}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("limits.quotas[0].") && message.contains(reason),
            "{message}"
        );
    }
    let soft = json!({ "meter": "pages", "quantity": "5", "enforcement": "soft" });
    house.done(&acme.token, "definePlan", plan("soft", soft)).await;
    let calls = json!({ "meter": "platform.model_calls", "quantity": "1" });
    house.done(&acme.token, "definePlan", plan("calls", calls)).await;
    let subscription = json!({ "id": "s1", "plan": "calls", "price": { "amount": "10", "currency": "EUR" },
        "occurredAt": "2026-01-01T00:00:00+01:00" });
    house.done(&acme.token, "startSubscription", subscription).await;
    house.settle().await;
    let run = |id: &str| json!({ "id": id, "agent": "ada", "vertical": "sales" });
    house.done(&acme.token, "startAgentRun", run("r1")).await;
    let call = json!({ "id": "r1", "provider": "p", "model": "m", "inputTokens": 1, "outputTokens": 1 });
    // What goes on is reported as it is; what would begin is refused.
    house.done(&acme.token, "recordModelCall", call.clone()).await;
    house.done(&acme.token, "recordModelCall", call).await;
    let told = seen(&house, &acme, "platform.model_calls", "2").await;
    assert_eq!(told["limits"][0]["enforcement"], "HARD");
    let payload = house.mutate(&acme.token, "startAgentRun", run("r2")).await;
    assert_eq!(payload["userErrors"][0]["code"], "LIMIT_REACHED", "{payload:#}");
}
