//! Files in every shape, and every way to break one.

use std::io::{self, Read};

use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;

use crate::csv_file::source::{Format, Source, SourceError};

/// Reads at most so many bytes at once.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.1.min(buffer.len());
        self.0.read(&mut buffer[..most])
    }
}

fn read_with(csv: &[u8], format: &Format, step: usize) -> Result<Vec<String>, SourceError> {
    let mut source = Source::open(Trickle(csv, step), format)?;
    let mut rows = vec![source.header().names().join("|")];
    while let Some(row) = source.next_row()? {
        rows.push(match row {
            Ok(row) => {
                let fields: Vec<_> = (0..row.header().names().len())
                    .map(|place| row.get(place))
                    .collect();
                format!("{}@{} {}", row.number, row.line, fields.join("|"))
            }
            Err(rejection) => format!("{rejection} (line {})", rejection.line),
        });
    }
    Ok(rows)
}

/// Reads a file in large and in small steps, which must come to the same.
fn read(csv: impl AsRef<[u8]>) -> Result<Vec<String>, SourceError> {
    let csv = csv.as_ref();
    let (whole, bytes) = (
        read_with(csv, &Format::default(), 1 << 20),
        read_with(csv, &Format::default(), 1),
    );
    assert_eq!(format!("{whole:?}"), format!("{bytes:?}"));
    whole
}

fn semicolons() -> Format {
    Format {
        delimiter: b';',
        ..Format::default()
    }
}

#[test]
fn every_encoding_and_line_end_gives_the_same_rows() {
    let plain = read(include_bytes!("../fixtures/plain.csv")).unwrap();
    assert_eq!(
        plain,
        [
            "name|city|amount",
            "1@2 Grün, Anna|Köln|12.50",
            "2@3 Bob|Two\nlines|7"
        ]
    );
    let others: [&[u8]; 5] = [
        include_bytes!("../fixtures/crlf.csv"),
        include_bytes!("../fixtures/bom_crlf.csv"),
        include_bytes!("../fixtures/utf16le.csv"),
        include_bytes!("../fixtures/utf16be.csv"),
        include_bytes!("../fixtures/utf16le_no_bom.csv"),
    ];
    let crlf: Vec<String> = plain.iter().map(|row| row.replace("Two\n", "Two\r\n")).collect();
    for other in others {
        assert_eq!(read(other).unwrap(), crlf);
    }
    let format = Format {
        encoding: Some(WINDOWS_1252),
        ..Format::default()
    };
    assert_eq!(
        read_with(include_bytes!("../fixtures/windows1252.csv"), &format, 7).unwrap(),
        crlf
    );
}

#[test]
fn a_broken_quote_costs_its_own_row_and_no_other() {
    let rows = read(include_bytes!("../fixtures/broken_quotes.csv")).unwrap();
    assert_eq!(
        rows[1..],
        [
            "1@2 Ann|10|fine",
            r#"row 2, column size: "12\" pipe" has a quote in an unquoted field: quote the field and double the quotes in it (line 3)"#,
            r#"row 3, column size: "\"10\" pipe" has text after the quote that closes the field opened in line 4: double the quotes in a quoted field (line 4)"#,
            r#"row 4, column size: "\"11\nEve,12,fine after an unclosed quote\nFay,\"13\"" has text after the quote that closes the field opened in line 5: double the quotes in a quoted field (line 5)"#,
            "5@6 Eve|12|fine after an unclosed quote",
            "row 6: has 4 fields, the header has 3 (line 7)",
            r#"7@8 Gus|14|says "hi""#,
        ]
    );
}

#[test]
fn a_quote_that_is_never_closed_names_the_line_where_it_opened() {
    let rows = read("a,b\n1,2\n3,\"4\n5,6\n7,8\n").unwrap();
    assert_eq!(
        rows[1..],
        [
            "1@2 1|2",
            r#"row 2, column b: "\"4" opens a quote in line 3 that is not closed before the end of the file or within 1024 KiB (line 3)"#,
            "3@4 5|6",
            "4@5 7|8",
        ]
    );
}

#[test]
fn a_quote_that_is_not_closed_within_the_limit_costs_one_row() {
    let rows = 200_000;
    let csv = format!("a,b\n\"x,0\n{}", "1,234567\n".repeat(rows));
    let read = read_with(csv.as_bytes(), &Format::default(), 8192).unwrap();
    assert_eq!(read.len(), rows + 2);
    assert!(read[1].contains("opens a quote in line 2"), "{}", read[1]);
    assert_eq!(read[rows + 1], format!("{}@{} 1|234567", rows + 1, rows + 2));
}

#[test]
fn a_line_beyond_the_limit_is_rejected_and_the_next_is_read() {
    let csv = format!("a,b\n{},1\n2,3\n", "x".repeat(3 << 20));
    let rows = read_with(csv.as_bytes(), &Format::default(), 10_000).unwrap();
    assert_eq!(rows[1..], ["row 1: is longer than 1024 KiB (line 2)", "2@3 2|3"]);
}

