//! The mappings in `docs/examples`, tried on small files of the same columns.

use super::lines;

const OPPORTUNITIES: &str = include_str!("../../../../docs/examples/crm_opportunities.toml");
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
