//! The audit report of a period, in Markdown and as a PDF that others can read.

use std::process::Command;

use serde_json::json;

use crate::clients::pdf_text;
use crate::gateway::house::House;

/// What `annals audit report` says.
fn report(url: &str, arguments: &[&str]) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_annals-program"))
        .args([
            "audit",
            "report",
            "--database-url",
            url,
            "--tenant",
            "acme",
            "--data-dir",
        ])
        .arg(folder.path())
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

/// A line up to where it says when the report was made.
fn without_now(line: &str) -> String {
    line.split("Made at").next().unwrap_or_default().to_owned()
}

/// The rows of a section's tables.
fn section<'a>(report: &'a str, heading: &str) -> Vec<&'a str> {
    let (_, after) = report
        .split_once(&format!("## {heading}\n"))
        .unwrap_or_else(|| panic!("{report}"));
    let own = after.split("\n## ").next().unwrap();
    own.lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"))
        .skip(1)
        .collect()
}

#[tokio::test]
async fn a_report_tells_who_had_access_what_changed_and_who_was_turned_away() {
    let house =
        House::open_with(|options| options.record_every.read = std::time::Duration::from_secs(60)).await;
    let acme = house.tenant("acme").await;
    for (id, role) in [("m1", "MEMBER"), ("m2", "AUDITOR")] {
        let email = format!("{id}@example.org");
        house
            .done(
                &acme.token,
                "inviteMember",
                json!({ "id": id, "email": email, "role": role }),
            )
            .await;
    }
    house
        .done(&acme.token, "joinMember", json!({ "id": "m1", "user": "s1" }))
        .await;
    house
        .done(
            &acme.token,
            "changeMemberRole",
            json!({ "id": "m1", "role": "ADMIN" }),
        )
        .await;
    let key = json!({ "id": "reader", "name": "Köln", "scopes": ["READ"] });
    let reader = house.done(&acme.token, "issueApiKey", key).await["token"]
        .as_str()
        .unwrap()
        .to_owned();
    house.settle().await;
    let denied = house.answer(
        &reader,
        "mutation { captureLead(input: { vertical: \"s\", source: \"x\" }) { cursor } }",
        json!({}),
    );
    assert_eq!(denied.await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    house
        .ask(
            &acme.token,
            "{ members(first: 1) { nodes { email } } }",
            json!({}),
        )
        .await;
    let begun = std::time::Instant::now();
    let filter = store::Filter {
        types: vec!["access.*".to_owned()],
        ..store::Filter::default()
    };
    while house.store.log().count(0, &filter).await.unwrap() < 2 {
        assert!(begun.elapsed().as_secs() < 20, "nothing is told of access");
    }
    // A day is its begin in UTC.
    let period = ["--from", "2026-03-01", "--before", "2026-04-01"];
    let text = report(house.url(), &period).unwrap();
    let moments = [
        "--from",
        "2026-03-01T01:00:00+01:00",
        "--before",
        "2026-04-01T00:00:00Z",
    ];
    let by_moments = report(house.url(), &moments).unwrap();
    let head = |text: &str| text.lines().take(4).map(without_now).collect::<Vec<_>>();
    assert_eq!(head(&text), head(&by_moments));
    assert!(
        text.contains("from 2026-03-01 00:00:00 to 2026-04-01 00:00:00 (UTC"),
        "{text}"
    );
    for wrong in ["2026-02-30", "2026-03-01T00:00:00", "March"] {
        let refused = report(house.url(), &["--from", wrong, "--before", "2026-04-01"]).unwrap_err();
        assert!(
            refused.contains(&format!("\"{wrong}\" is neither a day (2026-10-01,"))
                && refused.contains("--from"),
            "{refused}"
        );
    }
    let access = section(&text, "Who had access");
    assert!(
        access
            .iter()
            .any(|row| row.contains("m1@example.org") && row.contains("admin")),
        "{text}"
    );
    assert!(
        access.iter().all(|row| !row.contains("m2@")),
        "who was invited alone had no access: {text}"
    );
    assert!(
        access
            .iter()
            .any(|row| row.contains("reader") && row.contains("Köln")),
        "{text}"
    );
    let changes = section(&text, "Changes of roles and keys");
    assert!(
        changes
            .iter()
            .any(|row| row.ends_with("member.role\\_changed | m1 | member | admin |")),
        "{text}"
    );
    let turned_away = section(&text, "Failed sign-ins, denials and refusals");
    assert!(
        turned_away
            .iter()
            .any(|row| row.contains("captureLead") && row.ends_with("| 1 |")),
        "{text}"
    );
    let read = section(&text, "Exports and reads of sensitive data");
    assert!(
        read.iter()
            .any(|row| row.contains("contact\\_data") && row.contains("members")),
        "{text}"
    );
    for said in [
        "Nothing was erased.",
        "Nothing of this tenant was sealed yet.",
        "## Verification",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    // Another period tells of nothing but who still has access.
    let later = report(
        house.url(),
        &[
            "--from",
            "2026-05-01T00:00:00Z",
            "--before",
            "2026-06-01T00:00:00Z",
        ],
    )
    .unwrap();
    assert!(
        later.contains("0 events were recorded") && later.contains("Nobody was turned away."),
        "{later}"
    );
    assert!(
        section(&later, "Who had access")
            .iter()
            .any(|row| row.contains("m1@example.org")),
        "{later}"
    );
    let backwards = report(
        house.url(),
        &[
            "--from",
            "2026-05-01T00:00:00Z",
            "--before",
            "2026-05-01T00:00:00Z",
        ],
    );
    assert!(backwards.unwrap_err().contains("does not come after --from"));
    // The PDF says the same, to somebody else's reader.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("march.pdf");
    report(
        house.url(),
        &[&period[..], &["--to", file.to_str().unwrap()]].concat(),
    )
    .unwrap();
    let Some(read) = pdf_text(&file) else {
        return;
    };
    for said in [
        "Audit report of acme",
        "Who had access",
        "m1@example.org",
        "Köln",
        "Verification",
    ] {
        assert!(read.contains(said), "{said}: {read}");
    }
}
