//! One pass over a document's text before the parser sees it: the parser recurses, this does not.

use super::{Limits, Over};

/// Why a text does not get to the parser.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It is over a limit.
    #[error(transparent)]
    Over(#[from] Over),
    /// A string has no end, so nothing behind it can be counted.
    #[error("line {line}: the string that begins here has no end")]
    OpenString {
        /// Where it begins, counted from 1.
        line: usize,
    },
}

/// Counts bytes, tokens and nesting, and stops at the first that is over its limit.
pub(crate) fn scan(document: &str, limits: &Limits) -> Result<(), Unreadable> {
    Over::check(
        "document_bytes",
        "bytes of the document",
        document.len(),
        limits.document_bytes,
    )?;
    let mut scan = Scan::default();
    let mut rest = document.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let length = match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xEF | 0xBB | 0xBF => 0,
            b'#' => {
                rest = &after[length_of(after, |byte| !matches!(byte, b'\n' | b'\r'))..];
                continue;
            }
            b'"' => string_length(after).ok_or_else(|| {
                let before = &document.as_bytes()[..document.len() - rest.len()];
                let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
                Unreadable::OpenString { line }
            })?,
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => length_of(after, is_name),
            b'-' | b'0'..=b'9' => {
                length_of(after, |byte| is_name(byte) || matches!(byte, b'.' | b'+' | b'-'))
            }
            b'.' => length_of(after, |byte| byte == b'.').min(2),
            other => {
                scan.bracket(other, limits)?;
                0
            }
        };
        if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | 0xEF | 0xBB | 0xBF) {
            scan.tokens += 1;
            Over::check("tokens", "tokens in the document", scan.tokens, limits.tokens)?;
        }
        rest = &after[length..];
    }
    Ok(())
}

/// What is open where the scan is.
#[derive(Default)]
struct Scan {
    tokens: usize,
    parentheses: usize,
    selections: usize,
    values: usize,
}

impl Scan {
    /// Inside parentheses are values and types, outside are selections.
    fn bracket(&mut self, byte: u8, limits: &Limits) -> Result<(), Over> {
        match byte {
            b'(' => self.parentheses += 1,
            b')' => {
                self.parentheses = self.parentheses.saturating_sub(1);
                self.values = 0;
            }
            b'{' if self.parentheses == 0 => self.selections += 1,
            b'}' if self.parentheses == 0 => self.selections = self.selections.saturating_sub(1),
            b'{' | b'[' => self.values += 1,
            b'}' | b']' => self.values = self.values.saturating_sub(1),
            _ => {}
        }
        Over::check(
            "selection_nesting",
            "selections inside each other",
            self.selections,
            limits.selections(),
        )?;
        Over::check(
            "value_nesting",
            "lists and objects inside each other",
            self.values,
            limits.values(),
        )
    }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn length_of(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    let end = bytes.iter().position(|byte| !belongs(*byte));
    end.unwrap_or(bytes.len())
}

/// The length of what follows a string's first quotation mark, its last one included.
fn string_length(after: &[u8]) -> Option<usize> {
    match after.strip_prefix(b"\"\"") {
        Some(block) => block_length(block).map(|length| length + 2),
        None => plain_length(after),
    }
}

fn plain_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn block_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with(b"\"\"\"") {
            return Some(at + 3);
        }
        if rest.is_empty() {
            return None;
        }
        at += if rest.starts_with(b"\\\"\"\"") { 4 } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::{Unreadable, scan};
    use crate::limits::Limits;

