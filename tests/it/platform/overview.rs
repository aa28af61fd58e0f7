//! Two tenants' first months through the gateway. The clock stands at noon of 2 March 2026.

use serde_json::{Value, json};

use crate::gateway::house::{ADMIN, House, Tenant};

const OVERVIEW: &str = "query($month: Date, $asOf: AsOf) { platformOverview(month: $month, asOf: $asOf) {
    month cursor tenants { open suspended closed } members { active invited }
    revenue { currency opening new expansion contraction churn reactivation net closing customers }
    usage { meter unit quantity events } billed { amount currency } aiCost { amount currency } callsWithoutCost
    margin { amount currency } } }";
const MOVEMENTS: &str = "query($month: Date, $after: Cursor, $filter: RevenueMovementFilter) {
    platformMovements(first: 2, after: $after, month: $month, filter: $filter) { totalCount
        pageInfo { hasNextPage endCursor }
        nodes { tenantLocalId customer at kind currency before after amount evidence { type occurredAt stream { id } } } } }";
const TENANTS: &str = "query($month: Date) { platformTenants(first: 5, month: $month) { nodes {
    tenantLocalId slug standing members { active } revenue { amount currency }
    usage { meter quantity } billed { amount } aiCost { amount } margin { amount currency }
    billedEvidence(first: 5) { nodes { type stream { id } } }
    calls: usageEvidence(meter: \"platform.model_calls\", first: 5) { nodes { type } }
    costs: usageEvidence(meter: \"ai_cost\", member: \"EUR\", first: 5) { nodes { type } } } } }";

async fn subscribe(house: &House, tenant: &Tenant, id: &str, (amount, currency): (&str, &str), at: &str) {
    let price = json!({ "amount": amount, "currency": currency });
    let input = json!({ "id": id, "plan": "results", "price": price, "occurredAt": at });
    house.done(&tenant.token, "startSubscription", input).await;
}

async fn reprice(house: &House, tenant: &Tenant, id: &str, (amount, currency): (&str, &str), at: &str) {
    let price = json!({ "amount": amount, "currency": currency });
    let input = json!({ "id": id, "plan": "results", "price": price, "occurredAt": at });
    house.done(&tenant.token, "changeSubscriptionPlan", input).await;
}

async fn overview(house: &House, month: &str) -> Value {
    let data = house.ask(ADMIN, OVERVIEW, json!({ "month": month })).await;
    data["platformOverview"].clone()
}

/// Two tenants: one grows, goes and comes back; the other shrinks, has a trial that ends, is billed and lets a model work.
async fn months(house: &House) -> (Tenant, Tenant) {
    let acme = house.tenant("acme").await;
    let bolt = house.tenant("bolt").await;
    subscribe(house, &acme, "a1", ("1000", "USD"), "2026-01-10T10:00:00Z").await;
    reprice(house, &acme, "a1", ("1500.50", "USD"), "2026-01-20T10:00:00Z").await;
    let paused = json!({ "id": "a1", "reason": "winter", "occurredAt": "2026-02-05T10:00:00Z" });
    house.done(&acme.token, "pauseSubscription", paused).await;
    let resumed = json!({ "id": "a1", "occurredAt": "2026-02-20T10:00:00Z" });
    house.done(&acme.token, "resumeSubscription", resumed).await;

    let plan = json!({
        "id": "results", "name": "Results",
        "version": { "version": 1, "effective_from": "2025-01-01T00:00:00Z", "currencies": ["EUR"],
            "interval": "monthly", "trial_days": 14,
            "fees": [{ "code": "platform", "name": "Platform", "price": { "EUR": "200" } }] },
    });
    house.done(&bolt.token, "definePlan", plan).await;
    // Fourteen days on trial: it pays from 4 February on, Berlin's midnight.
    subscribe(house, &bolt, "b1", ("200", "EUR"), "2026-01-21T10:00:00Z").await;
    let half = json!({ "id": "b1", "coupon": { "code": "HALF", "discount": { "percent": "50" } },
        "occurredAt": "2026-02-10T10:00:00Z" });
    house.done(&bolt.token, "applyCoupon", half).await;
    let issued = json!({ "subscription": "b1", "at": "2026-02-10T00:00:00Z" });
    house.done(&bolt.token, "issueInvoice", issued).await;
    let run =
        json!({ "id": "r1", "agent": "scout", "vertical": "sales", "occurredAt": "2026-03-01T10:00:00Z" });
    house.done(&bolt.token, "startAgentRun", run).await;
    let call = json!({ "id": "r1", "provider": "acme", "model": "small", "inputTokens": 1200, "cachedTokens": 200,
        "outputTokens": 300, "cost": { "amount": "0.0125", "currency": "EUR" }, "occurredAt": "2026-03-01T10:00:01Z" });
    house.done(&bolt.token, "recordModelCall", call).await;
    let unpriced = json!({ "id": "r1", "provider": "acme", "model": "small", "inputTokens": 0, "cachedTokens": 0,
        "outputTokens": 1, "occurredAt": "2026-03-01T10:00:02Z" });
    house.done(&bolt.token, "recordModelCall", unpriced).await;
    house.settle().await;
    (acme, bolt)
}

fn revenue(currency: &str, figures: [&str; 8], customers: u64) -> Value {
    let [
        opening,
        new,
        expansion,
        contraction,
        churn,
        reactivation,
        net,
        closing,
    ] = figures;
    json!({ "currency": currency, "opening": opening, "new": new, "expansion": expansion, "contraction": contraction,
        "churn": churn, "reactivation": reactivation, "net": net, "closing": closing, "customers": customers })
}

#[tokio::test]
async fn a_months_movements_lead_from_its_opening_to_its_closing_revenue() {
    let house = House::open().await;
    let (acme, bolt) = months(&house).await;
    let january = overview(&house, "2026-01-31").await;
    assert_eq!(january["month"], "2026-01-01");
    let usd = revenue(
        "USD",
        ["0", "1000", "500.5", "0", "0", "0", "1500.5", "1500.5"],
        1,
    );
    assert_eq!(january["revenue"], json!([usd]));
    // The tenants were opened in March: January counts none of them, and all the same what they paid.
    assert_eq!(
        january["tenants"],
        json!({ "open": 0, "suspended": 0, "closed": 0 })
    );
    let february = overview(&house, "2026-02-10").await;
    let eur = revenue("EUR", ["0", "200", "0", "-100", "0", "0", "100", "100"], 1);
    let usd = revenue(
        "USD",
        ["1500.5", "0", "0", "0", "-1500.5", "1500.5", "0", "1500.5"],
        1,
    );
    assert_eq!(february["revenue"], json!([eur, usd]));

    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let asked = json!({ "month": "2026-02-01", "after": after });
        let page = house.ask(ADMIN, MOVEMENTS, asked).await["platformMovements"].clone();
        assert_eq!(page["totalCount"], 4);
        seen.extend(page["nodes"].as_array().unwrap().clone());
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    let told = |moved: &Value| {
        let proof = &moved["evidence"][0];
        let texts = [
            &moved["at"],
            &moved["kind"],
            &moved["amount"],
            &proof["type"],
            &proof["stream"]["id"],
        ];
        texts.map(|text| text.as_str().unwrap()).join(" ")
    };
    assert_eq!(
        seen.iter().map(told).collect::<Vec<_>>(),
        [
            "2026-02-03T23:00:00Z NEW 200 subscription.started b1",
            "2026-02-05T10:00:00Z CHURN -1500.5 subscription.paused a1",
            "2026-02-10T10:00:00Z CONTRACTION -100 subscription.coupon_applied b1",
            "2026-02-20T10:00:00Z REACTIVATION 1500.5 subscription.resumed a1",
        ]
    );
    assert_eq!(seen[0]["tenantLocalId"], json!(bolt.id));
    for (filter, wanted) in [
        (json!({ "kind": "CHURN" }), 1),
        (json!({ "currency": "EUR" }), 2),
        (json!({ "tenant": acme.id }), 2),
        (json!({ "tenant": acme.id, "currency": "EUR" }), 0),
    ] {
        let asked = json!({ "month": "2026-02-01", "filter": filter });
        let page = house.ask(ADMIN, MOVEMENTS, asked).await["platformMovements"].clone();
        assert_eq!(page["totalCount"], wanted, "{filter}");
    }
}

#[tokio::test]
async fn what_is_left_of_what_a_tenant_pays_opens_down_to_invoices_and_calls() {
    let house = House::open().await;
    let (acme, bolt) = months(&house).await;
    let invoices = "{ invoices(first: 1) { nodes { localId total { amount } } } }";
    let invoices = house.ask(&bolt.token, invoices, json!({})).await;
    let invoice = &invoices["invoices"]["nodes"][0];
    // 25 of 28 days at 200 euros are 178.57, and half of it 89.29, each rounded.
    assert_eq!(invoice["total"]["amount"], "89.28");
    let march = overview(&house, "2026-03-02").await;
    assert_eq!(
        march["tenants"],
        json!({ "open": 2, "suspended": 0, "closed": 0 })
    );
    assert_eq!(march["billed"], json!([{ "amount": "89.28", "currency": "EUR" }]));
    assert_eq!(march["aiCost"], json!([{ "amount": "0.01", "currency": "EUR" }]));
    assert_eq!(march["margin"], json!([{ "amount": "89.27", "currency": "EUR" }]));
    // One and a quarter cents are recorded, and rounded once; nobody knows what the other call cost.
    let tokens =
        json!({ "meter": "platform.input_tokens", "unit": "token", "quantity": "1200", "events": 2 });
    assert_eq!(march["callsWithoutCost"], 1);
    assert!(march["usage"].as_array().unwrap().contains(&tokens), "{march:#}");

    let rows = house.ask(ADMIN, TENANTS, json!({ "month": "2026-03-01" })).await;
    assert!(rows["platformTenants"]["nodes"].is_array(), "{rows:#}");
    let rows = rows["platformTenants"]["nodes"].as_array().unwrap().clone();
    let row = |tenant: &Tenant| {
        rows.iter()
            .find(|row| row["tenantLocalId"] == json!(tenant.id))
            .unwrap()
            .clone()
    };
    let (of_acme, of_bolt) = (row(&acme), row(&bolt));
    assert_eq!(
        of_acme["revenue"],
        json!([{ "amount": "1500.5", "currency": "USD" }])
    );
    assert_eq!(of_acme["margin"], json!([]));
    assert_eq!(
        (&of_bolt["slug"], &of_bolt["standing"]),
        (&json!("bolt"), &json!("open"))
    );
    assert_eq!(
        of_bolt["margin"],
        json!([{ "amount": "89.27", "currency": "EUR" }])
    );
    let proof = &of_bolt["billedEvidence"]["nodes"][0];
    assert_eq!(
        (&proof["type"], &proof["stream"]["id"]),
        (&json!("invoice.issued"), &invoice["localId"])
    );
    for (evidence, calls) in [("calls", 2), ("costs", 1)] {
        let nodes = of_bolt[evidence]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), calls, "{evidence}");
        let is_call = |node: &Value| node["type"] == "agent_run.model_call_recorded";
        assert!(nodes.iter().all(is_call), "{evidence}");
    }
}

