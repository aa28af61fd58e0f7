//! Rows in, commands and facts out.

use super::{Row, import, lines};
use crate::csv_file::Outputs;

const OPEN: &str = r#"
source = "crm"
[format]
empty = ["NULL"]
[record]
id = "id"
[[command]]
type = "opportunity.open"
id = { columns = ["number", "id"], prefix = "crm-" }
occurred_at = { columns = ["opened", "created"], format = "%Y-%m-%d", zone = "America/New_York" }
"#;

fn open(fields: &str) -> String {
    format!("{OPEN}[command.fields]\n{fields}")
}

#[test]
fn a_row_becomes_the_commands_whose_conditions_hold() {
    let mapping = open("title = { column = \"name\" }")
        + "\n[[command]]\ntype = \"opportunity.reopen\"\nwhen = { column = \"name\", equals = \"Loom\" }\n";
    assert_eq!(
        lines(
            &mapping,
            "id,number,opened,created,name\n1,N1,2024-01-02,,Loom\n2,NULL,,2024-07-02, Wheel \n3,,,,x\n"
        ),
        [
            r#"{"commands":{"aggregate_type":"opportunity","aggregate_id":"crm-N1","commands":[["2024-01-02T05:00:00Z",{"open":{"title":"Loom"}}],[null,{"reopen":null}]]}}"#,
            r#"{"commands":{"aggregate_type":"opportunity","aggregate_id":"crm-2","commands":[["2024-07-02T04:00:00Z",{"open":{"title":"Wheel"}}]]}}"#,
            r#"{"commands":{"aggregate_type":"opportunity","aggregate_id":"crm-3","commands":[[null,{"open":{"title":"x"}}]]}}"#,
        ]
    );
}

/// The fields of the one command of the one row, or its rejection.
fn one(fields: &str, cell: &str) -> String {
    let csv = format!("id,number,opened,created,x,cur\n1,,,,{cell}\n");
    let line = lines(&open(fields), csv).remove(0);
    match line.split_once("{\"open\":") {
        Some((_, rest)) => rest.trim_end_matches("}]]}}").to_owned(),
        None => line,
    }
}

