//! What reaches into an archived year gets no answer that is shorter than it should be: a mounted year gives the one of
//! before, and one that is not mounted is named with what to do.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use store::{Ambient, KeyFile, Role, SealOptions, Sealed, Sealer};
use tempfile::TempDir;
use testkit::{TestClock, TestIds};

use crate::gateway::house::{House, Tenant};
use crate::gateway::socket::Socket;

const REPLAY: &str = "subscription($from: AsOf!, $to: AsOf!) { replay(from: $from, to: $to, speed: 1000, idleMs: 0) { \
    __typename ... on ReplayedEntry { cursor clock entry { action entityId payload } } ... on ReplayEnded { cursor } } }";

struct Ground {
    house: House,
    acme: Tenant,
    data: TempDir,
    /// Of a lead's last event of 2023, and of another's in 2024.
    cursors: [Value; 2],
}

/// Leads of 2023, 2024 and 2025, in each of which something happens to one of before.
async fn ground() -> Ground {
    let clock = TestClock::at("2023-06-01T12:00:00.5Z".parse().unwrap());
    let ambient = Ambient {
        clock: Arc::clone(&clock) as _,
        ids: Arc::new(TestIds::seeded(1)),
    };
    let house = House::open_under(ambient, |_, options| {
        options.development = true;
        options.limits.cost = usize::MAX;
        options.plan_buckets.set("default=1000000000:1000000000").unwrap();
    })
    .await;
    let acme = house.tenant("acme").await;
    let year = SignedDuration::from_hours(24 * 365);
    let done = async |mutation: &str, input: Value| {
        clock.advance(SignedDuration::from_secs(60));
        house.done(&acme.token, mutation, input).await["cursor"].clone()
    };
    let lead = |id: &str| json!({ "id": id, "vertical": "sales", "source": "fair" });
    let contact = |id: &str| json!({ "id": id, "channel": "phone" });
    done("captureLead", lead("a")).await;
    done("captureLead", lead("b")).await;
    let first = done("contactLead", contact("a")).await;
    clock.advance(year);
    done("captureLead", lead("c")).await;
    let second = done("contactLead", contact("b")).await;
    clock.advance(year);
    done("captureLead", lead("d")).await;
    done("qualifyLead", json!({ "id": "a", "score": 70 })).await;
    house.settle().await;
    let ground = Ground {
        house,
        acme,
        data: tempfile::tempdir().unwrap(),
        cursors: [first, second],
    };
    ground.seal().await;
    ground
}

/// An answer without what differs from time to time, or what is complained of.
type Answer = Result<Value, String>;

impl Ground {
    async fn seal(&self) {
        let options = SealOptions {
            key: KeyFile::at(self.data.path().join("seal.key")),
            name: None,
            seed: [7; 32],
            checkpoints: self.data.path().join("checkpoints"),
        };
        let pool = store::pool(self.house.url(), Role::Projector, 1).unwrap();
        let sealer = Sealer::open(pool, testkit::ambient(8), options).await;
        let mut sealer = sealer.unwrap();
        while sealer.seal().await.unwrap() != Sealed::Events(0) {}
    }

