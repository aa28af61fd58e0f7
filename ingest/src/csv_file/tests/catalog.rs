//! Field names read off command types.

use serde::Deserialize;

use domain::fields_of;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its shape is read")]
enum Command {
    Open {
        title: String,
        #[serde(rename = "expected")]
        value: Option<u32>,
        #[serde(default)]
        tags: Vec<String>,
    },
    Win(Win),
    Hand(Box<Win>),
    Reopen,
    Pair(u8, u8),
    MarkStale {},
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its shape is read")]
struct Win {
    final_value: u32,
    at: Option<String>,
}

#[test]
fn the_fields_of_a_command_are_those_that_serde_reads() {
    assert_eq!(
        fields_of::<Command>(),
        [
            ("open", vec!["title", "expected", "tags"]),
            ("win", vec!["finalValue", "at"]),
            ("hand", vec!["finalValue", "at"]),
            ("reopen", vec![]),
            ("pair", vec![]),
            ("mark_stale", vec![]),
        ]
    );
}

#[test]
fn a_type_that_is_no_enum_has_no_commands() {
    assert_eq!(fields_of::<Win>(), []);
}
