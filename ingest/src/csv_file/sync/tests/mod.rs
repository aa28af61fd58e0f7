//! Files in, events out, on a log of its own.

mod endings;

use std::io::{self, Cursor, Read};

use domain::connector::{Command, Connector, ConnectorId};
use domain::tenant;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use store::{Options, Orders, Store};

use super::{Import, SyncError, SyncOptions, SyncReport, ensure_connector, run};
use crate::commands::Commands;
use crate::csv_file::Mapping;
use crate::testing::{Ground, ground};

const OPPORTUNITIES: &str = include_str!("../../../../../docs/examples/crm_opportunities.toml");
const CALLS: &str = include_str!("../../../../../docs/examples/llm_calls.toml");

fn connector() -> ConnectorId {
    "crm".parse().unwrap()
}

/// A log with a tenant and a registered connector.
async fn registered() -> Ground {
    let ground = ground().await;
    ensure_connector(&ground.store, &ground.caller, &connector(), "CRM", "csv_file")
        .await
        .unwrap();
    ground
}

fn import<R>(mapping: &str, reader: R) -> Import<R> {
    Import {
        connector: connector(),
        mapping: Mapping::parse(mapping, &Commands).unwrap(),
        reader,
        options: SyncOptions::new(std::env::temp_dir()),
    }
}

impl Ground {
    async fn import(&self, mapping: &str, csv: impl AsRef<[u8]>) -> Result<SyncReport, SyncError> {
        let reader = Cursor::new(csv.as_ref().to_vec());
        run(&self.store, &self.caller, import(mapping, reader)).await
    }

    /// The counts of a sync: recorded, known, rejected.
    async fn counts(&self, mapping: &str, csv: impl AsRef<[u8]>) -> (u64, u64, u64) {
        let report = self.import(mapping, csv).await.unwrap();
        (report.recorded, report.known, report.rejected)
    }

    async fn reasons(&self) -> Vec<String> {
        let rejected = self.payloads("connector_sync.record_rejected").await;
        let told = |payload: &Value| {
            let rejected = &payload["record_rejected"];
            let text = |name: &str| rejected[name].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} {} {}",
                rejected["row"],
                text("column"),
                text("value"),
                text("reason")
            )
        };
        rejected.iter().map(told).collect()
    }
}

fn opportunities(rows: &[&str]) -> String {
    let header = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value";
    format!("{header}\n{}\n", rows.join("\n"))
}

#[tokio::test]
async fn a_file_is_recorded_once_with_its_rejections() {
    let ground = registered().await;
    let csv = include_bytes!("../../fixtures/opportunities.csv");
    let report = ground.import(OPPORTUNITIES, csv).await.unwrap();
    assert_eq!((report.recorded, report.known, report.rejected), (4, 0, 3));
    assert!(!report.unchanged);
    let once = [
        "connector.registered 1",
        "connector_sync.completed 1",
        "connector_sync.record_rejected 3",
        "connector_sync.started 1",
        "opportunity.lost 1",
        "opportunity.opened 4",
        "opportunity.won 1",
        "tenant.provisioned 1",
    ];
    assert_eq!(ground.events().await, once);
    assert_eq!(
        ground.reasons().await[1],
        r#"6 close_value 12,0x is not a number"#
    );
    let completed = &ground.payloads("connector_sync.completed").await[0]["completed"];
    assert_eq!(
        (
            &completed["recorded"],
            &completed["known"],
            &completed["rejected"]
        ),
        (&json!(4), &json!(0), &json!(3))
    );
    let sql = "select count(*) from events where correlation_id = $1 and actor = 'connector:crm'";
    let grouped: i64 = sqlx::query_scalar(sql)
        .bind(report.sync.unwrap().to_string())
        .fetch_one(&ground.database.pool().await)
        .await
        .unwrap();
    assert_eq!(grouped, 11);

    let again = ground.import(OPPORTUNITIES, csv).await.unwrap();
    assert_eq!((again.recorded, again.known, again.rejected), (0, 4, 3));
    assert!(again.unchanged && again.sync.is_none() && again.position.is_none());
    assert_eq!(ground.events().await, once);
}

#[tokio::test]
async fn equal_rows_all_count_and_are_known_again() {
    let ground = registered().await;
    let csv = include_bytes!("../../fixtures/calls.csv");
    assert_eq!(ground.counts(CALLS, csv).await, (2, 0, 1));
    let before = ground.events().await;
    assert_eq!(ground.counts(CALLS, csv).await, (0, 2, 1));
    assert_eq!(ground.events().await, before);
    assert!(before.contains(&"usage.tokens.input 2".to_owned()));
}

