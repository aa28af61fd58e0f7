//! Things that name each other: found many at once, in the reader's own tenant, and as they are at that moment.

use serde_json::{Value, json};

use super::house::{House, Tenant};
use super::socket::Socket;
use super::statements::Statements;

/// A tenant whose 50 runs, opportunities and leads name each other.
async fn busy(house: &House, slug: &str) -> Tenant {
    let tenant = house.tenant(slug).await;
    let token = &tenant.token;
    for index in 0..5 {
        let agent = json!({ "id": format!("a{index}"), "name": format!("{slug} agent {index}"),
                            "vertical": "sales", "prompt": "p", "model": "m" });
        house.done(token, "configureAgent", agent).await;
    }
    let member = json!({ "id": "m1", "email": "ada@example.org", "role": "MEMBER", "name": slug });
    house.done(token, "inviteMember", member).await;
    let money = json!({ "amount": "10.00", "currency": "EUR" });
    for index in 0..50 {
        let lead = json!({ "id": format!("l{index}"), "vertical": "sales", "source": slug });
        house.done(token, "captureLead", lead).await;
        let owner = if index % 2 == 0 { "m1" } else { "a1" };
        let assigned = json!({ "id": format!("l{index}"), "assignee": owner });
        house.done(token, "assignLead", assigned).await;
        let claim = json!({ "id": format!("d{index}"), "vertical": "claims", "payer": "p", "billed": money });
        house.done(token, "submitClaim", claim).await;
        let opportunity = json!({ "id": format!("o{index}"), "title": slug, "stage": "new", "vertical": "sales",
                                  "owner": owner, "lead": format!("l{index}") });
        house.done(token, "openOpportunity", opportunity).await;
        let run = json!({ "id": format!("r{index}"), "agent": format!("a{}", index % 7), "vertical": "sales",
                          "lead": format!("l{index}"), "opportunity": format!("o{index}"),
                          "claim": format!("d{index}") });
        house.done(token, "startAgentRun", run).await;
    }
    tenant
}

#[tokio::test]
async fn a_page_of_50_with_its_relations_takes_one_statement_for_each_type_that_it_names() {
    let house = House::open_wide().await;
    let acme = busy(&house, "acme").await;
    house.settle().await;
    let listening = Statements::listen();
    for (list, relations, tables) in [
        (
            "agentRuns",
            "agentId agent { name } lead { localId source } opportunity { title } claim { payer }",
            &["agent_run", "agent", "lead", "opportunity", "claim"][..],
        ),
        (
            "opportunities",
            "lead { localId } owner { ... on Member { name } ... on Agent { model } }",
            &["opportunity", "lead", "member", "agent"],
        ),
        (
            "leads",
            "assignee { __typename } opportunity { title }",
            &["lead", "member", "agent"],
        ),
        (
            "auditFeed",
            "actedBy { ... on ApiKey { prefix } } entity { __typename id }",
            &[
                "audit_feed",
                "api_key",
                "lead",
                "opportunity",
                "agent_run",
                "claim",
            ],
        ),
    ] {
        let document = format!("{{ {list}(last: 50) {{ nodes {{ {relations} }} }} }}");
        let seen = house.ask(&acme.token, &document, json!({})).await;
        assert_eq!(seen[list]["nodes"].as_array().unwrap().len(), 50);
        let mut read: Vec<String> = listening
            .take()
            .iter()
            .filter_map(|statement| {
                Some(
                    statement
                        .split_once(" t where ")?
                        .0
                        .rsplit(' ')
                        .next()?
                        .to_owned(),
                )
            })
            .collect();
        read.sort();
        let mut wanted: Vec<&str> = tables.to_vec();
        wanted.sort_unstable();
        assert_eq!(read, wanted, "{list}");
    }
    let document =
        "{ agentRuns(first: 50) { nodes { localId agentId agent { localId name } lead { localId } } } }";
    let seen = house.ask(&acme.token, document, json!({})).await;
    for run in seen["agentRuns"]["nodes"].as_array().unwrap() {
        let number = &run["localId"].as_str().unwrap()[1..];
        assert_eq!(run["lead"]["localId"], format!("l{number}"));
        // Five of the seven agents are configured.
        let is_known = matches!(run["agentId"].as_str().unwrap(), "a0" | "a1" | "a2" | "a3" | "a4");
        let agent = if is_known {
            run["agentId"].clone()
        } else {
            Value::Null
        };
        assert_eq!(run["agent"]["localId"], agent, "{run}");
    }
}

