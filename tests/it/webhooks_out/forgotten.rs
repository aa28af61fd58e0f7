//! Those outside hear of an erasure: a consumer of Apache Kafka's topics and an endpoint of webhooks. What is sent
//! afterwards of what happened before tells nothing personal, though both may have such data.

use std::path::Path;

use serde_json::{Value, json};

use super::receiver::{Came, FINE, Receiver, status};
use super::{capture, change, done, endpoint, started, until};
use crate::kafka::brokers::shared;
use crate::kafka::relayed::prefix;
use crate::kafka::topics::{Seen, Topics};
use crate::program::{Up, folder};

const FORGOTTEN: &str = "annals.subject.forgotten";
const NAME: &str = "Lovelace";

/// The settings of a relay of its own that may hand on personal data of leads, and of webhooks to this machine.
fn settings(brokers: &str, prefix: &str) -> Vec<String> {
    let (name, topics) = (format!("{prefix}relay"), format!("{prefix}{{slice}}"));
    [
        ("--kafka-brokers", brokers),
        ("--relay-name", &name),
        ("--kafka-topics", &topics),
        ("--kafka-partitions", "1"),
        ("--kafka-personal-data", "claim,lead"),
        ("--read-seconds", "0"),
    ]
    .iter()
    .flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()])
    .chain(["--webhook-allow-private".to_owned()])
    .collect()
}

fn again(data: &Path, settings: &[String]) -> Up {
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    Up::start_with(data, &settings)
}

/// What a consumer of the topics sees, once what is wanted is there.
async fn consumed(brokers: &str, prefix: &str, is_wanted: impl Fn(&Seen) -> bool) -> Vec<Seen> {
    let topics = Topics::new(brokers, prefix);
    let mut seen = Vec::new();
    for _ in 0..60 {
        seen = topics.until(1).await;
        if seen.iter().any(&is_wanted) {
            return seen;
        }
    }
    panic!("it never came: {seen:#?}");
}

fn is_forgotten(record: &Seen) -> bool {
    record.headers["ce_type"] == FORGOTTEN
}

/// The capture of a lead among records.
fn captured<'a>(seen: &'a [Seen], lead: &str) -> &'a Seen {
    let of_lead = |record: &&Seen| {
        record.headers["ce_type"] == "annals.lead.captured" && record.headers["ce_subject"] == lead
    };
    seen.iter().find(of_lead).unwrap()
}