#[tokio::test]
async fn a_row_that_the_rules_refuse_is_rejected_and_the_rest_goes_on() {
    let ground = registered().await;
    let csv = opportunities(&[
        "A,Ada,Loom,W,Won,2024-03-01,2024-04-01,-5",
        "B,Ada,Loom,W,Lost,2024-03-01,2024-02-01,",
        "not an id,Ada,Loom,W,Engaging,2024-03-01,,",
        "C,Ada,Loom,W,Won,2024-03-01,2024-04-01,5",
        "D,Ada,Loom,W,Engaging,2124-03-01,,",
    ]);
    assert_eq!(ground.counts(OPPORTUNITIES, &csv).await, (1, 0, 4));
    let reasons = ground.reasons().await;
    assert_eq!(reasons.len(), 4);
    assert!(
        reasons[0].contains("1 - - value: -5 USD is negative"),
        "{reasons:?}"
    );
    assert!(reasons[1].contains("lies before"), "{reasons:?}");
    assert!(
        reasons[2].contains("\"crm-not an id\" is not an id"),
        "{reasons:?}"
    );
    assert!(reasons[3].contains("ahead of"), "{reasons:?}");
    let before = ground.events().await;
    let again = ground.import(OPPORTUNITIES, &csv).await.unwrap();
    assert!(again.unchanged, "{again:?}");
    assert_eq!((again.recorded, again.known, again.rejected), (0, 1, 4));
    assert_eq!(ground.events().await, before);
}

#[tokio::test]
async fn a_known_record_with_another_content_is_rejected_with_both_hashes() {
    let ground = registered().await;
    let row = |value: &str| opportunities(&[&format!("A,Ada,Loom,W,Won,2024-03-01,2024-04-01,{value}")]);
    assert_eq!(ground.counts(OPPORTUNITIES, row("5")).await, (1, 0, 0));
    assert_eq!(ground.counts(OPPORTUNITIES, row("6")).await, (0, 0, 1));
    let reason = ground.reasons().await.remove(0);
    let beginning = "1 - - record \"A\" was imported before with other content: its hash was ";
    assert!(
        reason.starts_with(beginning) && reason.len() > beginning.len() + 128,
        "{reason}"
    );
    let before = ground.events().await;
    assert_eq!(ground.counts(OPPORTUNITIES, row("6")).await, (0, 0, 1));
    assert_eq!(ground.counts(OPPORTUNITIES, row("5")).await, (0, 1, 0));
    assert_eq!(ground.events().await, before);
    // Twice in one file, once with another content.
    let rows = [
        "B,Ada,Loom,W,Engaging,,,",
        "B,Ada,Loom,W,Engaging,,,",
        "B,Ben,Loom,W,Engaging,,,",
    ];
    assert_eq!(
        ground.counts(OPPORTUNITIES, opportunities(&rows)).await,
        (1, 1, 1)
    );
}

#[tokio::test]
async fn a_row_is_tried_again_when_what_it_lacked_is_there() {
    let ground = registered().await;
    let stage = "source = \"stages\"\n[record]\nid = \"id\"\n[[command]]\ntype = \"opportunity.change_stage\"\n\
        id = { column = \"id\", prefix = \"crm-\" }\n[command.fields]\nstage = { column = \"stage\" }\n";
    let csv = "id,stage\nA,Late\n";
    assert_eq!(ground.counts(stage, csv).await, (0, 0, 1));
    assert_eq!(ground.counts(stage, csv).await, (0, 0, 1));
    assert_eq!(ground.reasons().await, ["1 - - there is no such opportunity"]);
    ground
        .counts(OPPORTUNITIES, opportunities(&["A,Ada,Loom,W,Engaging,,,"]))
        .await;
    assert_eq!(ground.counts(stage, csv).await, (1, 0, 0));
    assert_eq!(ground.counts(stage, csv).await, (0, 1, 0));
}

#[tokio::test]
async fn rows_of_one_aggregate_are_taken_in_the_files_order() {
    let ground = registered().await;
    ground
        .counts(OPPORTUNITIES, opportunities(&["A,Ada,Loom,W,Engaging,,,"]))
        .await;
    let stage = "source = \"stages\"\n[[command]]\ntype = \"opportunity.change_stage\"\n\
        id = { constant = \"crm-A\" }\n[command.fields]\nstage = { column = \"stage\" }\n";
    let rows: Vec<String> = (0..1200).map(|n| format!("s{n}")).collect();
    assert_eq!(
        ground
            .counts(stage, format!("stage\n{}\n", rows.join("\n")))
            .await,
        (1200, 0, 0)
    );
    let changed = ground.payloads("opportunity.stage_changed").await;
    let stages: Vec<_> = changed
        .iter()
        .map(|payload| payload["stage_changed"]["stage"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(stages, rows);
}

#[tokio::test]
async fn broken_rows_are_each_written_down_once() {
    let ground = registered().await;
    let csv = "TIMESTAMP,ContextTokens,GeneratedTokens\n1,2\n1,2\nx\"y,1,2\nx\"y,1,2\n,1,2\n,1,2\n";
    assert_eq!(ground.counts(CALLS, csv).await, (0, 0, 6));
    assert_eq!(ground.reasons().await.len(), 6);
    assert!(ground.import(CALLS, csv).await.unwrap().unchanged);
    let more = csv.replacen("\n1,2", "\n2024-01-01 00:00:00.0,1,2\n1,2", 1);
    assert_eq!(ground.counts(CALLS, more).await, (1, 0, 6));
    assert_eq!(ground.reasons().await.len(), 6, "the same rows, in other places");
}