#[test]
fn lines_are_counted_through_quoted_fields_empty_lines_and_old_line_ends() {
    let rows = read("a,b\r\n\r\n1,\"x\r\ny\rz\n\"\r\n\r\n\n2,3\r4,5").unwrap();
    assert_eq!(rows[1..], ["1@3 1|x\r\ny\rz\n", "2@9 2|3", "3@10 4|5"]);
}

#[test]
fn empty_fields_and_quoted_empty_fields_are_fields() {
    assert_eq!(read("a,b,c\n,,\n\"\",1,\n").unwrap()[1..], ["1@2 ||", "2@3 |1|"]);
}

#[test]
fn a_row_of_another_length_over_several_lines_asks_for_the_quote() {
    let rows = read("a,b\n1,\"2\n3\",4\n5,6\n").unwrap();
    assert_eq!(
        rows[1..],
        [
            "row 1: has 3 fields, the header has 2; it runs over the lines 2 to 3: is a quote missing? (line 2)",
            "2@4 5|6"
        ]
    );
}

#[test]
fn invalid_utf_8_is_rejected_with_its_column() {
    let rows = read(b"a,b\n1,M\xfcnchen\n2,Ulm\n\xc3,\xa9\n").unwrap();
    let reason = "if the file is in another encoding, name it in the mapping";
    assert_eq!(
        rows[1..],
        [
            format!(
                "row 1, column b: \"M\u{FFFD}nchen\" is not valid UTF-8 from byte 2 on: {reason} (line 2)"
            ),
            "2@3 2|Ulm".into(),
            format!("row 3, column a: \"\u{FFFD}\" is not valid UTF-8 from byte 1 on: {reason} (line 4)"),
        ]
    );
}

#[test]
fn a_lone_surrogate_and_a_nul_are_rejected() {
    let mut utf16: Vec<u8> = vec![0xff, 0xfe];
    for unit in "a,b\n1,"
        .encode_utf16()
        .chain([0xd800])
        .chain("\n2,3\n".encode_utf16())
    {
        utf16.extend(unit.to_le_bytes());
    }
    let rows = read(&utf16).unwrap();
    assert!(
        rows[1].contains("column b") && rows[1].contains("no character in the file's encoding"),
        "{rows:?}"
    );
    assert_eq!(rows[2], "2@3 2|3");
    let rows = read("a,b\n1,x\0y\n").unwrap();
    assert_eq!(
        rows[1],
        r#"row 1, column b: "x�y" has a NUL character in it (line 2)"#
    );
}

#[test]
fn a_file_without_a_header_is_an_error() {
    for empty in [&b""[..], b"\xef\xbb\xbf", b"\xff\xfe", b"\r\n\n"] {
        assert_eq!(
            read(empty).unwrap_err().to_string(),
            "the file is empty: expected a header line"
        );
    }
    assert_eq!(read("a,b").unwrap(), ["a|b"]);
}

#[test]
fn a_header_that_names_a_column_twice_is_an_error() {
    let error = read("a, b ,a,b,,\n").unwrap_err().to_string();
    assert_eq!(error, "the header names more than one column a, b");
    assert!(
        read("\"a\n")
            .unwrap_err()
            .to_string()
            .starts_with("the header in line 1 can't be read: opens a quote")
    );
}

#[test]
fn the_delimiter_can_be_set() {
    let rows = read_with(b"a;b\n1,5;\"x;y\"\n", &semicolons(), 64).unwrap();
    assert_eq!(rows, ["a|b", "1@2 1,5|x;y"]);
}

proptest! {
    #[test]
    fn what_is_written_by_the_rules_is_read_as_it_was(
        rows in prop::collection::vec(prop::collection::vec("[a\",;é\r\n ]{0,6}", 3), 1..20),
        step in 1usize..9,
    ) {
        let quote = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
        let mut csv = "a,b,c\n".to_owned();
        for row in &rows {
            csv.push_str(&row.iter().map(quote).collect::<Vec<_>>().join(","));
            csv.push('\n');
        }
        let mut source = Source::open(Trickle(csv.as_bytes(), step), &Format::default()).unwrap();
        for row in &rows {
            let read = source.next_row().unwrap().unwrap().unwrap();
            prop_assert_eq!(&(0..3).map(|place| read.get(place).to_owned()).collect::<Vec<_>>(), row);
        }
        prop_assert!(source.next_row().unwrap().is_none());
    }

    #[test]
    fn no_file_stops_the_reader_or_depends_on_the_size_of_a_read(
        csv in "[a\",\r\n]{0,80}", step in 1usize..5,
    ) {
        let whole = read_with(csv.as_bytes(), &Format::default(), 1 << 20);
        let steps = read_with(csv.as_bytes(), &Format::default(), step);
        prop_assert_eq!(format!("{whole:?}"), format!("{steps:?}"));
    }
}
