//! Mappings that make no sense, and what is said about them.

use super::{import, lines, parse};

fn problems(mapping: &str) -> Vec<String> {
    let problems = parse(mapping).map_or_else(|error| error.problems, |_| Vec::new());
    problems.iter().map(ToString::to_string).collect()
}

const OPEN: &str = r#"source = "crm"
[[command]]
type = "opportunity.open"
id = { column = "id" }
[command.fields]
"#;

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let wrong = problems("source = \"crm\"\n[record]\nids = \"a\"\n");
    assert_eq!(
        wrong,
        ["line 3, `ids = \"a\"`: unknown field `ids`, expected `id`"]
    );
    let wrong = problems(&format!("{OPEN}title = {{ colum = \"a\" }}\n"));
    assert!(
        wrong[0].starts_with("line 6, `title = { colum = \"a\" }`: unknown field `colum`, expected one of"),
        "{wrong:?}"
    );
}

#[test]
fn a_value_of_the_wrong_type_is_named_with_its_line() {
    assert_eq!(
        problems("source = \"crm\"\n[record]\nid = 7\n"),
        ["line 3, `id = 7`: invalid type: integer `7`, expected a column's name or a list of them"]
    );
    assert!(problems("source = \n")[0].starts_with("line 1, `source =`: "));
    let wrong = problems(&format!("{OPEN}title = {{ constant = 0.95 }}\n"));
    assert!(wrong[0].contains("a decimal is written as a text"), "{wrong:?}");
}

#[test]
fn unknown_commands_and_fields_are_found_before_the_file_is_read() {
    let wrong = problems(
        r#"source = "crm"
[[command]]
type = "opportunity.opne"
id = { column = "id" }
[[command]]
type = "opportunity.win"
[command.fields]
vlaue = { column = "v" }
[[command]]
type = "opportunity.reopen"
[command.fields]
why = { constant = "x" }
"#,
    );
    let types = "opportunity.open, opportunity.win, opportunity.lose, opportunity.reopen";
    assert_eq!(
        wrong,
        [
            format!("line 3, command.type: there is no command \"opportunity.opne\", but {types}"),
            "line 8, command.fields.vlaue: opportunity.win has no field \"vlaue\", but value".into(),
            "line 12, command.fields.why: opportunity.reopen has no field \"why\", but no fields".into(),
        ]
    );
}

#[test]
fn every_problem_is_told_at_once_in_the_order_of_the_file() {
    let wrong = problems(
        r#"source = " "
[format]
delimiter = "::"
encoding = "utf-99"
decimal_mark = "_"
thousands_mark = "."
zone = "Europe/Nowhere"
[[command]]
type = "opportunity.open"
occurred_at = { column = "a", format = "%H:%M" }
when = { column = "a" }
[command.fields]
title = { column = "a", columns = ["b"] }
stage = { column = "a", constant = "b" }
owner = { required = false }
product = { column = "a", format = "%Y" }
closes_on = { column = "a", type = "date", format = "%Y-%q" }
value = { column = "a", type = "money" }
account = { column = "a", default = "1x", type = "integer" }
"#,
    );
    let expected = [
        "line 1, source: is empty",
        "line 3, format.delimiter: is not one character",
        "line 4, format.encoding: is not an encoding",
        "line 5, format.decimal_mark: is neither",
        "line 6, format.thousands_mark: is not one character",
        "line 7, format.zone: \"Europe/Nowhere\" is not a time zone",
        "line 9, command.id: is missing",
        "line 10, command.occurred_at.format: \"%H:%M\" can't be used",
        "line 11, command.when: needs one of",
        "line 13, command.fields.title: has column and columns",
        "line 14, command.fields.stage: has a column and a constant",
        "line 15, command.fields.owner: has no column",
        "line 16, command.fields.product: has a format",
        "line 17, command.fields.closes_on.format: \"%Y-%q\" can't be used",
        "line 18, command.fields.value: is money",
        "line 19, command.fields.account: \"1x\" is not a whole number",
    ];
    assert_eq!(wrong.len(), expected.len(), "{wrong:#?}");
    for (problem, expected) in wrong.iter().zip(expected) {
        assert!(problem.starts_with(expected), "{problem}\nis not\n{expected}");
    }
}

