//! Two states of one thing, side by side, by JSON pointers.

use serde_json::{Map, Value};

/// A place in which two states differ.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Change {
    /// The place, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What was there before; `None`: nothing.
    pub before: Option<Value>,
    /// What is there after; `None`: nothing.
    pub after: Option<Value>,
}

/// The places in which two states differ, in the order of their names. Lists are compared as a whole; what is not there
/// is as if it were null.
#[must_use]
pub fn differences(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(String::new(), before, after, &mut changes);
    changes
}

fn compare(pointer: String, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let nothing = Map::new();
    let members = |value: &Value| match value {
        Value::Object(members) => Some(members.clone()),
        Value::Null if pointer.is_empty() => Some(nothing.clone()),
        _ => None,
    };
    match (members(before), members(after)) {
        (Some(left), Some(right)) => {
            let mut names: Vec<&String> = left.keys().chain(right.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let of = |members: &Map<String, Value>| members.get(name).cloned().unwrap_or(Value::Null);
                let escaped = name.replace('~', "~0").replace('/', "~1");
                compare(format!("{pointer}/{escaped}"), &of(&left), &of(&right), changes);
            }
        }
        _ if before == after => {}
        _ => {
            let told = |value: &Value| (!value.is_null()).then(|| value.clone());
            changes.push(Change {
                before: told(before),
                after: told(after),
                pointer,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Change, differences};

    #[test]
    fn only_what_differs_is_told_at_its_place() {
        let before = json!({ "a": 1, "b": { "c": [1], "d/e": null }, "same": { "x": 1 } });
        let after = json!({ "a": 2, "b": { "c": [1, 2], "d/e": "~" }, "same": { "x": 1 }, "new": true });
        let told = differences(&before, &after);
        let change = |pointer: &str, before: Option<Value>, after: Option<Value>| Change {
            pointer: pointer.to_owned(),
            before,
            after,
        };
        assert_eq!(
            told,
            [
                change("/a", Some(json!(1)), Some(json!(2))),
                change("/b/c", Some(json!([1])), Some(json!([1, 2]))),
                change("/b/d~1e", None, Some(json!("~"))),
                change("/new", None, Some(json!(true))),
            ]
        );
        assert_eq!(
            after.pointer("/b/d~1e"),
            Some(&json!("~")),
            "it is a JSON pointer"
        );
        assert!(differences(&after, &after).is_empty());
    }

    #[test]
    fn what_was_not_there_differs_member_by_member() {
        let told = differences(&Value::Null, &json!({ "a": 1, "none": null }));
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].pointer.as_str(), &told[0].before), ("/a", &None));
    }
}