fn of<'a>(came: &'a [Came], path: &str, kind: &str) -> Vec<&'a Value> {
    let wanted = came
        .iter()
        .filter(|one| one.path == path && one.body["type"] == kind);
    wanted.map(|one| &one.body).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_and_endpoints_hear_who_is_forgotten_and_what_they_get_later_tells_nothing_personal() {
    let name = "consumers_and_endpoints_hear_who_is_forgotten_and_what_they_get_later_tells_nothing_personal";
    let Some(brokers) = shared(name).await else {
        return;
    };
    let (data, before) = (folder(), prefix("heard"));
    let settings_before = settings(&brokers, &before);
    let given: Vec<&str> = settings_before.iter().map(String::as_str).collect();
    let mut up = started(data.path(), &given);
    let receiver = Receiver::start(|came, _| match came.path.as_str() {
        // It is paused at once, and what was for it waits.
        "/away" => status("410 Gone", "", ""),
        _ => FINE.to_owned(),
    });
    for path in ["told", "away"] {
        let more = "events: [\"lead.captured\", \"subject.*\"], personalData: INCLUDED";
        endpoint(&up, path, &receiver.url(&format!("/{path}")), more);
    }
    let more = "events: [\"*\"]";
    endpoint(&up, "sparing", &receiver.url("/sparing"), more);
    let cursor = capture(&up, "lead-1");
    capture(&up, "lead-2");

    // Both have her name before.
    let came = receiver.until(|came| of(came, "/told", "annals.lead.captured").len() == 2);
    assert!(
        came.iter().any(|one| one.body["data"]["name"] == "Ada Lovelace"),
        "{came:#?}"
    );
    let is_second = |record: &Seen| record.headers["ce_subject"] == "lead/lead-2";
    let seen = consumed(&brokers, &before, is_second).await;
    assert_eq!(captured(&seen, "lead/lead-1").value["name"], "Ada Lovelace");
    let paused = "{ webhookEndpoint(id: \"away\") { status } }";
    until(&up, paused, |told| told["webhookEndpoint"]["status"] == "paused");

    let forget = "forgetSubject(input: { subject: \"lead/lead-1\", reason: \"request 17\" }) \
                  { certificate userErrors { message } }";
    done(&up, forget);

    // Each is told of whom, and nothing of her.
    let seen = consumed(&brokers, &before, is_forgotten).await;
    let told = seen.iter().find(|record| is_forgotten(record)).unwrap();
    assert_eq!(told.topic, format!("{before}subject"));
    assert_eq!(told.headers["ce_subject"], "subject/lead/lead-1");
    assert_eq!(told.value, json!({ "reason": "request 17", "number": 1 }));
    assert!(!format!("{told:?}").contains(NAME), "{told:?}");
    for path in ["/told", "/sparing"] {
        let came = receiver.until(|came| !of(came, path, FORGOTTEN).is_empty());
        let told = of(&came, path, FORGOTTEN)[0];
        assert_eq!(told["subject"], "subject/lead/lead-1", "{path}");
        assert_eq!(
            told["data"],
            json!({ "reason": "request 17", "number": 1 }),
            "{path}"
        );
        assert!(!told.to_string().contains(NAME), "{path}: {told}");
    }

    // What waited for an endpoint, and what is sent once more, comes without her name; the other lead's keeps it.
    change(
        &up,
        "redeliverWebhooks",
        &format!("id: \"told\", only: \"{cursor}\""),
    );
    let came = receiver.until(|came| of(came, "/told", "annals.lead.captured").len() == 3);
    let once_more = of(&came, "/told", "annals.lead.captured")[2];
    assert_eq!(once_more["subject"], "lead/lead-1");
    assert_eq!(once_more["data"].get("name"), None, "{once_more}");
    let moved = receiver.url("/found");
    let elsewhere = format!(
        "id: \"away\", url: \"{moved}\", events: [\"lead.captured\", \"subject.*\"], personalData: INCLUDED"
    );
    change(&up, "changeWebhookEndpoint", &elsewhere);
    change(&up, "resumeWebhookEndpoint", "id: \"away\"");
    let came = receiver.until(|came| !of(came, "/found", FORGOTTEN).is_empty());
    let found = of(&came, "/found", "annals.lead.captured");
    let names: Vec<(&Value, Option<&Value>)> = found
        .iter()
        .map(|body| (&body["subject"], body["data"].get("name")))
        .collect();
    assert_eq!(
        names,
        [
            (&json!("lead/lead-1"), None),
            (&json!("lead/lead-2"), Some(&json!("Ada Lovelace")))
        ]
    );
    let sparing = came.iter().filter(|one| one.path == "/sparing");
    assert!(sparing.clone().count() > 2);
    for one in sparing {
        assert!(!one.body.to_string().contains(NAME), "{one:?}");
    }

    // A consumer that begins anew, from the first event on, gets nothing of her either.
    up.signal("-TERM");
    let after = prefix("later");
    let _up = again(data.path(), &settings(&brokers, &after));
    let seen = consumed(&brokers, &after, is_forgotten).await;
    let erased = captured(&seen, "lead/lead-1");
    assert_eq!(
        (&erased.value["source"], erased.value.get("name")),
        (&json!("test"), None)
    );
    assert_eq!(captured(&seen, "lead/lead-2").value["name"], "Ada Lovelace");
    for record in seen
        .iter()
        .filter(|record| record.headers["ce_subject"] != "lead/lead-2")
    {
        assert!(!format!("{record:?}").contains(NAME), "{record:?}");
    }
}