#[tokio::test]
async fn what_became_known_later_is_not_told_of_before() {
    let house = House::open().await;
    let (acme, _) = months(&house).await;
    let before = overview(&house, "2026-02-01").await;
    let gone = json!({ "id": "a1", "reason": "sold", "occurredAt": "2026-02-25T10:00:00Z" });
    house.done(&acme.token, "cancelSubscription", gone).await;
    house.settle().await;
    let usd = revenue(
        "USD",
        ["1500.5", "0", "0", "0", "-3001", "1500.5", "-1500.5", "0"],
        0,
    );
    assert_eq!(overview(&house, "2026-02-01").await["revenue"][1], usd);
    let asked = json!({ "month": "2026-02-01", "asOf": { "cursor": before["cursor"] } });
    let then = house.ask(ADMIN, OVERVIEW, asked).await["platformOverview"].clone();
    assert_eq!(then, before);
    let asked = json!({ "month": "2026-03-01", "asOf": { "cursor": before["cursor"] } });
    let then = house.ask(ADMIN, OVERVIEW, asked).await["platformOverview"].clone();
    assert_eq!(then["margin"], json!([{ "amount": "89.27", "currency": "EUR" }]));
    let too_late = json!({ "month": "2026-04-01" });
    assert_eq!(house.code(ADMIN, OVERVIEW, too_late).await, "BAD_USER_INPUT");
}

#[tokio::test]
async fn nobody_but_the_platforms_administrator_sees_other_tenants() {
    let house = House::open().await;
    let (acme, bolt) = months(&house).await;
    for document in [OVERVIEW, MOVEMENTS, TENANTS] {
        let answer = house.answer(&acme.token, document, json!({})).await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{answer:#}");
        assert!(
            error["message"].as_str().unwrap().contains("administrator"),
            "{answer:#}"
        );
    }
    // The database itself shows a tenant's transaction its own rows only.
    for table in ["account_history", "model_use", "platform_usage"] {
        let statement = format!("select id from (select tenant_id as id from {table}) t where id = $1");
        let bolts = format!("'{}'", bolt.id);
        let rows = async |tenant: &Tenant| {
            let plan = house.plan(&tenant.id, &statement, &[&bolts]).await;
            plan[0]["Plan"]["Actual Rows"].as_f64().unwrap()
        };
        assert!(rows(&bolt).await > 0.0 && rows(&acme).await == 0.0, "{table}");
    }
}
