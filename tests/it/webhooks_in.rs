//! Webhooks in, through the program: a real `localstripe` sends a subscription's life, and strangers are turned away.

pub(crate) mod localstripe;

use std::process::Command;
use std::time::Duration;

use ring::hmac;
use serde_json::{Value, json};

use self::localstripe::{LocalStripe, http};
use crate::clients::are_installed;
use crate::program::{Up, folder};

const SECRET: &str = "whsec_of_the_tests";

/// Asks until the answer is as it should be.
fn until(up: &Up, query: &str, is_right: impl Fn(&Value) -> bool) -> Value {
    let mut answer = Value::Null;
    for _ in 0..600 {
        answer = up.ask(Some("acme"), query);
        if is_right(&answer) {
            return answer;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    panic!("{query} ends as {answer:#}");
}

fn served(data: &std::path::Path) -> Up {
    let up = Up::start(data);
    up.provision("acme");
    drop(up);
    let secrets = format!("billing={SECRET},github=It's a Secret to Everybody");
    Up::start_with(
        data,
        &[
            "--webhook-source",
            "billing=stripe@acme,github=github@acme",
            "--webhook-secret",
            &secrets,
            "--calls-seconds",
            "0",
            "--read-seconds",
            "0",
            "--webhook-body-bytes",
            "20000",
        ],
    )
}

#[test]
fn localstripe_sends_a_subscriptions_life() {
    if !are_installed("Stripe's webhooks by localstripe", ".venv/bin/localstripe") {
        return;
    }
    let data = folder();
    let up = served(data.path());
    let stripe = LocalStripe::start();
    let url = format!("http://{}/v1/webhooks/billing", up.address);
    stripe.post("/_config/webhooks/annals", &[("url", &url), ("secret", SECRET)]);
    for (plan, amount, interval) in [
        ("starter", "4900", "month"),
        ("gold", "118800", "year"),
        ("platinum", "500000", "month"),
    ] {
        let price = [
            ("id", plan),
            ("amount", amount),
            ("currency", "usd"),
            ("interval", interval),
            ("product[name]", plan),
        ];
        stripe.post("/v1/plans", &price);
    }
    let card = |number: &'static str| {
        [
            ("card[number]", number),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2090"),
            ("card[cvc]", "123"),
        ]
    };
    let token = stripe.id("/v1/tokens", &card("4242424242424242"));
    let customer = stripe.id("/v1/customers", &[("source", &token)]);
    let subscription = stripe.id(
        "/v1/subscriptions",
        &[("customer", &customer), ("items[0][plan]", "starter")],
    );
    let query = format!(
        "{{ subscription(id: \"{subscription}\") {{ plan status price {{ amount currency }} payments failedPayments reason
            customer received {{ amount }} }} }}"
    );
    let begun = until(&up, &query, |told| told["subscription"]["payments"] == 1);
    let begun = &begun["subscription"];
    assert_eq!(
        (&begun["plan"], &begun["status"]),
        (&json!("starter"), &json!("active"))
    );
    assert_eq!(begun["price"], json!({ "amount": "49", "currency": "USD" }));
    assert_eq!(begun["customer"], customer.as_str());

    // Another interval: what is due now is paid at once.
    let path = format!("/v1/subscriptions/{subscription}");
    stripe.post(&path, &[("items[0][plan]", "gold")]);
    until(&up, &query, |told| told["subscription"]["payments"] == 2);
    // A card whose holder is asked, and which is declined all the same: the invoice stays open.
    let declined = stripe.id(
        "/v1/payment_methods",
        &[&[("type", "card")], &card("4000008260003178")[..]].concat(),
    );
    stripe.post(
        &format!("/v1/payment_methods/{declined}/attach"),
        &[("customer", &customer)],
    );
    let default = [("invoice_settings[default_payment_method]", declined.as_str())];
    stripe.post(&format!("/v1/customers/{customer}"), &default);
    let changed = stripe.post(&path, &[("items[0][plan]", "platinum")]);
    let invoice = stripe.get(&format!(
        "/v1/invoices/{}",
        changed["latest_invoice"].as_str().unwrap()
    ));
    let intent = format!(
        "/v1/payment_intents/{}",
        invoice["payment_intent"].as_str().unwrap()
    );
    let secret = stripe.get(&intent)["client_secret"].as_str().unwrap().to_owned();
    stripe.try_post(
        &format!("{intent}/_authenticate"),
        &[("client_secret", &secret), ("success", "true")],
    );
    assert_eq!(stripe.get(&path)["status"], "past_due");
    until(&up, &query, |told| told["subscription"]["failedPayments"] == 1);

    stripe.delete(&path);
    let ended = until(&up, &query, |told| told["subscription"]["status"] == "canceled");
    let ended = &ended["subscription"];
    assert_eq!(ended["plan"], "platinum", "what Stripe told last: {ended}");
    assert_eq!(ended["price"]["amount"], "5000");
    assert_eq!(
        (&ended["payments"], &ended["failedPayments"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(ended["received"], json!([{ "amount": "1188.00" }]), "49 and 1139");
    assert_eq!(ended["reason"], "canceled at Stripe");

    // Everything came in once; replaying it changes nothing.
    let inbox = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
            .args(["ingest", "webhooks"])
            .args(arguments)
            .arg("--data-dir")
            .arg(data.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let listed = inbox(&["list", "--source", "billing", "--json"]);
    let deliveries: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(deliveries.len() > 12, "{listed}");
    for delivery in &deliveries {
        let fine = ["processed", "kept"].contains(&delivery["state"].as_str().unwrap());
        assert!(fine, "{delivery}");
    }
    let head = "{ auditFeed(last: 1, filter: { action: \"subscription.*\" }) { nodes { action } edges { cursor } } }";
    let before = up.ask(Some("acme"), head);
    let told = inbox(&["replay", "--source", "billing"]);
    assert!(told.starts_with(&deliveries.len().to_string()), "{told}");
    // What came too early may have run twice before.
    let runs = || {
        let listed = inbox(&["list", "--json"]);
        let lines = listed
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let runs = |delivery: &Value| delivery["runs"].as_u64().unwrap();
        let now: Vec<Value> = lines.collect();
        deliveries.iter().all(|before| {
            let same = |delivery: &&Value| delivery["number"] == before["number"];
            now.iter()
                .find(same)
                .is_some_and(|after| runs(after) > runs(before))
        })
    };
    let ran = (0..100).any(|_| {
        let is_done = runs();
        if !is_done {
            std::thread::park_timeout(Duration::from_millis(100));
        }
        is_done
    });
    assert!(ran, "{}", inbox(&["list", "--json"]));
    assert_eq!(up.ask(Some("acme"), head), before);
    let operated = "{ auditFeed(first: 5, filter: { action: \"access.operated\" }) { nodes { payload } } }";
    let operated = up.ask(Some("acme"), operated)["auditFeed"]["nodes"].clone();
    let payload = operated[0]["payload"].to_string();
    assert!(
        operated.as_array().unwrap().len() == 1 && payload.contains("replay"),
        "the replay is told once: {operated}"
    );
}

#[test]
fn strangers_are_turned_away_and_stand_in_the_audit_feed() {
    let data = folder();
    let up = served(data.path());
    let send = |source: &str, headers: &[(&str, &str)], body: &str| {
        http(
            &up.address,
            "POST",
            &format!("/v1/webhooks/{source}"),
            headers,
            body,
        )
        .0
    };
    let body = "{\"id\":\"evt_1\",\"type\":\"x\",\"created\":1,\"data\":{\"object\":{}}}";
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let digest = hmac::sign(&key, format!("1600000000.{body}").as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let old = format!("t=1600000000,v1={hex}");
    for _ in 0..40 {
        assert_eq!(send("billing", &[("Stripe-Signature", &old)], body), 401);
    }
    assert_eq!(
        send(
            "github",
            &[("X-Hub-Signature-256", &format!("sha256={hex}"))],
            body
        ),
        401
    );
    assert_eq!(send("github", &[], "x"), 401);
    assert_eq!(send("nobody", &[], body), 404);
    assert_eq!(send("billing", &[], &"x".repeat(20_001)), 413);
    let right = [(
        "X-Hub-Signature-256",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    )];
    assert_eq!(
        send("github", &right, "Hello, World!"),
        400,
        "signed, and no JSON"
    );
    let query = "{ auditFeed(last: 20, filter: { action: \"access.denied\" }) { nodes { actorId } } }";
    let told = until(&up, query, |told| {
        told["auditFeed"]["nodes"].as_array().unwrap().len() >= 3
    });
    let nodes = told["auditFeed"]["nodes"].as_array().unwrap();
    let actors: Vec<&str> = nodes
        .iter()
        .map(|node| node["actorId"].as_str().unwrap())
        .collect();
    assert_eq!(
        actors,
        ["billing", "github", "github"],
        "forty knocks are one event: {told:#}"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program's clock is the machine's, and what is signed must be fresh"
)]
fn now_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[test]
fn what_is_refused_of_webhooks_is_in_the_audit_feed_and_a_flood_of_it_is_a_few_entries() {
    const DELIVERIES: usize = 40;
    let data = folder();
    let up = served(data.path());
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    for number in 0..DELIVERIES {
        let now = now_s();
        // Signed, and without the items that say what is paid for.
        let body = json!({ "id": format!("evt_{number}"), "type": "customer.subscription.created", "created": now,
                           "data": { "object": { "id": "sub_1", "status": "active" } } });
        let body = body.to_string();
        let digest = hmac::sign(&key, format!("{now}.{body}").as_bytes());
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("t={now},v1={hex}");
        let headers = [("Stripe-Signature", signature.as_str())];
        let answer = http(&up.address, "POST", "/v1/webhooks/billing", &headers, &body);
        assert!((200..300).contains(&answer.0), "{answer:?}");
    }
    let listed = || {
        let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
            .args([
                "ingest",
                "webhooks",
                "list",
                "--state",
                "refused",
                "--json",
                "--data-dir",
            ])
            .arg(data.path())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    let all = (0..200).any(|_| {
        let is_all = listed() == DELIVERIES;
        if !is_all {
            std::thread::park_timeout(Duration::from_millis(50));
        }
        is_all
    });
    assert!(all, "{} are refused", listed());
    let query = "{ auditFeed(last: 20, filter: { action: \"access.refused\" }) { nodes { actorKind actorId outcome payload } } }";
    let told = until(&up, query, |told| {
        !told["auditFeed"]["nodes"].as_array().unwrap().is_empty()
    });
    let nodes = told["auditFeed"]["nodes"].as_array().unwrap();
    assert!(
        nodes.len() <= 3,
        "forty are the first, and the others of a minute: {told:#}"
    );
    let (first, refused) = (&nodes[0], &nodes[0]["payload"]["refused"]);
    assert_eq!(
        (&first["actorKind"], &first["actorId"], &first["outcome"]),
        (&json!("CONNECTOR"), &json!("billing"), &json!("REFUSED"))
    );
    assert_eq!(
        (&refused["command"], &refused["code"], &refused["message"]),
        (
            &json!("webhooks"),
            &json!("INVALID"),
            &json!("data.object.items: it is missing")
        )
    );
}
