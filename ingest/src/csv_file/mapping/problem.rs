//! What is wrong with a mapping: every problem at once, each with its line and key.

use std::fmt;

/// One problem of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line in the mapping file, from 1.
    pub line: usize,
    /// The key, as in `command.fields.value`; of a file that is no mapping at all, the line's text.
    pub key: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}: {}", self.line, self.key, self.reason)
    }
}

/// A mapping that can't be used, with everything that is wrong with it in the file's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl MappingError {
    pub(super) fn in_order(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.line);
        Self { problems }
    }

    /// What the TOML parser has to say, in one line.
    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(0, |span| span.start);
        let line = line_of(text, at);
        let key = text.lines().nth(line - 1).unwrap_or_default().trim();
        let reason = error.message().trim().replace('\n', "; ");
        Self {
            problems: vec![Problem {
                line,
                key: format!("`{key}`"),
                reason,
            }],
        }
    }
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mapping can't be used: ")?;
        for (place, problem) in self.problems.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for MappingError {}

/// The line of a place in a text, from 1.
pub(super) fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