#[test]
fn fields_have_types() {
    assert_eq!(
        one("title = { column = \"x\", type = \"integer\" }", "5,"),
        r#"{"title":5}"#
    );
    assert_eq!(
        one("title = { column = \"x\", type = \"decimal\" }", "5.10,"),
        r#"{"title":"5.10"}"#
    );
    assert_eq!(
        one("title = { column = \"x\", type = \"boolean\" }", "yes,"),
        r#"{"title":true}"#
    );
    assert_eq!(
        one(
            "title = { column = \"x\", type = \"date\", format = \"%d/%m/%Y\" }",
            "31/12/2024,"
        ),
        r#"{"title":"2024-12-31"}"#
    );
    assert_eq!(
        one(
            "title = { column = \"x\", type = \"datetime\", zone = \"Asia/Tokyo\" }",
            "2024-12-31,"
        ),
        r#"{"title":"2024-12-30T15:00:00Z"}"#
    );
    assert_eq!(
        one(
            "value = { column = \"x\", type = \"money\", currency = \"USD\" }",
            "12.50,"
        ),
        r#"{"value":{"amount":"12.50","currency":"USD"}}"#
    );
    assert_eq!(
        one(
            "value = { column = \"x\", type = \"money\", currency_column = \"cur\" }",
            "7,EUR"
        ),
        r#"{"value":{"amount":"7","currency":"EUR"}}"#
    );
    assert_eq!(
        one("title = { constant = 5, type = \"decimal\" }", ","),
        r#"{"title":"5"}"#
    );
    assert_eq!(one("title = { constant = true }", ","), r#"{"title":true}"#);
}

#[test]
fn an_empty_field_is_left_out_defaulted_or_rejected() {
    assert_eq!(one("title = { column = \"x\", required = false }", "NULL,"), "{}");
    assert_eq!(
        one("title = { column = \"x\", default = \"none\" }", " ,"),
        r#"{"title":"none"}"#
    );
    assert_eq!(
        one("title = { column = \"x\" }", ","),
        "row 1, column x: is empty, but opportunity.open needs it for title"
    );
    assert_eq!(
        one(
            "value = { column = \"x\", type = \"money\", currency_column = \"cur\", required = false }",
            ","
        ),
        "{}"
    );
}

#[test]
fn a_value_that_can_not_be_taken_is_rejected_with_its_column() {
    assert_eq!(
        one(
            "value = { column = \"x\", type = \"money\", currency = \"USD\" }",
            "\"12,0x\","
        ),
        "row 1, column x: \"12,0x\" is not a number"
    );
    assert_eq!(
        one(
            "value = { column = \"x\", type = \"money\", currency_column = \"cur\" }",
            "7,Euro"
        ),
        "row 1, column cur: \"Euro\" is not a currency code, as in USD"
    );
    assert_eq!(
        one(
            "closes_on = { column = \"x\", type = \"date\", format = \"%Y-%m-%d\" }",
            "2024-13-45,"
        ),
        "row 1, column x: \"2024-13-45\" is not a date in the format %Y-%m-%d"
    );
    assert_eq!(
        one(
            "stage = { column = \"x\", values = { a = \"A\", b = \"B\" } }",
            "c,"
        ),
        "row 1, column x: \"c\" is not one of a, b"
    );
    let long = "é".repeat(500);
    let rejected = import(
        &open("title = { column = \"x\", type = \"integer\" }"),
        format!("id,number,opened,created,x\n1,,,,{long}\n"),
    );
    let value = rejected.unwrap().remove(0).unwrap_err().value.unwrap();
    assert_eq!(value, "é".repeat(200));
}

const CALLS: &str = r#"
source = "calls"
[[fact]]
type = "usage.tokens"
occurred_at = { column = "at" }
quantity = { column = "tokens" }
unit = "token"
[fact.dimensions]
model = { column = "model", required = false }
cached = { constant = false }
[[fact]]
type = "usage.calls"
quantity = { constant = 1 }
unit = "call"
"#;

#[test]
fn a_row_becomes_several_facts() {
    assert_eq!(
        lines(CALLS, "at,tokens,model\n2024-01-01,1.5,big\n,x,\n"),
        [
            r#"{"facts":[{"event_type":"usage.tokens","occurred_at":"2024-01-01T00:00:00Z","quantity":"1.5","unit":"token","dimensions":{"cached":"false","model":"big"}},{"event_type":"usage.calls","occurred_at":"2024-01-01T00:00:00Z","quantity":"1","unit":"call","dimensions":{}}]}"#,
            "row 2, column tokens: \"x\" is not a number",
        ]
    );
}

fn receipts(rows: Vec<Row>) -> Vec<(String, [u8; 32])> {
    rows.into_iter()
        .map(Result::unwrap)
        .map(|row| (row.receipt_id, row.content_hash))
        .collect()
}

#[test]
fn equal_rows_are_told_apart_by_their_occurrence_and_known_again() {
    let mapping = CALLS.replace(
        "[fact.dimensions]\nmodel = { column = \"model\", required = false }",
        "[fact.dimensions]",
    );
    let csv = include_bytes!("../fixtures/equal_rows.csv");
    let first = receipts(import(&mapping, csv).unwrap());
    let (a, b) = first[0].0.rsplit_once(':').unwrap();
    assert_eq!(b, "1");
    assert_eq!(first[1].0, format!("{a}:2"));
    assert_eq!(first[2].0, format!("{a}:3"), "quotes make no difference");
    assert!(first[3].0.ends_with(":1") && !first[3].0.starts_with(a));
    assert_ne!(first[0].1, first[1].1, "the receipt id is part of the content");
    assert_eq!(first, receipts(import(&mapping, csv).unwrap()));
}

#[test]
fn an_id_of_several_columns_can_not_be_mistaken_for_another() {
    let mapping = open("title = { column = \"id\" }").replace("id = \"id\"", "id = [\"id\", \"number\"]");
    let rows = import(&mapping, "id,number,opened,created\na:b,c,,\na,b:c,,\na,,,\n").unwrap();
    let ids: Vec<_> = rows
        .into_iter()
        .map(|row| row.map_or_else(|no| no.to_string(), |yes| yes.receipt_id))
        .collect();
    assert_eq!(
        ids,
        [
            "a\\:b:c",
            "a:b\\:c",
            "row 3, column number: is empty, but identifies the record"
        ]
    );
}

#[test]
fn the_content_is_what_is_mapped() {
    let mapping = open("title = { column = \"id\" }");
    let hash = |csv: &str| receipts(import(&mapping, csv).unwrap())[0].1;
    let header = "id,number,opened,created,x";
    let before = hash(&format!("{header}\n1,,,,a\n"));
    assert_eq!(before, hash(&format!("{header}\n1,,,,b\n")), "x is not mapped");
    assert_ne!(before, hash(&format!("{header}\n1,,2024-01-01,,a\n")));
}

#[test]
fn a_row_for_which_no_condition_holds_is_nothing() {
    let mapping = open("title = { column = \"id\" }").replace(
        "[command.fields]",
        "when = { column = \"id\", equals = \"2\" }\n[command.fields]",
    );
    let rows = import(&mapping, "id,number,opened,created\n1,,,\n").unwrap();
    assert_eq!(rows[0].as_ref().unwrap().outputs, Outputs::Nothing);
}
