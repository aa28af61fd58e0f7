//! The mappings in `docs/examples`, tried on small files of the same columns.

use super::{lines, read, told};
use crate::commands::Commands;
use crate::csv_file::Mapping;

const OPPORTUNITIES: &str = include_str!("../../../../docs/examples/crm_opportunities.toml");
const CLAIMS: &str = include_str!("../../../../docs/examples/claims.toml");
const CLAIM_RUNS: &str = include_str!("../../../../docs/examples/claim_runs.toml");
const CALLS: &str = include_str!("../../../../docs/examples/llm_calls.toml");

#[test]
fn opportunities_are_opened_won_and_lost() {
    let lines = lines(OPPORTUNITIES, include_bytes!("../fixtures/opportunities.csv"));
    let command = |id: &str, commands: &str| {
        format!(
            r#"{{"commands":{{"aggregate_type":"opportunity","aggregate_id":"crm-{id}","commands":[{commands}]}}}}"#
        )
    };
    assert_eq!(
        lines,
        [
            command(
                "A1",
                r#"["2024-03-01T00:00:00Z",{"open":{"account":"Weavers Ltd","owner":"Ada","product":"Loom","stage":"Engaging","title":"Loom","vertical":"sales"}}],["2024-05-31T00:00:00Z",{"win":{"value":{"amount":"1200.50","currency":"USD"}}}]"#
            ),
            command(
                "A2",
                r#"["2024-03-02T00:00:00Z",{"open":{"owner":"Ada","product":"Loom","stage":"Engaging","title":"Loom","vertical":"sales"}}],["2024-04-01T00:00:00Z",{"lose":{"reason":"not stated"}}]"#
            ),
            command(
                "A3",
                r#"[null,{"open":{"owner":"Ben","product":"Spindle","stage":"Prospecting","title":"Spindle","vertical":"sales"}}]"#
            ),
            command(
                "A4",
                r#"["2024-03-09T00:00:00Z",{"open":{"account":"Wool & Co","owner":"Ben","product":"Spindle","stage":"Engaging","title":"Spindle","vertical":"sales"}}]"#
            ),
            r#"row 5, column close_date: "2024-13-45" is not a time in the format %Y-%m-%d"#.into(),
            r#"row 6, column close_value: "12,0x" is not a number"#.into(),
            r#"row 7, column deal_stage: "Stalled" is not one of Engaging, Lost, Prospecting, Won"#.into(),
        ]
    );
}

#[test]
fn calls_are_two_facts_each() {
    let lines = lines(CALLS, include_bytes!("../fixtures/calls.csv"));
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], lines[1], "equal rows both count");
    assert!(lines[0].contains(r#""event_type":"usage.tokens.input","occurred_at":"2024-02-01T10:00:00.1234567Z","quantity":"374","unit":"token""#));
    assert!(lines[0].contains(r#""event_type":"usage.tokens.output""#));
    assert_eq!(
        lines[2],
        r#"row 3, column ContextTokens: "many" is not a whole number"#
    );
}

/// What a mapping to the domain's own commands makes of a file.
fn by_the_domain(mapping: &str, csv: &[u8]) -> Vec<String> {
    told(read(Mapping::parse(mapping, &Commands).unwrap(), csv).unwrap())
}

#[test]
fn claims_are_submitted_decided_and_recovered_on_the_days_of_the_clearing_house() {
    let lines = by_the_domain(CLAIMS, include_bytes!("../fixtures/claims.csv"));
    let claim = |id: &str, commands: &str| {
        format!(
            r#"{{"commands":{{"aggregate_type":"claim","aggregate_id":"{id}","commands":[{commands}]}}}}"#
        )
    };
    let submit = |at: &str| {
        format!(
            r#"["{at}",{{"submit":{{"billed":{{"amount":"80","currency":"USD"}},"payer":"Harbour Health","vertical":"claims"}}}}]"#
        )
    };
    let deny = |at: &str| format!(r#"["{at}",{{"deny":{{"reason":"not covered"}}}}]"#);
    assert_eq!(
        lines,
        [
            claim(
                "C1",
                r#"["2025-01-02T06:00:00Z",{"submit":{"billed":{"amount":"1250.00","currency":"USD"},"payer":"Harbour Health","service_date":"2024-12-20","vertical":"claims"}}],["2025-01-16T06:00:00Z",{"adjudicate":{"allowed":{"amount":"900.00","currency":"USD"},"paid":{"amount":"850.50","currency":"USD"}}}]"#
            ),
            claim(
                "C2",
                &[submit("2025-01-02T06:00:00Z"), deny("2025-01-14T06:00:00Z")].join(",")
            ),
            claim(
                "C3",
                &[
                    submit("2025-07-02T05:00:00Z"),
                    deny("2025-07-14T05:00:00Z"),
                    r#"["2025-07-30T05:00:00Z",{"recover":{"amount":{"amount":"75.00","currency":"USD"}}}]"#
                        .to_owned(),
                ]
                .join(",")
            ),
            claim("C4", &submit("2025-01-02T06:00:00Z")),
            r#"row 5, column billed: "eighty" is not a number"#.to_owned(),
            "row 6, column decided: is empty, but claim.adjudicate needs it to know when it occurred"
                .to_owned(),
        ]
    );
}

#[test]
fn runs_on_claims_end_with_a_result_or_go_on() {
    let lines = by_the_domain(CLAIM_RUNS, include_bytes!("../fixtures/claim_runs.csv"));
    assert_eq!(lines.len(), 3);
    assert!(lines[0].contains(
        r#""aggregate_id":"R1","commands":[["2025-01-10T08:00:00Z",{"start":{"agent":"ann","claim":"C1","vertical":"claims"}}],["2025-01-10T08:05:00Z",{"complete":{"outcome":"prepared","result":"resolved"}}]]"#
    ), "{}", lines[0]);
    assert!(!lines[1].contains("complete"), "{}", lines[1]);
    assert_eq!(
        lines[2],
        r#"row 3, column result: "Done" is not one of Assumed, Escalated, Resolved"#
    );
}