    fn file(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    /// The program on this database; away from the threads that serve it.
    async fn annals(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_annals-program"));
        command
            .args(arguments)
            .args(["--database-url", self.house.url(), "--data-dir"])
            .arg(self.data.path())
            .env("ANNALS_READ_SECONDS", "0");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }

    async fn archive(&self, what: &str, year: i32) {
        let file = self.file(&format!("{year}.ndjson.zst")).display().to_string();
        let year = year.to_string();
        let arguments = match what {
            "write" => vec!["archive", "write", "--year", &year, "--to", &file],
            what => vec!["archive", what, &file],
        };
        self.annals(&arguments).await.unwrap();
    }

    async fn asked(&self, document: &str) -> Answer {
        let [first, second] = &self.cursors;
        let document = document
            .replace("FIRST", first.as_str().unwrap())
            .replace("SECOND", second.as_str().unwrap());
        let mut answer = self.house.answer(&self.acme.token, &document, json!({})).await;
        if let Some(errors) = answer["errors"].as_array() {
            for error in errors {
                assert_eq!(
                    error["extensions"]["code"], "UNAVAILABLE",
                    "{document}: {answer:#}"
                );
            }
            return Err(errors[0]["message"].as_str().unwrap().to_owned());
        }
        // The checkpoint in the first line is the newest of all.
        if let Some(file) = answer["data"]["completenessProof"]["file"].as_str() {
            let lines: Vec<&str> = file.lines().skip(1).collect();
            answer["data"]["completenessProof"]["file"] = json!(lines);
        }
        Ok(answer["data"].take())
    }

    async fn replayed(&self, from: &Value, to: &Value) -> Answer {
        let mut socket = Socket::open(self.house.router.clone(), &self.acme.token).await;
        socket.subscribe(REPLAY, json!({ "from": from, "to": to })).await;
        let mut items = Vec::new();
        loop {
            let message = socket.next().await;
            let payload = &message["payload"];
            let errors = if payload.is_array() {
                payload
            } else {
                &payload["errors"]
            };
            if let Some(error) = errors.get(0) {
                assert_eq!(error["extensions"]["code"], "UNAVAILABLE", "{message:#}");
                return Err(error["message"].as_str().unwrap().to_owned());
            }
            match message["type"].as_str().unwrap() {
                "next" => items.push(payload["data"]["replay"].clone()),
                "complete" => return Ok(items.into()),
                _ => panic!("{message:#}"),
            }
        }
    }

    /// A file that `annals audit export` writes and `annals verify` finds valid.
    async fn exported(&self) -> Answer {
        let file = self.file("part.ndjson").display().to_string();
        // The first of them all to the last of 2024.
        let upto = "7";
        self.annals(&[
            "audit", "export", "--tenant", "acme", "--upto", upto, "--to", &file,
        ])
        .await?;
        let keys = self.file("keys").display().to_string();
        std::fs::write(&keys, self.annals(&["audit", "keys"]).await?).unwrap();
        let verdict = self.annals(&["verify", &file, "--key", &keys]).await.unwrap();
        assert!(
            verdict.starts_with("valid: these 7 events are all of "),
            "{verdict}"
        );
        let text = std::fs::read_to_string(&file).unwrap();
        Ok(text.lines().skip(1).collect::<Vec<_>>().into())
    }

    async fn reported(&self) -> Answer {
        let period = ["--from", "2023-01-01", "--before", "2024-01-01"];
        let text = self
            .annals(&[&["audit", "report", "--tenant", "acme"][..], &period].concat())
            .await?;
        let (period, _) = text.split_once("## Checkpoints").unwrap();
        let lines = period.lines().filter(|line| !line.contains("Made at"));
        Ok(lines.collect::<Vec<_>>().into())
    }

    /// What reaches into both years, by every door.
    async fn all(&self) -> Vec<(&'static str, Answer)> {
        let mut all = Vec::new();
        for (name, document) in [
            (
                "as of a time",
                "{ lead(id: \"a\", asOf: { time: \"2023-12-31T00:00:00Z\" }) { status contacts } \
                 leads(first: 5, asOf: { time: \"2024-12-31T00:00:00Z\" }) { nodes { localId status } totalCount } }",
            ),
            (
                "as of a cursor",
                "{ lead(id: \"a\", asOf: { cursor: \"FIRST\" }) { status contacts score } \
                 roiSummary(first: 3, vertical: \"sales\", asOf: { cursor: \"SECOND\" }) \
                 { nodes { month leadsCaptured leadsContacted } } }",
            ),
            (
                "evidence",
                "{ lead(id: \"a\") { status evidence(first: 10) { edges { cursor node { type occurredAt payload } } } } }",
            ),
            (
                "history",
                "{ entityReplay(entity: \"lead/a\", first: 10) { nodes { state event { type } \
                 changes { pointer before after } } } }",
            ),
            (
                "state",
                "{ entityState(entity: \"lead/b\", asOf: { time: \"2024-12-31T00:00:00Z\" }) { state event { type } } }",
            ),
            (
                "changes of entries",
                "{ auditFeed(first: 9, filter: { entityType: \"lead\", entityId: \"a\" }) \
                 { nodes { action changed { changes { pointer before after } } } } }",
            ),
            (
                "completeness",
                "{ completenessProof(upto: \"SECOND\") { events file } }",
            ),
            (
                "inclusion",
                "{ inclusionProof(cursor: \"FIRST\") { index leafHash } }",
            ),
        ] {
            all.push((name, self.asked(document).await));
        }
        let (from, to) = ("2023-01-01T00:00:00Z", "2024-12-31T00:00:00Z");
        let time = |at: &str| json!({ "time": at });
        all.push(("replay by times", self.replayed(&time(from), &time(to)).await));
        let cursor = |cursor: &Value| json!({ "cursor": cursor });
        let [first, second] = &self.cursors;
        let by_cursors = self.replayed(&cursor(first), &cursor(second)).await;
        all.push(("replay by cursors", by_cursors));
        for (name, arguments) in [
            (
                "annals replay of an entity",
                &["replay", "--tenant", "acme", "--entity", "lead/a", "--json"][..],
            ),
            (
                "annals replay",
                &[
                    "replay",
                    "--tenant",
                    "acme",
                    "--from",
                    from,
                    "--to",
                    to,
                    "--speed",
                    "1000",
                    "--skip-idle",
                    "0",
                    "--json",
                ],
            ),
            (
                "annals export",
                &["export", "--tenant", "acme", "--until", "2025-01-01T00:00:00Z"],
            ),
            (
                "annals log show",
                &["log", "show", "--tenant", "acme", "lead/a", "--json"],
            ),
        ] {
            let answer = self.annals(arguments).await;
            all.push((name, answer.map(|text| text.lines().collect::<Vec<_>>().into())));
        }
        all.push(("annals audit export", self.exported().await));
        all.push(("annals audit report", self.reported().await));
        all
    }
}

/// Each question is refused with what the operator can do.
fn assert_refused(ground: &Ground, answers: &[(&str, Answer)], years: &[i32]) {
    let folder = ground.data.path().display().to_string();
    for (name, answer) in answers {
        let error = answer.as_ref().expect_err(name);
        for year in years {
            let file = format!("{year}.ndjson.zst");
            assert!(
                error.contains(&format!("{year} in ")) && error.contains(&file),
                "{name}: {error}"
            );
        }
        assert!(error.contains("`annals archive mount"), "{name}: {error}");
        // Where the file lies is the operator's business.
        let is_own = name.starts_with("annals ");
        assert_eq!(error.contains(&folder), is_own, "{name}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mounted_year_answers_as_before_and_one_that_is_not_is_named() {
    let ground = ground().await;
    let before = ground.all().await;
    for (name, answer) in &before {
        let answer = answer.as_ref().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!answer.as_array().is_some_and(Vec::is_empty), "{name}");
    }
    let of_2024 = ["2024-01-01T00:00:00Z", "2024-12-31T00:00:00Z"].map(|at| json!({ "time": at }));
    let [from, to] = &of_2024;
    let played = ground.replayed(from, to).await.unwrap();
    assert_eq!(
        played.as_array().unwrap().len(),
        3,
        "two entries and the end: {played:#}"
    );
    let of_this_year = "{ lead(id: \"d\") { evidence(first: 5) { nodes { type } } } \
                        entityReplay(entity: \"lead/d\", first: 5) { nodes { state } } }";
    let whole = ground.asked(of_this_year).await.unwrap();

    ground.archive("write", 2023).await;
    ground.archive("write", 2024).await;
    // The first of the years is named by all; a question may need no more.
    let away = ground.all().await;
    assert_refused(&ground, &away, &[2023]);
    let error = ground.replayed(from, to).await.unwrap_err();
    assert!(error.contains("2024 in 2024.ndjson.zst"), "{error}");
    // What began after the archived years is told as ever.
    assert_eq!(ground.asked(of_this_year).await.unwrap(), whole);

    ground.archive("mount", 2024).await;
    assert_eq!(
        ground.replayed(from, to).await.unwrap(),
        played,
        "2024 alone is mounted"
    );
    let half = ground.all().await;
    assert_refused(&ground, &half, &[2023]);
    assert!(
        half.iter()
            .all(|(_, answer)| !answer.as_ref().unwrap_err().contains("2024 in ")),
        "{half:#?}"
    );

    ground.archive("mount", 2023).await;
    for ((name, then), (_, now)) in before.iter().zip(ground.all().await) {
        assert_eq!(now.as_ref(), then.as_ref(), "{name}");
    }
    assert_eq!(ground.replayed(from, to).await.unwrap(), played);
    ground.annals(&["audit", "verify"]).await.unwrap();

    ground.archive("unmount", 2023).await;
    ground.archive("unmount", 2024).await;
    assert_refused(&ground, &ground.all().await, &[2023]);
}