    fn over(document: &str) -> Option<&'static str> {
        match scan(document, &Limits::default()) {
            Ok(()) => None,
            Err(Unreadable::Over(over)) => Some(over.limit),
            Err(Unreadable::OpenString { .. }) => Some("open string"),
        }
    }

    fn nested(open: &str, close: &str, times: usize) -> String {
        format!("{}a{}", open.repeat(times), close.repeat(times))
    }

    #[test]
    fn what_is_at_its_limit_passes_and_what_is_over_is_named() {
        let limits = Limits::default();
        let fill = |bytes: usize| format!("{{a}}#{}", "x".repeat(bytes - 4));
        assert_eq!(over(&fill(limits.document_bytes)), None);
        assert_eq!(over(&fill(limits.document_bytes + 1)), Some("document_bytes"));
        assert_eq!(over(&"a ".repeat(limits.tokens)), None);
        assert_eq!(over(&"a ".repeat(limits.tokens + 1)), Some("tokens"));
        let selections = limits.selection_nesting;
        assert_eq!(over(&nested("{a", "}", selections)), None);
        assert_eq!(
            over(&nested("{a", "}", selections + 1)),
            Some("selection_nesting")
        );
        for (open, close) in [("[", "]"), ("{a:", "}"), ("[{a:[", "]}]")] {
            let steps = if open.len() == 5 { 3 } else { 1 };
            let within = limits.value_nesting / steps;
            let value = |times| format!("{{a(b:{})}}", nested(open, close, times));
            assert_eq!(over(&value(within)), None, "{open}");
            assert_eq!(over(&value(within + 1)), Some("value_nesting"), "{open}");
        }
        let kind = |times| format!("query($a:{}){{a}}", nested("[", "]", times));
        assert_eq!(over(&kind(limits.value_nesting)), None);
        assert_eq!(over(&kind(limits.value_nesting + 1)), Some("value_nesting"));
    }

    #[test]
    fn the_parser_holds_what_passes_whatever_is_set() {
        let limits = Limits {
            selection_nesting: usize::MAX,
            value_nesting: usize::MAX,
            ..Limits::default()
        };
        for document in [
            nested("{a", "}", 64),
            format!("{{a(b:{})}}", nested("[", "]", 64)),
            format!("{{a(b:{})}}", nested("{a:", "}", 64)),
            format!("query($a:{}){{a}}", nested("[", "]", 64)),
            format!(
                "{}a(b:{}){}",
                "{a".repeat(63) + "{",
                nested("[{a:", "}]", 32),
                "}".repeat(64)
            ),
        ] {
            assert!(scan(&document, &limits).is_ok(), "{document}");
            // A thread of the runtime has as much stack; the parser may refuse, it must come back.
            let parsing = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
            let parsed = parsing.spawn(move || drop(async_graphql::parser::parse_query(document)));
            parsed.unwrap().join().unwrap();
        }
        assert!(scan(&nested("{a", "}", 65), &limits).is_err());
    }

    #[test]
    fn nothing_counts_in_strings_and_comments() {
        let deep = "{[(".repeat(100);
        for document in [
            format!("{{a(b:\"{deep}\")}}"),
            format!("{{a(b:\"\\\"{deep}\\\\\")}}"),
            format!("{{a(b:\"\"\"{deep}\n\"\" \\\"\"\" {deep}\"\"\")}}"),
            format!("{{a}} # \" {deep}\n#{deep}"),
            format!("{{a(b:\"\" c:\"\"\"\"\"\")}}#{deep}"),
        ] {
            assert_eq!(over(&document), None, "{document}");
        }
    }

    #[test]
    fn everything_counts_behind_them() {
        let deep = "{a".repeat(100);
        for document in [
            format!("{{a(b:\"#\"){deep}"),
            format!("{{a(b:\"\\\\\"){deep}"),
            format!("{{a(b:\"\"\"\"\"\"){deep}"),
            format!("{{a(b:\"\"){deep}"),
            format!("# \"\"\"\n{deep}"),
            format!("# \"\r{deep}"),
        ] {
            assert_eq!(over(&document), Some("selection_nesting"), "{document}");
        }
    }

    #[test]
    fn a_string_without_an_end_is_named_with_its_line() {
        for document in ["{a(b:\"x\n\")}", "{a(b:\"", "{a(b:\"\\\")}", "{a(b:\"\"\"\"\")}"] {
            let error = scan(&format!("\n\n{document}"), &Limits::default()).unwrap_err();
            assert_eq!(error, Unreadable::OpenString { line: 3 }, "{document}");
        }
    }
}