#[test]
fn the_commands_of_a_row_go_to_one_aggregate() {
    let wrong = problems(
        r#"source = "crm"
[[command]]
type = "opportunity.open"
id = { column = "id" }
[[command]]
type = "lead.capture"
id = { column = "lead_id" }
"#,
    );
    assert!(
        wrong[0]
            .contains("line 6, command.type: a row's commands go to one aggregate: opportunity, not lead")
    );
    assert!(
        wrong
            .iter()
            .any(|problem| problem.contains("line 7, command.id: ")),
        "{wrong:?}"
    );
}

#[test]
fn a_mapping_has_commands_or_facts() {
    assert_eq!(
        problems("source = \"x\"\n"),
        ["line 1, command: there is no [[command]] and no [[fact]]"]
    );
    let fact = "[[fact]]\ntype = \"usage.x\"\nunit = \"x\"\nquantity = { constant = 1 }\n";
    assert!(
        problems(&format!("{OPEN}title = {{ constant = \"x\" }}\n{fact}"))[0].starts_with("line 8, fact: ")
    );
}

#[test]
fn the_facts_of_a_row_occur_at_one_time() {
    let fact = |time: &str| {
        format!("[[fact]]\ntype = \"usage.x\"\nunit = \"x\"\nquantity = {{ constant = 1 }}\n{time}")
    };
    let at = |column: &str| format!("occurred_at = {{ column = \"{column}\" }}\n");
    let file = |one: &str, other: &str| format!("source = \"x\"\n{}{}", fact(one), fact(other));
    assert_eq!(problems(&file(&at("a"), &at("a"))), [""; 0]);
    assert_eq!(problems(&file(&at("a"), "")), [""; 0]);
    assert_eq!(
        problems(&file(&at("a"), &at("b"))),
        ["line 11, fact.occurred_at: a row's facts occur at one time: state it once, or the same for each"]
    );
}

#[test]
fn a_fact_has_a_usage_or_custom_type_a_quantity_and_a_unit() {
    let wrong = problems(
        "source = \"x\"\n[[fact]]\ntype = \"tokens\"\nunit = \"\"\nquantity = { column = \"a\", type = \"text\" }\n",
    );
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert!(problems("source = \"x\"\n[[fact]]\ntype = \"usage.x\"\nunit = \"x\"\n")[0].contains("quantity"));
}

#[test]
fn a_column_that_the_file_does_not_have_is_named_with_those_it_has() {
    let mapping =
        format!("{OPEN}title = {{ columns = [\"name\", \"titel\"] }}\nstage = {{ column = \"stage\" }}\n");
    let error = import(&mapping, "id,name\n").unwrap_err().to_string();
    assert_eq!(
        error,
        "the mapping can't be used: line 6, command.fields.title: the file has no column \"titel\"; its columns \
         are \"id\", \"name\"; line 7, command.fields.stage: the file has no column \"stage\"; its columns are \
         \"id\", \"name\""
    );
    let error = import(&mapping, "id;name\n").unwrap_err().to_string();
    assert!(
        error.ends_with("its columns are \"id;name\". Is [format] delimiter right?"),
        "{error}"
    );
}

#[test]
fn conditions_may_be_one_or_a_list() {
    let mapping = |when: &str| {
        let fields = "[command.fields]\ntitle = { column = \"id\" }\n";
        format!(
            "source = \"crm\"\n[[command]]\ntype = \"opportunity.open\"\nid = {{ column = \"id\" }}\nwhen = {when}\n{fields}"
        )
    };
    let csv = "id,a,b\n1,x,\n2,y,z\n3,,z\n";
    let taken = |when: &str| {
        let lines = lines(&mapping(when), csv);
        lines.iter().map(|line| line != "\"nothing\"").collect::<Vec<_>>()
    };
    assert_eq!(taken("{ column = \"a\", equals = \"x\" }"), [true, false, false]);
    assert_eq!(
        taken("{ column = \"a\", one_of = [\"x\", \"y\"] }"),
        [true, true, false]
    );
    assert_eq!(
        taken("{ column = \"a\", none_of = [\"x\"] }"),
        [false, true, true]
    );
    assert_eq!(taken("{ column = \"b\", not_empty = true }"), [false, true, true]);
    assert_eq!(
        taken("{ column = \"b\", not_empty = false }"),
        [true, false, false]
    );
    assert_eq!(
        taken("[{ column = \"a\", one_of = [\"x\", \"y\"] }, { column = \"b\", not_empty = true }]"),
        [false, true, false]
    );
}
