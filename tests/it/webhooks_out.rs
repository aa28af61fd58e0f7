//! Webhooks out, through the program: verified by others' packages, tried again, paused, and lost by nothing.

mod alerted;
mod forgotten;
mod killed;
mod receiver;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::receiver::{FINE, Foreign, Receiver, status};
use crate::clients::are_installed;
use crate::program::{Up, folder};

fn started(data: &Path, settings: &[&str]) -> Up {
    let up = Up::start_with(data, settings);
    up.provision("acme");
    up
}

/// Sends a mutation that must succeed; gives its payload.
fn done(up: &Up, mutation: &str) -> Value {
    let data = up.ask(Some("acme"), &format!("mutation {{ {mutation} }}"));
    let payload = data.as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(payload["userErrors"], json!([]), "{mutation}");
    payload
}

/// Creates an endpoint; gives its secret.
fn endpoint(up: &Up, id: &str, url: &str, more: &str) -> String {
    let input = format!("input: {{ id: \"{id}\", url: \"{url}\", {more} }}");
    let payload = done(
        up,
        &format!("createWebhookEndpoint({input}) {{ secret userErrors {{ message }} }}"),
    );
    payload["secret"].as_str().unwrap().to_owned()
}

fn capture(up: &Up, id: &str) -> String {
    let input = format!("{{ id: \"{id}\", vertical: \"sales\", source: \"test\", name: \"Ada Lovelace\" }}");
    let payload = done(
        up,
        &format!("captureLead(input: {input}) {{ cursor userErrors {{ message }} }}"),
    );
    payload["cursor"].as_str().unwrap().to_owned()
}

fn change(up: &Up, mutation: &str, input: &str) {
    done(
        up,
        &format!("{mutation}(input: {{ {input} }}) {{ userErrors {{ message }} }}"),
    );
}