#[tokio::test]
async fn two_tenants_that_ask_at_once_see_their_own() {
    let house = House::open_wide().await;
    let (acme, other) = (busy(&house, "acme").await, busy(&house, "other").await);
    house.settle().await;
    let document = "{ agentRuns(first: 50) { nodes { agent { name } lead { source } opportunity { title } } }
                      auditFeed(last: 50) { nodes { entity { ... on Lead { source } } } } }";
    for _ in 0..5 {
        let (own, foreign) = tokio::join!(
            house.ask(&acme.token, document, json!({})),
            house.ask(&other.token, document, json!({}))
        );
        let (own, foreign) = (own.to_string(), foreign.to_string());
        assert!(own.contains("acme") && !own.contains("other"), "{own}");
        assert!(
            foreign.contains("other") && !foreign.contains("acme"),
            "{foreign}"
        );
    }
}

#[tokio::test]
async fn a_row_of_the_past_names_things_as_they_were_then() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let agent = json!({ "id": "a1", "name": "A", "vertical": "sales", "prompt": "p", "model": "small" });
    house.done(&acme.token, "configureAgent", agent).await;
    let run = json!({ "id": "r1", "agent": "a1", "vertical": "sales" });
    let then = house.done(&acme.token, "startAgentRun", run).await["cursor"].clone();
    let revised = json!({ "id": "a1", "model": "large" });
    let now = house.done(&acme.token, "reviseAgent", revised).await["cursor"].clone();
    let document = "query($now: Cursor!, $then: Cursor!) {
        now: agentRun(id: \"r1\", atLeast: $now) { agent { model } }
        then: agentRun(id: \"r1\", asOf: { cursor: $then }) { agent { model } } }";
    let seen = house
        .ask(&acme.token, document, json!({ "now": now, "then": then }))
        .await;
    assert_eq!(seen["now"]["agent"]["model"], "large");
    assert_eq!(seen["then"]["agent"]["model"], "small");
}

#[tokio::test]
async fn each_event_of_a_subscription_sees_its_actor_as_it_is_then() {
    let house = House::open().await;
    let acme = house.tenant("acme").await;
    let wish = json!({ "id": "bot", "name": "bot", "scopes": ["READ", "WRITE"] });
    let mut bot = house.done(&acme.token, "issueApiKey", wish).await["token"].clone();
    let mut socket = Socket::open(house.router.clone(), &acme.token).await;
    let document = "subscription { events(filter: { types: [\"lead.captured\"] }) { __typename ... on Event \
                    { actorId actedBy { __typename ... on ApiKey { prefix } } } } }";
    socket.subscribe(document, json!({})).await;
    // From now on it is told what happens.
    assert_eq!(socket.result().await["data"]["events"]["__typename"], "CaughtUp");
    let mut prefixes = Vec::new();
    for index in 0..3 {
        house.settle().await;
        let lead = json!({ "id": format!("l{index}"), "vertical": "sales", "source": "web" });
        house.done(bot.as_str().unwrap(), "captureLead", lead).await;
        let event = socket.item("events").await;
        assert_eq!(event["actorId"], "bot", "{event}");
        assert_eq!(event["actedBy"]["__typename"], "ApiKey", "{event}");
        prefixes.push(event["actedBy"]["prefix"].to_string());
        bot = house
            .done(&acme.token, "rotateApiKey", json!({ "id": "bot" }))
            .await["token"]
            .clone();
    }
    assert_eq!(prefixes.len(), 3);
    prefixes.dedup();
    assert_eq!(prefixes.len(), 3, "each rotation was seen: {prefixes:?}");
    // A token that opens no API keys learns no more of them than the event says.
    let reader = house
        .done(
            &acme.token,
            "issueApiKey",
            json!({ "name": "reader", "scopes": ["READ"] }),
        )
        .await["token"]
        .clone();
    house.settle().await;
    let document =
        "{ auditFeed(last: 1, filter: { actorKind: API_KEY }) { nodes { actorId actedBy { __typename } } } }";
    let seen = house.ask(reader.as_str().unwrap(), document, json!({})).await;
    assert_eq!(seen["auditFeed"]["nodes"][0]["actedBy"], Value::Null, "{seen}");
}
