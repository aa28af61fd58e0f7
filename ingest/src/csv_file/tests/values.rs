//! Numbers, dates and times, as files write them.

use jiff::tz::TimeZone;

use crate::csv_file::value::{Kind, NumberFormat, TimeFormat};

const PLAIN: NumberFormat = NumberFormat {
    decimal_mark: '.',
    thousands_mark: None,
};
const GERMAN: NumberFormat = NumberFormat {
    decimal_mark: ',',
    thousands_mark: Some('.'),
};

fn decimal(format: NumberFormat, text: &str) -> Option<String> {
    format.decimal(text).map(|number| number.to_string())
}

#[test]
fn a_decimal_keeps_its_digits() {
    let read = [
        ("12.50", "12.50"),
        ("-0.07", "-0.07"),
        ("+3", "3"),
        (".5", "0.5"),
        ("7.", "7"),
        ("\u{2212}4", "-4"),
    ];
    for (text, expected) in read {
        assert_eq!(decimal(PLAIN, text).as_deref(), Some(expected), "{text}");
    }
    for text in [
        "", "-", ".", "12,0x", "1,000", "1_000", "1e5", "0x10", "NaN", "1.2.3", "--1", "1 000", "٣",
    ] {
        assert_eq!(decimal(PLAIN, text), None, "{text}");
    }
    assert_eq!(
        decimal(PLAIN, "0.12345678901234567890123456789"),
        None,
        "more digits than a decimal holds"
    );
}

#[test]
fn marks_are_taken_out_only_between_groups_of_three() {
    assert_eq!(decimal(GERMAN, "1.234.567,89").as_deref(), Some("1234567.89"));
    assert_eq!(decimal(GERMAN, "-1,5").as_deref(), Some("-1.5"));
    for text in ["1.5", "1234.567", ".123", "1.23.456", "1,234.5"] {
        assert_eq!(decimal(GERMAN, text), None, "{text}");
    }
    assert_eq!(GERMAN.integer("1.234"), Some(1234));
    assert_eq!(PLAIN.integer("-9223372036854775808"), Some(i64::MIN));
    assert_eq!(PLAIN.integer("9223372036854775808"), None);
    assert_eq!(PLAIN.integer("12.0"), None);
    assert_eq!(PLAIN.integer(""), None);
}

fn instant(format: Option<&str>, zone: &str, text: &str) -> String {
    let zone = TimeZone::get(zone).unwrap();
    let format = match format {
        Some(pattern) => TimeFormat::try_new(pattern.into(), zone).unwrap(),
        None => TimeFormat::iso(zone),
    };
    format
        .instant(text)
        .map_or_else(|reason| reason, |instant| instant.to_string())
}

#[test]
fn a_time_is_read_in_its_format_and_zone() {
    let precise = Some("%Y-%m-%d %H:%M:%S%.f");
    assert_eq!(
        instant(precise, "UTC", "2023-11-16 18:15:46.6805900"),
        "2023-11-16T18:15:46.68059Z"
    );
    assert_eq!(
        instant(Some("%d.%m.%Y"), "Europe/Berlin", "01.07.2024"),
        "2024-06-30T22:00:00Z"
    );
    assert_eq!(
        instant(
            Some("%Y-%m-%d %H:%M %z"),
            "Europe/Berlin",
            "2024-07-01 12:00 +0500"
        ),
        "2024-07-01T07:00:00Z"
    );
    assert_eq!(
        instant(Some("%s"), "Europe/Berlin", "1700000000"),
        "2023-11-14T22:13:20Z"
    );
    assert_eq!(
        instant(Some("%Y-%m-%d"), "UTC", "2024-02-30"),
        "is not a time in the format %Y-%m-%d"
    );
    assert_eq!(
        instant(Some("%Y-%m-%d"), "UTC", "2024-02-03 10:00"),
        "is not a time in the format %Y-%m-%d"
    );
}

#[test]
fn without_a_format_a_time_is_iso_8601() {
    assert_eq!(
        instant(None, "America/New_York", "2024-01-05"),
        "2024-01-05T05:00:00Z"
    );
    assert_eq!(
        instant(None, "America/New_York", "2024-01-05 10:00"),
        "2024-01-05T15:00:00Z"
    );
    assert_eq!(
        instant(None, "America/New_York", "2024-01-05T10:00:00.5Z"),
        "2024-01-05T10:00:00.5Z"
    );
    assert_eq!(
        instant(None, "UTC", "05.01.2024"),
        "is not a time in the format of ISO 8601"
    );
}

#[test]
fn a_local_time_that_occurs_twice_or_never_is_still_one_instant() {
    assert_eq!(
        instant(None, "Europe/Berlin", "2024-10-27 02:30"),
        "2024-10-27T00:30:00Z"
    );
    assert_eq!(
        instant(None, "Europe/Berlin", "2024-03-31 02:30"),
        "2024-03-31T01:30:00Z"
    );
}

#[test]
fn truth_is_written_in_several_ways() {
    for (text, expected) in [
        ("TRUE", true),
        ("y", true),
        ("1", true),
        ("no", false),
        ("F", false),
    ] {
        assert_eq!(Kind::Boolean.read(text), Ok(expected.into()));
    }
    assert_eq!(
        Kind::Boolean.read("maybe").unwrap_err(),
        "is not true or false, yes or no, 1 or 0"
    );
}
