//! An expression that was read and checked, ready to run on any number of events.

use rust_decimal::Decimal;

use super::evaluate::Node;
use super::lower;

/// The longest expression, in bytes.
const TEXT_AT_MOST: usize = 2_000;
/// The stack of the thread that reads an expression: the parser goes down several frames for each level, and does not
/// stop where it is told to.
const PARSER_STACK_BYTES: usize = 64 << 20;
/// The deepest nesting of brackets and of choices (`? :`), each.
const DEPTH_AT_MOST: usize = 16;
/// The most operators, dots and commas.
const SIGNS_AT_MOST: usize = 150;

/// What kind of value an expression has, as far as it can be told without an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::meter) enum Kind {
    Bool,
    Number,
    Text,
    Unknown,
}

/// Where and why an expression can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {reason}")]
pub(in crate::meter) struct BadExpression {
    /// Counted from 1.
    pub(in crate::meter) column: usize,
    pub(in crate::meter) reason: String,
}

impl BadExpression {
    pub(super) fn new(column: usize, reason: impl Into<String>) -> Self {
        Self {
            column,
            reason: reason.into(),
        }
    }
}

/// A checked expression.
#[derive(Clone, Debug)]
pub(in crate::meter) struct Program {
    pub(super) root: Node,
    /// The fields that it reads, each once: `data`, `quantity`.
    pub(super) paths: Vec<Vec<String>>,
    pub(super) kind: Kind,
}

impl Program {
    /// Reads and checks an expression.
    pub(in crate::meter) fn compile(text: &str) -> Result<Self, BadExpression> {
        if text.len() > TEXT_AT_MOST {
            let reason = format!(
                "the expression has {} bytes, at most {TEXT_AT_MOST} are allowed",
                text.len()
            );
            return Err(BadExpression::new(TEXT_AT_MOST + 1, reason));
        }
        if text.trim().is_empty() {
            return Err(BadExpression::new(1, "the expression is empty"));
        }
        is_modest(text)?;
        let owned = text.to_owned();
        let parsing = std::thread::Builder::new()
            .stack_size(PARSER_STACK_BYTES)
            .spawn(move || parse(&owned));
        let parsed = parsing.map(std::thread::JoinHandle::join);
        let failed = || BadExpression::new(1, "it can't be read");
        parsed.map_err(|_| failed())?.map_err(|_| failed())?
    }

    /// What kind of value it has.
    pub(in crate::meter) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The fields that it reads.
    pub(in crate::meter) fn paths(&self) -> &[Vec<String>] {
        &self.paths
    }

    /// The number that it is, if it reads no event at all.
    pub(in crate::meter) const fn constant(&self) -> Option<Decimal> {
        match &self.root {
            Node::Number(number) => Some(*number),
            _ => None,
        }
    }
}

fn parse(text: &str) -> Result<Program, BadExpression> {
    let parser = cel::parser::Parser::new().error_recovery_limit(1);
    let (tree, source) = parser.parse_with_source_info(text).map_err(|errors| {
        let first = errors.errors.first();
        let column = first.map_or(0, |error| error.pos.1);
        let reason = first.map_or_else(|| "it is no CEL".to_owned(), |error| error.msg.clone());
        BadExpression::new(usize::try_from(column).unwrap_or_default().max(1), reason)
    })?;
    lower::program(text, &tree, &source)
}

/// Refuses what would cost the parser its stack. Quotes are not told apart, so that no way of quoting hides anything.
fn is_modest(text: &str) -> Result<(), BadExpression> {
    let (mut depth, mut choices, mut signs) = (0_usize, 0, 0);
    for (column, char) in (1..).zip(text.chars()) {
        match char {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '?' => choices += 1,
            char if char.is_ascii_punctuation() && !"_'\"".contains(char) => signs += 1,
            _ => {}
        }
        if depth > DEPTH_AT_MOST || choices > DEPTH_AT_MOST {
            let reason = format!("it nests deeper than {DEPTH_AT_MOST} levels");
            return Err(BadExpression::new(column, reason));
        }
        if signs > SIGNS_AT_MOST {
            let reason = format!("it has more than {SIGNS_AT_MOST} operators, dots and commas");
            return Err(BadExpression::new(column, reason));
        }
    }
    Ok(())
}