/// Asks until the answer is as it should be.
fn until(up: &Up, query: &str, is_right: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let answer = up.ask(Some("acme"), query);
        if is_right(&answer) {
            return answer;
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{query} ends as {answer:#}"
        );
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn subjects(came: &[receiver::Came]) -> Vec<&str> {
    came.iter()
        .map(|one| one.body["subject"].as_str().unwrap())
        .collect()
}

#[test]
fn others_packages_verify_what_is_sent() {
    if !are_installed(
        "webhooks by npm's standardwebhooks",
        "node_modules/standardwebhooks/package.json",
    ) || !are_installed("webhooks by PyPI's standardwebhooks", ".venv/bin/python")
    {
        return;
    }
    let data = folder();
    let up = started(data.path(), &["--webhook-allow-private"]);
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/.venv/bin/python");
    let mut receivers = [
        (
            "node",
            Foreign::start(Path::new("node"), "standard_webhooks.js"),
            "HMAC",
        ),
        ("python", Foreign::start(&python, "standard_webhooks.py"), "HMAC"),
        (
            "asymmetric",
            Foreign::start(Path::new("node"), "standard_webhooks.js"),
            "ED25519",
        ),
    ];
    for (id, receiver, scheme) in &mut receivers {
        let url = format!("http://127.0.0.1:{}/hooks?of={id}", receiver.port);
        let secret = endpoint(&up, id, &url, &format!("events: [\"lead.*\"], scheme: {scheme}"));
        receiver.learn(&secret);
    }
    capture(&up, "lead-1");
    for (id, receiver, _) in &receivers {
        let came = receiver.next();
        assert_eq!(came["verified"], json!([true]), "{id}: {came:#}");
        let body = &came["body"];
        assert_eq!(
            (&body["type"], &body["subject"]),
            (&json!("annals.lead.captured"), &json!("lead/lead-1"))
        );
        assert_eq!(came["headers"]["webhook-id"], body["id"]);
        assert_eq!(
            came["headers"]["content-type"],
            "application/cloudevents+json; charset=utf-8"
        );
        assert!(
            !came.to_string().contains("Lovelace"),
            "personal data is left out: {came:#}"
        );
    }
    // During the overlap both secrets verify; a test is sent whatever the filter wants.
    for (id, receiver, scheme) in &mut receivers {
        let rotated = done(
            &up,
            &format!(
                "rotateWebhookSecret(input: {{ id: \"{id}\", scheme: {scheme} }}) {{ secret userErrors {{ message }} }}"
            ),
        );
        receiver.learn(rotated["secret"].as_str().unwrap());
        change(&up, "pingWebhookEndpoint", &format!("id: \"{id}\""));
        let came = receiver.next();
        assert_eq!(came["verified"], json!([true, true]), "{id}: {came:#}");
        assert_eq!(came["body"]["type"], "annals.webhook_endpoint.pinged");
        assert_eq!(came["body"]["subject"], format!("webhook_endpoint/{id}"));
        // Without an overlap only the new one does, and personal data goes where it is asked for.
        change(
            &up,
            "rotateWebhookSecret",
            &format!("id: \"{id}\", scheme: {scheme}, overlapSeconds: 0"),
        );
    }
    let [(_, node, _), ..] = &receivers;
    let url = format!("http://127.0.0.1:{}/", node.port);
    let settings = format!("id: \"node\", url: \"{url}\", events: [\"*\"], personalData: INCLUDED");
    change(&up, "changeWebhookEndpoint", &settings);
    let changed = node.next();
    assert_eq!(
        changed["verified"],
        json!([false, false]),
        "neither of the secrets signs any more: {changed}"
    );
}

#[test]
fn what_fails_is_tried_again_in_order_and_an_endpoint_that_goes_on_failing_is_paused() {
    let data = folder();
    let up = started(
        data.path(),
        &["--webhook-allow-private", "--webhook-retries", "20ms,30ms,40ms"],
    );
    let receiver = Receiver::start(|came, before| match came.path.as_str() {
        // The first two attempts of an event fail, and the third asks for a second.
        "/shaky" if before == 0 => status("500 Oops", "", "the database is away"),
        "/shaky" if before == 1 => status("503 Busy", "Retry-After: 1\r\n", ""),
        "/moved" => status("302 Found", "Location: http://127.0.0.1:9/\r\n", ""),
        "/gone" => status("410 Gone", "", ""),
        "/slow" => {
            std::thread::park_timeout(Duration::from_secs(20));
            FINE.to_owned()
        }
        _ => FINE.to_owned(),
    });
    for path in ["shaky", "fine", "moved", "gone", "slow"] {
        let order = if path == "slow" { "UNORDERED" } else { "ORDERED" };
        let more = format!("events: [\"lead.captured\"], delivery: {order}");
        endpoint(&up, path, &receiver.url(&format!("/{path}")), &more);
    }
    let cursors: Vec<String> = (1..=3)
        .map(|number| capture(&up, &format!("lead-{number}")))
        .collect();
    let of = |came: &[receiver::Came], path: &str| -> Vec<receiver::Came> {
        came.iter().filter(|one| one.path == path).cloned().collect()
    };
    // Who is slow or fails holds up nobody else.
    let came = receiver.until(|came| of(came, "/fine").len() == 3);
    assert_eq!(
        subjects(&of(&came, "/fine")),
        ["lead/lead-1", "lead/lead-2", "lead/lead-3"]
    );
    let came = receiver.until(|came| of(came, "/shaky").len() == 9);
    let shaky = of(&came, "/shaky");
    let order: Vec<String> = (0..9)
        .map(|attempt| format!("lead/lead-{}", attempt / 3 + 1))
        .collect();
    assert_eq!(
        subjects(&shaky),
        order,
        "an event is tried until it is delivered, then the next"
    );
    assert!(
        shaky.iter().take(3).all(|one| one.id == shaky[0].id),
        "under one id"
    );
    assert!(
        shaky[2].at - shaky[1].at >= Duration::from_millis(990),
        "Retry-After is honoured"
    );

    let log = |endpoint: &str| {
        format!(
            "{{ webhookDeliveries(first: 10, endpoint: \"{endpoint}\") {{ totalCount nodes {{ event webhookId eventType state
                attempts status error latencyMs answer nextAttemptAt settledAt tries {{ status error latencyMs }} }} }} }}"
        )
    };
    let told = until(&up, &log("shaky"), |told| {
        told["webhookDeliveries"]["nodes"][0]["state"] == "delivered"
    });
    let nodes = &told["webhookDeliveries"]["nodes"];
    assert_eq!(told["webhookDeliveries"]["totalCount"], 3);
    assert_eq!(
        (&nodes[2]["webhookId"], &nodes[2]["attempts"]),
        (&json!(shaky[0].id), &json!(3))
    );
    assert_eq!(
        (
            &nodes[2]["status"],
            &nodes[2]["error"],
            &nodes[2]["nextAttemptAt"]
        ),
        (&json!(204), &Value::Null, &Value::Null)
    );
    let statuses: Vec<&Value> = nodes[2]["tries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tried| &tried["status"])
        .collect();
    assert_eq!(statuses, [500, 503, 204]);

    // Continued failure pauses: in the read model with the reason, in the audit feed, and nothing is sent.
    let paused = |endpoint: &str| {
        let query = format!("{{ webhookEndpoint(id: \"{endpoint}\") {{ status reason }} }}");
        until(&up, &query, |told| told["webhookEndpoint"]["status"] == "paused")["webhookEndpoint"]["reason"]
            .clone()
    };
    assert_eq!(
        paused("moved"),
        "it failed 4 times, lastly: status 302: redirects are not followed"
    );
    assert_eq!(paused("gone"), "it failed 1 times, lastly: status 410");
    let feed = "{ auditFeed(last: 10, filter: { action: \"webhook_endpoint.paused\" }) { nodes { actorId entityId } } }";
    let told = until(&up, feed, |told| {
        told["auditFeed"]["nodes"].as_array().unwrap().len() == 2
    });
    assert_eq!(told["auditFeed"]["nodes"][0]["actorId"], "webhooks");
    // What waited is sent when it is resumed somewhere else.
    let settings = format!(
        "id: \"moved\", url: \"{}\", events: [\"lead.captured\"]",
        receiver.url("/found")
    );
    change(&up, "changeWebhookEndpoint", &settings);
    change(&up, "resumeWebhookEndpoint", "id: \"moved\"");
    let came = receiver.until(|came| of(came, "/found").len() == 3);
    assert_eq!(
        subjects(&of(&came, "/found")),
        ["lead/lead-1", "lead/lead-2", "lead/lead-3"]
    );

    // One once more, then all after a cursor.
    change(
        &up,
        "redeliverWebhooks",
        &format!("id: \"fine\", only: \"{}\"", cursors[1]),
    );
    let came = receiver.until(|came| of(came, "/fine").len() == 4);
    assert_eq!(of(&came, "/fine")[3].id, of(&came, "/fine")[1].id);
    change(
        &up,
        "redeliverWebhooks",
        &format!("id: \"fine\", after: \"{}\"", cursors[0]),
    );
    let came = receiver.until(|came| of(came, "/fine").len() == 6);
    assert_eq!(subjects(&of(&came, "/fine"))[4..], ["lead/lead-2", "lead/lead-3"]);
    // What is removed gets nothing more.
    change(&up, "removeWebhookEndpoint", "id: \"gone\", reason: \"gone\"");
    let dropped = |told: &Value| {
        let nodes = told["webhookDeliveries"]["nodes"].as_array().unwrap();
        nodes.iter().all(|node| node["state"] == "dropped")
    };
    until(&up, &log("gone"), dropped);
}

#[test]
fn no_request_goes_to_an_address_inside_unless_a_setting_allows_it() {
    let data = folder();
    let up = started(data.path(), &["--webhook-retries", "10ms"]);
    let receiver = Receiver::start(|_, _| FINE.to_owned());
    let port = receiver.address.rsplit_once(':').unwrap().1.to_owned();
    let secure = |host: &str| format!("https://{host}:{port}/");
    let cases = [
        (
            "plain",
            receiver.url("/"),
            "the URL is not https://, which this installation demands",
        ),
        (
            "loopback",
            secure("127.0.0.1"),
            "127.0.0.1 leads to no address outside",
        ),
        (
            "name",
            secure("localhost"),
            "localhost leads to no address outside",
        ),
        (
            "mapped",
            secure("[::ffff:127.0.0.1]"),
            "leads to no address outside",
        ),
        ("decimal", secure("2130706433"), "leads to no address outside"),
        (
            "metadata",
            secure("169.254.169.254"),
            "169.254.169.254 leads to no address outside",
        ),
    ];
    for (id, url, _) in &cases {
        endpoint(&up, id, url, "events: [\"lead.captured\"]");
    }
    capture(&up, "lead-1");
    for (id, _, reason) in &cases {
        let query =
            format!("{{ webhookDeliveries(first: 1, endpoint: \"{id}\") {{ nodes {{ error status }} }} }}");
        let told = until(&up, &query, |told| {
            told["webhookDeliveries"]["nodes"][0]["error"].is_string()
        });
        let error = told["webhookDeliveries"]["nodes"][0]["error"].as_str().unwrap();
        assert!(error.contains(reason), "{id}: {error}");
    }
    assert_eq!(receiver.came().len(), 0);
    // What is no URL, or wants nothing that there is, is refused at the door.
    let refused = |input: &str| {
        let mutation = format!(
            "mutation {{ createWebhookEndpoint(input: {{ {input} }}) {{ secret userErrors {{ path }} }} }}"
        );
        up.ask(Some("acme"), &mutation)["createWebhookEndpoint"].clone()
    };
    let no = |path: &str| json!({ "secret": null, "userErrors": [{ "path": ["input", path] }] });
    assert_eq!(refused("url: \"ftp://a\", events: [\"*\"]"), no("url"));
    assert_eq!(refused("url: \"https://me:pw@a/\", events: [\"*\"]"), no("url"));
    assert_eq!(
        refused("url: \"https://a/\", events: [\"nothing.*\"]"),
        no("events")
    );
}
